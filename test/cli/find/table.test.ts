import { expect, it } from 'vitest';
import { type CatalogueRow, type ColumnName, COLUMNS } from '../../../src/catalogue/schema.ts';
import { formatTable, TABLE_COLUMNS } from '../../../src/cli/find/table.ts';

/** Something in every column. */
function fullRow(): Record<string, unknown> {
  const values = (name: string): Readonly<Record<string, unknown>> => ({
    string: name,
    strings: [`${name} 1`, `${name} 2`],
    timestamp: Date.parse('2026-03-05T08:00:00Z'),
    int32: 65_000,
    int64: 1_234_567n,
    boolean: true,
  });
  return Object.fromEntries(COLUMNS.map(({ name, type }) => [name, values(name)[type]]));
}

it('the table of find is made from the columns that it reads, and from no other', () => {
  const row = fullRow() as unknown as CatalogueRow;
  const whole = formatTable([{ row }], undefined);
  const only = (names: readonly ColumnName[]) => {
    const kept = Object.entries(row).map(([name, cell]) => [
      name,
      names.some((one) => one === name) ? (cell as unknown) : null,
    ]);
    return formatTable([{ row: Object.fromEntries(kept) }], undefined);
  };
  expect(only(TABLE_COLUMNS)).toEqual(whole);
  // each of them is in the table; by `key` the people of a row are found
  for (const name of TABLE_COLUMNS.filter((one) => one !== 'key')) {
    const without = () => only(TABLE_COLUMNS.filter((one) => one !== name));
    let same = false;
    try {
      same = JSON.stringify(without()) === JSON.stringify(whole);
    } catch {
      // a column that is never null
    }
    expect([name, same]).toEqual([name, false]);
  }
});
