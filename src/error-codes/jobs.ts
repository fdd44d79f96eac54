import { errorCodes } from './facts.ts';

/** Codes of work that is planned first, and done in pieces. */
export const JOB_CODES = errorCodes({
  JOB_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'No job has that id, or the beginning of an id fits several.',
    hint: 'genesys-archive jobs list shows all of them',
  },
  JOB_CHANGED: {
    exit: 2,
    retryable: false,
    meaning:
      'The job is not what the command expects: it is over, was cancelled, or was planned for another archive or layout.',
    hint: 'genesys-archive jobs show JOB says what it is now',
  },
  JOB_EMPTY: {
    exit: 6,
    retryable: false,
    meaning: 'The plan would have no items, so no job was made.',
    hint: 'check the range or list that it was planned from',
  },
});
