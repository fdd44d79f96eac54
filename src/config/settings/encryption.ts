import { choice, filePath, keyHex, kmsKeyId, storeLocation } from '../values/values.ts';

const ARCHIVE = ['archive'] as const;
const RESTORE = ['restore'] as const;
const READ = ['archive', 'restore'] as const;
const KEYS = ['keys', 'wrap'] as const;
const STORED = ['archive', 'restore', 'store', 'wrap'] as const;

/** Where keys come from, and what is written with them. Part of the one table in `schema.ts`. */
export const ENCRYPTION_SETTINGS = {
  ENCRYPTION_KEY_HEX: {
    schema: keyHex,
    group: 'Encryption',
    meaning: 'AES-256 key as 64 hex digits; without any other key it writes the format `static-gcm`',
    example: 'made by `openssl rand -hex 32`',
    since: 'tutorial',
    usedFor: [...READ, ...KEYS],
    secret: true,
  },
  ARCHIVE_KMS_KEY_ID: {
    schema: kmsKeyId,
    group: 'Encryption',
    meaning: 'AWS KMS key that wraps the data key of each recording: its id, ARN or `alias/NAME`',
    example: 'alias/recordings',
    since: 'key modes',
    usedFor: [...READ, ...KEYS],
  },
  ARCHIVE_KEYRING_FILE: {
    schema: filePath,
    group: 'Encryption',
    meaning:
      'file of AES keys that wrap data keys, made by `genesys-archive keys generate`; the active one writes, all of them read',
    example: 'keyring.json',
    since: 'key modes',
    usedFor: [...READ, ...KEYS],
  },
  ARCHIVE_PUBLIC_KEY_FILE: {
    schema: filePath,
    group: 'Encryption',
    meaning:
      'PEM file of an RSA public key of 3072 to 8192 bits that wraps data keys; who has no more can never read',
    example: 'recordings-public.pem',
    since: 'key modes',
    usedFor: [...ARCHIVE, ...KEYS],
  },
  ARCHIVE_PRIVATE_KEY_FILE: {
    schema: filePath,
    group: 'Encryption',
    meaning:
      'PEM file of the RSA private key, readable by its owner only; it is never needed to archive. Earlier keys may follow in the same file, 16 in all',
    example: 'recordings-private.pem',
    since: 'key modes',
    usedFor: [...RESTORE, ...KEYS],
  },
  ARCHIVE_FORMAT: {
    schema: choice(['static-gcm', 's3ec-v2', 's3ec-v3']),
    group: 'Encryption',
    meaning: 'format that new objects are written in; objects of every format are read',
    example: 's3ec-v3',
    default: '`s3ec-v3` with a KMS key, keyring or public key; else `static-gcm`',
    since: 'archive',
    usedFor: ARCHIVE,
  },
  ARCHIVE_KEY_PLACEMENT: {
    schema: choice(['metadata', 'records']),
    group: 'Encryption',
    meaning:
      'where the wrapped data key of a new object is kept: in its metadata, or in a key record, which can be destroyed while the object is locked (format `s3ec-v3` only); objects of both kinds are read',
    example: 'records',
    default: 'metadata',
    since: 'key records',
    usedFor: [...ARCHIVE, 'wrap'],
  },
  ARCHIVE_KEY_RECORDS: {
    schema: storeLocation,
    group: 'Encryption',
    meaning:
      'where key records are kept: `s3://BUCKET[/PREFIX]` or `file:PATH`; never a bucket with Object Lock, or they could not be destroyed',
    example: 's3://my-archive-keys',
    default: 'where the archive is',
    since: 'key records',
    usedFor: STORED,
    namedFileOnly: true,
  },
} as const;
