import type { Outcome } from '../jobs/kind.ts';

/** What kept an act from one item, as it is written down. */
export interface ActFailure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** Of an act that could not be done for one item. Pure. */
export function failedOutcome(error: ActFailure | undefined): Omit<Outcome, 'index'> {
  const {
    code,
    message: reason,
    retryable,
  } = error ?? {
    code: 'UNEXPECTED',
    message: 'unknown',
    retryable: false,
  };
  return { state: 'failed', bytes: 0, code, reason, retryable };
}
