/** Reads the access log: days of entries, whether their chains are intact, and which entries are asked for. */
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { isSameId } from '../recording/id.ts';
import { DAY_MS, dayOf } from '../recording/time.ts';
import {
  ACCESS_PREFIX,
  accessDayPrefix,
  type AccessEntry,
  hashAccessEntry,
  MAX_ENTRY_BYTES,
  parseAccessEntry,
} from '../record/access-entry.ts';
import { getSmall } from '../record/small-object.ts';

/** Which entries are asked for: all that fit every filter. */
export interface AccessFilters {
  /** A part of a name, in any case. */
  readonly person?: string | undefined;
  /** Any of them. */
  readonly recordings?: readonly string[] | undefined;
  readonly action?: string | undefined;
}

/** Pure. */
export function matchesAccess(entry: AccessEntry, { person, recordings, action }: AccessFilters): boolean {
  const names = [entry.recording, ...(entry.recordings ?? [])].filter((one) => one !== undefined);
  return (
    (person === undefined || entry.who.toLowerCase().includes(person.toLowerCase())) &&
    (action === undefined || entry.action === action) &&
    (recordings === undefined || names.some((one) => recordings.some((asked) => isSameId(one, asked))))
  );
}

/** Columns of an entry as text. */
export const ACCESS_COLUMNS = [
  'at',
  'who',
  'session',
  'n',
  'action',
  'outcome',
  'recording',
  'query',
  'reason',
] as const;

/** In the order of {@link ACCESS_COLUMNS}; an action on several recordings names all of them. Pure. */
export function accessCells(entry: AccessEntry): readonly string[] {
  const named = {
    ...entry,
    recording: entry.recording ?? entry.recordings?.join(' '),
    query: [entry.subject, entry.query].filter((part) => part !== undefined).join(' '),
  };
  return ACCESS_COLUMNS.map((name) => String(named[name] ?? ''));
}

/** In words, without any number, address or name but the one that was asked for. Pure. */
export function describeAccessFilters(filters: Readonly<Record<string, string | undefined>>): string {
  const named = Object.entries(filters).filter(([, value]) => value !== undefined);
  const words = named.map(([name, value]) => `${name}=${value}`).join(' ');
  return named.length === 0 ? 'all' : words.slice(0, 1_000);
}

/**
 * The days that have entries, or may, the newest first.
 *
 * @param now epoch ms.
 * @throws `REQUEST_INVALID` for a range that ends before it begins, or is longer than ten years; `STORE_*`.
 */
export async function accessDays(
  store: ObjectStore,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
  budget: Budget,
): Promise<readonly string[]> {
  if (from !== undefined && to !== undefined && from > to)
    throw new ArchiveError('REQUEST_INVALID', '`from` is later than `to`');
  const first = from ?? (await firstAccessDay(store, budget));
  const last = [to ?? '9999', dayOf(now)].toSorted((one, other) => (one < other ? -1 : 1))[0] ?? '';
  return first === undefined || first > last ? [] : daysBack(last, first);
}

/** As {@link findBrokenChain}; reads the day before where a session began there. @param entries of whole days. */
export async function brokenIn(
  store: ObjectStore,
  entries: readonly StoredEntry[],
  dayBefore: string,
  budget: Budget,
): Promise<string | undefined> {
  const alone = findBrokenChain(entries, []);
  // only a session that began before midnight needs the day before
  return alone === undefined
    ? undefined
    : findBrokenChain(entries, await readAccessDay(store, dayBefore, budget));
}

/** Entries that are read at once. */
const AT_ONCE = 16;

/** An entry as it stands; `undefined` for what stands there and is none. */
export interface StoredEntry {
  readonly key: string;
  readonly entry: AccessEntry | undefined;
  readonly hash: string;
}

/** All entries of a day, in the order of their times. @throws `STORE_*`. */
export async function readAccessDay(
  store: ObjectStore,
  day: string,
  budget: Budget,
): Promise<readonly StoredEntry[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(accessDayPrefix(day), budget)) {
    if (key.endsWith('.json')) keys.push(key);
  }
  const entries: StoredEntry[] = [];
  for (let at = 0; at < keys.length; at += AT_ONCE) {
    const some = keys.slice(at, at + AT_ONCE);
    entries.push(...(await Promise.all(some.map((key) => readEntry(store, key, budget)))));
  }
  return entries;
}

async function readEntry(store: ObjectStore, key: string, budget: Budget): Promise<StoredEntry> {
  try {
    const text = (await getSmall(store, key, MAX_ENTRY_BYTES, budget)) ?? '';
    return { key, entry: parseAccessEntry(text), hash: hashAccessEntry(Buffer.from(text)) };
  } catch (thrown) {
    if (toArchiveError(thrown).code !== 'OBJECT_MALFORMED') throw thrown;
    return { key, entry: undefined, hash: '' };
  }
}

/** The first day that has an entry; `undefined` without any. @throws `STORE_*`. */
async function firstAccessDay(store: ObjectStore, budget: Budget): Promise<string | undefined> {
  for await (const { key } of store.list(ACCESS_PREFIX, budget)) {
    const [, year, month, day] = /^access\/(\d{4})\/(\d{2})\/(\d{2})\//.exec(key) ?? [];
    if (year !== undefined) return `${year}-${month}-${day}`;
  }
  return undefined;
}

/** Days before a day, itself first. @throws `REQUEST_INVALID` for more than ten years. */
function daysBack(to: string, from: string): readonly string[] {
  const days: string[] = [];
  for (let day = to; day >= from; day = dayOf(Date.parse(day) - DAY_MS)) {
    days.push(day);
    if (days.length > 3_660) throw new ArchiveError('REQUEST_INVALID', 'the range has more than ten years');
  }
  return days;
}

/**
 * Where a chain is broken, of entries that were read whole days at a time. Pure.
 *
 * @param before entries of the day before the first: a session may have begun there.
 * @returns the key of the first entry whose predecessor is gone or another one, or that is no entry; `undefined` where all are intact.
 */
export function findBrokenChain(
  entries: readonly StoredEntry[],
  before: readonly StoredEntry[],
): string | undefined {
  const known = new Map<string, string>();
  for (const { entry, hash } of [...before, ...entries]) {
    if (entry !== undefined) known.set(`${entry.session} ${entry.n}`, hash);
  }
  const numbered = new Set<string>();
  for (const { key, entry } of entries) {
    if (entry === undefined) return key;
    const { session, n, previous } = entry;
    const name = `${session} ${n}`;
    if (numbered.has(name)) return key;
    numbered.add(name);
    const expected = n === 1 ? undefined : known.get(`${session} ${n - 1}`);
    if (n === 1 ? previous !== undefined : expected === undefined || expected !== previous) return key;
  }
  return undefined;
}
