/** Looks at the access entries of one day: what the log lists of them, and what came since. */
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { accessDayPrefix, hashAccessEntry, MAX_ENTRY_BYTES } from '../../record/access-entry.ts';
import { putSmall } from '../../record/small-object.ts';
import {
  type AccessHashes,
  accessLines,
  accessRoot,
  isAccessKey,
  packAccessList,
} from '../formats/access-list.ts';
import type { AccessFacts, Statement } from '../formats/statement.ts';
import { mapWide } from '../log/map-wide.ts';
import { type LogPlace, readBytes } from '../log/place.ts';
import { readAccessList } from './read-access-list.ts';

export interface ExaminedAccess {
  readonly facts: Statement['access'];
  /** The list that the facts commit to; `undefined` where it is the one of the last statement. */
  readonly list: (AccessFacts['list'] & { readonly lines: readonly string[] }) | undefined;
  /** It is worth a revision of the day. */
  readonly isNews: boolean;
}

/**
 * Lists the entries of a day. What an earlier statement lists stays listed, also when the object is gone.
 *
 * @param last the newest statement of the day.
 * @throws `STORE_*` other than `STORE_DENIED`, `OUT_OF_TIME`.
 */
export async function examineAccess(
  place: LogPlace,
  { day, last }: { readonly day: string; readonly last: Statement | undefined },
  budget: Budget,
): Promise<ExaminedAccess> {
  const before = last?.access;
  const known = before !== undefined && 'list' in before ? before : undefined;
  try {
    const present = await listAccess(place.store, day, budget);
    const listed = await readKnown(place, { day, known, keys: present.keys }, budget);
    // what the log commits to cannot be carried on without its list: `access verify` names what is wrong
    if (listed === undefined) return { facts: before, list: undefined, isNews: false };
    const fresh = present.keys.filter((key) => !listed.has(key));
    const hashes = new Map([...listed, ...(await hashAll(place.store, fresh, budget))]);
    const standing = new Set(present.keys);
    const lines = accessLines(hashes);
    const list = { count: lines.length, root: accessRoot(lines) };
    const facts: AccessFacts = {
      list,
      missing: [...listed.keys()].filter((key) => !standing.has(key)).length,
      refused: present.refused,
    };
    return { facts, list: { ...list, lines }, isNews: last !== undefined && isNews(before, facts) };
  } catch (error) {
    const { code } = toArchiveError(error);
    if (code !== 'STORE_DENIED') throw error;
    return { facts: known ?? { unavailable: { code } }, list: undefined, isNews: false };
  }
}

/** Stores the list that a statement commits to, before it is staged. @throws `LOG_CONFLICT` when another one stands there. */
export async function storeAccessList(
  place: LogPlace,
  day: string,
  { list }: ExaminedAccess,
  budget: Budget,
): Promise<void> {
  if (list === undefined || list.count === 0) return;
  const key = place.keys.accessList(day, list.root);
  if ((await putSmall(place.store, key, packAccessList(list.lines), budget)) === 'stored') return;
  if ((await readAccessList(place, { day, list }, budget)) !== undefined) return;
  throw new ArchiveError('LOG_CONFLICT', `${key} is not the list that the seal commits to`);
}

/** A day without entries is not stated in a log that has never listed any. */
function isNews(before: Statement['access'], { list, missing, refused }: AccessFacts): boolean {
  if (before === undefined) return list.count > 0 || refused > 0;
  if ('unavailable' in before) return true;
  return before.list.root !== list.root || before.missing !== missing || before.refused !== refused;
}

async function listAccess(
  store: ObjectStore,
  day: string,
  budget: Budget,
): Promise<{ readonly keys: readonly string[]; readonly refused: number }> {
  const keys: string[] = [];
  let refused = 0;
  for await (const { key, size } of store.list(accessDayPrefix(day), budget)) {
    if (isAccessKey(key) && size <= MAX_ENTRY_BYTES) keys.push(key);
    else refused += 1;
  }
  return { keys, refused };
}

/** A list that is gone is put back where the entries make it. `undefined` when they do not. */
async function readKnown(
  place: LogPlace,
  {
    day,
    known,
    keys,
  }: { readonly day: string; readonly known: AccessFacts | undefined; readonly keys: readonly string[] },
  budget: Budget,
): Promise<AccessHashes | undefined> {
  if (known === undefined) return new Map();
  const stored = await readAccessList(place, { day, list: known.list }, budget);
  if (stored !== undefined) return stored;
  const all = await hashAll(place.store, keys, budget);
  const lines = accessLines(all);
  if (accessRoot(lines) !== known.list.root) return undefined;
  await putSmall(place.store, place.keys.accessList(day, known.list.root), packAccessList(lines), budget);
  return all;
}

async function hashAll(store: ObjectStore, keys: readonly string[], budget: Budget): Promise<AccessHashes> {
  const hashes = new Map<string, string>();
  await mapWide(keys, async (key) => {
    const bytes = await readBytes(store, key, MAX_ENTRY_BYTES, budget);
    // removed since it was listed
    if (bytes !== undefined) hashes.set(key, hashAccessEntry(bytes));
  });
  return hashes;
}
