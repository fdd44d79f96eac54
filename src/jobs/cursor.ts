/** What a runner has written down about a shard that is not finished. */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import type { Limit } from './kind.ts';
import { cursorKey, cursorsPrefix, parseCursorKey } from './keys.ts';
import { jsonBytes, type PatientStore } from './patient-store.ts';
import type { ShardState } from './shards/state.ts';
import { present } from '../present.ts';

const count = z.number().int().min(0);
const code = z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/);

const cursorSchema = z.object({
  after: count,
  beyond: z.array(count),
  counts: z.object({ done: count, already: count, bytes: count, results: count }),
  failed: z.array(
    z.object({
      index: count,
      code,
      reason: z.string(),
      retryable: z.boolean(),
      attempts: count,
      details: z.unknown().optional(),
    }),
  ),
  later: z.array(
    z.object({
      index: count,
      since: z.number(),
      tried: z.number(),
      attempts: count,
      code,
      reason: z.string(),
    }),
  ),
  /** Time that items have taken so far. */
  seconds: z.number().min(0),
  limitedBy: z.enum(['genesys-rate', 'transcoding', 'download', 'store', 'idle']).optional(),
  /** For people. */
  owner: z.string().optional(),
});

export interface Cursor {
  readonly state: ShardState;
  readonly seconds: number;
  readonly limitedBy?: Limit;
  readonly owner?: string;
}

export interface FoundCursor extends Cursor {
  /** The store's time of it, epoch ms. */
  readonly writtenAt: number;
}

export function formatCursor({ state, ...rest }: Cursor): Buffer {
  return jsonBytes({ ...state, ...rest });
}

/** The newest cursor that can be read; `undefined` without one. Items of an unreadable one are worked on again. */
export async function readCursor(
  store: PatientStore,
  id: string,
  shard: number,
  budget: Budget,
): Promise<FoundCursor | undefined> {
  const names: { readonly turn: number; readonly n: number; readonly writtenAt: number }[] = [];
  for await (const { key, lastModified } of store.list(cursorsPrefix(id, shard), budget)) {
    const name = parseCursorKey(key);
    if (name !== undefined) names.push({ ...name, writtenAt: lastModified });
  }
  names.sort((a, b) => b.turn - a.turn || b.n - a.n);
  for (const { turn, n, writtenAt } of names) {
    const bytes = await store.get(cursorKey(id, { shard, turn }, n), budget);
    const cursor = bytes === undefined ? undefined : parseCursor(bytes);
    if (cursor !== undefined) return { ...cursor, writtenAt };
  }
  return undefined;
}

function parseCursor(bytes: Buffer): Cursor | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = cursorSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { seconds, limitedBy, owner, ...state } = parsed.data;
  return {
    state,
    seconds,
    ...present({ limitedBy, owner }),
  };
}
