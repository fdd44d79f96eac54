import type { Cell, RowRange, Table } from '../../ports.ts';
import { groupsOf } from '../day/day-file.ts';
import { type CatalogueRow, COLUMNS, type ColumnName, columnOf, ROWS_IN_GROUP } from '../schema.ts';
import type { CompiledQuery } from './query.ts';

/** Some columns of rows that are met. */
export interface Hits {
  readonly count: number;
  readonly columns: Readonly<Partial<Record<ColumnName, ArrayLike<Cell>>>>;
}

/**
 * Hits that are further apart than this, on average, are read one by one: with each come the pages of some hundred rows, and the
 * dictionaries of the columns.
 */
const ROWS_OF_LONE_HIT = 1_200;

/** The hits of one file, a group of rows at a time, in its order; columns that are not wanted are not read. */
export async function* searchTable(
  table: Table,
  { conditions, pruning }: CompiledQuery,
  wanted: readonly ColumnName[],
): AsyncGenerator<Hits, void, undefined> {
  const isPruned = pruning.equal.length > 0 || pruning.between !== undefined;
  const ranges = isPruned ? await table.candidates(pruning) : [...groupsOf(table)];
  for (const whole of ranges) {
    for (let from = whole.from; from < whole.to; from += ROWS_IN_GROUP) {
      const range = { from, to: Math.min(from + ROWS_IN_GROUP, whole.to) };
      const known = new Map<ColumnName, ArrayLike<Cell>>();
      const hits = await hitsOf(table, conditions, range, known);
      if (hits === undefined)
        yield { count: range.to - range.from, columns: await readWanted(table, wanted, range, known) };
      else if (hits.length > 0) yield await readHits(table, wanted, { range, hits, known });
    }
  }
}

/** Positions within the range; `undefined` for all of them. */
async function hitsOf(
  table: Table,
  conditions: CompiledQuery['conditions'],
  range: RowRange,
  known: Map<ColumnName, ArrayLike<Cell>>,
): Promise<readonly number[] | undefined> {
  let hits: number[] | undefined;
  for (const { any } of conditions) {
    const tests: { cells: ArrayLike<Cell>; test: (cell: Cell) => boolean }[] = [];
    for (const { column, test } of any) {
      const cells = known.get(column) ?? (await table.read(columnOf(column), range));
      known.set(column, cells);
      tests.push({ cells, test });
    }
    const met: number[] = [];
    const length = hits?.length ?? range.to - range.from;
    for (let index = 0; index < length; index += 1) {
      const at = hits === undefined ? index : (hits[index] as number);
      if (tests.some(({ cells, test }) => test(cells[at] as Cell))) met.push(at);
    }
    hits = met;
    if (hits.length === 0) return hits;
  }
  return hits;
}

async function readWanted(
  table: Table,
  wanted: readonly ColumnName[],
  range: RowRange,
  known: ReadonlyMap<ColumnName, ArrayLike<Cell>>,
): Promise<Record<string, ArrayLike<Cell>>> {
  const missing = wanted.filter((name) => !known.has(name));
  const cells = await table.readAll(missing.map(columnOf), range);
  const columns: Record<string, ArrayLike<Cell>> = {};
  for (const name of wanted) columns[name] = known.get(name) ?? cells[missing.indexOf(name)] ?? [];
  return columns;
}

async function readHits(
  table: Table,
  wanted: readonly ColumnName[],
  {
    range,
    hits,
    known,
  }: { range: RowRange; hits: readonly number[]; known: ReadonlyMap<ColumnName, ArrayLike<Cell>> },
): Promise<Hits> {
  const columns: Record<string, Cell[]> = {};
  for (const name of wanted) columns[name] = [];
  if (hits.length * ROWS_OF_LONE_HIT <= range.to - range.from) {
    for (const hit of hits) {
      const one = { from: range.from + hit, to: range.from + hit + 1 };
      const own = new Map([...known].map(([name, cells]) => [name, [cells[hit] ?? null]]));
      const cells = await readWanted(table, wanted, one, own);
      for (const name of wanted) columns[name]?.push(cells[name]?.[0] ?? null);
    }
    return { count: hits.length, columns };
  }
  const cells = await readWanted(table, wanted, range, known);
  for (const name of wanted) for (const hit of hits) columns[name]?.push(cells[name]?.[hit] ?? null);
  return { count: hits.length, columns };
}

/** Rows of which the columns that were not wanted are null. */
export function rowsOf({ count, columns }: Hits): CatalogueRow[] {
  return Array.from({ length: count }, (_, at) => {
    const row: Record<string, unknown> = {};
    for (const { name } of COLUMNS) row[name] = columns[name]?.[at] ?? null;
    return row as unknown as CatalogueRow;
  });
}

/** The same of rows in memory. */
export function hitsOfRows(
  rows: readonly CatalogueRow[],
  query: CompiledQuery,
  wanted: readonly ColumnName[],
): Hits {
  const met = rows.filter((row) => query.matches(row));
  const columns = Object.fromEntries(wanted.map((name) => [name, met.map((row) => row[name])]));
  return { count: met.length, columns };
}
