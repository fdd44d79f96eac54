import {
  ArchiveError,
  type ArchiveErrorOptions,
  classNameOf,
  type ErrorCode,
  systemCodeOf,
} from '../../errors.ts';
import { type AwsAnswer, awsAnswerOf } from '../../aws/answer.ts';
import { faultError, faultOf } from '../../http/connection-faults.ts';
import { isTransientStatus } from '../../http/retry-timing.ts';
import { present } from '../../present.ts';

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
  /** Instead of the answer, which says nothing. */
  readonly says?: string;
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
const denied = (hint: string): Rule => ({ code: 'STORE_DENIED', hint });
const expired = denied(
  'the AWS credentials have expired; renew them (aws sso login, a new session token) and run it again',
);
const otherRegion: Rule = {
  code: 'STORE_MISSING',
  hint: 'the bucket is in another region: set AWS_REGION to the region of the bucket',
};
const redirected: Rule = {
  code: 'STORE_UNAVAILABLE',
  transient: true,
  hint: 'S3 redirects until the name of a new bucket is known everywhere, which takes minutes: run it again then; if it goes on, set AWS_REGION to the region of the bucket',
};
const full: Rule = { code: 'STORE_FULL' };
const PERMISSIONS =
  'the role needs s3:PutObject, s3:GetObject, s3:AbortMultipartUpload on the objects and s3:ListBucket on the bucket (without the last, S3 calls a missing object forbidden)';
const forbidden = denied(PERMISSIONS);
const unknownKey = denied(
  'this access key is not known there: check AWS_PROFILE or AWS_ACCESS_KEY_ID, and that they are for this endpoint',
);
const badToken = denied(
  'the session token is not valid: unset AWS_SESSION_TOKEN where it is left over, or renew the AWS credentials',
);
const bucketKey = denied(
  'the KMS key that the bucket encrypts with cannot be used: look at its state and policy (aws s3api get-bucket-encryption, aws kms describe-key)',
);
/** The answer to a HEAD has a status and no reason. */
const unexplained = denied(
  'S3 gives no reason in the answer to a HEAD: renew the AWS credentials if their session has expired, and check that AWS_REGION is the region of the bucket',
);
const unexplainedForbidden = denied(
  `${PERMISSIONS}; S3 gives no reason in the answer to a HEAD: wrong AWS credentials look the same`,
);

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
  // the parts were sent a moment ago; asked again, S3 knows them
  InvalidPart: { code: 'STORE_UNAVAILABLE', transient: true },
  TemporaryRedirect: redirected,
  NoSuchBucket: {
    code: 'STORE_MISSING',
    hint: 'check the name in ARCHIVE_STORE or S3_ARCHIVE_BUCKET, or create the bucket',
  },
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  CredentialsProviderError: denied(
    'no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role has them',
  ),
  RequestTimeTooSkewed: denied('set the clock of this machine, e.g. by NTP, and run it again'),
  AccessDenied: forbidden,
  SignatureDoesNotMatch: denied(
    'the secret access key does not belong to the access key id (check AWS_SECRET_ACCESS_KEY or the profile), or a proxy changes requests on their way',
  ),
  InvalidAccessKeyId: unknownKey,
  InvalidClientTokenId: unknownKey,
  InvalidToken: badToken,
  InvalidSecurity: badToken,
  AccountProblem: denied('AWS has suspended something about the account: see the AWS Health dashboard'),
  AllAccessDisabled: denied('AWS has disabled all access to this bucket: see the AWS Health dashboard'),
  NotSignedUp: denied('the account is not signed up for S3'),
  'KMS.DisabledException': bucketKey,
  'KMS.NotFoundException': bucketKey,
  'KMS.KMSInvalidStateException': bucketKey,
  'KMS.InvalidStateException': bucketKey,
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

const refused = denied('the server does not accept this request; see `reason`, and its own log');

/** What the SDK and we call an answer without a reason. */
const NAMELESS: ReadonlySet<string> = new Set([
  'UnknownError',
  'Unknown',
  'Error',
  'NotFound',
  'Forbidden',
  'BadRequest',
]);

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

/**
 * Sorts whatever `client.send` threw.
 *
 * @param what the operation, e.g. `HEAD object`.
 * @param owner `S3_EXPECTED_BUCKET_OWNER` was sent.
 */
export function sortS3Error(error: unknown, what: string, owner = false): S3Failure {
  const fault = faultOf(error);
  if (fault !== undefined) return neverSent(faultError(fault, 'STORE_UNAVAILABLE', what));
  if (error instanceof ArchiveError) {
    // about the connection itself: nothing was sent
    if (!error.retryable || error.details['proxy'] !== undefined) return neverSent(error);
    // an answer that broke off, or that is none (`listing-pages.ts`), may have taken effect
    return { kind: 'failure', error, transient: true, unsure: true, retryAfter: undefined };
  }
  const name = safeName(error);
  const answered = awsAnswerOf(error);
  const { status, requestId } = answered;
  const refusal = REFUSALS[name] ?? (status === 412 ? 'precondition' : status === 416 ? 'range' : undefined);
  // A bucket that is missing, and a HEAD of one, are also 404.
  if (refusal !== undefined) return { kind: 'refusal', refusal };
  const rule = ruleFor(name, what, error, answered);
  const hint = hintOf(rule, answered, owner);
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason: name },
    ...present({ hint, retryable: rule.retryable }),
  };
  return {
    kind: 'failure',
    error: new ArchiveError(rule.code, `${what}: ${rule.says ?? answerOf(error, name, status)}`, options),
    transient: rule.transient === true,
    unsure: rule.transient === true && rule !== redirected && !NEVER_SENT.has(systemCodeOf(error) ?? ''),
    retryAfter: answered.retryAfter,
  };
}

/** A connection that was never made, with an error that says why. */
function neverSent(error: ArchiveError): S3Failure {
  return { kind: 'failure', error, transient: error.retryable, unsure: false, retryAfter: undefined };
}

function answerOf(error: unknown, name: string, status: number | undefined): string {
  if (status === undefined) return systemCodeOf(error) ?? name;
  return NAMELESS.has(name) ? String(status) : `${status} ${name}`;
}

function hintOf(rule: Rule, { bucketRegion }: AwsAnswer, owner: boolean): string | undefined {
  if ((rule === otherRegion || rule === unexplained) && bucketRegion !== undefined) {
    return `the bucket is in ${bucketRegion}: set AWS_REGION=${bucketRegion}`;
  }
  if (owner && (rule === forbidden || rule === unexplainedForbidden)) {
    return `${rule.hint}; S3 refuses as well when another account than S3_EXPECTED_BUCKET_OWNER owns the bucket`;
  }
  return rule.hint;
}

function ruleFor(name: string, what: string, error: unknown, { status, bucketRegion }: AwsAnswer): Rule {
  const known = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (known !== undefined) return known;
  const code = systemCodeOf(error);
  if (status !== undefined) {
    if (status === 429) return throttled;
    // 409: another write to the same key was in progress, in an answer without a body to say so.
    if (isTransientStatus(status) || status === 409) return { code: 'STORE_UNAVAILABLE', transient: true };
    if (status === 301) return otherRegion;
    if (status === 307) return redirected;
    if (status === 404) return { code: 'STORE_MISSING' };
    if (status === 507) return full;
    if (status >= 200 && status < 300) return { code: 'STORE_UNAVAILABLE', transient: true };
    const isHead = what.startsWith('HEAD');
    if (status === 400 && (isHead || bucketRegion !== undefined)) return unexplained;
    if (status === 401 || status === 403) return isHead ? unexplainedForbidden : refused;
    return refused;
  }
  if (error instanceof Error && error.message === 'Region is missing') {
    return {
      code: 'CONFIG_INVALID',
      says: 'no AWS region is set',
      hint: 'set AWS_REGION to the region of the bucket, or the region of the profile (aws configure set region)',
    };
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
