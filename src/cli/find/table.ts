import type { CatalogueRow, ColumnName, PeopleRow } from '../../catalogue/schema.ts';
import { formatBytes } from '../_format.ts';
import { type Aligned, alignColumns, type TextColumn } from '../_table.ts';
import { printable } from '../../printable.ts';

/** A row, and what is known of its people where that is shown. */
export interface FoundRow {
  readonly row: CatalogueRow;
  readonly people?: PeopleRow | undefined;
}

interface Heading extends Omit<TextColumn, 'cells'> {
  readonly cell: (found: FoundRow) => string;
}

const names = (ids: CatalogueRow['queue_ids'], named: CatalogueRow['queue_names']) =>
  (ids ?? []).map((id, at) => named?.[at] ?? id ?? '').join(', ');

const HEADINGS: readonly Heading[] = [
  { title: 'UTC', cell: ({ row }) => formatUtc(row.recorded_at) },
  { title: 'local', spare: 4, cell: ({ row }) => formatLocal(row.recorded_at) },
  { title: 'length', isNumber: true, spare: 2, cell: ({ row }) => formatLength(row.duration_ms) },
  {
    title: 'size',
    isNumber: true,
    spare: 6,
    cell: ({ row }) => (row.bytes === null ? '' : formatBytes(Number(row.bytes))),
  },
  { title: 'kind', spare: 3, cell: ({ row }) => [row.direction, row.media].filter(Boolean).join(' ') },
  { title: 'queue', least: 6, cell: ({ row }) => names(row.queue_ids, row.queue_names) },
  {
    title: 'agent',
    least: 6,
    cell: ({ row, people }) => names(people?.agent_ids ?? row.agent_ids, people?.agent_names ?? null),
  },
  {
    title: 'customer',
    least: 8,
    cell: ({ people }) => [people?.customer, people?.customer_name].filter(Boolean).join(' '),
  },
  { title: 'wrap-up', least: 6, spare: 5, cell: ({ row }) => names(row.wrap_up_codes, row.wrap_up_names) },
  {
    title: 'state',
    spare: 1,
    cell: ({ row }) => (row.legal_hold === true ? `${row.state}, held` : row.state),
  },
  { title: 'id', cell: ({ row }) => row.recording_id + (row.channel === null ? '' : `.${row.channel}`) },
];

/** What a row of the table is made from; `key` says where its people are. */
export const TABLE_COLUMNS: readonly ColumnName[] = [
  'key',
  'recorded_at',
  'duration_ms',
  'bytes',
  'direction',
  'media',
  'queue_ids',
  'queue_names',
  'agent_ids',
  'wrap_up_codes',
  'wrap_up_names',
  'state',
  'legal_hold',
  'recording_id',
  'channel',
];

/**
 * Lines for eyes: a heading and a line for each row, in columns as wide as they have to be. Columns that are empty throughout are left
 * out. Pure.
 *
 * @param width of the terminal; `undefined` where nothing has to be cut.
 */
export function formatTable(rows: readonly FoundRow[], width: number | undefined): Aligned {
  const filled = HEADINGS.map((heading) => ({
    ...heading,
    cells: rows.map((row) => printable(heading.cell(row))),
  }));
  return alignColumns(filled, width);
}

const formatUtc = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** Of the machine’s time zone, with the day only where it is another one. */
export function formatLocal(at: number): string {
  const date = new Date(at);
  const pad = (number: number) => String(number).padStart(2, '0');
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return day === date.toISOString().slice(0, 10) ? time : `${time} (${day.slice(5)})`;
}

/** `0:07`, `12:30`, `1:02:30`. */
export function formatLength(ms: number | null): string {
  if (ms === null) return '';
  const seconds = Math.round(ms / 1000);
  const pad = (number: number) => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
