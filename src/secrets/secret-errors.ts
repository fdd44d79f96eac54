import {
  ArchiveError,
  type ArchiveErrorOptions,
  classNameOf,
  type ErrorCode,
  systemCodeOf,
} from '../errors.ts';
import { awsAnswerOf } from '../aws/answer.ts';
import { faultError, faultOf } from '../http/connection-faults.ts';
import { isTransientStatus } from '../http/retry-timing.ts';
import { present } from '../present.ts';

/** What is known of a failed read. Never holds the SDK's error. */
export interface SecretFailure {
  readonly error: ArchiveError;
  /** Worth repeating at once, with backoff. */
  readonly transient: boolean;
}

interface Rule {
  readonly code: ErrorCode;
  readonly hint?: string;
}

const unavailable: Rule = { code: 'SECRET_UNAVAILABLE' };
const denied: Rule = { code: 'SECRET_DENIED' };
const missing: Rule = { code: 'SECRET_MISSING' };
const unknownCredentials: Rule = {
  code: 'SECRET_DENIED',
  hint: 'the AWS credentials are not valid there',
};
const expired: Rule = {
  code: 'SECRET_DENIED',
  hint: 'the AWS credentials have expired; renew them (aws sso login, a new session token) and run it again',
};

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors */
const RULES: Readonly<Record<string, Rule>> = {
  ThrottlingException: unavailable,
  Throttling: unavailable,
  TooManyRequestsException: unavailable,
  RequestLimitExceeded: unavailable,
  InternalServiceError: unavailable,
  InternalFailure: unavailable,
  ServiceUnavailable: unavailable,
  AccessDeniedException: denied,
  AccessDenied: denied,
  DecryptionFailure: {
    code: 'SECRET_DENIED',
    hint: 'the KMS key that the secret is encrypted with cannot be used: the role needs kms:Decrypt on it, and the key must be enabled',
  },
  ExpiredTokenException: expired,
  ExpiredToken: expired,
  UnrecognizedClientException: unknownCredentials,
  InvalidClientTokenId: unknownCredentials,
  InvalidSignatureException: unknownCredentials,
  IncompleteSignatureException: unknownCredentials,
  MissingAuthenticationTokenException: unknownCredentials,
  CredentialsProviderError: { code: 'SECRET_DENIED', hint: 'no AWS credentials were found' },
  ResourceNotFoundException: missing,
  InvalidRequestException: {
    code: 'SECRET_MISSING',
    hint: 'the secret is marked for deletion: `aws secretsmanager restore-secret`',
  },
  InvalidParameterException: missing,
};

/** Sorts whatever reading the secret `name` threw. */
export function sortSecretError(error: unknown, name: string): SecretFailure {
  const fault = faultOf(error);
  if (fault !== undefined) {
    const told = faultError(fault, 'SECRET_UNAVAILABLE', `secret ${name}`);
    return { error: told, transient: told.retryable };
  }
  const className = classNameOf(error) ?? 'Error';
  const { status, requestId } = awsAnswerOf(error);
  const system = systemCodeOf(error);
  const rule = ruleFor(className, status);
  const answer = status === undefined ? (system ?? className) : className;
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason: className },
    ...present({ hint: rule.hint }),
  };
  return {
    error: new ArchiveError(rule.code, `secret ${name}: ${answer}`, options),
    transient: rule === unavailable,
  };
}

function ruleFor(name: string, status: number | undefined): Rule {
  const known = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (known !== undefined) return known;
  // connections that were refused, reset or silent, and answers that are none
  if (status === undefined || isTransientStatus(status) || (status >= 200 && status < 300))
    return unavailable;
  return status === 401 || status === 403 ? denied : missing;
}
