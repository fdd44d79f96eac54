import type * as z from 'zod';
import type { Purpose, Setting } from './setting.ts';
import { ARCHIVE_SETTINGS } from './settings/archive.ts';
import { BACKFILL_SETTINGS } from './settings/backfill.ts';
import { CATALOGUE_SETTINGS } from './settings/catalogue.ts';
import { CONSOLE_SETTINGS } from './settings/console.ts';
import { DOWNLOAD_SETTINGS } from './settings/download.ts';
import { ENCRYPTION_SETTINGS } from './settings/encryption.ts';
import { EVENT_SETTINGS } from './settings/events.ts';
import { GENESYS_SETTINGS } from './settings/genesys.ts';
import { NETWORK_SETTINGS } from './settings/network.ts';
import { OPERATION_SETTINGS } from './settings/operation.ts';
import { PROOF_SETTINGS } from './settings/proof.ts';
import { RECORDINGS_SETTINGS } from './settings/recordings.ts';
import { RELIABILITY_SETTINGS } from './settings/reliability.ts';
import { SECRET_SETTINGS } from './settings/secrets.ts';
import { SOURCE_SETTINGS } from './settings/source.ts';

export type { Purpose, Setting };

/** Every setting of this version. `docs/configuration.md` is generated from here. */
export const SETTINGS = {
  ...GENESYS_SETTINGS,
  ...ARCHIVE_SETTINGS,
  ...CATALOGUE_SETTINGS,
  ...ENCRYPTION_SETTINGS,
  ...DOWNLOAD_SETTINGS,
  ...EVENT_SETTINGS,
  ...OPERATION_SETTINGS,
  ...RECORDINGS_SETTINGS,
  ...BACKFILL_SETTINGS,
  ...RELIABILITY_SETTINGS,
  ...SECRET_SETTINGS,
  ...SOURCE_SETTINGS,
  ...PROOF_SETTINGS,
  ...CONSOLE_SETTINGS,
  ...NETWORK_SETTINGS,
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** What each setting becomes once it is read; absent where it is not set. */
export type SettingValues = {
  readonly [K in SettingName]?: z.output<(typeof SETTINGS)[K]['schema']>;
};

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** The table, with the types of its entries widened to {@link Setting}. */
export function listSettings(): readonly (readonly [SettingName, Setting])[] {
  return (Object.keys(SETTINGS) as SettingName[]).map((name) => [name, SETTINGS[name]]);
}
