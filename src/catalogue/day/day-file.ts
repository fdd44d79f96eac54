import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore, RowRange, Table, Tables } from '../../ports.ts';
import { openPinned } from '../pinned.ts';
import {
  CATALOGUE_SCHEMA,
  type CatalogueRow,
  COLUMNS,
  type ColumnName,
  columnOf,
  ROWS_IN_GROUP,
} from '../schema.ts';

/** What a day file says of itself; nothing else says what it is. */
export interface DayFileFacts {
  readonly schema: string;
  readonly day: string;
  /** Digest of what it was made from. */
  readonly inputs: string;
  readonly rows: string;
  /** `-` where nothing is hashed. */
  readonly search_key_id: string;
  /** Of the archive that it is about. */
  readonly store: string;
  readonly tool: string;
}

/** Rows in their order, as a file. */
export function writeDayFile(
  tables: Tables,
  rows: readonly CatalogueRow[],
  facts: Omit<DayFileFacts, 'schema' | 'rows' | 'tool'>,
): Uint8Array {
  const builder = tables.build(COLUMNS, {
    schema: CATALOGUE_SCHEMA,
    ...facts,
    rows: String(rows.length),
    tool: `genesys-media-archive ${PACKAGE_VERSION}`,
  });
  for (let at = 0; at < rows.length; at += ROWS_IN_GROUP) {
    builder.add(rows.slice(at, at + ROWS_IN_GROUP));
  }
  return builder.finish();
}

export interface OpenDayFile {
  readonly table: Table;
  readonly facts: DayFileFacts;
  close(): Promise<void>;
}

/**
 * Opens one version of a day file.
 *
 * @returns `undefined` without one.
 * @throws `CATALOGUE_UNREADABLE` when it is damaged, of another archive, or of a schema that this version does not know.
 */
export async function openDayFile(
  {
    catalogue,
    tables,
    location,
  }: { readonly catalogue: ObjectStore; readonly tables: Tables; readonly location: string },
  key: string,
  listed: { readonly size: number; readonly etag?: string | undefined } | undefined,
  budget: Budget,
): Promise<OpenDayFile | undefined> {
  const pinned = await openPinned(catalogue, key, listed, budget);
  if (pinned === undefined) return undefined;
  try {
    const table = await tables.open(pinned, key);
    const facts = table.facts as unknown as DayFileFacts;
    if (facts.schema !== CATALOGUE_SCHEMA)
      throw new ArchiveError('CATALOGUE_UNREADABLE', `${key} is of a schema that this version does not know`);
    if (facts.store !== location) {
      throw new ArchiveError(
        'CATALOGUE_UNREADABLE',
        `${key} is of the archive ${facts.store}, not of ${location}`,
        {
          hint: 'check ARCHIVE_STORE and ARCHIVE_CATALOGUE; after an archive was moved, `genesys-archive catalogue rebuild`',
        },
      );
    }
    return { table, facts, close: () => pinned.close() };
  } catch (error) {
    await pinned.close();
    throw error;
  }
}

/** Groups of rows that are read together. */
export function* groupsOf({ rows }: Table): Generator<RowRange> {
  for (let from = 0; from < rows; from += ROWS_IN_GROUP)
    yield { from, to: Math.min(from + ROWS_IN_GROUP, rows) };
}

/** Rows of some columns; the others are null. */
export async function readRows(
  table: Table,
  range: RowRange,
  names: readonly ColumnName[] = COLUMNS.map(({ name }) => name),
): Promise<CatalogueRow[]> {
  const cells = await Promise.all(names.map((name) => table.read(columnOf(name), range)));
  const rows: CatalogueRow[] = [];
  for (let at = 0; at < range.to - range.from; at += 1) {
    const row: Record<string, unknown> = {};
    for (const { name } of COLUMNS) row[name] = null;
    for (let index = 0; index < names.length; index += 1)
      row[names[index] as string] = cells[index]?.[at] ?? null;
    rows.push(row as unknown as CatalogueRow);
  }
  return rows;
}
