import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../clock.ts';
import { createTransport, type Transport } from '../../http/transport.ts';
import type { Logger } from '../../log.ts';
import type { ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import type { Proxies } from '../../proxies.ts';
import { assertObjectKey } from '../object-rules.ts';
import { readBucketLock } from './bucket-lock.ts';
import type { S3Access } from './call.ts';
import { directTimeouts } from './client.ts';
import { createDirectCalls } from './direct.ts';
import { putLegalHold } from './legal-hold.ts';
import { listS3Objects } from './list.ts';
import { createSdkCalls } from './object-calls.ts';
import { type PartOptions, putInto } from './put.ts';
import { getFrom } from './read.ts';
import { replaceMetadata, replaceObject } from './replace.ts';
import { abortS3Upload, listS3Uploads } from './uploads.ts';
import { headObject } from './verify.ts';

export interface S3StoreOptions extends PartOptions {
  /** Of `createS3Client`: one that neither retries nor computes checksums of its own. */
  readonly client: S3Client;
  readonly bucket: string;
  /** In front of every key, without `/` at either end. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** AWS account that must own the bucket. */
  readonly expectedBucketOwner?: string;
  /** Of the requests that do not go through `client`; default one with the client's default time-outs. */
  readonly transport?: Transport;
  /** Of those requests as well; the client has its own. */
  readonly proxies?: Proxies | undefined;
  /** Keys asked for at a time by `list`; default (and S3's limit) 1000. */
  readonly listPageSize?: number;
}

/**
 * Keeps objects in an S3 bucket, in S3 itself or in a compatible server that has conditional writes (`If-None-Match: *`) and
 * SHA-256 checksums.
 *
 * If the response to CreateMultipartUpload is lost, the upload stays open: its id is unknown. A lifecycle rule
 * (`AbortIncompleteMultipartUpload`) removes it.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { listPageSize: pageSize = 1000 } = options;
  const access = openAccess(options);
  const { calls } = access;
  return {
    location: locationOf(options),
    put: putInto(access, options),
    head: async (key, budget) => {
      assertObjectKey(key);
      return headObject(access, key, budget);
    },
    get: getFrom(access),
    list: (keyPrefix, budget, how) => listS3Objects(access, keyPrefix, budget, { ...how, pageSize }),
    replace: (expected, body, putOptions, budget) =>
      replaceObject(access, expected, { body, options: putOptions }, budget),
    replaceMetadata: (expected, metadata, budget) => replaceMetadata(access, expected, metadata, budget),
    openAhead: () => {
      if (calls.openAhead !== undefined) void calls.openAhead();
    },
    setLegalHold: (key, on, budget) => putLegalHold(access, key, on, budget),
    defaultLockDays: async (budget) => (await readBucketLock(access, budget)).defaultDays,
    listUploads: (budget) => listS3Uploads(access, budget),
    abortUpload: (upload, budget) => abortS3Upload(access, upload, budget),
  };
}

/** What the operations of a store on that bucket need. */
export function openAccess(options: S3StoreOptions): S3Access {
  const { client, clock, logger, expectedBucketOwner } = options;
  const prefix = options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix}/`;
  const bucket = {
    Bucket: options.bucket,
    ...present({ ExpectedBucketOwner: expectedBucketOwner }),
  };
  const transport =
    options.transport ?? createTransport({ timeouts: directTimeouts(), proxies: options.proxies });
  const calls = createDirectCalls(client, bucket, transport, createSdkCalls(client, bucket));
  return { client, bucket, prefix, calls, clock, logger };
}

export function locationOf({ bucket, prefix = '' }: Pick<S3StoreOptions, 'bucket' | 'prefix'>): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
}
