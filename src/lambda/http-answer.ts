import type { ArchiveResult } from '../archive/archive-request.ts';
import { ERROR_CODES } from '../error-codes.ts';
import type { ArchiveError } from '../errors.ts';

/** What API Gateway (both payload formats) and Function URLs take for an HTTP response. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds a sender is asked to wait before it sends a webhook again that could not be served for now. */
const RETRY_AFTER_S = 60;

const JSON_TYPE = { 'content-type': 'application/json' };

/** The tutorial's body of success; `s3Keys` is added where an event named several recordings. */
export function archivedAnswer(results: readonly ArchiveResult[], ignored: number): HttpAnswer {
  const keys = results.flatMap((result) => (result.state === 'archived' ? [result.key] : []));
  return {
    statusCode: 200,
    body: JSON.stringify({
      success: true,
      ...(keys.length > 0 ? { s3Key: keys[0] } : {}),
      ...(keys.length > 1 ? { s3Keys: keys } : {}),
      ...(ignored > 0 ? { ignored } : {}),
    }),
  };
}

/** The tutorial's body of failure, `{error}`, with the stable code beside it. */
export function errorAnswer(error: ArchiveError): HttpAnswer {
  const statusCode = statusOf(error);
  return {
    statusCode,
    headers: { ...JSON_TYPE, ...(statusCode === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}) },
    body: JSON.stringify({ error: error.message, code: error.code, retryable: error.retryable }),
  };
}

export function jsonAnswer(answer: HttpAnswer): HttpAnswer {
  return { ...answer, headers: { ...JSON_TYPE, ...answer.headers } };
}

/** Says nothing about which part of the signature was wrong. */
export const UNAUTHENTICATED: HttpAnswer = {
  statusCode: 401,
  headers: JSON_TYPE,
  body: JSON.stringify({ error: 'unauthorized' }),
};

function statusOf({ code, retryable }: ArchiveError): number {
  if (code === 'EVENT_INVALID') return 400;
  if (code === 'KEY_COLLISION' || code === 'OBJECT_UNPROVEN' || code === 'RECEIPT_MISMATCH') return 409;
  if (ERROR_CODES[code].exit === 6) return 404;
  return retryable && code !== 'UNEXPECTED' ? 503 : 500;
}
