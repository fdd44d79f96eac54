import type { ErrorCode } from '../error-codes.ts';
import type { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import type { ErrorShape } from './api-schema.ts';
import { type ConsoleAnswer, jsonAnswer } from './exchange.ts';

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  SIGN_IN_REQUIRED: 401,
  NOT_ALLOWED: 403,
  REQUEST_REFUSED: 403,
  REQUEST_INVALID: 400,
  USAGE: 400,
  REASON_REQUIRED: 400,
  NO_SUCH_ROUTE: 404,
  OBJECT_NOT_FOUND: 404,
  NOTHING_FOUND: 404,
  NO_TRANSCRIPT: 404,
  NO_PEAKS: 404,
  JOB_NOT_FOUND: 404,
  HOLD_NOT_FOUND: 404,
  LISTEN_OVER: 404,
  HOLD_SAME_PERSON: 409,
  JOB_CHANGED: 409,
  CATALOGUE_STALE: 409,
  RANGE_NOT_SATISFIABLE: 416,
  TOO_MUCH_AT_ONCE: 429,
  ACCESS_LOG_UNAVAILABLE: 503,
  PROVIDER_UNAVAILABLE: 503,
};

export function statusOf(error: ArchiveError): number {
  const { status } = error.details;
  if (typeof status === 'number' && error.code === 'REQUEST_REFUSED') return status;
  return STATUS[error.code] ?? (error.retryable ? 503 : 500);
}

export function errorAnswer(error: ArchiveError): ConsoleAnswer {
  const { code, message, hint } = error;
  const value: ErrorShape = { error: { code, message, ...present({ hint }) } };
  return jsonAnswer(statusOf(error), value);
}
