import { errorCodes } from './facts.ts';

/** Codes of the catalogue. */
export const CATALOGUE_CODES = errorCodes({
  CATALOGUE_STALE: {
    exit: 7,
    retryable: true,
    meaning: 'The catalogue is older than `--max-age` allows, or was never made.',
    hint: '`genesys-archive catalogue update` brings it up to date; `find --fresh` reads what is missing from receipts',
  },
  CATALOGUE_UNREADABLE: {
    exit: 5,
    retryable: false,
    meaning:
      'A file of the catalogue is damaged, or of another archive. Recordings and receipts are not affected.',
    hint: '`genesys-archive catalogue rebuild` makes it again from receipts and facts',
  },
  CATALOGUE_DIFFERS: {
    exit: 5,
    retryable: false,
    meaning:
      '`verify` found a row of the catalogue that is not what receipts, objects, holds and tombstones say, or a recording without its row. The catalogue proves nothing: recordings and receipts are not affected, but searches are wrong.',
    hint: '`genesys-archive catalogue rebuild` makes it again from receipts and facts; the access log of the bucket says who wrote the file',
  },
  CATALOGUE_CONTENDED: {
    exit: 7,
    retryable: true,
    meaning: 'Others wrote the same day of the catalogue each time. What they wrote stands.',
    hint: 'the next update tries again',
  },
  CATALOGUE_ENGINE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: '`catalogue sql` needs DuckDB, which is not installed.',
    hint: 'npm install @duckdb/node-api, beside this program; or use `catalogue ddl duckdb` with a DuckDB of your own',
  },
  ATHENA_SCAN_LIMIT: {
    exit: 2,
    retryable: false,
    meaning:
      'A query read more than the work group of Athena lets it, and was ended. There is no answer, not a shorter one; what was read is charged for.',
    hint: 'narrow the query: `WHERE day BETWEEN …` reads those days alone, and only the columns that are named are read; or raise scanLimitMb of the stack',
  },
  ATHENA_QUERY_FAILED: {
    exit: 2,
    retryable: false,
    meaning: 'Athena refused or ended a query.',
    hint: 'the table is called recordings; `catalogue ddl athena` shows it, docs/catalogue.md its columns',
  },
  ATHENA_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'Athena refused access: wrong credentials or a missing permission.',
    hint: 'attach the policy of the output AnalystPolicyArn to who asks; where Lake Formation rules the tables, it has to grant them as well',
  },
  ATHENA_WORK_GROUP_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'There is no such work group of Athena in this account and region.',
    hint: 'set ARCHIVE_ATHENA_WORK_GROUP to the output AthenaWorkGroupName of the stack, and AWS_REGION to its region',
  },
  ATHENA_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'Athena could not be reached, throttled or failed until the retries were used up, or says that the same query may succeed later: a file was replaced while it was read.',
  },
});
