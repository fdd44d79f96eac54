import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

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
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/**
 * A foreign error reduced to its class name and system code, e.g. `Error ECONNRESET`. Messages of HTTP clients and SDKs
 * are dropped on purpose: they may hold URLs with signatures, headers and bodies.
 */
export function describeForeign(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code: unknown = (error as { code?: unknown }).code;
  const safeCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? ` ${code}` : '';
  const name = /^[A-Za-z][A-Za-z0-9]{0,60}$/.test(error.name) ? error.name : 'Error';
  return `${name}${safeCode}`;
}

/** Ours unchanged; anything else as `UNEXPECTED`, stripped by {@link describeForeign}. */
export function toArchiveError(error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  return new ArchiveError('UNEXPECTED', `unexpected ${describeForeign(error)}`);
}
