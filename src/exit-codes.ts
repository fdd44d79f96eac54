/** The command line's exit codes: a contract for scripts. A code that is not listed must be treated as a failure. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'all of it was done'],
  [1, 'unexpected failure, or output that could not be written'],
  [2, 'wrong usage or configuration'],
  [3, 'some items failed; each is listed with its own code'],
  [4, 'authentication or permission'],
  [5, 'integrity: a wrong key, or data that is damaged, changed or truncated'],
  [6, 'not found'],
  [7, 'throttled, not ready or out of time: the same command may succeed later'],
  [130, 'interrupted; running the same command again is safe'],
];

/** What the table cannot say, for `help exit-codes` and docs/errors.md. */
export const EXIT_RULES: readonly string[] = [
  'A command for several recordings ends with 3 if some of them failed, and with the exit code that all failures share if none succeeded. Two codes are stronger than 3: that of the error that ended the list early because every other recording would have met it as well, and 5 of `verify`, `adopt`, `rewrap` and `reencrypt` for data that are not what they should be. `restore` ends with 3 in that case.',
  'Output that cannot be written, for example to a full disk, ends with 1 and a message, even if the work itself was done.',
  'A reader that closes the pipe early, such as `head` or a pager, is no error: help, `find`, `list`, `inspect`, `simulate` and `completion` end at once, quietly, with 0. Every other command goes on without output and ends with the exit code of its work; `restore -o -` ends with 1, because the recording was cut.',
];
