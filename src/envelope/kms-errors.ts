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

export type KmsCallName = 'GenerateDataKey' | 'Decrypt' | 'Encrypt' | 'ReEncrypt' | 'Sign' | 'GetPublicKey';

/** What is known of a failed KMS call. Never holds the SDK's error: that one carries the request and its context. */
export interface KmsFailure {
  readonly error: ArchiveError;
  /** Worth repeating at once, with backoff. */
  readonly transient: boolean;
}

interface Rule {
  readonly code: ErrorCode;
  readonly transient?: boolean;
  readonly retryable?: boolean;
  readonly hint?: string;
  /** Instead of the answer, which says nothing. */
  readonly says?: string;
}

const throttled: Rule = { code: 'KMS_THROTTLED', transient: true };
const unavailable: Rule = { code: 'KMS_UNAVAILABLE', transient: true };
const denied: Rule = { code: 'KMS_DENIED' };
const expired: Rule = {
  code: 'KMS_DENIED',
  hint: 'the AWS credentials have expired; renew them (aws sso login, a new session token) and run it again',
};
const unknownCredentials: Rule = { code: 'KMS_DENIED', hint: 'the AWS credentials are not valid there' };
const wrongSecret: Rule = {
  code: 'KMS_DENIED',
  hint: 'the secret access key does not belong to the access key id (check AWS_SECRET_ACCESS_KEY or the profile), or a proxy changes requests on their way',
};
const unusable: Rule = { code: 'KMS_KEY_UNUSABLE' };

/** Said of every key that cannot sign receipts. */
export const SIGNING_KEY_HINT =
  'receipts are signed with a KMS key of the spec ECC_NIST_EDWARDS25519 and the usage SIGN_VERIFY: `aws kms create-key --key-spec ECC_NIST_EDWARDS25519 --key-usage SIGN_VERIFY`';

/**
 * Only what AWS calls worth retrying is transient. Asking again cannot make a denied, disabled or wrong key right.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html#API_GenerateDataKey_Errors
 */
const RULES: Readonly<Record<string, Rule>> = {
  ThrottlingException: throttled,
  Throttling: throttled,
  ThrottledException: throttled,
  RequestThrottledException: throttled,
  TooManyRequestsException: throttled,
  RequestLimitExceeded: throttled,
  KMSInternalException: unavailable,
  KMSInternal: unavailable,
  DependencyTimeoutException: unavailable,
  DependencyTimeout: unavailable,
  KeyUnavailableException: unavailable,
  ServiceUnavailable: unavailable,
  ServiceUnavailableException: unavailable,
  InternalFailure: unavailable,
  AccessDeniedException: denied,
  AccessDenied: denied,
  InvalidGrantTokenException: denied,
  NotAuthorized: denied,
  OptInRequired: denied,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  RequestExpired: {
    code: 'KMS_DENIED',
    hint: 'set the clock of this machine, e.g. by NTP, and run it again',
  },
  UnrecognizedClientException: unknownCredentials,
  InvalidClientTokenId: unknownCredentials,
  InvalidSignatureException: wrongSecret,
  SignatureDoesNotMatch: wrongSecret,
  RequestTimeTooSkewed: {
    code: 'KMS_DENIED',
    hint: 'set the clock of this machine, e.g. by NTP, and run it again',
  },
  IncompleteSignatureException: unknownCredentials,
  MissingAuthenticationTokenException: unknownCredentials,
  CredentialsProviderError: { code: 'KMS_DENIED', hint: 'no AWS credentials were found' },
  DisabledException: { code: 'KMS_KEY_UNUSABLE', hint: 'the key is disabled: `aws kms enable-key`' },
  KMSInvalidStateException: {
    code: 'KMS_KEY_UNUSABLE',
    hint: 'the key is waiting for deletion or for its material: `aws kms describe-key`, `aws kms cancel-key-deletion`',
  },
  NotFoundException: {
    code: 'KMS_KEY_UNUSABLE',
    hint: 'there is no such key in this account and region: check ARCHIVE_KMS_KEY_ID and AWS_REGION',
  },
  InvalidArnException: unusable,
  InvalidKeyUsageException: {
    code: 'KMS_KEY_UNUSABLE',
    hint: 'data keys need a symmetric encryption key (SYMMETRIC_DEFAULT)',
  },
  UnsupportedOperationException: unusable,
  ValidationException: unusable,
  IncorrectKeyException: {
    code: 'DECRYPT_FAILED',
    hint: 'the data key was wrapped by another KMS key than ARCHIVE_KMS_KEY_ID',
  },
  InvalidCiphertextException: { code: 'DECRYPT_FAILED' },
};

/** What is said of a key that is asked to sign, or for its public half, and cannot. */
const SIGNING_HINTS: Readonly<Record<string, string>> = {
  InvalidKeyUsageException: SIGNING_KEY_HINT,
  UnsupportedOperationException: SIGNING_KEY_HINT,
  ValidationException: SIGNING_KEY_HINT,
};

/** The setting that names the key of a call. */
export function keySettingOf(operation: KmsCallName): string {
  return isSigning(operation) ? 'ARCHIVE_SIGNING_KMS_KEY_ID' : 'ARCHIVE_KMS_KEY_ID';
}

function isSigning(operation: KmsCallName): boolean {
  return operation === 'Sign' || operation === 'GetPublicKey';
}

/** Sorts whatever `client.send` threw. */
export function sortKmsError(error: unknown, operation: KmsCallName): KmsFailure {
  const fault = faultOf(error);
  if (fault !== undefined) {
    const told = faultError(fault, 'KMS_UNAVAILABLE', `KMS ${operation}`);
    return { error: told, transient: told.retryable };
  }
  const name = classNameOf(error) ?? 'Error';
  const { status, requestId } = awsAnswerOf(error);
  const system = systemCodeOf(error);
  const rule = ruleFor(name, status, system, error);
  const special =
    isSigning(operation) && Object.hasOwn(SIGNING_HINTS, name) ? SIGNING_HINTS[name] : undefined;
  const stated = special ?? rule.hint?.replace('ARCHIVE_KMS_KEY_ID', keySettingOf(operation));
  const hint = stated ?? defaultHint(rule, operation);
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason: name },
    ...present({ hint, retryable: rule.retryable }),
  };
  const answer = rule.says ?? (status === undefined ? (system ?? name) : name);
  return {
    error: new ArchiveError(rule.code, `KMS ${operation}: ${answer}`, options),
    transient: rule.transient === true,
  };
}

/** Of an encrypting key that cannot be used, the code's own hint says enough. */
function defaultHint(rule: Rule, operation: KmsCallName): string | undefined {
  if (rule === denied) return `the role needs kms:${operation} on the key`;
  if (rule !== unusable || !isSigning(operation)) return undefined;
  return `check ${keySettingOf(operation)}; \`genesys-archive doctor\` signs with it`;
}

function ruleFor(name: string, status: number | undefined, system: string | undefined, error: unknown): Rule {
  const known = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (known !== undefined) return known;
  if (status !== undefined) {
    if (status === 429) return throttled;
    if (isTransientStatus(status) || (status >= 200 && status < 300)) return unavailable;
    return status === 401 || status === 403 ? denied : unusable;
  }
  if (error instanceof Error && error.message === 'Region is missing') {
    return {
      code: 'CONFIG_INVALID',
      says: 'no AWS region is set',
      hint: 'set AWS_REGION to the region of the key',
    };
  }
  if (system !== undefined && /TLS|SSL|EPROTO/.test(system)) {
    return {
      code: 'KMS_UNAVAILABLE',
      retryable: false,
      hint: 'no TLS could be agreed with the endpoint: check its scheme and port (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_KMS)',
    };
  }
  // connections that were refused, reset or silent, and answers that are none
  return unavailable;
}
