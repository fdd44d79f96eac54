/** What the log holds of a day: its newest statement, and the entries that its statements vouch for. */
import type { Budget } from '../../clock.ts';
import { parseStatementKey } from '../formats/log-keys.ts';
import { readStatementAt, type StoredStatement } from '../log/head.ts';
import { type LogPlace, readEntries } from '../log/place.ts';

export interface DayHistory {
  /** The newest revision. */
  readonly last: StoredStatement | undefined;
  /** Reads SHA-256 of what the day's entries name, statements left out. As many as the day has recordings. */
  readonly logged: (budget: Budget) => Promise<ReadonlySet<string>>;
}

/** Where the statements of days stand in the log, by day, in the order of their revisions. */
export type StatementPlaces = ReadonlyMap<string, readonly number[]>;

/** Lists where statements stand; those behind `size` are not part of the log yet. */
export async function listStatements(
  place: LogPlace,
  prefixes: readonly string[],
  size: number,
  budget: Budget,
): Promise<StatementPlaces> {
  const found = new Map<string, number[]>();
  for (const prefix of prefixes) {
    for await (const { key } of place.store.list(prefix, budget)) {
      const named = parseStatementKey(place.keys, key);
      if (named === undefined || named.index >= size) continue;
      const indexes = found.get(named.day) ?? [];
      indexes.push(named.index);
      found.set(named.day, indexes);
    }
  }
  return found;
}

/** Returns the prefixes of the months that days fall in. */
export function monthPrefixes(place: LogPlace, days: readonly string[]): readonly string[] {
  return [...new Set(days.map((day) => `${place.keys.days}${day.slice(0, 7).replace('-', '/')}/`))];
}

interface StatedDay {
  readonly day: string;
  /** Of its statements in the log; empty for a day that was never stated. */
  readonly indexes: readonly number[];
  /** Entries of the log. */
  readonly size: number;
}

/**
 * Opens a day's history.
 *
 * @throws `LOG_MALFORMED` when the newest statement is not the one that the log holds.
 */
export async function openHistory(
  place: LogPlace,
  { day, indexes, size }: StatedDay,
  budget: Budget,
): Promise<DayHistory> {
  const index = indexes.at(-1);
  return {
    last: index === undefined ? undefined : await readStatementAt(place, index, size, budget),
    logged: (given) => readLoggedHashes(place, { day, indexes, size }, given),
  };
}

async function readLoggedHashes(
  place: LogPlace,
  { day, indexes, size }: StatedDay,
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const logged = new Set<string>();
  for (const index of indexes) {
    const { statement } = await readStatementAt(place, index, size, budget);
    const { from, to } = statement.log;
    for await (const entry of readEntries(place, { start: from, end: to }, size, budget)) {
      if (entry.day === day) logged.add(entry.sha256);
    }
  }
  return logged;
}
