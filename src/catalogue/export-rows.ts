/** Rows as text that other programs read. Pure. */
import {
  type CatalogueColumn,
  type CatalogueRow,
  COLUMNS,
  PEOPLE_COLUMNS,
  type PeopleRow,
} from './schema.ts';
import type { Cell } from '../ports.ts';

/** Rows of a sheet in Excel, less the heading. */
export const MAX_SHEET_ROWS = 1_048_575;

/** What people columns are called beside the others; the hash of the key says nothing to people. */
export const PERSON_COLUMNS: readonly CatalogueColumn[] = PEOPLE_COLUMNS.filter(
  ({ name }) => name !== 'key_hash' && name !== 'agent_ids',
);

export const ALL_COLUMN_NAMES: readonly string[] = [...COLUMNS, ...PERSON_COLUMNS].map(({ name }) => name);

export function cellOf(name: string, row: CatalogueRow, people: PeopleRow | undefined): Cell {
  if (Object.hasOwn(row, name)) return row[name as keyof CatalogueRow];
  return people === undefined ? null : (people[name as keyof PeopleRow] ?? null);
}

const isTime = (name: string) => name.endsWith('_at') || name === 'retain_until';

/** Times as ISO 8601, whole numbers as numbers, and as text where a double cannot hold them. */
export function jsonOf(
  names: readonly string[],
  row: CatalogueRow,
  people: PeopleRow | undefined,
): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, jsonCell(name, cellOf(name, row, people))]));
}

function jsonCell(name: string, cell: Cell): unknown {
  if (typeof cell === 'bigint') return name === 'customer_hash' ? String(cell) : Number(cell);
  if (typeof cell === 'number' && isTime(name)) return new Date(cell).toISOString();
  return cell;
}

/** One line of CSV (RFC 4180), lists with spaces between their members. */
export function csvOf(cells: readonly Cell[], names: readonly string[]): string {
  return cells.map((cell, at) => csvCell(textOf(cell, names[at] ?? ''))).join(',');
}

function textOf(cell: Cell, name: string): string {
  if (cell === null) return '';
  if (typeof cell === 'object') return cell.map((one) => one ?? '-').join(' ');
  return typeof cell === 'number' && isTime(name) ? new Date(cell).toISOString() : String(cell);
}

/**
 * What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), also in the wide forms of East Asian keyboards. Numbers
 * of phones begin like that, and so may any name.
 */
const FORMULA = /^(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;
/** Where decimals have commas, a spreadsheet begins another cell behind a semicolon; behind a tab many do. */
const SECOND_CELL = /([;\t])(?=["\s]*[=+\-@＝＋－＠])/g;

/** Safe for spreadsheets: what begins like a formula is put behind `'`. A negative number stays one. */
export function csvCell(text: string): string {
  const first = FORMULA.test(text) && !/^-\d+$/.test(text) ? `'${text}` : text;
  const safe = first.replaceAll(SECOND_CELL, "$1'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
