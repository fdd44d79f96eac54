import type { ErrorCode } from '../errors.ts';

/** What one check of `doctor` has found. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  readonly detail: string;
  readonly fix?: string | undefined;
  /** Of a failure. */
  readonly code?: ErrorCode;
}
