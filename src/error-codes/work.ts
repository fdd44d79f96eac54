import { errorCodes } from './facts.ts';

/** Codes of a run as a whole: the command line, the settings, the event. */
export const WORK_CODES = errorCodes({
  UNEXPECTED: { exit: 1, retryable: true, meaning: 'An error that this program does not expect.' },
  INTERRUPTED: {
    exit: 130,
    retryable: true,
    meaning: 'Stopped by a signal. Running the same command again is safe.',
  },
  SOME_FAILED: {
    exit: 3,
    retryable: true,
    meaning: 'Some items of a batch failed; each is listed with its own code.',
  },
  OUT_OF_TIME: {
    exit: 7,
    retryable: true,
    meaning: 'The time limit ended before the work was done. No partial object is left.',
    hint: 'run it again; if it happens with long recordings, raise the limit (Lambda timeout, --timeout)',
  },
  USAGE: { exit: 2, retryable: false, meaning: 'The command line is malformed.' },
  CONFIG_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'One or more settings are missing or malformed; all of them are listed.',
    hint: 'docs/configuration.md lists every setting',
  },
  EVENT_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The event names no recording to archive; the message says which field is missing or malformed.',
  },
  WEBHOOK_UNAUTHENTICATED: {
    exit: 4,
    retryable: false,
    meaning: 'The webhook signature is missing or wrong.',
  },
});
