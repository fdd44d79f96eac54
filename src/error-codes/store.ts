import { errorCodes } from './facts.ts';

/** Codes of the store, S3 or a directory. */
export const STORE_CODES = errorCodes({
  STORE_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'S3 asked to slow down until the retries were used up.',
    hint: 'lower the concurrency, or spread the writes over more prefixes',
  },
  STORE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The store could not be reached or failed until the retries were used up.',
  },
  STORE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'The store refused access: wrong credentials or a missing permission.',
  },
  STORE_MISSING: { exit: 2, retryable: false, meaning: 'The bucket or directory does not exist.' },
  STORE_FULL: {
    exit: 7,
    retryable: true,
    meaning: 'The disk or quota is full. No partial object is left.',
    hint: 'free some space or raise the quota, then run it again; finished recordings are skipped',
  },
  STORE_MISMATCH: {
    exit: 5,
    retryable: true,
    meaning: 'After the write, the stored object differs from what was sent (length, checksum or metadata).',
  },
});
