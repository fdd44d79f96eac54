import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type Budget, type Clock, followAbort } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { createTransport, type Transport } from '../../http/transport.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { Logger } from '../../log.ts';
import type { Proxies } from '../../proxies.ts';
import type { ObjectStat, ObjectStore, PutOptions, PutResult } from '../../ports.ts';
import { BufferPool } from './buffer-pool.ts';
import { cutParts } from './cut-parts.ts';
import { type MeasuredBody, measureBody } from '../measured-body.ts';
import {
  assertObjectKey,
  assertPutOptions,
  assertRange,
  type ByteRange,
  rangeNotSatisfiable,
} from '../object-rules.ts';
import { choosePartBytes } from './part-size.ts';
import { callS3, type S3Access } from './call.ts';
import { type BodyDigest, digestOf, digestsOfParts } from './checksum.ts';
import { createDirectCalls } from './direct.ts';
import { uploadInParts, type Work } from './multipart.ts';
import { createSdkCalls } from './object-calls.ts';
import { readObject } from './read.ts';
import { replaceMetadata, replaceObject } from './replace.ts';
import { directTimeouts } from './client.ts';
import { putLegalHold } from './legal-hold.ts';
import { listS3Objects } from './list.ts';
import { abortS3Upload, listS3Uploads } from './uploads.ts';
import { headObject, resolveUnsure, type SentObject, statOfAnswer, verifyStored } from './verify.ts';

export interface S3StoreOptions {
  /** Of `createS3Client`: one that neither retries nor computes checksums of its own. */
  readonly client: S3Client;
  readonly bucket: string;
  /** In front of every key, without `/` at either end. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of a part, and of the largest object written in one request; default 5 MiB. */
  readonly partSizeBytes?: number;
  /** Parts in flight at once; default 2. Memory is this many parts and one more. */
  readonly queueSize?: number;
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
 * An upload whose creation was answered by silence may stay open: nobody knows its id. A lifecycle rule
 * (`AbortIncompleteMultipartUpload`) removes it.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { client, clock, logger, queueSize = 2, expectedBucketOwner, listPageSize = 1000 } = options;
  const prefix = options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix}/`;
  const bucket = {
    Bucket: options.bucket,
    ...(expectedBucketOwner === undefined ? {} : { ExpectedBucketOwner: expectedBucketOwner }),
  };
  const transport =
    options.transport ?? createTransport({ timeouts: directTimeouts(), proxies: options.proxies });
  const calls = createDirectCalls(client, bucket, transport, createSdkCalls(client, bucket));
  const access: S3Access = { client, bucket, calls, clock, logger };
  const usualPartBytes = choosePartBytes(undefined, options.partSizeBytes);

  /** Of the usual size of a part; objects so large that they need larger ones have their own. */
  const usual = new BufferPool(usualPartBytes, (queueSize + 2) * usualPartBytes);
  const poolOf = (partBytes: number) => (partBytes === usualPartBytes ? usual : undefined);

  async function put(
    key: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    putOptions: PutOptions,
    budget: Budget,
  ): Promise<PutResult> {
    assertObjectKey(key);
    assertPutOptions(putOptions);
    ensureTimeLeft(clock, budget);
    const { contentLength } = putOptions;
    if (body instanceof Uint8Array && body.byteLength === contentLength && contentLength <= usualPartBytes) {
      return putWhole(key, body, digestOf(body), putOptions, budget);
    }
    const partBytes = choosePartBytes(contentLength, options.partSizeBytes);
    const source = measureBody(body, contentLength, budget, clock);
    const digestOfPart = digestsOfParts(putOptions, partBytes);
    const parts = cutParts(source.chunks, partBytes, contentLength, poolOf(partBytes));
    try {
      const { value: first } = await parts.next();
      if (first === undefined) throw new ArchiveError('UNEXPECTED', 'a body has at least one part');
      if (first.last) {
        const result = await putWhole(key, first.bytes, digestOfPart(first), putOptions, budget);
        first.release();
        return result;
      }
      const target = { key, Key: prefix + key, options: putOptions, queueSize, digestOf: digestOfPart };
      const { work, end } = startWork(budget, source);
      try {
        return await uploadInParts(access, target, first, parts, work);
      } finally {
        end();
      }
    } finally {
      // Closes the body when the store gave up on it.
      void parts.return().catch(() => {});
    }
  }

  async function putWhole(
    key: string,
    body: Uint8Array,
    digest: BodyDigest,
    putOptions: PutOptions,
    budget: Budget,
  ): Promise<PutResult> {
    const { metadata, contentType } = putOptions;
    const Key = prefix + key;
    const size = body.byteLength;
    const sent: SentObject = {
      key,
      Key,
      size,
      checksum: { type: 'full', sha256: digest.base64 },
      metadata,
      contentType,
    };
    const reply = await callS3(access, 'PUT object', budget, (send) =>
      calls.put({ Key, body, digest, metadata, contentType }, send),
    );
    if (reply.ok && putOptions.verify === 'answer') {
      const stat = statOfAnswer(sent, reply.value, clock.now());
      if (stat !== undefined) return { outcome: 'stored', stat };
    }
    if (reply.ok) return verifyStored(access, sent, reply.value.sha256, reply.value.etag, budget);
    if (reply.refusal !== 'precondition') {
      throw new ArchiveError('STORE_UNAVAILABLE', `PUT object: ${reply.refusal}`, { details: { key } });
    }
    if (!reply.unsure) return { outcome: 'exists' };
    const resolved = await resolveUnsure(access, sent, budget);
    if (resolved !== undefined) return resolved;
    throw new ArchiveError('STORE_UNAVAILABLE', 'PUT object: the key was taken, and is free again', {
      details: { key },
    });
  }

  async function head(key: string, budget: Budget): Promise<ObjectStat | undefined> {
    assertObjectKey(key);
    return headObject(access, key, prefix + key, budget);
  }

  async function get(key: string, budget: Budget, range?: ByteRange) {
    assertObjectKey(key);
    assertRange(range);
    const Range = range === undefined ? undefined : `bytes=${range.first}-${range.last}`;
    const reply = await callS3(access, 'GET object', budget, (send) =>
      client.send(
        new GetObjectCommand({ ...bucket, Key: prefix + key, ...(Range === undefined ? {} : { Range }) }),
        send,
      ),
    );
    if (reply.ok) return readObject(key, reply.value, range, budget);
    if (reply.refusal === 'range') throw rangeNotSatisfiable(key, range?.first ?? 0);
    throw new ArchiveError('OBJECT_NOT_FOUND', 'there is no such object', { details: { key } });
  }

  return {
    location: `s3://${options.bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`,
    put,
    head,
    get,
    list: (keyPrefix, budget, options) =>
      listS3Objects(access, { prefix, pageSize: listPageSize }, keyPrefix, budget, options),
    replace: (expected, body, putOptions, budget) =>
      replaceObject(access, prefix + expected.key, expected, { body, options: putOptions }, budget),
    replaceMetadata: (expected, metadata, budget) =>
      replaceMetadata(access, prefix + expected.key, expected, metadata, budget),
    setLegalHold: (key, on, budget) => putLegalHold(access, prefix + key, { key, on }, budget),
    listUploads: (budget) => listS3Uploads(access, prefix, budget),
    abortUpload: (upload, budget) => abortS3Upload(access, prefix, upload, budget),
  };
}

/** A budget that also ends when a part of the work has failed for good, so that the rest of it, and its body, stop at once. */
function startWork(budget: Budget, source: MeasuredBody): { work: Work; end: () => void } {
  const controller = new AbortController();
  return {
    work: {
      budget: { deadline: budget.deadline, signal: controller.signal },
      fail: (error) => {
        controller.abort(error);
        source.stop(error);
      },
    },
    end: followAbort(budget.signal, controller),
  };
}
