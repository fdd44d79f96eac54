import { QUERY_OPTIONS } from '../find/query-options.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber, oneOf, age } from './option-values.ts';
import { ALL_ARCHIVES } from './shared.ts';

const GROUP = oneOf('day', 'queue', 'agent', 'state');
const TABLE_FORMAT = oneOf('table', 'csv', 'jsonl', 'parquet');
const SCOPE = oneOf('today', 'yesterday', 'recent', 'all');
const EXPORT_FORMAT = oneOf('csv', 'jsonl', 'parquet');
const MANIFEST = oneOf('s3-batch');

const REASON = { flags: '--reason <TEXT>', description: 'why; stands in the access log' } as const;

/** How rows are written. */
const OUTPUT_OPTIONS = [
  {
    flags: '--format <WORD>',
    description: 'table (default), csv, jsonl or parquet',
    parse: TABLE_FORMAT,
  },
  {
    flags: '--columns <NAMES>',
    description: 'for csv, jsonl and parquet: some columns, with commas between them',
  },
  {
    flags: '-o, --output <FILE>',
    description: 'write there; the name says the format (.csv, .jsonl, .parquet)',
  },
  { flags: '--force', description: 'replace the file if it exists' },
] as const;

const EXPORT_OPTIONS = [
  { flags: '--ids <FILE>', description: 'export: ids of recordings or conversations, or keys' },
  {
    flags: '--format <WORD>',
    description: 'export: csv, jsonl or parquet, where the name of the file does not say it',
    parse: EXPORT_FORMAT,
  },
  { flags: '--columns <NAMES>', description: 'export: some columns, with commas between them' },
  { flags: '--reveal', description: 'export: numbers and names as well; says so in the access log' },
  REASON,
  {
    flags: '--manifest <WORD>',
    description: 'export: s3-batch: bucket and key of each object, for S3 Batch Operations',
    parse: MANIFEST,
  },
  { flags: '-o, --output <FILE>', description: 'export: write there' },
  { flags: '--force', description: 'export: replace files that exist' },
] as const;

export const FIND_OPTIONS = [
  ...QUERY_OPTIONS,
  {
    flags: '--ids <FILE>',
    description:
      'ids of recordings or conversations, or keys: one a line, CSV or JSON lines; - is standard input',
  },
  {
    flags: '--reveal',
    description: 'show numbers and names: opens the sealed files of people, and says so in the access log',
  },
  REASON,
  {
    flags: '--fresh',
    description: 'read the receipts of days that have changed since the catalogue was made',
  },
  { flags: '--count', description: 'only how many there are' },
  {
    flags: '--group-by <WORD>',
    description: 'how many of each: day, queue, agent or state',
    parse: GROUP,
  },
  {
    flags: '--limit <N>',
    description: 'at most so many (default for a table 100)',
    parse: wholeNumber(1, 100_000_000),
  },
  ...OUTPUT_OPTIONS,
  {
    flags: '--max-age <AGE>',
    description: 'refuse a catalogue that is older for the newest of these days, e.g. 2h',
    parse: age,
  },
  ALL_ARCHIVES,
] as const satisfies readonly OptionSpec[];
export type FindOptions = OptionsOf<typeof FIND_OPTIONS>;

export const CATALOGUE_OPTIONS = [
  {
    flags: '--scope <WORD>',
    description: 'update: today, yesterday, recent (35 days) or all (default: by the hour)',
    parse: SCOPE,
  },
  { flags: '--as-of <TIME>', description: 'rebuild: as receipts were at that time; with --into only' },
  { flags: '--into <PLACE>', description: 'rebuild: into another place, e.g. file:/tmp/catalogue' },
  ...QUERY_OPTIONS,
  ...EXPORT_OPTIONS,
  {
    flags: '--location <PLACE>',
    description: 'ddl: where the files are, where it is not ARCHIVE_CATALOGUE',
  },
  {
    flags: '--athena',
    description: 'sql: ask Athena, in the work group of ARCHIVE_ATHENA_WORK_GROUP',
  },
  {
    flags: '--timeout <SECONDS>',
    description: 'sql --athena: cancel the query after that time (default 1800)',
    parse: wholeNumber(1, 604_800),
  },
] as const satisfies readonly OptionSpec[];
export type CatalogueOptions = OptionsOf<typeof CATALOGUE_OPTIONS>;
