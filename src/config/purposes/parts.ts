/** What several purposes get of the settings. */
import type { GenesysConfig, KeysConfig, RestoreConfig, StoreConfig, WrapConfig } from '../config-types.ts';
import { readKeySettings } from '../rules/encryption.ts';
import { buildLayout } from '../rules/layout.ts';
import { buildProxies } from '../rules/network.ts';
import { invalidConfig } from '../rules/problems.ts';
import { buildProof } from '../rules/proof.ts';
import type { CredentialSettings } from '../rules/secrets.ts';
import type { SettingName, SettingValues } from '../schema.ts';
import type { GatheredSettings } from '../sources.ts';
import { present } from '../../present.ts';
import { UUID_PATTERN } from '../../recording/id.ts';

/** Default of the command line. A Lambda function has no directory that stays, so it has no default. */
const DEFAULT_STORE = 'file:./archive';

export interface CheckedSettings {
  readonly values: SettingValues;
  readonly warnings: readonly string[];
  readonly ranks: GatheredSettings['ranks'];
}

export function buildStore({ values, warnings, ranks }: CheckedSettings): StoreConfig {
  return {
    store: chooseStore(values, ranks),
    keyRecords: values.ARCHIVE_KEY_RECORDS,
    s3: {
      forcePathStyle: values.S3_FORCE_PATH_STYLE ?? false,
      ...present({ expectedBucketOwner: values.S3_EXPECTED_BUCKET_OWNER }),
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
  };
}

export function buildRestore(settings: CheckedSettings): RestoreConfig {
  const { values } = settings;
  return {
    ...buildStore(settings),
    ...ownership(values),
    drill: {
      keyFile: values.ARCHIVE_DRILL_KEY_FILE,
      kmsKeyId: values.ARCHIVE_DRILL_KMS_KEY_ID,
      logKmsKeyIds: values.ARCHIVE_PROOF_KMS_KEY_ID ?? [],
    },
  };
}

export function buildGenesys(values: SettingValues): GenesysConfig {
  const environment = requireValue(values, 'GENESYS_ENVIRONMENT');
  return {
    credentials: chooseCredentials(values),
    environment,
    loginUrl: values.GENESYS_LOGIN_URL ?? `https://login.${environment}`,
    apiUrl: values.GENESYS_API_URL ?? `https://api.${environment}`,
    api: values.GENESYS_API ?? 'auto',
  };
}

export function signingOf(
  values: SettingValues,
): Pick<WrapConfig, 'signingKeySecretArn' | 'signingKmsKeyId'> {
  return {
    signingKeySecretArn: values.ARCHIVE_SIGNING_KEY_SECRET_ARN,
    signingKmsKeyId: values.ARCHIVE_SIGNING_KMS_KEY_ID,
  };
}

export function ownership(values: SettingValues): Pick<KeysConfig, 'encryption' | 'organizationId'> {
  return { encryption: readKeySettings(values), ...organizationOf(values) };
}

function organizationOf(values: SettingValues): Pick<StoreConfig, 'organizationId'> {
  return present({ organizationId: values.GENESYS_ORGANIZATION_ID });
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
