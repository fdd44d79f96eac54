import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';

/** The command line's exit codes: a contract for scripts. A code that is not listed must be treated as a failure. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'all of it was done'],
  [1, 'unexpected failure'],
  [2, 'wrong usage or configuration'],
  [3, 'some items failed; each is listed with its own code'],
  [4, 'authentication or permission'],
  [5, 'integrity: a wrong key, or data that is damaged, changed or truncated'],
  [6, 'not found'],
  [7, 'throttled, not ready or out of time: the same command may succeed later'],
  [130, 'interrupted; running the same command again is safe'],
];

export function exitCodeOf(code: ErrorCode): number {
  return ERROR_CODES[code].exit;
}

/** The EXIT STATUS section of a command's help: only the codes that command can end with. */
export function describeExitStatus(codes: readonly number[]): string {
  return EXIT_CODES.filter(([code]) => codes.includes(code))
    .map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}

const RUN_DOCTOR = 'genesys-archive doctor';

/** What to do about an error, as a command where there is one. Hints say what may be wrong; this says what to type. */
const NEXT_STEPS: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'genesys-archive help environment',
  GENESYS_AUTH_REJECTED: RUN_DOCTOR,
  GENESYS_FORBIDDEN: RUN_DOCTOR,
  GENESYS_UNAVAILABLE: RUN_DOCTOR,
  STORE_DENIED: RUN_DOCTOR,
  STORE_MISSING: RUN_DOCTOR,
  STORE_UNAVAILABLE: RUN_DOCTOR,
  OBJECT_NOT_FOUND: 'genesys-archive list',
  DECRYPT_FAILED: 'genesys-archive inspect ID, to see when and how the object was written',
  OBJECT_MALFORMED: 'genesys-archive inspect ID',
};

/** @param hinted something has been said already about what may be wrong; otherwise at least the documentation is named. */
export function nextStep(code: ErrorCode, hinted: boolean): string | undefined {
  const step = NEXT_STEPS[code];
  if (step !== undefined) return step;
  if (exitCodeOf(code) === 7) return 'run the same command again later: what is done is not done twice';
  return hinted || code === 'INTERRUPTED' ? undefined : `see docs/errors.md#${code.toLowerCase()}`;
}
