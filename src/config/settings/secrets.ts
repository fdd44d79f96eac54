import { secretArn } from '../values/values.ts';

const ARCHIVE = ['archive'] as const;

/**
 * Secrets that are kept in AWS Secrets Manager instead of the environment: everyone who may look at a Lambda function sees its
 * environment. Part of the one table in `schema.ts`.
 */
export const SECRET_SETTINGS = {
  GENESYS_SECRET_ARN: {
    schema: secretArn,
    group: 'Genesys Cloud',
    meaning:
      'ARN of the secret in AWS Secrets Manager with the OAuth client as JSON, `{"clientId": "…", "clientSecret": "…"}`, instead of `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`; it is read again when Genesys Cloud refuses what was read',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:genesys-AbCdEf',
    since: 'secrets',
    usedFor: [...ARCHIVE, 'seal'],
  },
  ARCHIVE_SIGNING_KEY_SECRET_ARN: {
    schema: secretArn,
    group: 'Archive',
    meaning:
      'ARN of the secret in AWS Secrets Manager with the key that signs receipts, in PEM or as JSON `{"privateKey": "…"}`, instead of `ARCHIVE_SIGNING_KEY_FILE`',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:receipts-AbCdEf',
    since: 'secrets',
    usedFor: [...ARCHIVE, 'wrap'],
  },
  ARCHIVE_WEBHOOK_SECRET_ARN: {
    schema: secretArn,
    group: 'Events',
    meaning:
      'ARN of the secret in AWS Secrets Manager with the secret of the HTTP entry, as text or as JSON `{"webhookSecret": "…"}`, instead of `ARCHIVE_WEBHOOK_SECRET`; a comma separates several active ones; another value is in force after 5 minutes at most',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook-AbCdEf',
    since: 'secrets',
    usedFor: ARCHIVE,
  },
} as const;
