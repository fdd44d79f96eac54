import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDayFile, readRows } from '../../src/catalogue/day/day-file.ts';
import { findRecordings, findRows } from '../../src/catalogue/search/find-recordings.ts';
import { inMemory } from '../../src/catalogue/in-memory.ts';
import { dayFileKey } from '../../src/catalogue/places.ts';
import { type CatalogueRow, COLUMNS } from '../../src/catalogue/schema.ts';
import type { SearchQuery } from '../../src/catalogue/search/query.ts';
import { unlimited } from '../../src/clock.ts';
import { parquetTables } from '../../src/parquet/tables.ts';
import { DAY, inventPorts } from './invented-archive.ts';
import { versionedStore } from './versioned-store.ts';

/** Written once, and read for ever. A column that joins `v1` gets a file of its own here, beside those that have it not. */
const GOLDEN = path.join(import.meta.dirname, 'golden');
const FILES = { 'v1-23-columns': 23, 'v1-31-columns': 31 } as const;

async function rowsWritten(): Promise<CatalogueRow[]> {
  const rows = JSON.parse(await readFile(path.join(GOLDEN, 'rows.json'), 'utf8')) as Record<
    string,
    unknown
  >[];
  const wide = (cell: unknown) => (typeof cell === 'string' ? BigInt(cell) : null);
  return rows.map(
    (row) =>
      ({
        ...row,
        bytes: wide(row['bytes']),
        customer_hash: wide(row['customer_hash']),
      }) as unknown as CatalogueRow,
  );
}

async function open(name: string) {
  const body = await readFile(path.join(GOLDEN, `${name}.parquet`));
  const { columns } = await parquetTables.open(inMemory(body), name);
  const archive = versionedStore('memory:');
  await archive.put(dayFileKey(DAY), body, { metadata: {}, contentType: 'x' }, unlimited);
  const ports = inventPorts({ archive, catalogue: archive });
  const where = { catalogue: archive, tables: parquetTables, location: 'memory:' };
  const file = await openDayFile(where, dayFileKey(DAY), undefined, unlimited);
  if (file === undefined) throw new Error('no file');
  const find = async (query: SearchQuery) => {
    const keys: string[] = [];
    for await (const { key } of findRows(await findRecordings(ports, query, {}, unlimited))) keys.push(key);
    return keys;
  };
  return { file, columns, find };
}

describe.each(Object.entries(FILES))('a file of an earlier version, %s', (name, count) => {
  it('is read as it was written, columns that it has not as null', async () => {
    const { file, columns } = await open(name);
    expect(columns.size).toBe(count);
    const wanted = (await rowsWritten()).map((row) =>
      Object.fromEntries(
        COLUMNS.map((column) => [column.name, columns.has(column.name) ? row[column.name] : null]),
      ),
    );
    expect(await readRows(file.table, { from: 0, to: file.table.rows })).toEqual(wanted);
    for (const { name: column, ...more } of COLUMNS)
      if (!columns.has(column)) expect([column, 'required' in more && more.required]).not.toContain(true);
  });

  it('is searched like any other; a condition on a column that it has not is met by no row', async () => {
    const { columns, find } = await open(name);
    const rows = await rowsWritten();
    const one = rows.find((row) => row.conversation_id !== null) as CatalogueRow;
    expect(await find({ conversations: [one.conversation_id as string] })).toEqual([one.key]);
    const held = rows.filter((row) => row.legal_hold === true).map(({ key }) => key);
    expect(held.length).toBeGreaterThan(0);
    expect(await find({ onHold: true })).toEqual(columns.has('legal_hold') ? held : []);
    const company = rows.find((row) => row.company_address !== null)?.company_address as string;
    const called = rows.filter((row) => row.company_address === company).map(({ key }) => key);
    expect(await find({ company })).toEqual(columns.has('company_address') ? called : []);
  });
});

it('this version writes no other columns than the newest of them has, in that order', async () => {
  const { columns } = await open('v1-31-columns');
  expect(COLUMNS.map(({ name }) => name)).toEqual([...columns]);
});
