import { errorCodes } from './facts.ts';

/** Codes of holds: what is kept against retention and erasure. */
export const KEEPING_CODES = errorCodes({
  HOLD_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The archive has no such hold.',
    hint: '`genesys-archive hold list` shows them',
  },
  HOLD_DAMAGED: {
    exit: 5,
    retryable: false,
    meaning:
      'A hold, its release or its list of keys is not what was written. Until that is settled nothing is told of what it holds, and nothing is let go.',
    hint: 'restore the object from a version or a copy of the bucket; docs/holds.md says how',
  },
  HOLD_SAME_PERSON: {
    exit: 2,
    retryable: false,
    meaning: 'The person who placed a hold cannot release it (ARCHIVE_HOLD_TWO_PERSONS).',
    hint: 'another person releases it, and names themselves with --by',
  },
});
