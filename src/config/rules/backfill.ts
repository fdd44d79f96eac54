import type { SettingValues } from '../schema.ts';
import { chooseBackfillCredentials, type CredentialSettings } from './secrets.ts';

/** What jobs need that bring recordings from before. */
export interface BackfillConfig {
  /** The second OAuth client; `undefined` where jobs share that of live archiving. */
  readonly credentials: CredentialSettings | undefined;
  /** Has files fetched in batches, as they were recorded. False where a format was chosen, or stands in the keys. */
  readonly batch: boolean;
  /** Recordings that are brought back from the platform's archive at once. */
  readonly restoreWave: number;
}

/** What has a default gets it here. */
export function buildBackfill(values: SettingValues): BackfillConfig {
  // a key of that layout ends with the format: one and the same recording would be stored under two
  const formatIsInKeys = values.ARCHIVE_LAYOUT === 'genesys-export';
  const formatIsFree = values.GENESYS_FORMAT === undefined && !formatIsInKeys;
  return {
    credentials: chooseBackfillCredentials(values),
    batch: values.GENESYS_BATCH === true || formatIsFree,
    restoreWave: Number(values.ARCHIVE_RESTORE_WAVE ?? 100),
  };
}
