import type { WitnessSetting } from '../values/proof.ts';
import type { SettingValues } from '../schema.ts';

/** What a reader of the log needs to know. */
export interface ProofConfig {
  readonly origin: string | undefined;
  readonly vkeys: readonly string[];
  readonly timestampCaFile: string | undefined;
  readonly witnesses: readonly WitnessSetting[];
}

export type LogLockSetting = NonNullable<SettingValues['ARCHIVE_PROOF_LOCK']>;

/** And what seals it. */
export interface SealerConfig extends ProofConfig {
  /** The newest first. */
  readonly keyFiles: readonly string[];
  readonly keySecretArn: string | undefined;
  readonly kmsKeyIds: readonly string[];
  readonly timestampUrls: readonly string[];
  readonly secondStore: string | undefined;
  /** Of what is written once; `undefined` leaves that to the bucket. */
  readonly lock: LogLockSetting | undefined;
}

export function buildProof(values: SettingValues): ProofConfig {
  return {
    origin: values.ARCHIVE_PROOF_ORIGIN,
    vkeys: values.ARCHIVE_PROOF_VKEYS ?? [],
    timestampCaFile: values.ARCHIVE_PROOF_TSA_CA_FILE,
    witnesses: values.ARCHIVE_PROOF_WITNESSES ?? [],
  };
}

export function buildSealer(values: SettingValues): SealerConfig {
  return {
    ...buildProof(values),
    keyFiles: values.ARCHIVE_PROOF_KEY_FILE ?? [],
    keySecretArn: values.ARCHIVE_PROOF_KEY_SECRET_ARN,
    kmsKeyIds: values.ARCHIVE_PROOF_KMS_KEY_ID ?? [],
    timestampUrls: values.ARCHIVE_PROOF_TSA_URL ?? [],
    secondStore: values.ARCHIVE_PROOF_SECOND_STORE,
    lock: values.ARCHIVE_PROOF_LOCK,
  };
}
