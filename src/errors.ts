import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import { present } from './present.ts';

export type { ErrorCode } from './error-codes.ts';

/** Facts about a failure that are safe to print anywhere: numbers, ids, host names. Never a URL query, token or key. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ArchiveErrorOptions {
  /** Overrides the code's default hint. */
  hint?: string;
  /** Overrides the code's default: is it worth trying again, unchanged, later? */
  retryable?: boolean;
  details?: ErrorDetails;
  /** Only another {@link ArchiveError}: foreign errors carry tokens and URLs, see {@link describeForeign}. */
  cause?: ArchiveError;
}

/**
 * The one error this product throws. The Lambda handler maps `retryable`, the CLI maps `code` to an exit code; both come
 * from the table in `error-codes.ts`, which `docs/errors.md` is checked against.
 */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError' as const;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;
  declare readonly cause: ArchiveError | undefined;

  constructor(code: ErrorCode, message: string, options: ArchiveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.hint = options.hint ?? ERROR_CODES[code].hint;
    this.details = options.details ?? {};
  }

  /** What a log line or a JSON report may carry. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...present({ hint: this.hint }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/** The same error, with another hint. */
export function withHint(error: ArchiveError, hint: string): ArchiveError {
  const { code, message, retryable, details, cause } = error;
  return new ArchiveError(code, message, {
    hint,
    retryable,
    details,
    ...present({ cause }),
  });
}

/**
 * Names of classes and of AWS errors are words. An access key id, a token or a digest has no lower-case letter or more digits.
 */
const CLASS_NAME = /^(?=.*[a-z])(?!.*\d.*\d)[A-Za-z][A-Za-z0-9]{0,60}$/;

/** `ECONNRESET`, `ERR_STREAM_PREMATURE_CLOSE`; not `AKIA…`, which is an access key id. */
const SYSTEM_CODE = /^(?:E[A-Z0-9]{2,15}|[A-Z][A-Z0-9]{1,19}(?:_[A-Z0-9]{1,19}){1,8})$/;

/** The class name of a foreign error, where it can be one. */
export function classNameOf(error: unknown): string | undefined {
  return error instanceof Error && CLASS_NAME.test(error.name) ? error.name : undefined;
}

/** The system code of a foreign error, where it can be one: other libraries put anything there. */
export function systemCodeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && SYSTEM_CODE.test(code) ? code : undefined;
}

/**
 * A foreign error reduced to its class name and system code, e.g. `Error ECONNRESET`. Messages of HTTP clients and SDKs
 * are dropped on purpose: they may hold URLs with signatures, headers and bodies.
 */
export function describeForeign(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const name = classNameOf(error) ?? 'Error';
  const code = systemCodeOf(error);
  return code === undefined ? name : `${name} ${code}`;
}

/** Ours unchanged; anything else as `UNEXPECTED`, stripped by {@link describeForeign}. */
export function toArchiveError(error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  return new ArchiveError('UNEXPECTED', `unexpected ${describeForeign(error)}`);
}
