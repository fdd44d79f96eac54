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
    hint: '`genesys-archive catalogue rebuild` makes it anew from receipts and facts',
  },
  CATALOGUE_DIFFERS: {
    exit: 5,
    retryable: false,
    meaning:
      '`verify` found a row of the catalogue that is not what receipts, objects, holds and tombstones say, or a recording without its row. The catalogue proves nothing: recordings and receipts are not affected, but searches are wrong.',
    hint: '`genesys-archive catalogue rebuild` makes it anew from receipts and facts; the access log of the bucket says who wrote the file',
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
});
