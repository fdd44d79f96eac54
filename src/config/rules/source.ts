import type { SettingValues } from '../schema.ts';
import { chooseSourceCredentials, type CredentialSettings } from './secrets.ts';

/** What may be changed at the source, and by whom. */
export interface SourceConfig {
  /** The OAuth client that changes anything there; `undefined` without one. */
  readonly credentials: CredentialSettings | undefined;
  readonly mayDelete: boolean;
  readonly perDay: number;
  readonly graceDays: number;
  readonly drillDays: number;
}

/** What has a default gets it here. */
export function buildSource(values: SettingValues): SourceConfig {
  return {
    credentials: chooseSourceCredentials(values),
    mayDelete: values.ARCHIVE_SOURCE_DELETE ?? false,
    perDay: values.ARCHIVE_SOURCE_DELETE_PER_DAY ?? 1_000,
    graceDays: Number(values.ARCHIVE_SOURCE_DELETE_GRACE ?? 7),
    drillDays: Number(values.ARCHIVE_SOURCE_DELETE_DRILL ?? 30),
  };
}
