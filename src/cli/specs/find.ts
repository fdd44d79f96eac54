import { QUERY_OPTIONS } from '../find/query-options.ts';
import { takesAction } from './actions.ts';
import { ALL_ARCHIVES, type CommandSpec, defineCommand } from './command-spec.ts';
import { age, oneOf, wholeNumber } from './option-values.ts';

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

/** What looks recordings up, and what keeps the catalogue that they are looked up in. */
export const FIND_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'find',
    summary: 'look recordings up by id, number, agent, queue, time and more',
    arguments: [['[id...]', 'id of a recording or a conversation, or key of an object']],
    options: [
      ...QUERY_OPTIONS,
      {
        flags: '--ids <FILE>',
        description:
          'ids of recordings or conversations, or keys: one a line, CSV or JSON lines; - is standard input',
      },
      {
        flags: '--reveal',
        description:
          'show numbers and names: opens the sealed files of people, and says so in the access log',
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
    ],
    allArchives: { isSearch: true, notWith: [['output', '--output']] },
    purpose: 'wrap',
    details:
      'Asks the catalogue, newest recordings first, and says as of when it is; nothing else of the archive is read. Filters are met all at once; of a filter that is repeated, any. Numbers are kept as keyed hashes: --customer needs the key that recordings are read with. docs/catalogue.md has the columns. The catalogue says where to look and proves nothing: restore and verify go by receipt and object. Ends with 6 when nothing matches, and with 7 when the catalogue is older than --max-age.',
    examples: [
      'genesys-archive find --agent "Mar*" --queue Claims --from 2026-03-01 --to 2026-03-31',
      'genesys-archive find --customer +4915112345678 --reveal --reason "complaint 4711"',
      'genesys-archive find --from 2026-01-01 --group-by day',
      'genesys-archive find --state missing --json | jq -r .key',
    ],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    isForReading: true,
    load: () => import('../commands/find.ts'),
  }),
  defineCommand({
    name: 'catalogue',
    summary: 'keep the catalogue that find asks, and hand it to other programs',
    ...takesAction('catalogue', [
      '[words...]',
      'export: ids; sql: the query, or - for standard input; ddl: athena or duckdb',
    ]),
    options: [
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
    ],
    purpose: 'wrap',
    details:
      'update makes the files of days that have changed, from receipts, facts, holds and erasures; serve does it every hour. It can be interrupted and run twice at once. rebuild reads every receipt again. status lists the days, and which of the last 35 have changed since. export writes rows and, beside them, what they are: filter, time, count and SHA-256. sql asks DuckDB, where @duckdb/node-api is installed, or with --athena Athena, and says how many bytes were read there; ddl prints the table for Athena or DuckDB.',
    examples: [
      'genesys-archive catalogue update --scope all',
      'genesys-archive catalogue status',
      'genesys-archive catalogue export --from 2026-03-01 --to 2026-03-31 --format csv -o march.csv',
      'genesys-archive catalogue sql "select state, count(*) from recordings group by state"',
      'genesys-archive catalogue sql "select day, count(*) from recordings group by day" --athena',
      'genesys-archive catalogue ddl athena',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/catalogue.ts'),
  }),
];
