import {
  type AwsError,
  type AwsErrorRule,
  commonRules,
  kindOfStatus,
  readAwsError,
} from '../aws/classify-error.ts';
import { ArchiveError, type ArchiveErrorOptions } from '../errors.ts';
import { faultError, faultOf } from '../http/connection/faults.ts';
import { present } from '../present.ts';

/** What is known of a failed read. Never holds the SDK's error. */
export interface SecretFailure {
  readonly error: ArchiveError;
  /** Worth repeating at once, with backoff. */
  readonly transient: boolean;
}

const COMMON = commonRules(
  { throttled: 'SECRET_UNAVAILABLE', unavailable: 'SECRET_UNAVAILABLE', denied: 'SECRET_DENIED' },
  { place: 'secret', service: 'SECRETS_MANAGER' },
);
const missing: AwsErrorRule = { code: 'SECRET_MISSING' };

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors */
const RULES: Readonly<Record<string, AwsErrorRule>> = {
  DecryptionFailure: {
    code: 'SECRET_DENIED',
    hint: 'the KMS key that the secret is encrypted with cannot be used: the role needs kms:Decrypt on it, and the key must be enabled',
  },
  InvalidRequestException: {
    code: 'SECRET_MISSING',
    hint: 'the secret is marked for deletion: `aws secretsmanager restore-secret`',
  },
};

/** Sorts what reading the secret `name` threw. */
export function sortSecretError(error: unknown, name: string): SecretFailure {
  const fault = faultOf(error);
  if (fault !== undefined) {
    const told = faultError(fault, 'SECRET_UNAVAILABLE', `secret ${name}`);
    return { error: told, transient: told.retryable };
  }
  const failed = readAwsError(error);
  const { name: reason, status, requestId, system } = failed;
  const rule = ruleFor(failed);
  const answer = rule.says ?? (status === undefined ? (system ?? reason) : reason);
  const options: ArchiveErrorOptions = {
    details: { status, requestId, reason },
    ...present({ hint: rule.hint, retryable: rule.retryable }),
  };
  return {
    error: new ArchiveError(rule.code, `secret ${name}: ${answer}`, options),
    transient: rule.transient === true,
  };
}

function ruleFor({ name, status, kind = kindOfStatus(status) }: AwsError): AwsErrorRule {
  const own = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  return own ?? (kind === undefined ? missing : COMMON[kind]);
}
