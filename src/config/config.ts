import { buildBackfill } from './rules/backfill.ts';
import { buildLayout } from './rules/layout.ts';
import { buildProxies, buildServeKeepAlive, findNetworkWarnings } from './rules/network.ts';
import { buildProof, buildSealer } from './rules/proof.ts';
import { buildSource } from './rules/source.ts';
import { buildRecordings } from './rules/published.ts';
import { readSources } from './read-settings.ts';
import type {
  ArchiveConfig,
  ConfigFor,
  GenesysConfig,
  KeysConfig,
  RestoreConfig,
  SealConfig,
  StoreConfig,
  WrapConfig,
} from './config-types.ts';
import type { Purpose, SettingName, SettingValues } from './schema.ts';
import { chooseWriting, readKeySettings } from './rules/encryption.ts';
import { findRegionWarnings, findWarnings, invalidConfig } from './rules/problems.ts';
import type { CredentialSettings } from './rules/secrets.ts';
import type { ConfigSources, GatheredSettings } from './sources.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { UUID_PATTERN } from '../recording-id.ts';
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
    keyRecords: values.ARCHIVE_KEY_RECORDS,
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
      audits: values.ARCHIVE_AUDITS ?? 'platform',
      workGroup: values.ARCHIVE_ATHENA_WORK_GROUP,
      database: values.ARCHIVE_ATHENA_DATABASE,
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
    drill: {
      keyFile: values.ARCHIVE_DRILL_KEY_FILE,
      kmsKeyId: values.ARCHIVE_DRILL_KMS_KEY_ID,
      logKmsKeyIds: values.ARCHIVE_PROOF_KMS_KEY_ID ?? [],
    },
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
      keyPlacement: values.ARCHIVE_KEY_PLACEMENT ?? 'metadata',
      genesys: genesys(),
      writeBack: (values.ARCHIVE_WRITE_BACK ?? 'interaction') === 'interaction' ? 'interaction' : 'none',
      recordings: buildRecordings(values),
      backfill: buildBackfill(values),
      retentionFile: values.ARCHIVE_RETENTION_FILE,
      retentionAtWrite: values.ARCHIVE_RETENTION_AT_WRITE,
      quarantine: values.ARCHIVE_QUARANTINE,
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
    keyPlacement: values.ARCHIVE_KEY_PLACEMENT ?? 'metadata',
    source: buildSource(values),
    retentionFile: values.ARCHIVE_RETENTION_FILE,
    quarantine: values.ARCHIVE_QUARANTINE,
    holdTwoPersons: values.ARCHIVE_HOLD_TWO_PERSONS ?? false,
    consoleReason: values.ARCHIVE_CONSOLE_REASON ?? 'optional',
    consoleSignOn: {
      file: values.ARCHIVE_CONSOLE_SIGN_ON,
      clientSecret: values.ARCHIVE_CONSOLE_CLIENT_SECRET,
      sessionKey: values.ARCHIVE_CONSOLE_SESSION_KEY,
    },
    consoleFunction: {
      secretArn: values.ARCHIVE_CONSOLE_SECRET_ARN,
      roleArn: values.ARCHIVE_CONSOLE_ROLE_ARN,
    },
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
