import type { ConfigFor } from './config-types.ts';
import { buildArchive } from './purposes/archive.ts';
import { buildKeys, buildSeal, buildWrap } from './purposes/others.ts';
import { buildRestore, buildStore, type CheckedSettings } from './purposes/parts.ts';
import { readSources } from './read-settings.ts';
import { findNetworkWarnings } from './rules/network.ts';
import { findRegionWarnings, findWarnings, invalidConfig } from './rules/problems.ts';
import type { Purpose } from './schema.ts';
import type { ConfigSources } from './sources.ts';
import { ArchiveError } from '../errors.ts';
import type { Secret } from '../secret.ts';

export type { KeyMode, KeySettings, ObjectFormat, WritingSettings } from './rules/encryption.ts';
export type {
  StoreConfig,
  GenesysConfig,
  SealConfig,
  RestoreConfig,
  WrapConfig,
  ArchiveConfig,
  KeysConfig,
  ConfigFor,
} from './config-types.ts';
export type { LayoutConfig } from './rules/layout.ts';
export type { ProofConfig, SealerConfig } from './rules/proof.ts';
export type { RecordingsConfig } from './rules/published.ts';
export type { Purpose } from './schema.ts';
export type { CredentialSettings } from './rules/secrets.ts';
export { listArchives } from './archives/choose-archive.ts';
export type { ConfigFile, ConfigSources } from './sources.ts';

/**
 * Reads and checks all settings that `purpose` needs, once. Flags win over a named file, that over the environment, the
 * environment over a file that was found, and that over the defaults.
 *
 * @returns a deeply frozen configuration; its secrets print as `[secret]`.
 * @throws `CONFIG_INVALID` (not retryable), whose message lists every problem at once and repeats no value.
 */
export function loadConfig<P extends Purpose>(sources: ConfigSources, purpose: P): ConfigFor[P] {
  const { gathered, values, problems, archive } = readSources(sources, purpose);
  if (problems.length > 0) throw invalidConfig(problems, archive);
  const warnings = [
    ...gathered.warnings,
    ...findWarnings(values),
    ...findRegionWarnings(sources.env),
    ...findNetworkWarnings(sources.env),
  ];
  return freeze(BUILDERS[purpose]({ values, warnings, ranks: gathered.ranks }));
}

/** The 32 bytes of a checked key. The caller erases them when it has imported them. */
export function revealKey(key: Secret): Buffer {
  const bytes = Buffer.from(key.reveal(), 'hex');
  if (bytes.length === 32) return bytes;
  throw new ArchiveError('CONFIG_INVALID', 'the key does not have exactly 64 hex digits');
}

/** Called when nothing is missing any more; what has a default gets it there. */
const BUILDERS: { readonly [P in Purpose]: (settings: CheckedSettings) => ConfigFor[P] } = {
  store: buildStore,
  restore: buildRestore,
  archive: buildArchive,
  keys: buildKeys,
  wrap: buildWrap,
  seal: buildSeal,
};

/** Objects and lists all the way down; patterns and secrets cannot be changed anyway. */
function freeze<T>(value: T): T {
  const plain = Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
  if (typeof value === 'object' && value !== null && plain) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
