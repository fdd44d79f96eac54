import { type Clock, systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { createDirectoryStore } from './directory/directory-store.ts';
import { isObjectKey } from './object-rules.ts';
import type { S3ClientOptions } from './s3/client.ts';
import type { S3StoreOptions } from './s3/s3-store.ts';

export type StoreLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string | undefined }
  | { readonly kind: 'directory'; readonly path: string };

export interface OpenStoreOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly s3?: S3ClientOptions;
  /** AWS account that must own the bucket. */
  readonly expectedBucketOwner?: string;
}

/** Bytes; S3's limit of 1024 less the longest key of the port and a slash. */
const MAX_PREFIX_BYTES = 511;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

/**
 * Understands `s3://bucket`, `s3://bucket/prefix` and `file:PATH` (relative, absolute, or as a `file://` URL).
 *
 * @throws `CONFIG_INVALID` (not retryable).
 */
export function parseStoreLocation(location: string): StoreLocation {
  if (location.startsWith('s3://')) {
    const [bucket = '', ...rest] = location.slice('s3://'.length).split('/');
    const prefix = rest.join('/').replace(/\/$/, '');
    if (!BUCKET.test(bucket)) throw invalid(location, 'names no bucket');
    if (prefix !== '' && (!isObjectKey(prefix) || prefix.length > MAX_PREFIX_BYTES)) {
      throw invalid(location, 'has a prefix that keys cannot begin with');
    }
    return { kind: 's3', bucket, prefix: prefix === '' ? undefined : prefix };
  }
  if (location.startsWith('file:')) {
    const path = location.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    if (path === '' || path.startsWith('//') || path.includes('\0'))
      throw invalid(location, 'names no directory');
    return { kind: 'directory', path };
  }
  throw invalid(location, 'is neither s3://BUCKET[/PREFIX] nor file:PATH');
}

/**
 * Opens the store at `location` and nothing that settings say besides: `openConfiguredStore` takes them all. The AWS SDK is loaded
 * only for S3; no request is made.
 *
 * @throws `CONFIG_INVALID` (not retryable).
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<ObjectStore> {
  const parsed = parseStoreLocation(location);
  if (parsed.kind === 'directory') return createDirectoryStore(parsed.path, options.clock ?? systemClock);
  const [{ createS3Client }, { createS3Store }] = await Promise.all([
    import('./s3/client.ts'),
    import('./s3/s3-store.ts'),
  ]);
  return createS3Store({ client: createS3Client(options.s3), ...placeOf(parsed, options) });
}

/** What the adapters for a bucket need besides its client. */
export function placeOf(
  { bucket, prefix }: Extract<StoreLocation, { readonly kind: 's3' }>,
  { clock = systemClock, logger = silentLogger, expectedBucketOwner, s3 }: OpenStoreOptions,
): Omit<S3StoreOptions, 'client'> {
  return { bucket, proxies: s3?.proxies, clock, logger, ...present({ prefix, expectedBucketOwner }) };
}

function invalid(location: string, why: string): ArchiveError {
  const shown = location.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 80);
  return new ArchiveError('CONFIG_INVALID', `the store location "${shown}" ${why}`);
}
