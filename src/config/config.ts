import { type BackfillConfig, buildBackfill } from './rules/backfill.ts';
import { buildLayout, type LayoutConfig } from './rules/layout.ts';
import { buildProxies, buildServeKeepAlive, findNetworkWarnings } from './rules/network.ts';
import { buildProof, buildSealer, type ProofConfig, type SealerConfig } from './rules/proof.ts';
import { buildRecordings, type RecordingsConfig } from './rules/published.ts';
import { readSources } from './read-settings.ts';
import type { Purpose, SettingName, SettingValues } from './schema.ts';
import {
  chooseWriting,
  type KeySettings,
  readKeySettings,
  type WritingSettings,
} from './rules/encryption.ts';
import { findRegionWarnings, findWarnings, invalidConfig } from './rules/problems.ts';
import type { CredentialSettings } from './rules/secrets.ts';
import type { ConfigSources, GatheredSettings } from './sources.ts';
import { ArchiveError } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import { present } from '../present.ts';
import type { Proxies } from '../proxies.ts';
import { UUID_PATTERN } from '../recording-id.ts';
import type { Secret } from '../secret.ts';

export type { KeyMode, KeySettings, ObjectFormat, WritingSettings } from './rules/encryption.ts';
export type { LayoutConfig } from './rules/layout.ts';
export type { ProofConfig, SealerConfig } from './rules/proof.ts';
export type { RecordingsConfig } from './rules/published.ts';
export type { Purpose } from './schema.ts';
export type { CredentialSettings } from './rules/secrets.ts';
export { listArchives } from './archives/choose-archive.ts';
export type { ConfigFile, ConfigSources } from './sources.ts';

/** Enough to look at what is stored. */
export interface StoreConfig {
  /** `s3://bucket[/prefix]` or `file:PATH`. */
  readonly store: string;
  readonly s3: {
    readonly forcePathStyle: boolean;
    /** AWS account, 12 digits. */
    readonly expectedBucketOwner?: string;
  };
  readonly layout: LayoutConfig;
  /** Matches whole ids. */
  readonly idPattern: RegExp;
  readonly catalogue: {
    /** As `store`; `undefined`: where the archive is. */
    readonly store: string | undefined;
    readonly agents: 'id' | 'hash';
    readonly shards: number;
    readonly facts: 'analytics' | 'context' | 'none';
  };
  readonly allowLoopback: boolean;
  readonly proxies: Proxies;
  /** Public keys that receipts may be signed with: lists, PEM files, and keys in base64. */
  readonly receiptPublicKeys: readonly string[];
  /** PEM file of the private key that signs receipts. Who only reads uses its public half, where no public key is named. */
  readonly signingKeyFile: string | undefined;
  /** The organization all recordings belong to, where it is known. */
  readonly organizationId?: string;
  readonly proof: ProofConfig;
  readonly logLevel: LogLevel;
  /** Items a minute of a job whose plan names no rate; `yield`: what live calls leave free. */
  readonly jobRate: 'yield' | number;
  /** To be shown at every start; none repeats a value. */
  readonly warnings: readonly string[];
}

/** Enough to ask the platform. */
export interface GenesysConfig {
  readonly credentials: CredentialSettings;
  /** Domain of the region, e.g. `mypurecloud.com`. */
  readonly environment: string;
  /** Scheme, host and port, without a slash at the end. */
  readonly loginUrl: string;
  readonly apiUrl: string;
  readonly api: 'auto' | 'media' | 'recordings';
}

/** Enough to compare the archive with the platform, and to seal the log: no key of recordings. */
export interface SealConfig extends StoreConfig {
  readonly genesys: GenesysConfig;
  readonly recordings: Pick<RecordingsConfig, 'kinds' | 'restoreArchived'>;
  /** In (0, 1]. */
  readonly rateShare: number;
  readonly sealer: SealerConfig;
}

/** Enough to read recordings back. */
export interface RestoreConfig extends StoreConfig {
  readonly encryption: KeySettings;
}

/** Enough to move recordings under other keys, to hold them, and to sign what is stated of it. */
export interface WrapConfig extends RestoreConfig {
  readonly signingKeySecretArn: string | undefined;
  readonly signingKmsKeyId: string | undefined;
  /** A hold is released by another person than the one who placed it. */
  readonly holdTwoPersons: boolean;
}

/** Everything. */
export interface ArchiveConfig extends RestoreConfig {
  readonly encryption: KeySettings & WritingSettings;
  readonly genesys: GenesysConfig;
  /** For events of the tutorial's dialect. */
  readonly writeBack: 'interaction' | 'none';
  /** For events of the published API. */
  readonly recordings: RecordingsConfig;
  /** For jobs that bring recordings from before. */
  readonly backfill: BackfillConfig;
  /** In (0, 1]. */
  readonly rateShare: number;
  /** The secret that holds the private key that signs receipts, or the KMS key that it is. */
  readonly signingKeySecretArn: string | undefined;
  readonly signingKmsKeyId: string | undefined;
  /** URLs of the queue that batches come from, where they do not say so themselves, and of the one for hopeless messages. */
  readonly queues: { readonly source: string | undefined; readonly deadLetter: string | undefined };
  /** Host suffixes besides those the region implies. */
  readonly mediaHosts: readonly string[];
  /** Recordings are downloaded through the proxy as well, where there is one. */
  readonly proxyMedia: boolean;
  readonly serveKeepAliveMs: number;
  /** Regions that media may be kept in; `undefined` for all that the organization may use. */
  readonly mediaRegions: readonly string[] | undefined;
  readonly webhook: {
    /** All that are active; empty when requests are not signed, or the secrets are kept elsewhere. */
    readonly secrets: readonly Secret[];
    /** Where they are kept. */
    readonly secretArn?: string | undefined;
    /** Unsigned requests are accepted on Lambda. Never true when there is a secret. */
    readonly open: boolean;
    /** Versions of the signature that are accepted; default `any`. */
    readonly signatures?: 'any' | 'v2';
  };
}

/** Enough to make, list and try keys. */
export interface KeysConfig {
  readonly encryption: KeySettings;
  readonly organizationId?: string;
  readonly proxies: Proxies;
  readonly logLevel: LogLevel;
  readonly warnings: readonly string[];
}

export interface ConfigFor {
  readonly archive: ArchiveConfig;
  readonly restore: RestoreConfig;
  readonly store: StoreConfig;
  readonly keys: KeysConfig;
  /** All sources that are set: which of them wraps is said where it is done. */
  readonly wrap: WrapConfig;
  readonly seal: SealConfig;
}

/** Default of the command line. A Lambda function has no directory that stays, so it has no default. */
const DEFAULT_STORE = 'file:./archive';

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
  const config = buildConfig(values, warnings, gathered.ranks);
  return freeze(config[purpose]());
}

/** The 32 bytes of a checked key. The caller erases them when it has imported them. */
export function revealKey(key: Secret): Buffer {
  const bytes = Buffer.from(key.reveal(), 'hex');
  if (bytes.length === 32) return bytes;
  throw new ArchiveError('CONFIG_INVALID', 'the key does not have exactly 64 hex digits');
}

/** Called when nothing is missing any more; what has a default gets it here. */
function buildConfig(
  values: SettingValues,
  warnings: readonly string[],
  ranks: GatheredSettings['ranks'],
): { readonly [P in Purpose]: () => ConfigFor[P] } {
  const { S3_EXPECTED_BUCKET_OWNER: owner } = values;
  const store = (): StoreConfig => ({
    store: chooseStore(values, ranks),
    s3: {
      forcePathStyle: values.S3_FORCE_PATH_STYLE ?? false,
      ...present({ expectedBucketOwner: owner }),
    },
    layout: buildLayout(values),
    idPattern: values.ARCHIVE_ID_PATTERN ?? UUID_PATTERN,
    catalogue: {
      store: values.ARCHIVE_CATALOGUE,
      agents: values.ARCHIVE_CATALOGUE_AGENTS ?? 'id',
      shards: Number(values.ARCHIVE_CATALOGUE_SHARDS ?? 1),
      facts: values.ARCHIVE_FACTS ?? 'analytics',
    },
    allowLoopback: values.ARCHIVE_ALLOW_LOOPBACK ?? false,
    proxies: buildProxies(values),
    receiptPublicKeys: values.ARCHIVE_RECEIPT_PUBLIC_KEYS ?? [],
    signingKeyFile: values.ARCHIVE_SIGNING_KEY_FILE,
    ...organizationOf(values),
    proof: buildProof(values),
    logLevel: values.ARCHIVE_LOG_LEVEL ?? 'info',
    jobRate: values.ARCHIVE_JOB_RATE ?? 'yield',
    warnings,
  });
  const restore = (): RestoreConfig => ({
    ...store(),
    ...ownership(values),
  });
  const keys = (): KeysConfig => ({
    ...ownership(values),
    proxies: buildProxies(values),
    logLevel: values.ARCHIVE_LOG_LEVEL ?? 'info',
    warnings,
  });
  const genesys = (): GenesysConfig => {
    const environment = requireValue(values, 'GENESYS_ENVIRONMENT');
    return {
      credentials: chooseCredentials(values),
      environment,
      loginUrl: values.GENESYS_LOGIN_URL ?? `https://login.${environment}`,
      apiUrl: values.GENESYS_API_URL ?? `https://api.${environment}`,
      api: values.GENESYS_API ?? 'auto',
    };
  };
  const seal = (): SealConfig => ({
    ...store(),
    genesys: genesys(),
    recordings: buildRecordings(values),
    rateShare: values.ARCHIVE_RATE_SHARE ?? 1,
    sealer: buildSealer(values),
  });
  const archive = (): ArchiveConfig => {
    const {
      ARCHIVE_WEBHOOK_SECRET: secrets = [],
      ARCHIVE_WEBHOOK_SECRET_ARN: secretArn,
      ARCHIVE_WEBHOOK_SIGNATURE: signatures,
    } = values;
    return {
      ...restore(),
      encryption: { ...readKeySettings(values), ...chooseWriting(values) },
      genesys: genesys(),
      writeBack: (values.ARCHIVE_WRITE_BACK ?? 'interaction') === 'interaction' ? 'interaction' : 'none',
      recordings: buildRecordings(values),
      backfill: buildBackfill(values),
      rateShare: values.ARCHIVE_RATE_SHARE ?? 1,
      signingKeySecretArn: values.ARCHIVE_SIGNING_KEY_SECRET_ARN,
      signingKmsKeyId: values.ARCHIVE_SIGNING_KMS_KEY_ID,
      queues: { source: values.ARCHIVE_QUEUE_URL, deadLetter: values.ARCHIVE_DEAD_LETTER_QUEUE_URL },
      mediaHosts: values.ARCHIVE_MEDIA_HOSTS ?? [],
      proxyMedia: values.ARCHIVE_PROXY_MEDIA ?? true,
      serveKeepAliveMs: buildServeKeepAlive(values),
      mediaRegions: values.ARCHIVE_REGIONS,
      webhook: {
        secrets,
        secretArn,
        ...present({ signatures }),
        open: values.ARCHIVE_WEBHOOK_OPEN === true && secrets.length === 0 && secretArn === undefined,
      },
    };
  };
  const wrap = (): WrapConfig => ({
    ...restore(),
    signingKeySecretArn: values.ARCHIVE_SIGNING_KEY_SECRET_ARN,
    signingKmsKeyId: values.ARCHIVE_SIGNING_KMS_KEY_ID,
    holdTwoPersons: values.ARCHIVE_HOLD_TWO_PERSONS ?? false,
  });
  return { store, restore, archive, keys, wrap, seal };
}

function ownership(values: SettingValues): Pick<KeysConfig, 'encryption' | 'organizationId'> {
  return { encryption: readKeySettings(values), ...organizationOf(values) };
}

function organizationOf(values: SettingValues): Pick<StoreConfig, 'organizationId'> {
  const { GENESYS_ORGANIZATION_ID: organizationId } = values;
  return present({ organizationId });
}

function chooseCredentials(values: SettingValues): CredentialSettings {
  const { GENESYS_SECRET_ARN: secretArn } = values;
  if (secretArn !== undefined) return { secretArn };
  return {
    clientId: requireValue(values, 'GENESYS_CLIENT_ID'),
    clientSecret: requireValue(values, 'GENESYS_CLIENT_SECRET'),
  };
}

/** Of the two names for it, the one from the stronger source; of one source both say the same bucket. */
function chooseStore(values: SettingValues, ranks: GatheredSettings['ranks']): string {
  const { ARCHIVE_STORE: store, S3_ARCHIVE_BUCKET: bucket } = values;
  const bucketIsStronger = (ranks.S3_ARCHIVE_BUCKET ?? Infinity) < (ranks.ARCHIVE_STORE ?? Infinity);
  return bucket !== undefined && bucketIsStronger ? `s3://${bucket}` : (store ?? DEFAULT_STORE);
}

function requireValue<K extends SettingName>(values: SettingValues, name: K): NonNullable<SettingValues[K]> {
  const value = values[name];
  if (value === undefined || value === null) throw invalidConfig([{ name, text: 'is missing' }]);
  return value;
}

/** Objects and lists all the way down; patterns and secrets cannot be changed anyway. */
function freeze<T>(value: T): T {
  const plain = Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
  if (typeof value === 'object' && value !== null && plain) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
