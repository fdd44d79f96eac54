import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../../src/catalogue/in-memory.ts';
import { COLUMNS } from '../../src/catalogue/schema.ts';
import { parquetTables } from '../../src/parquet/tables.ts';
import type { Cell, ColumnType, TableColumn, TableRow } from '../../src/ports.ts';

const CELLS: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  string: fc.string({ unit: 'grapheme', maxLength: 40 }),
  strings: fc.array(fc.option(fc.string({ maxLength: 20 }), { nil: null }), { maxLength: 4 }),
  timestamp: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  int32: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  boolean: fc.boolean(),
};

const rowOf = fc.record(
  Object.fromEntries(
    COLUMNS.map(({ name, type, required }: TableColumn) => [
      name,
      required === true ? CELLS[type] : fc.option(CELLS[type], { nil: null }),
    ]),
  ),
) as fc.Arbitrary<TableRow>;

async function readBack(bytes: Uint8Array, columns: readonly TableColumn[] = COLUMNS): Promise<TableRow[]> {
  const table = await parquetTables.open(inMemory(bytes), 'test');
  const cells = await table.readAll(columns, { from: 0, to: table.rows });
  return Array.from({ length: table.rows }, (_, at) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]?.[at] ?? null])),
  );
}

describe('a table', () => {
  it('reads back as it was written: values, nulls, lists and their members, in one group of rows or several', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(rowOf, { minLength: 1, maxLength: 8 }), { maxLength: 3 }),
        async (groups) => {
          const builder = parquetTables.build(COLUMNS, { schema: 'x' });
          for (const group of groups) builder.add(group);
          expect(await readBack(builder.finish())).toEqual(groups.flat());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps a byte order mark that a text begins with', async () => {
    const columns: TableColumn[] = [
      { name: 'name', type: 'string', required: true },
      { name: 'names', type: 'strings' },
    ];
    const builder = parquetTables.build(columns, {});
    const row = { name: '\uFEFFClaims', names: ['\uFEFFClaims', '\uFEFF', ''] };
    builder.add([row]);
    expect(await readBack(builder.finish(), columns)).toEqual([row]);
  });

  it('never hides a value behind a filter, and lets hardly any absent one through', async () => {
    const columns: TableColumn[] = [{ name: 'id', type: 'string', required: true, bloom: true }];
    const ids = Array.from({ length: 3_000 }, () => randomUUID());
    const builder = parquetTables.build(columns, {});
    builder.add(ids.map((id) => ({ id })));
    const table = await parquetTables.open(inMemory(builder.finish()), 'test');
    const asked = (id: string) => table.candidates({ equal: [[{ column: 'id', values: [id] }]] });
    for (const id of ids.slice(0, 1_000)) expect((await asked(id)).length).toBe(1);
    let through = 0;
    for (let count = 0; count < 1_000; count += 1) through += (await asked(randomUUID())).length;
    expect(through).toBeLessThan(20);
  });

  it('takes a column that a file of an earlier version has not for null, and finds nothing by it', async () => {
    const builder = parquetTables.build([{ name: 'old', type: 'string', required: true }], {});
    builder.add([{ old: 'a' }, { old: 'b' }]);
    const bytes = builder.finish();
    const later: TableColumn[] = [
      { name: 'old', type: 'string' },
      { name: 'new', type: 'strings' },
    ];
    expect(await readBack(bytes, later)).toEqual([
      { old: 'a', new: null },
      { old: 'b', new: null },
    ]);
    const table = await parquetTables.open(inMemory(bytes), 'test');
    expect(await table.candidates({ equal: [[{ column: 'new', values: ['x'] }]] })).toEqual([]);
  });

  it('refuses what is no table, and what is cut off or changed, with one error', async () => {
    const builder = parquetTables.build(COLUMNS, {});
    const bytes = Buffer.from(builder.finish());
    for (const damaged of [
      Buffer.from(''),
      Buffer.from('PAR1'),
      bytes.subarray(0, bytes.length - 9),
      Buffer.alloc(20_000),
    ])
      await expect(parquetTables.open(inMemory(damaged), 'test')).rejects.toMatchObject({
        code: 'CATALOGUE_UNREADABLE',
      });
  });
});
