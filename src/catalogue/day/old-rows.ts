import type { RowRange, Table } from '../../ports.ts';
import { CONTEXT_COLUMNS } from './contexts-of-day.ts';
import { readRows } from './day-file.ts';
import type { ReceiptFacts } from './row.ts';
import { type CatalogueRow, type ColumnName, columnOf } from '../schema.ts';

/** What an old row says of the receipt: the columns that are not made anew. */
const RECEIPT_COLUMNS = [
  'organization_id',
  'conversation_id',
  'recording_id',
  'channel',
  'kind',
  'recorded_at',
  'stored_at',
  'content_type',
  'format',
  'key_id',
] as const satisfies readonly ColumnName[];

/** What the rows of a file say of receipts, one at a time, by the key of the object. */
export async function readReceiptFacts(
  table: Table,
  range: RowRange,
): Promise<Iterable<{ readonly key: string; readonly facts: ReceiptFacts }>> {
  const names = ['key', ...RECEIPT_COLUMNS] as const;
  const [keys = [], ...cells] = await table.readAll(names.map(columnOf), range);
  const columnAt = (name: (typeof RECEIPT_COLUMNS)[number]) =>
    cells[RECEIPT_COLUMNS.indexOf(name)] as ArrayLike<never>;
  const columns = {
    organization_id: columnAt('organization_id'),
    conversation_id: columnAt('conversation_id'),
    recording_id: columnAt('recording_id'),
    channel: columnAt('channel'),
    kind: columnAt('kind'),
    recorded_at: columnAt('recorded_at'),
    stored_at: columnAt('stored_at'),
    content_type: columnAt('content_type'),
    format: columnAt('format'),
    key_id: columnAt('key_id'),
  };
  return rowsOf(keys as ArrayLike<string>, columns);
}

type Columns = { readonly [C in keyof ReceiptFacts]: ArrayLike<CatalogueRow[C]> };

function* rowsOf(keys: ArrayLike<string>, columns: Columns) {
  for (let at = 0; at < keys.length; at += 1) {
    const facts: ReceiptFacts = {
      organization_id: columns.organization_id[at] ?? null,
      conversation_id: columns.conversation_id[at] ?? null,
      recording_id: columns.recording_id[at] ?? '',
      channel: columns.channel[at] ?? null,
      kind: columns.kind[at] ?? null,
      recorded_at: columns.recorded_at[at] ?? 0,
      stored_at: columns.stored_at[at] ?? null,
      content_type: columns.content_type[at] ?? null,
      format: columns.format[at] ?? null,
      key_id: columns.key_id[at] ?? null,
    };
    yield { key: keys[at] ?? '', facts };
  }
}

/** Rows with what contexts gave them, and no more. */
export const readOldContexts = (table: Table, range: RowRange): Promise<CatalogueRow[]> =>
  readRows(table, range, ['key', 'conversation_id', ...CONTEXT_COLUMNS]);
