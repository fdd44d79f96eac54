import {
  ArchiveError,
  type ArchiveErrorOptions,
  classNameOf,
  type ErrorCode,
  systemCodeOf,
} from '../errors.ts';
import { awsAnswerOf } from '../http/aws-answer.ts';
import { faultError, faultOf } from '../http/connection-faults.ts';
import { isTransientStatus } from '../http/retry-timing.ts';

/** Answers the store has a use for, as opposed to failures. */
export type S3Refusal = 'precondition' | 'not-found' | 'no-upload' | 'range';

/** What is known of a failed S3 call. Never holds the SDK's error: that one carries the request, signature included. */
export type S3Failure =
  | { readonly kind: 'refusal'; readonly refusal: S3Refusal }
  | {
      readonly kind: 'failure';
      readonly error: ArchiveError;
      /** Worth repeating at once, with backoff. */
      readonly transient: boolean;
      /** The request may have taken effect all the same. */
      readonly unsure: boolean;
      readonly retryAfter: string | undefined;
    };

interface Rule {
  readonly code: ErrorCode;
  readonly transient?: boolean;
  readonly retryable?: boolean;
  readonly hint?: string;
}

const REFUSALS: Readonly<Record<string, S3Refusal>> = {
  PreconditionFailed: 'precondition',
  NoSuchUpload: 'no-upload',
  NoSuchKey: 'not-found',
  NotFound: 'not-found',
  InvalidRange: 'range',
};

const throttled: Rule = { code: 'STORE_THROTTLED', transient: true };
const damaged: Rule = { code: 'STORE_MISMATCH', transient: true };
const expired: Rule = {
  code: 'STORE_DENIED',
  hint: 'the AWS credentials have expired; renew them (aws sso login, a new session token) and run it again',
};
const otherRegion: Rule = {
  code: 'STORE_MISSING',
  hint: 'the bucket is in another region: set AWS_REGION to it',
};
const full: Rule = { code: 'STORE_FULL' };
const forbidden: Rule = {
  code: 'STORE_DENIED',
  hint: 'the role needs s3:PutObject, s3:GetObject, s3:AbortMultipartUpload on the objects and s3:ListBucket on the bucket (without the last, S3 calls a missing object forbidden)',
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const RULES: Readonly<Record<string, Rule>> = {
  SlowDown: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  ThrottledException: throttled,
  RequestLimitExceeded: throttled,
  RequestThrottled: throttled,
  TooManyRequests: throttled,
  TooManyRequestsException: throttled,
  BandwidthLimitExceeded: throttled,
  ServiceUnavailable: throttled,
  // another conditional write to the same key was in progress; the next attempt sees how it ended
  ConditionalRequestConflict: { code: 'STORE_UNAVAILABLE', transient: true },
  OperationAborted: { code: 'STORE_UNAVAILABLE', transient: true },
  RequestTimeout: { code: 'STORE_UNAVAILABLE', transient: true },
  InternalError: { code: 'STORE_UNAVAILABLE', transient: true },
  // what arrived is not what was sent
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  IncompleteBody: damaged,
  NoSuchBucket: { code: 'STORE_MISSING' },
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  CredentialsProviderError: { code: 'STORE_DENIED', hint: 'no AWS credentials were found' },
  RequestTimeTooSkewed: { code: 'STORE_DENIED', hint: 'the clock of this machine is wrong' },
  NotImplemented: {
    code: 'STORE_DENIED',
    hint: 'this S3-compatible server lacks what the archive relies on: conditional writes and SHA-256 checksums',
  },
  InvalidObjectState: {
    code: 'STORE_UNAVAILABLE',
    retryable: false,
    hint: 'the object is in an archive storage class; restore it in S3 first',
  },
  QuotaExceeded: full,
  XMinioStorageFull: full,
  EntityTooLarge: { code: 'MEDIA_TOO_LARGE' },
  MetadataTooLarge: { code: 'OBJECT_MALFORMED' },
};

/** Connections that were never made: the request cannot have taken effect. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const LOST: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Sorts whatever `client.send` threw. */
export function sortS3Error(error: unknown, what: string): S3Failure {
  const fault = faultOf(error);
  if (fault !== undefined) return neverSent(faultError(fault, 'STORE_UNAVAILABLE', what));
  // of ours, those that are about the connection itself; an answer that broke off may have taken effect
  if (error instanceof ArchiveError && (!error.retryable || error.details['proxy'] !== undefined)) {
    return neverSent(error);
  }
  const name = safeName(error);
  const { status, requestId } = awsAnswerOf(error);
  const refusal = REFUSALS[name] ?? (status === 412 ? 'precondition' : status === 416 ? 'range' : undefined);
  // A bucket that is missing, and a HEAD of one, are also 404.
  if (refusal !== undefined) return { kind: 'refusal', refusal };
  const rule = ruleFor(name, status, systemCodeOf(error), error);
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason: name },
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    ...(rule.retryable === undefined ? {} : { retryable: rule.retryable }),
  };
  const answer = status === undefined ? (systemCodeOf(error) ?? name) : `${status} ${name}`;
  return {
    kind: 'failure',
    error: new ArchiveError(rule.code, `${what}: ${answer}`, options),
    transient: rule.transient === true,
    unsure: rule.transient === true && !NEVER_SENT.has(systemCodeOf(error) ?? ''),
    retryAfter: retryAfterOf(error),
  };
}

/** A connection that was never made, with an error that says why. */
function neverSent(error: ArchiveError): S3Failure {
  return { kind: 'failure', error, transient: error.retryable, unsure: false, retryAfter: undefined };
}

function ruleFor(name: string, status: number | undefined, code: string | undefined, error: unknown): Rule {
  const known = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (known !== undefined) return known;
  if (status !== undefined) {
    if (status === 429) return throttled;
    // 409: another write to the same key was in progress, in an answer without a body to say so.
    if (isTransientStatus(status) || status === 409) return { code: 'STORE_UNAVAILABLE', transient: true };
    if (status === 301 || status === 307) return otherRegion;
    if (status === 404) return { code: 'STORE_MISSING' };
    if (status === 507) return full;
    if (status === 401 || status === 403) return forbidden;
    if (status >= 200 && status < 300) return { code: 'STORE_UNAVAILABLE', transient: true };
    return { code: 'STORE_DENIED', hint: 'the server does not accept this request; see `reason`' };
  }
  if (error instanceof Error && error.message === 'Region is missing') {
    return { code: 'CONFIG_INVALID', hint: 'set AWS_REGION to the region of the bucket' };
  }
  if (name === 'TimeoutError' || (code !== undefined && (LOST.has(code) || NEVER_SENT.has(code)))) {
    return { code: 'STORE_UNAVAILABLE', transient: true };
  }
  if (code !== undefined && /TLS|SSL|EPROTO/.test(code)) {
    return {
      code: 'STORE_UNAVAILABLE',
      retryable: false,
      hint: 'no TLS could be agreed with the endpoint: check its scheme and port (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3)',
    };
  }
  // An answer that cannot be parsed, or a protocol error of the HTTP client: nobody knows what became of the request.
  return { code: 'STORE_UNAVAILABLE', transient: true };
}

/** Class names and S3 error codes are words; anything else may quote the request. */
function safeName(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  return Object.hasOwn(RULES, name) || Object.hasOwn(REFUSALS, name) ? name : (classNameOf(error) ?? 'Error');
}

function retryAfterOf(error: unknown): string | undefined {
  const { $response } = (typeof error === 'object' && error !== null ? error : {}) as {
    $response?: { headers?: Record<string, unknown> };
  };
  const value = $response?.headers?.['retry-after'];
  return typeof value === 'string' ? value : undefined;
}
