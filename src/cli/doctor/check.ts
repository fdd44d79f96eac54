import { type ArchiveError, type ErrorCode, toArchiveError } from '../../errors.ts';

/** What one check of `doctor` has found. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  readonly detail: string;
  readonly fix?: string | undefined;
  /** Of a failure. */
  readonly code?: ErrorCode;
}

export function failed(name: string, thrown: unknown, fix: string): DoctorCheck {
  const error: ArchiveError = toArchiveError(thrown);
  return {
    name,
    status: 'fail',
    detail: `${error.message}  [${error.code}]`,
    fix: error.hint ?? fix,
    code: error.code,
  };
}

export function skip(name: string, detail: string): DoctorCheck {
  return { name, status: 'skip', detail };
}
