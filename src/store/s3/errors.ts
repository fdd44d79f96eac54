import {
  type AwsError,
  type AwsErrorRule,
  commonRules,
  kindOfStatus,
  readAwsError,
} from '../../aws/classify-error.ts';
import { ArchiveError, type ArchiveErrorOptions } from '../../errors.ts';
import { faultError, faultOf } from '../../http/connection/faults.ts';
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

const REFUSALS: Readonly<Record<string, S3Refusal>> = {
  PreconditionFailed: 'precondition',
  NoSuchUpload: 'no-upload',
  NoSuchKey: 'not-found',
  NotFound: 'not-found',
  InvalidRange: 'range',
};

const COMMON = commonRules(
  { throttled: 'STORE_THROTTLED', unavailable: 'STORE_UNAVAILABLE', denied: 'STORE_DENIED' },
  { place: 'bucket', service: 'S3' },
);
const { throttled, unavailable } = COMMON;
const damaged: AwsErrorRule = { code: 'STORE_MISMATCH', transient: true };
const denied = (hint: string): AwsErrorRule => ({ code: 'STORE_DENIED', hint });
const otherRegion: AwsErrorRule = {
  code: 'STORE_MISSING',
  hint: 'the bucket is in another region: set AWS_REGION to the region of the bucket',
};
const redirected: AwsErrorRule = {
  code: 'STORE_UNAVAILABLE',
  transient: true,
  hint: 'S3 redirects until the name of a new bucket is known everywhere, which takes minutes: run it again then; if it goes on, set AWS_REGION to the region of the bucket',
};
const full: AwsErrorRule = { code: 'STORE_FULL' };
const PERMISSIONS =
  'the role needs s3:PutObject, s3:GetObject, s3:AbortMultipartUpload on the objects and s3:ListBucket on the bucket (without the last, S3 calls a missing object forbidden)';
const forbidden = denied(PERMISSIONS);
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
const RULES: Readonly<Record<string, AwsErrorRule>> = {
  // S3's word for "slow down" when a prefix has too many requests
  ServiceUnavailable: throttled,
  // another conditional write to the same key was in progress; the next attempt sees how it ended
  ConditionalRequestConflict: unavailable,
  OperationAborted: unavailable,
  RequestTimeout: unavailable,
  // what arrived is not what was sent
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  IncompleteBody: damaged,
  // the parts were sent a moment ago; asked again, S3 knows them
  InvalidPart: unavailable,
  TemporaryRedirect: redirected,
  NoSuchBucket: {
    code: 'STORE_MISSING',
    hint: 'check the name in ARCHIVE_STORE or S3_ARCHIVE_BUCKET, or create the bucket',
  },
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
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

/** Answers that state no reason. */
const OF_STATUS: Readonly<Record<number, AwsErrorRule>> = {
  301: otherRegion,
  307: redirected,
  404: { code: 'STORE_MISSING' },
  // another write to the same key was in progress
  409: unavailable,
  507: full,
};

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

/**
 * Sorts what `client.send` threw.
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
  const failed = { ...readAwsError(error), ...ownName(error) };
  const { name, status, requestId, system, retryAfter } = failed;
  const refusal = REFUSALS[name] ?? (status === 412 ? 'precondition' : status === 416 ? 'range' : undefined);
  // A bucket that is missing, and a HEAD of one, are also 404.
  if (refusal !== undefined) return { kind: 'refusal', refusal };
  const rule = ruleFor(failed, what);
  const hint = hintOf(rule, failed, owner);
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason: name },
    ...present({ hint, retryable: rule.retryable }),
  };
  return {
    kind: 'failure',
    error: new ArchiveError(rule.code, `${what}: ${rule.says ?? answerOf(failed)}`, options),
    transient: rule.transient === true,
    unsure: rule.transient === true && rule !== redirected && !NEVER_SENT.has(system ?? ''),
    retryAfter,
  };
}

/** A connection that was never made, with an error that says why. */
function neverSent(error: ArchiveError): S3Failure {
  return { kind: 'failure', error, transient: error.retryable, unsure: false, retryAfter: undefined };
}

/** Some of S3's names are no names of classes, such as `KMS.NotFoundException`. */
function ownName(error: unknown): { readonly name?: string } {
  return error instanceof Error && Object.hasOwn(RULES, error.name) ? { name: error.name } : {};
}

function answerOf({ name, status, system }: AwsError): string {
  if (status === undefined) return system ?? name;
  return NAMELESS.has(name) ? String(status) : `${status} ${name}`;
}

function hintOf(rule: AwsErrorRule, { bucketRegion }: AwsError, owner: boolean): string | undefined {
  if ((rule === otherRegion || rule === unexplained) && bucketRegion !== undefined) {
    return `the bucket is in ${bucketRegion}: set AWS_REGION=${bucketRegion}`;
  }
  if (owner && (rule === forbidden || rule === unexplainedForbidden)) {
    return `${rule.hint}; S3 refuses as well when another account than S3_EXPECTED_BUCKET_OWNER owns the bucket`;
  }
  return rule.hint;
}

function ruleFor({ name, status, bucketRegion, kind }: AwsError, what: string): AwsErrorRule {
  const own = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (own !== undefined) return own;
  if (kind !== undefined) return kind === 'denied' ? forbidden : COMMON[kind];
  const ofS3 = status === undefined ? undefined : OF_STATUS[status];
  if (ofS3 !== undefined) return ofS3;
  const isHead = what.startsWith('HEAD');
  if (status === 400) return isHead || bucketRegion !== undefined ? unexplained : refused;
  const ofStatus = kindOfStatus(status);
  if (ofStatus === 'denied') return isHead ? unexplainedForbidden : refused;
  return ofStatus === undefined ? refused : COMMON[ofStatus];
}
