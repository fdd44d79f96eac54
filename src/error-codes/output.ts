import { errorCodes } from './facts.ts';

/** Codes of what a command writes. */
export const OUTPUT_CODES = errorCodes({
  OUTPUT_EXISTS: {
    exit: 2,
    retryable: false,
    meaning: 'The output file exists already.',
    hint: 'choose another name, or pass --force',
  },
  OUTPUT_FAILED: { exit: 1, retryable: false, meaning: 'A file, or standard output, could not be written.' },
});
