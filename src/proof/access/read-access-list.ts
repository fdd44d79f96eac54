import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { type AccessHashes, MAX_ACCESS_LIST_BYTES, unpackAccessList } from '../formats/access-list.ts';
import type { AccessFacts } from '../formats/statement.ts';
import { type LogPlace, readBytes } from '../log/place.ts';

/**
 * Reads the list of access entries that a statement commits to.
 *
 * @returns `undefined` when it is missing, or another one.
 * @throws `STORE_*`, `OUT_OF_TIME`.
 */
export async function readAccessList(
  { store, keys }: Pick<LogPlace, 'store' | 'keys'>,
  { day, list }: { readonly day: string; readonly list: AccessFacts['list'] },
  budget: Budget,
): Promise<AccessHashes | undefined> {
  if (list.count === 0) return new Map();
  const key = keys.accessList(day, list.root);
  const packed = await readBytes(store, key, MAX_ACCESS_LIST_BYTES, budget).catch((error: unknown) => {
    if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return undefined;
    throw error;
  });
  const hashes = packed === undefined ? undefined : unpackAccessList(packed, list.root);
  return hashes?.size === list.count ? hashes : undefined;
}
