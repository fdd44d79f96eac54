import type * as z from 'zod';

/**
 * What a configuration is for: to archive, to read back, only to look at what is stored, to look after keys, to move what is
 * stored under other keys, or to seal the log.
 */
export type Purpose = 'archive' | 'restore' | 'store' | 'keys' | 'wrap' | 'seal';

export type SettingGroup =
  | 'Genesys Cloud'
  | 'Archive'
  | 'Catalogue'
  | 'Encryption'
  | 'Download'
  | 'Events'
  | 'Operation'
  | 'Proof'
  | 'Console'
  | 'Network';

export interface Setting {
  readonly schema: z.ZodType<unknown, string>;
  readonly group: SettingGroup;
  /** A noun phrase; it stands in problems and in the table. */
  readonly meaning: string;
  readonly example: string;
  /** For people. What has one is never missing. */
  readonly default?: string;
  /** The feature that brought it. */
  readonly since: string;
  readonly usedFor: readonly Purpose[];
  readonly requiredFor?: readonly Purpose[];
  /** Name of the setting that makes up for this one where it is required. */
  readonly unless?: string;
  /** Taken from the environment only: files are copied and committed, command lines are listed by `ps`. */
  readonly secret?: true;
  /**
   * Decides where data go, who is trusted or what is run: never from a config file that was found in the working directory and that
   * `--config` does not name.
   */
  readonly namedFileOnly?: true;
}
