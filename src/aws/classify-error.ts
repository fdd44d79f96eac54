import { classNameOf, type ErrorCode, systemCodeOf } from '../errors.ts';
import { isTransientStatus } from '../http/retry-timing.ts';
import { type AwsAnswer, awsAnswerOf } from './answer.ts';

/** What an error means in every service of AWS. Names that only one service has are rows of its adapter. */
export type AwsErrorKind =
  | 'throttled'
  | 'unavailable'
  | 'denied'
  | 'expired'
  | 'unknown-key'
  | 'wrong-secret'
  | 'bad-token'
  | 'no-credentials'
  | 'wrong-clock'
  | 'no-region'
  | 'no-tls';

/** How an adapter reports an error. */
export interface AwsErrorRule {
  readonly code: ErrorCode;
  /** Worth repeating at once, with backoff. */
  readonly transient?: boolean;
  readonly retryable?: boolean;
  readonly hint?: string;
  /** Instead of the answer, which says nothing. */
  readonly says?: string;
}

/** By name, without `Exception` at its end. https://docs.aws.amazon.com/general/latest/gr/CommonErrors.html */
const KINDS: ReadonlyMap<string, AwsErrorKind> = new Map(
  Object.entries({
    throttled:
      'SlowDown Throttling Throttled RequestThrottled RequestLimitExceeded TooManyRequests BandwidthLimitExceeded',
    unavailable: 'ServiceUnavailable InternalFailure InternalError InternalServiceError',
    denied: 'AccessDenied NotAuthorized OptInRequired',
    expired: 'ExpiredToken TokenRefreshRequired',
    'unknown-key':
      'UnrecognizedClient InvalidClientTokenId InvalidAccessKeyId IncompleteSignature MissingAuthenticationToken',
    'wrong-secret': 'SignatureDoesNotMatch InvalidSignature',
    'bad-token': 'InvalidToken InvalidSecurity',
    'no-credentials': 'CredentialsProviderError',
    'wrong-clock': 'RequestTimeTooSkewed RequestExpired RequestInTheFuture',
  } satisfies Partial<Record<AwsErrorKind, string>>).flatMap(([kind, names]) =>
    names.split(' ').map((name) => [name, kind as AwsErrorKind] as const),
  ),
);

/** Kinds that have to do with who asks: no other call with these credentials succeeds either. */
const OF_CREDENTIALS: ReadonlySet<AwsErrorKind> = new Set<AwsErrorKind>([
  'expired',
  'unknown-key',
  'wrong-secret',
  'bad-token',
  'no-credentials',
  'wrong-clock',
]);

export const isAboutCredentials = (kind: AwsErrorKind | undefined): boolean =>
  kind !== undefined && OF_CREDENTIALS.has(kind);

export interface AwsError extends AwsAnswer {
  /** A word, as the service or the SDK names it; `Error` where it has no name. */
  readonly name: string;
  /** Of a connection that failed. */
  readonly system: string | undefined;
  /** `undefined` where the name is of one service alone, or unknown; see {@link kindOfStatus}. */
  readonly kind: AwsErrorKind | undefined;
}

/** Reads what an SDK client threw. Nothing of it but words and numbers is kept: it carries the request, signature included. */
export function readAwsError(error: unknown): AwsError {
  const name = classNameOf(error) ?? 'Error';
  const answer = awsAnswerOf(error);
  const system = systemCodeOf(error);
  return { ...answer, name, system, kind: kindOfName(name) ?? kindOfFailure(error, answer, system) };
}

/** The kind of an error by its name alone, as the service states it. */
export function kindOfName(name: string): AwsErrorKind | undefined {
  return KINDS.get(name.replace(/Exception$/, ''));
}

function kindOfFailure(
  error: unknown,
  { status }: AwsAnswer,
  system: string | undefined,
): AwsErrorKind | undefined {
  if (status !== undefined) return undefined;
  if (error instanceof Error && error.message === 'Region is missing') return 'no-region';
  return system !== undefined && /TLS|SSL|EPROTO/.test(system) ? 'no-tls' : undefined;
}

/**
 * The kind of an answer whose name says nothing; without a status, of a connection that was refused, reset or silent. `undefined` for
 * a request that the service does not accept.
 */
export function kindOfStatus(status: number | undefined): AwsErrorKind | undefined {
  if (status === undefined) return 'unavailable';
  if (status === 429) return 'throttled';
  if (isTransientStatus(status) || (status >= 200 && status < 300)) return 'unavailable';
  return status === 401 || status === 403 ? 'denied' : undefined;
}

export const CREDENTIALS_HINT =
  'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role has them';

export interface ServiceCodes {
  readonly throttled: ErrorCode;
  readonly unavailable: ErrorCode;
  readonly denied: ErrorCode;
}

/**
 * The rules of a service for what all services have in common.
 *
 * @param place what is in a region, e.g. `bucket`.
 * @param service as in `AWS_ENDPOINT_URL_S3`.
 */
export function commonRules(
  { throttled, unavailable, denied }: ServiceCodes,
  { place, service }: { readonly place: string; readonly service: string },
): Readonly<Record<AwsErrorKind, AwsErrorRule>> {
  return {
    throttled: { code: throttled, transient: true },
    unavailable: { code: unavailable, transient: true },
    denied: { code: denied },
    expired: {
      code: denied,
      hint: 'the AWS credentials have expired; renew them (aws sso login, a new session token) and run it again',
    },
    'unknown-key': {
      code: denied,
      hint: 'the AWS credentials are not valid there: check AWS_PROFILE or AWS_ACCESS_KEY_ID, and that they are for this endpoint',
    },
    'wrong-secret': {
      code: denied,
      hint: 'the secret access key does not belong to the access key id (check AWS_SECRET_ACCESS_KEY or the profile), or a proxy changes requests on their way',
    },
    'bad-token': {
      code: denied,
      hint: 'the session token is not valid: unset AWS_SESSION_TOKEN where it is left over, or renew the AWS credentials',
    },
    'no-credentials': {
      code: denied,
      hint: `no AWS credentials were found: ${CREDENTIALS_HINT}`,
    },
    'wrong-clock': { code: denied, hint: 'set the clock of this machine, e.g. by NTP, and run it again' },
    'no-region': {
      code: 'CONFIG_INVALID',
      says: 'no AWS region is set',
      hint: `set AWS_REGION to the region of the ${place}, or the region of the profile (aws configure set region)`,
    },
    'no-tls': {
      code: unavailable,
      retryable: false,
      hint: `no TLS could be agreed with the endpoint: check its scheme and port (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_${service})`,
    },
  };
}
