import { errorCodes } from './facts.ts';

/** Codes of AWS KMS and AWS Secrets Manager. */
export const KEY_SERVICE_CODES = errorCodes({
  KMS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'AWS KMS asked to slow down until the retries were used up.',
    hint: 'lower the concurrency, or ask AWS to raise the request quota of KMS in this region',
  },
  KMS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'AWS KMS could not be reached or failed until the retries were used up.',
  },
  KMS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'AWS KMS refused access: wrong credentials, or a policy that does not allow the call.',
    hint: 'writing needs kms:GenerateDataKey on the key, reading kms:Decrypt, and signing kms:Sign and kms:GetPublicKey on its own',
  },
  KMS_KEY_UNUSABLE: {
    exit: 2,
    retryable: false,
    meaning: 'The KMS key does not exist, is disabled, is pending deletion, or is of another kind.',
    hint: 'check ARCHIVE_KMS_KEY_ID, which `genesys-archive keys check` tries, or ARCHIVE_SIGNING_KMS_KEY_ID, which `doctor` tries',
  },
  SECRET_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'AWS Secrets Manager could not be reached, throttled or failed until the retries were used up.',
  },
  SECRET_DENIED: {
    exit: 4,
    retryable: false,
    meaning:
      'AWS Secrets Manager refused access: wrong credentials, or a policy that does not allow the call.',
    hint: 'the role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where the secret is encrypted with a KMS key of your own',
  },
  SECRET_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'The secret does not exist in that account and region, has no value, or is marked for deletion.',
    hint: 'check the ARN; `aws secretsmanager describe-secret --secret-id ARN` shows what is there',
  },
  SECRET_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The contents of the secret do not fit the setting that names it.',
    hint: 'docs/configuration.md describes the contents of each secret',
  },
});
