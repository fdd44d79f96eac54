import type * as z from 'zod';
import { ENCRYPTION_SETTINGS } from './encryption.ts';
import { NETWORK_SETTINGS } from './network.ts';
import { RECORDINGS_SETTINGS } from './recordings.ts';
import { RELIABILITY_SETTINGS } from './reliability.ts';
import { SECRET_SETTINGS } from './secrets.ts';
import {
  accountId,
  bucketName,
  choice,
  credentialId,
  credentialSecret,
  flag,
  hostList,
  idPattern,
  layoutChoice,
  organizationId,
  originUrl,
  regionDomain,
  regionList,
  secretList,
  storeLocation,
} from './values.ts';

/**
 * What a configuration is for: to archive, to read back, only to look at what is stored, to look after keys, or to move what is
 * stored under other keys.
 */
export type Purpose = 'archive' | 'restore' | 'store' | 'keys' | 'wrap';

export type SettingGroup =
  | 'Genesys Cloud'
  | 'Archive'
  | 'Encryption'
  | 'Download'
  | 'Events'
  | 'Operation'
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

const ARCHIVE = ['archive'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap'] as const;
const KEYS = ['keys', 'wrap'] as const;

/** Every setting of this version. `docs/configuration.md` is generated from here. */
export const SETTINGS = {
  GENESYS_CLIENT_ID: {
    schema: credentialId,
    group: 'Genesys Cloud',
    meaning: 'id of the OAuth client (client credentials grant)',
    example: '32aa07aa-db1b-4987-abd0-9483601ec29d',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
    unless: 'GENESYS_SECRET_ARN',
  },
  GENESYS_CLIENT_SECRET: {
    schema: credentialSecret,
    group: 'Genesys Cloud',
    meaning: 'secret of the OAuth client',
    example: 'as the platform shows it once',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
    unless: 'GENESYS_SECRET_ARN',
    secret: true,
  },
  GENESYS_ENVIRONMENT: {
    schema: regionDomain,
    group: 'Genesys Cloud',
    meaning: 'domain of the region of the organization',
    example: 'usw2.pure.cloud',
    since: 'tutorial',
    usedFor: ARCHIVE,
    requiredFor: ARCHIVE,
  },
  GENESYS_LOGIN_URL: {
    schema: originUrl,
    group: 'Genesys Cloud',
    meaning: 'where tokens are issued',
    example: 'https://login.mypurecloud.com',
    default: 'https://login.{GENESYS_ENVIRONMENT}',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  GENESYS_API_URL: {
    schema: originUrl,
    group: 'Genesys Cloud',
    meaning: 'where the platform API is',
    example: 'https://api.mypurecloud.com',
    default: 'https://api.{GENESYS_ENVIRONMENT}',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  GENESYS_ORGANIZATION_ID: {
    schema: organizationId,
    group: 'Genesys Cloud',
    meaning:
      'id of the organization; an OAuth client of another one is refused before anything is written (`docs/permissions.md`). KMS binds every data key to it, so it must be set with `ARCHIVE_KMS_KEY_ID` to archive, and with a layout that names it',
    example: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    since: 'key modes',
    usedFor: [...ALL, ...KEYS],
  },
  GENESYS_API: {
    schema: choice(['auto', 'media', 'recordings']),
    group: 'Genesys Cloud',
    meaning:
      'dialect of the platform API: `auto` goes by the shape of the event, `media` is the tutorial’s, `recordings` the published one',
    example: 'media',
    default: 'auto',
    since: 'archive',
    usedFor: ARCHIVE,
  },
  ARCHIVE_STORE: {
    schema: storeLocation,
    group: 'Archive',
    meaning: 'where objects are kept: `s3://BUCKET[/PREFIX]` or `file:PATH`',
    example: 's3://my-archive/calls',
    default: '`file:./archive` for the command line; on Lambda there is none',
    since: 'archive',
    usedFor: ALL,
  },
  S3_ARCHIVE_BUCKET: {
    schema: bucketName,
    group: 'Archive',
    meaning: 'bucket to keep objects in, the same as `ARCHIVE_STORE=s3://BUCKET`',
    example: 'my-archive',
    since: 'tutorial',
    usedFor: ALL,
  },
  ARCHIVE_LAYOUT: {
    schema: layoutChoice,
    group: 'Archive',
    meaning:
      'how objects are named: `date` is `archive/YYYY/MM/DD/ID.enc`, in UTC; `genesys-export` is that of the platform’s own export; or a template. Choose before the first recording: `docs/layouts.md`',
    example: 'archive/{yyyy}/{mm}/{dd}/{hh}/{conversationId}/{recordingId}{channel}.enc',
    default: 'date',
    since: 'archive',
    usedFor: ALL,
  },
  ARCHIVE_WRITE_BACK: {
    schema: choice([
      'interaction',
      'annotation',
      'custom-attributes',
      'external-tag',
      'participant-attributes',
      'none',
    ]),
    group: 'Archive',
    meaning:
      'where the reference to the stored object is written on the platform; `docs/write-back.md` says what each of them does not do',
    example: 'none',
    default: '`interaction` for events of the tutorial, `none` for those of the published API',
    since: 'archive',
    usedFor: ARCHIVE,
  },
  S3_FORCE_PATH_STYLE: {
    schema: flag,
    group: 'Archive',
    meaning: 'addresses buckets as part of the path, for S3-compatible servers',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ALL,
  },
  S3_EXPECTED_BUCKET_OWNER: {
    schema: accountId,
    group: 'Archive',
    meaning:
      'AWS account that must own the bucket; every request says so, and S3 refuses it when another account owns the bucket',
    example: '123456789012',
    since: 'archive',
    usedFor: ALL,
  },
  ...ENCRYPTION_SETTINGS,
  ARCHIVE_MEDIA_HOSTS: {
    schema: hostList,
    group: 'Download',
    meaning:
      'hosts that a download may come from, besides those of the platform’s regions (`docs/security.md`); comma-separated. A name includes everything below it; with a path it is that host alone, and what stands below the path',
    example: 'media.example.com,s3.amazonaws.com/their-bucket',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_REGIONS: {
    schema: regionList,
    group: 'Download',
    meaning:
      'AWS regions that recordings may be kept in, comma-separated, for residency: a recording that the platform keeps elsewhere is refused, and so are hosts of other regions',
    example: 'eu-central-1,eu-west-1',
    default: 'every region that the organization may keep recordings in',
    since: 'regions',
    usedFor: ARCHIVE,
  },
  ARCHIVE_ALLOW_LOOPBACK: {
    schema: flag,
    group: 'Download',
    meaning:
      'permits http and the addresses 127.0.0.1, ::1 and localhost, for the simulator and tests; warns at every start',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_ID_PATTERN: {
    schema: idPattern,
    group: 'Events',
    meaning:
      'regular expression for whole ids, where they are no UUIDs; ids are 1 to 128 of `A-Z a-z 0-9 . _ -` in any case',
    example: 'call-\\d{1,20}',
    default: 'a UUID, in upper or lower case',
    since: 'archive',
    usedFor: ALL,
  },
  ARCHIVE_WEBHOOK_SECRET: {
    schema: secretList,
    group: 'Events',
    meaning:
      'secret of the HTTP entry: requests carry `x-hub-signature-256: sha256=` and the HMAC-SHA256 of their body; a comma separates several active ones',
    example: 'made by `openssl rand -hex 32`',
    since: 'archive',
    usedFor: ARCHIVE,
    secret: true,
  },
  ARCHIVE_WEBHOOK_OPEN: {
    schema: flag,
    group: 'Events',
    meaning:
      'lets the HTTP entry on Lambda, and `serve` on an address of others than this machine, accept requests without a signature; anybody can then have calls archived',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_WEBHOOK_SIGNATURE: {
    schema: choice(['any', 'v2']),
    group: 'Events',
    meaning:
      'versions of the signature that the HTTP entry accepts: `v2` covers the timestamp, too; `any` also accepts `sha256=`, which covers the body alone',
    example: 'v2',
    default: 'any',
    since: 'webhook v2',
    usedFor: ARCHIVE,
  },
  ARCHIVE_LOG_LEVEL: {
    schema: choice(['debug', 'info', 'warn', 'error']),
    group: 'Operation',
    meaning: 'least severe kind of message that is logged: `debug`, `info`, `warn` or `error`',
    example: 'debug',
    default: 'info',
    since: 'archive',
    usedFor: [...ALL, ...KEYS],
  },
  ...RECORDINGS_SETTINGS,
  ...RELIABILITY_SETTINGS,
  ...SECRET_SETTINGS,
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
