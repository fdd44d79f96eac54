import { takesAction } from './actions.ts';
import { FIND_OPTIONS, CATALOGUE_OPTIONS } from '../options/find.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What looks recordings up, and what keeps the catalogue that they are looked up in. */
export const FIND_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'find',
    summary: 'look recordings up by id, number, agent, queue, time and more',
    arguments: [['[id...]', 'id of a recording or a conversation, or key of an object']],
    options: FIND_OPTIONS,
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
    options: CATALOGUE_OPTIONS,
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
