import type { DayHits, Search } from '../../catalogue/search/find-recordings.ts';
import type { ColumnName } from '../../catalogue/schema.ts';
import type { Cell } from '../../ports.ts';

export type Grouping = 'day' | 'queue' | 'agent' | 'state';

export interface Counted {
  readonly recordings: number;
  /** Of objects, encrypted. */
  readonly bytes: number;
}

/** How many there are, and how large they are. */
export async function countAll(search: Search): Promise<Counted> {
  let recordings = 0;
  let bytes = 0;
  for await (const { hits } of search.days(['bytes'])) {
    for (const { count, columns } of hits) {
      recordings += count;
      bytes += sum(columns.bytes);
    }
  }
  return { recordings, bytes };
}

const COLUMNS: Readonly<Record<Grouping, readonly ColumnName[]>> = {
  day: ['bytes'],
  queue: ['bytes', 'queue_ids', 'queue_names'],
  agent: ['bytes', 'agent_ids'],
  state: ['bytes', 'state'],
};

/** A recording of several queues or agents counts for each of them. In the order of days, else the most first. */
export async function countGroups(
  search: Search,
  grouping: Grouping,
): Promise<readonly (Counted & { readonly group: string })[]> {
  const groups = new Map<string, { recordings: number; bytes: number }>();
  const add = (group: string, recordings: number, bytes: number) => {
    const known = groups.get(group) ?? { recordings: 0, bytes: 0 };
    known.recordings += recordings;
    known.bytes += bytes;
    groups.set(group, known);
  };
  for await (const day of search.days(COLUMNS[grouping])) {
    if (grouping === 'day')
      for (const { count, columns } of day.hits) add(day.day, count, sum(columns.bytes));
    else addRows(day, grouping, add);
  }
  const counted = [...groups].map(([group, known]) => ({ group, ...known }));
  return counted.sort((one, other) =>
    grouping === 'day'
      ? compare(one.group, other.group)
      : other.recordings - one.recordings || compare(one.group, other.group),
  );
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

function addRows(
  { hits }: DayHits,
  grouping: Exclude<Grouping, 'day'>,
  add: (group: string, recordings: number, bytes: number) => void,
): void {
  for (const { count, columns } of hits) {
    for (let at = 0; at < count; at += 1) {
      const bytes = Number(columns.bytes?.[at] ?? 0);
      for (const group of groupsOf(grouping, (name) => columns[name]?.[at] ?? null)) add(group, 1, bytes);
    }
  }
}

function groupsOf(grouping: Exclude<Grouping, 'day'>, cell: (name: ColumnName) => Cell): readonly string[] {
  if (grouping === 'state') return [String(cell('state'))];
  const ids = cell(grouping === 'queue' ? 'queue_ids' : 'agent_ids');
  if (!isList(ids)) return ['(unknown)'];
  const names = grouping === 'queue' ? cell('queue_names') : null;
  const known = ids.map((id, at) => (isList(names) ? names[at] : null) ?? id ?? '(unknown)');
  return known.length === 0 ? ['(none)'] : [...new Set(known)];
}

const isList = (cell: Cell): cell is readonly (string | null)[] => Array.isArray(cell);

function sum(cells: ArrayLike<Cell> | undefined): number {
  let total = 0;
  for (let at = 0; at < (cells?.length ?? 0); at += 1) total += Number(cells?.[at] ?? 0);
  return total;
}
