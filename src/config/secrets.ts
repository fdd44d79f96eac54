import type { Secret } from '../secret.ts';
import type { SettingValues } from './schema.ts';
import type { Problem } from './sources.ts';
import { secretArn } from './values.ts';

/*
 * Secrets that stand in AWS Secrets Manager instead of the environment: whoever may look at a Lambda function sees the variables
 * of its environment. Part of the one table in `schema.ts`.
 */

const ARCHIVE = ['archive'] as const;

export const SECRET_SETTINGS = {
  GENESYS_SECRET_ARN: {
    schema: secretArn,
    group: 'Genesys Cloud',
    meaning:
      'ARN of the secret in AWS Secrets Manager with the OAuth client as JSON, `{"clientId": "…", "clientSecret": "…"}`, instead of `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`; it is read again when Genesys Cloud refuses what was read',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:genesys-AbCdEf',
    since: 'secrets',
    usedFor: ARCHIVE,
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

/** The OAuth client itself, or where it is kept. */
export type CredentialSettings =
  | { readonly clientId: string; readonly clientSecret: Secret }
  | { readonly secretArn: string };

/** Each secret comes from one place: of two, the one that is not used could be the one that was meant. */
export function findSecretProblems(values: SettingValues): Problem[] {
  const pairs = [
    ['GENESYS_SECRET_ARN', 'GENESYS_CLIENT_ID'],
    ['GENESYS_SECRET_ARN', 'GENESYS_CLIENT_SECRET'],
    ['ARCHIVE_SIGNING_KEY_SECRET_ARN', 'ARCHIVE_SIGNING_KEY_FILE'],
    ['ARCHIVE_SIGNING_KMS_KEY_ID', 'ARCHIVE_SIGNING_KEY_FILE'],
    ['ARCHIVE_SIGNING_KMS_KEY_ID', 'ARCHIVE_SIGNING_KEY_SECRET_ARN'],
    ['ARCHIVE_WEBHOOK_SECRET_ARN', 'ARCHIVE_WEBHOOK_SECRET'],
  ] as const;
  return pairs
    .filter(([one, other]) => values[one] !== undefined && values[other] !== undefined)
    .map(([one, name]) => ({ name, text: `and ${one} are both set; set one of them` }));
}
