import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';
import { EXIT_CODES } from '../exit-codes.ts';

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
  CATALOGUE_STALE: 'genesys-archive catalogue update',
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
