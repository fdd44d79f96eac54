import type { Secret } from '../../secret.ts';
import type { SettingValues } from '../schema.ts';
import type { Problem } from '../sources.ts';

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
