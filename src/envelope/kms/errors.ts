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

export type KmsCallName = 'GenerateDataKey' | 'Decrypt' | 'Encrypt' | 'ReEncrypt' | 'Sign' | 'GetPublicKey';

/** What is known of a failed KMS call. Never holds the SDK's error: that one carries the request and its context. */
export interface KmsFailure {
  readonly error: ArchiveError;
  /** Worth repeating at once, with backoff. */
  readonly transient: boolean;
}

const COMMON = commonRules(
  { throttled: 'KMS_THROTTLED', unavailable: 'KMS_UNAVAILABLE', denied: 'KMS_DENIED' },
  { place: 'key', service: 'KMS' },
);
const unusable: AwsErrorRule = { code: 'KMS_KEY_UNUSABLE' };

/** Said of every key that cannot sign receipts. */
export const SIGNING_KEY_HINT =
  'receipts are signed with a KMS key of the spec ECC_NIST_EDWARDS25519 and the usage SIGN_VERIFY: `aws kms create-key --key-spec ECC_NIST_EDWARDS25519 --key-usage SIGN_VERIFY`';

/**
 * Only what AWS calls worth retrying is transient. Asking again cannot make a denied, disabled or wrong key right.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html#API_GenerateDataKey_Errors
 */
const RULES: Readonly<Record<string, AwsErrorRule>> = {
  KMSInternalException: COMMON.unavailable,
  KMSInternal: COMMON.unavailable,
  DependencyTimeoutException: COMMON.unavailable,
  DependencyTimeout: COMMON.unavailable,
  KeyUnavailableException: COMMON.unavailable,
  InvalidGrantTokenException: COMMON.denied,
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

/** Sorts what `client.send` threw. */
export function sortKmsError(error: unknown, operation: KmsCallName): KmsFailure {
  const fault = faultOf(error);
  if (fault !== undefined) {
    const told = faultError(fault, 'KMS_UNAVAILABLE', `KMS ${operation}`);
    return { error: told, transient: told.retryable };
  }
  const failed = readAwsError(error);
  const { name, status, requestId, system } = failed;
  const rule = ruleFor(failed);
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
function defaultHint(rule: AwsErrorRule, operation: KmsCallName): string | undefined {
  if (rule === COMMON.denied) return `the role needs kms:${operation} on the key`;
  if (rule !== unusable || !isSigning(operation)) return undefined;
  return `check ${keySettingOf(operation)}; \`genesys-archive doctor\` signs with it`;
}

function ruleFor({ name, status, kind = kindOfStatus(status) }: AwsError): AwsErrorRule {
  const own = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  return own ?? (kind === undefined ? unusable : COMMON[kind]);
}
