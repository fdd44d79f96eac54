import type { ArchiveError } from '../errors.ts';

/** The platform reports a failure by class name and message; the stable code tells more than `ArchiveError`. */
export class InvocationFailure extends Error {
  constructor({ code, message, hint, retryable }: ArchiveError) {
    super(hint === undefined ? message : `${message} (${hint})`);
    this.name = code;
    this.retryable = retryable;
  }

  readonly retryable: boolean;
}
