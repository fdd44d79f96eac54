/** What settings become, for each purpose. `config.ts` builds them. */
import type { LogLevel } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import type { Secret } from '../secret.ts';
import type { BackfillConfig } from './rules/backfill.ts';
import type { KeySettings, WritingSettings } from './rules/encryption.ts';
import type { LayoutConfig } from './rules/layout.ts';
import type { ProofConfig, SealerConfig } from './rules/proof.ts';
import type { RecordingsConfig } from './rules/published.ts';
import type { CredentialSettings } from './rules/secrets.ts';
import type { SourceConfig } from './rules/source.ts';
import type { RetentionSetting } from './retention-at-write.ts';

/** Enough to look at what is stored. */
export interface StoreConfig {
  /** `s3://bucket[/prefix]` or `file:PATH`. */
  readonly store: string;
  /** Where key records are, as `store`; `undefined`: where the archive is. */
  readonly keyRecords?: string | undefined;
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
    /** Whether the platform's own audit of recordings is kept. */
    readonly audits: 'platform' | 'none';
    /** Of Athena, for who asks the catalogue there. */
    readonly workGroup: string | undefined;
    readonly database: string | undefined;
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
  /** What signs the reports of restore drills, and the KMS keys that sign the log, of which only the public half is asked for. */
  readonly drill: {
    readonly keyFile: string | undefined;
    readonly kmsKeyId: string | undefined;
    readonly logKmsKeyIds: readonly string[];
  };
}

/** Enough to move recordings under other keys, to hold them, and to sign what is stated of it. */
export interface WrapConfig extends RestoreConfig {
  readonly signingKeySecretArn: string | undefined;
  readonly signingKmsKeyId: string | undefined;
  /** Where the wrapped data keys of new objects are kept. */
  readonly keyPlacement: 'metadata' | 'records';
  /** Rules of how long recordings stay; a path, or the rules themselves. */
  readonly retentionFile: string | undefined;
  /** Rules of which recordings wait in quarantine; a path, or the rules themselves. */
  readonly quarantine: string | undefined;
  /** A hold is released by another person than the one who placed it. */
  readonly holdTwoPersons: boolean;
  /** What may be changed at the platform. */
  readonly source: SourceConfig;
  /** Whether who listens in the console must say why. */
  readonly consoleReason: 'required' | 'optional';
  /** How people sign in to a console that several share. */
  readonly consoleSignOn: {
    readonly file: string | undefined;
    readonly clientSecret: Secret | undefined;
    readonly sessionKey: Secret | undefined;
  };
  /** Of the function of the console. */
  readonly consoleFunction: {
    readonly secretArn: string | undefined;
    readonly roleArn: string | undefined;
  };
}

/** Everything. */
export interface ArchiveConfig extends RestoreConfig {
  readonly encryption: KeySettings & WritingSettings;
  /** Where the wrapped data keys of new objects are kept. */
  readonly keyPlacement: 'metadata' | 'records';
  readonly genesys: GenesysConfig;
  /** For events of the tutorial's dialect. */
  readonly writeBack: 'interaction' | 'none';
  /** For events of the published API. */
  readonly recordings: RecordingsConfig;
  /** For jobs that bring recordings from before. */
  readonly backfill: BackfillConfig;
  /** Rules of how long recordings stay, and what of them the write itself says. */
  readonly retentionFile: string | undefined;
  readonly retentionAtWrite: RetentionSetting | undefined;
  /** Rules of which recordings wait in quarantine; a path, or the rules themselves. */
  readonly quarantine: string | undefined;
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
