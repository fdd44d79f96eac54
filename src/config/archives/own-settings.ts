import type { SettingName } from '../schema.ts';

/** Why a setting belongs to one archive alone. */
export type OwnReason = 'organization' | 'store' | 'key' | 'secret' | 'queue';

/**
 * The settings that an archive never takes from outside its own part of the file: with another archive's value, recordings of one
 * organization would be read, kept, signed or encrypted as those of another. Everything else that stands outside is a default.
 */
export const OWN_SETTINGS = {
  GENESYS_ORGANIZATION_ID: 'organization',
  GENESYS_CLIENT_ID: 'organization',
  GENESYS_CLIENT_SECRET: 'secret',
  GENESYS_SECRET_ARN: 'secret',
  GENESYS_BACKFILL_CLIENT_ID: 'organization',
  GENESYS_BACKFILL_CLIENT_SECRET: 'secret',
  GENESYS_BACKFILL_SECRET_ARN: 'secret',
  GENESYS_SOURCE_CLIENT_ID: 'organization',
  GENESYS_SOURCE_CLIENT_SECRET: 'secret',
  GENESYS_SOURCE_SECRET_ARN: 'secret',
  ARCHIVE_STORE: 'store',
  S3_ARCHIVE_BUCKET: 'store',
  ARCHIVE_CATALOGUE: 'store',
  ARCHIVE_KEY_RECORDS: 'store',
  ARCHIVE_PROOF_SECOND_STORE: 'store',
  ARCHIVE_PROOF_ORIGIN: 'organization',
  ARCHIVE_PROOF_VKEYS: 'key',
  ARCHIVE_PROOF_KEY_FILE: 'key',
  ARCHIVE_PROOF_KEY_SECRET_ARN: 'key',
  ARCHIVE_PROOF_KMS_KEY_ID: 'key',
  ARCHIVE_DRILL_KEY_FILE: 'key',
  ARCHIVE_DRILL_KMS_KEY_ID: 'key',
  ENCRYPTION_KEY_HEX: 'key',
  ARCHIVE_KMS_KEY_ID: 'key',
  ARCHIVE_KEYRING_FILE: 'key',
  ARCHIVE_PUBLIC_KEY_FILE: 'key',
  ARCHIVE_PRIVATE_KEY_FILE: 'key',
  ARCHIVE_SIGNING_KEY_FILE: 'key',
  ARCHIVE_SIGNING_KEY_SECRET_ARN: 'key',
  ARCHIVE_SIGNING_KMS_KEY_ID: 'key',
  ARCHIVE_RECEIPT_PUBLIC_KEYS: 'key',
  ARCHIVE_CONSOLE_SECRET_ARN: 'secret',
  ARCHIVE_WEBHOOK_SECRET: 'secret',
  ARCHIVE_WEBHOOK_SECRET_ARN: 'secret',
  ARCHIVE_QUEUE_URL: 'queue',
  ARCHIVE_DEAD_LETTER_QUEUE_URL: 'queue',
} as const satisfies Partial<Record<SettingName, OwnReason>>;

/**
 * Secrets of the machine, not of an organization: how it reaches the network is the same for each archive, and an archive that did
 * without would go around the proxy; a console signs people in once for all the archives that it shows.
 */
export const MACHINE_SECRETS: readonly SettingName[] = [
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'ARCHIVE_CONSOLE_CLIENT_SECRET',
  'ARCHIVE_CONSOLE_SESSION_KEY',
];

export function isOwnSetting(name: string): boolean {
  return Object.hasOwn(OWN_SETTINGS, name);
}
