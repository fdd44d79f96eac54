import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readRows } from '../../src/catalogue/day/day-file.ts';
import { inMemory } from '../../src/catalogue/in-memory.ts';
import { rowsOf, searchTable } from '../../src/catalogue/search/table.ts';
import { COLUMNS } from '../../src/catalogue/schema.ts';
import { compileQuery } from '../../src/catalogue/search/query.ts';
import { parquetTables } from '../../src/parquet/tables.ts';

/** Written once, by the first version: GZIP throughout, pages of 64 KiB, lists without dictionaries, least and greatest values of text. */
const FILE = new URL('golden/day-of-64-kib-pages.parquet', import.meta.url);
const ROWS_SHA256 = '3e85c861d77295e7423a3ea6e510b6c5b60fe82e3156ce0bf43ceea07a44fde8';

const open = async () => parquetTables.open(inMemory(await readFile(FILE)), 'golden');
const asText = (rows: unknown) =>
  JSON.stringify(rows, (_, cell: unknown) => (typeof cell === 'bigint' ? `${cell}n` : cell));

describe('a day file of the first version', () => {
  it('reads as it was written', async () => {
    const table = await open();
    expect(table.rows).toBe(60);
    expect(table.facts['store']).toBe('file:/golden');
    const rows = await readRows(table, { from: 0, to: 60 });
    expect(createHash('sha256').update(asText(rows)).digest('hex')).toBe(ROWS_SHA256);
  });

  it('is found in by id, by agent and by time', async () => {
    const rows = await readRows(await open(), { from: 0, to: 60 });
    const wanted = COLUMNS.map(({ name }) => name);
    for (const at of [0, 39, 40, 58]) {
      const row = rows[at];
      const agent = row?.agent_ids?.[0] ?? '';
      for (const query of [
        { recordings: [row?.recording_id ?? ''] },
        { agents: [agent], recordings: [row?.recording_id ?? ''] },
        { fromTime: row?.recorded_at ?? 0, toTime: row?.recorded_at ?? 0 },
      ]) {
        const found = [];
        for await (const hits of searchTable(await open(), compileQuery(query, []), wanted))
          found.push(...rowsOf(hits));
        expect(found).toEqual([row]);
      }
    }
  });
});
