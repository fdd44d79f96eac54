/**
 * Who looked at what is about people, or did something to what is kept: `access/YYYY/MM/DD/{time}-{random}.json`, written before it is
 * shown or done (docs/format.md).
 */
import { randomBytes } from 'node:crypto';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { putSmall } from './small-object.ts';

export const ACCESS_PREFIX = 'access/';

/** What was looked at, or done to what is kept. */
export const ACCESS_ACTIONS = [
  'search',
  'reveal',
  'export',
  'place',
  'release',
  'extend',
  'erase',
  'source-delete',
] as const;
export type AccessAction = (typeof ACCESS_ACTIONS)[number];

export interface AccessEntry {
  readonly v: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  /** Of one run of the command line, or of one signed-in browser. */
  readonly session: string;
  /** From 1, within the session. */
  readonly n: number;
  readonly action: AccessAction;
  readonly recording?: string;
  /** What was looked for, or what is done to how much, without any number, address or name. */
  readonly query?: string;
  readonly reason?: string;
  readonly outcome: 'granted' | 'refused';
  /** SHA-256 in hex of the session’s entry before this one. */
  readonly previous?: string;
}

/** @param random 6 bytes or more, in hex. */
export function accessKey(at: string, random: string): string {
  const [date = '', time = ''] = at.split('T');
  return `${ACCESS_PREFIX}${date.replaceAll('-', '/')}/${time.replaceAll(/[:.]/g, '')}-${random.slice(0, 12)}.json`;
}

/**
 * Writes an entry. What it is about is shown only after that.
 *
 * @throws `STORE_*`; `STORE_UNAVAILABLE` (retryable) when an entry of that name is there.
 */
export async function writeAccessEntry(
  store: ObjectStore,
  entry: AccessEntry,
  random: string,
  budget: Budget,
): Promise<void> {
  const key = accessKey(entry.at, random);
  const body = Buffer.from(`${canonicalJson({ ...entry })}\n`);
  if ((await putSmall(store, key, body, budget)) === 'stored') return;
  throw new ArchiveError('STORE_UNAVAILABLE', `an access entry ${key} is there already`);
}

/**
 * Writes down who does what, before it is done. What is not written down is not done: let what it throws pass.
 *
 * @throws as {@link writeAccessEntry}.
 */
export async function noteAct(
  { store, clock }: { readonly store: ObjectStore; readonly clock: Pick<Clock, 'now'> },
  act: Pick<AccessEntry, 'who' | 'action' | 'query'> & { readonly reason: string | undefined },
  budget: Budget,
): Promise<void> {
  const { reason, ...what } = act;
  const entry: AccessEntry = {
    v: 1,
    at: new Date(clock.now()).toISOString(),
    session: randomBytes(8).toString('hex'),
    n: 1,
    ...what,
    ...(reason === undefined ? {} : { reason }),
    outcome: 'granted',
  };
  await writeAccessEntry(store, entry, randomBytes(6).toString('hex'), budget);
}
