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
    ['GENESYS_BACKFILL_SECRET_ARN', 'GENESYS_BACKFILL_CLIENT_ID'],
    ['GENESYS_BACKFILL_SECRET_ARN', 'GENESYS_BACKFILL_CLIENT_SECRET'],
    ['GENESYS_SOURCE_SECRET_ARN', 'GENESYS_SOURCE_CLIENT_ID'],
    ['GENESYS_SOURCE_SECRET_ARN', 'GENESYS_SOURCE_CLIENT_SECRET'],
    ['ARCHIVE_SIGNING_KEY_SECRET_ARN', 'ARCHIVE_SIGNING_KEY_FILE'],
    ['ARCHIVE_SIGNING_KMS_KEY_ID', 'ARCHIVE_SIGNING_KEY_FILE'],
    ['ARCHIVE_SIGNING_KMS_KEY_ID', 'ARCHIVE_SIGNING_KEY_SECRET_ARN'],
    ['ARCHIVE_WEBHOOK_SECRET_ARN', 'ARCHIVE_WEBHOOK_SECRET'],
  ] as const;
  const halves = [
    ['GENESYS_BACKFILL_CLIENT_ID', 'GENESYS_BACKFILL_CLIENT_SECRET'],
    ['GENESYS_BACKFILL_CLIENT_SECRET', 'GENESYS_BACKFILL_CLIENT_ID'],
    ['GENESYS_SOURCE_CLIENT_ID', 'GENESYS_SOURCE_CLIENT_SECRET'],
    ['GENESYS_SOURCE_CLIENT_SECRET', 'GENESYS_SOURCE_CLIENT_ID'],
  ] as const;
  const doubled = pairs
    .filter(([one, other]) => values[one] !== undefined && values[other] !== undefined)
    .map(([one, name]) => ({ name, text: `and ${one} are both set; set one of them` }));
  const alone = halves
    .filter(([one, other]) => values[one] !== undefined && values[other] === undefined)
    .map(([one, name]) => ({ name, text: `is missing; ${one} is set` }));
  return [...doubled, ...alone];
}

/** The second OAuth client, where there is one. */
export function chooseBackfillCredentials(values: SettingValues): CredentialSettings | undefined {
  const {
    GENESYS_BACKFILL_SECRET_ARN: arn,
    GENESYS_BACKFILL_CLIENT_ID: clientId,
    GENESYS_BACKFILL_CLIENT_SECRET: clientSecret,
  } = values;
  if (arn !== undefined) return { secretArn: arn };
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}

/** The OAuth client that deletes and protects at the source, where there is one. */
export function chooseSourceCredentials(values: SettingValues): CredentialSettings | undefined {
  const {
    GENESYS_SOURCE_SECRET_ARN: arn,
    GENESYS_SOURCE_CLIENT_ID: clientId,
    GENESYS_SOURCE_CLIENT_SECRET: clientSecret,
  } = values;
  if (arn !== undefined) return { secretArn: arn };
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}
