import type * as z from 'zod';
import type { Budget } from '../../clock.ts';
import type { AccessEntry } from '../../record/access-entry.ts';
import type { Grant } from '../api-schema.ts';
import type { ConsoleArchive } from '../console-archive.ts';
import type { ConsoleState } from '../console-state.ts';
import type { ConsoleAnswer, ConsoleRequest } from '../exchange.ts';
import type { Session } from '../session.ts';

/** One request that was let through, with what its route needs. */
export interface Call<Query = unknown, Body = unknown> {
  readonly state: ConsoleState;
  readonly request: ConsoleRequest;
  readonly session: Session;
  readonly grants: ReadonlySet<Grant>;
  /** That the request names; the first without a name. */
  readonly archive: ConsoleArchive;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Ends when who asked has gone. */
  readonly budget: Budget;
}

export interface Answering {
  readonly status: number;
  readonly shape?: z.ZodType;
  readonly meaning?: string;
}

/** What the documentation and the guard know of a route. */
export interface RouteFacts {
  readonly method: 'GET' | 'POST';
  /** `:name` stands for one segment. */
  readonly path: string;
  /** `anyone`: without a session. `signed-in`: with any role, or none. Of several grants one is enough. */
  readonly needs: 'anyone' | 'signed-in' | Grant;
  readonly summary: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answers: readonly Answering[];
  /** The action of its access entry, which is durable before the answer begins. */
  readonly entry?: AccessEntry['action'];
}

export interface Route extends RouteFacts {
  /** With a session, unless the route needs none. */
  readonly handle: (call: Call<never, never>) => Promise<ConsoleAnswer>;
}

/** A route whose handler knows the types of its query and body. */
export function route<Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  facts: RouteFacts & { readonly query?: Q; readonly body?: B },
  handle: (call: Call<z.output<Q>, z.output<B>>) => Promise<ConsoleAnswer>,
): Route {
  return { ...facts, handle };
}

/** The values of a path's `:names`; `undefined` where it is another path. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decodeSegment(value);
    if (decoded === undefined || decoded === '') return undefined;
    params[segment.slice(1)] = decoded;
  }
  return params;
}

function decodeSegment(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
