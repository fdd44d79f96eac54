/**
 * The columns of the catalogue, once: Parquet, DDL, CSV and docs are made from here. Columns are only added to `v1`; a reader takes a
 * missing one as null.
 */
import type { ColumnType, TableColumn } from '../ports.ts';

export const CATALOGUE_SCHEMA = 'genesys-media-archive/catalogue/v1';

export interface CatalogueColumn extends TableColumn {
  readonly meaning: string;
  /** Where it is from. */
  readonly source: 'receipt' | 'listing' | 'facts' | 'holds' | 'all';
}

const column = <N extends string, T extends ColumnType, R extends true | undefined = undefined>(
  name: N,
  type: T,
  ...[source, meaning, more = {}]: readonly [
    source: CatalogueColumn['source'],
    meaning: string,
    more?: { readonly required?: R; readonly bloom?: true; readonly pageIndex?: true },
  ]
) => ({ name, type, source, meaning, ...more }) as { name: N; type: T; required: R } & CatalogueColumn;

const REQUIRED = { required: true } as const;

export const COLUMNS = [
  column('organization_id', 'string', 'receipt', 'the organization, where the receipt names it'),
  column('conversation_id', 'string', 'receipt', 'null for an object without a receipt', { bloom: true }),
  column('recording_id', 'string', 'receipt', 'the recording', { required: true, bloom: true }),
  column('channel', 'string', 'receipt', 'which file of the recording, where it has several'),
  column('key', 'string', 'listing', 'of the object, below the prefix of the archive', REQUIRED),
  column('receipt_key', 'string', 'listing', 'where the receipt stands; null where the layout says it'),
  column(
    'kind',
    'string',
    'receipt',
    '`archived`, `adopted`, `completed` or `terminal`, as the receipt says',
  ),
  column(
    'state',
    'string',
    'all',
    '`archived`; `missing`: receipt without an object; `unreceipted`: object without a readable receipt; `gone`: the platform had none; `quarantined`: waits for a person’s decision; `erased`; `expired`: receipt without an object, which its rule of retention had let go',
    REQUIRED,
  ),
  column('storage_class', 'string', 'listing', 'of the object, where the store states it'),
  column(
    'recorded_at',
    'timestamp',
    'receipt',
    'as the recording was filed; the start of the day without a receipt',
    {
      required: true,
      pageIndex: true,
    },
  ),
  column('stored_at', 'timestamp', 'receipt', 'of the object, as the store stated it'),
  column('duration_ms', 'int32', 'facts', 'of the conversation'),
  column('bytes', 'int64', 'listing', 'of the object, encrypted'),
  column('media', 'string', 'receipt', '`call`, `screen`, `chat`, `email` or `message`'),
  column('media_subtype', 'string', 'facts', 'reserved; null'),
  column('content_type', 'string', 'receipt', 'of the recording, as it was downloaded'),
  column('direction', 'string', 'facts', '`inbound` or `outbound`'),
  column('agent_ids', 'strings', 'facts', 'users, or keyed hashes of them (`ARCHIVE_CATALOGUE_AGENTS=hash`)'),
  column('queue_ids', 'strings', 'facts', 'queues'),
  column('queue_names', 'strings', 'facts', 'of `queue_ids`, in that order, as they were that day'),
  column('division_ids', 'strings', 'facts', 'divisions'),
  column('wrap_up_codes', 'strings', 'facts', 'wrap-up codes'),
  column('wrap_up_names', 'strings', 'facts', 'of `wrap_up_codes`, in that order, as they were that day'),
  column('company_address', 'string', 'facts', 'our side: who was called, or from which number we called'),
  column('customer_hash', 'int64', 'facts', 'keyed hash of the other side; equality shows, numbers do not', {
    bloom: true,
  }),
  column('legal_hold', 'boolean', 'holds', 'whether a hold of the archive is on it'),
  column('hold_ids', 'strings', 'holds', 'the holds'),
  column('retain_until', 'timestamp', 'holds', 'until when it must stay, where that is known'),
  column('format', 'string', 'receipt', 'how the object is encrypted'),
  column('key_id', 'string', 'receipt', 'under which key its data key was wrapped when it was stored'),
  column('facts', 'string', 'all', '`analytics` or `none`: where what the platform knew is from', REQUIRED),
] as const;

type TypeOf<T extends ColumnType> = {
  readonly string: string;
  readonly strings: readonly (string | null)[];
  readonly timestamp: number;
  readonly int32: number;
  readonly int64: bigint;
  readonly boolean: boolean;
}[T];

type Columns = (typeof COLUMNS)[number];

/** One file of a recording. */
export type CatalogueRow = {
  readonly [C in Columns as C['name']]: TypeOf<C['type']> | (C['required'] extends true ? never : null);
};

export type ColumnName = Columns['name'];

export const COLUMN_BY_NAME: ReadonlyMap<string, CatalogueColumn> = new Map(
  COLUMNS.map((one: CatalogueColumn) => [one.name, one]),
);

export function columnOf(name: ColumnName): CatalogueColumn {
  const found = COLUMN_BY_NAME.get(name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
}

/** What is in the sealed file of people, a row for each of the catalogue that has any of it. */
export const PEOPLE_SCHEMA = 'genesys-media-archive/people/v1';

export const PEOPLE_COLUMNS = [
  column('key_hash', 'int64', 'all', 'first 64 bits of SHA-256 of the key of the object', REQUIRED),
  column('customer', 'string', 'facts', 'number or address of the other side'),
  column('customer_name', 'string', 'facts', 'as the platform had it'),
  column('external_contact_ids', 'strings', 'facts', 'contacts'),
  column('agent_ids', 'strings', 'facts', 'users'),
  column('agent_names', 'strings', 'facts', 'of `agent_ids`, in that order, as they were that day'),
] as const;

export type PeopleRow = {
  readonly [C in (typeof PEOPLE_COLUMNS)[number] as C['name']]:
    | TypeOf<C['type']>
    | (C['required'] extends true ? never : null);
};

/** Rows that lie together in a file: memory and speed; docs/decisions/015. */
export const ROWS_IN_GROUP = 25_000;
