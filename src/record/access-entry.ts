/** Who looked at what is about people: `access/YYYY/MM/DD/{time}-{random}.json`, written before it is shown (docs/format.md). */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { putSmall } from './small-object.ts';

export const ACCESS_PREFIX = 'access/';

export interface AccessEntry {
  readonly v: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  /** Of one run of the command line, or of one signed-in browser. */
  readonly session: string;
  /** From 1, within the session. */
  readonly n: number;
  readonly action: 'search' | 'reveal' | 'export';
  readonly recording?: string;
  /** What was looked for, without any number, address or name. */
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
