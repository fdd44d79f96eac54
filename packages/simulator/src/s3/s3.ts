import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describeCause } from '../simulator-error.ts';
import { inspectBody } from './body.ts';
import { breakListing, PAGE_PARAMETERS } from './broken-listing.ts';
import { type Bucket } from './bucket.ts';
import { openBuckets } from './open-buckets.ts';
import { type PlacedObject, placeObject } from './place-object.ts';
import {
  parseRequest,
  type ParsedRequest,
  recogniseOperation,
  type S3Answer,
  type S3Operation,
} from './call.ts';
import { corruptObject, type S3Fault, type S3FaultRule, S3Faults } from './faults.ts';
import { createHttp, Door, listen, type RequestEntry } from './door.ts';
import { listBuckets } from './listing.ts';
import { OPERATIONS } from './operations.ts';
import { S3Refusal } from './refusal.ts';
import type { S3Options, S3Request } from './s3-options.ts';
import { ConnectionGone, type Exchange, describeRefusal, readRequest, sendAnswer } from './wire.ts';
import { type RequestSignature, type SigningCredentials, verifySignature } from '../aws/sigv4.ts';

export type { BrokenListing } from './broken-listing.ts';
export type { S3Operation } from './call.ts';
export type { Corruption, S3Fault, S3FaultRule } from './faults.ts';
export type { S3ErrorCode } from './refusal.ts';
export type { PlacedObject } from './place-object.ts';
export type { S3Options, S3Request } from './s3-options.ts';

/** The account all buckets belong to; another one in `x-amz-expected-bucket-owner` is refused. */
export const BUCKET_OWNER = '123456789012';

export interface S3Endpoint {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The settings that point an AWS SDK client of another process here. */
  environment(): Record<string, string>;
  /** The latest 10,000, in the order they came. */
  readonly requests: readonly S3Request[];
  readonly faults: { add(rule: S3FaultRule): void; clear(): void };
  /** Waits for the clean-up of requests under way, which are cut off. */
  close(): Promise<void>;
  /** Puts an object into a bucket, as another program would; one that is there already is kept. */
  place(bucket: string, object: PlacedObject): Promise<void>;
  /** `bucket/key` of the multipart uploads that were neither completed nor aborted. */
  openUploads(): string[];
}

interface Server {
  readonly options: S3Options;
  readonly credentials: SigningCredentials;
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly faults: S3Faults;
  readonly startedAt: number;
  readonly now: () => number;
  /** Aborted by `close()`. */
  readonly signal: AbortSignal;
}

interface Recognised {
  readonly exchange: Exchange;
  readonly parsed: ParsedRequest;
  readonly operation: S3Operation;
  readonly fault: S3Fault | undefined;
}

function findBucket(server: Server, parsed: ParsedRequest): Bucket {
  const bucket = server.buckets.get(parsed.bucket);
  if (bucket === undefined) {
    throw new S3Refusal('NoSuchBucket', undefined, { BucketName: parsed.bucket });
  }
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const owner = parsed.headers.get(name);
    if (owner !== undefined && owner !== BUCKET_OWNER) throw new S3Refusal('AccessDenied');
  }
  return bucket;
}

async function perform(
  server: Server,
  recognised: Recognised,
  signature: RequestSignature,
): Promise<S3Answer> {
  const { exchange, parsed, operation, fault } = recognised;
  if (operation === 'ListBuckets') return listBuckets([...server.buckets.keys()], server.startedAt);
  const bucket = findBucket(server, parsed);
  const resetAfter = fault?.kind === 'reset' ? (fault.afterBytes ?? 0) : undefined;
  const listing = fault?.kind === 'listing' ? fault.how : undefined;
  const query = new Map(parsed.query);
  // every page is the first
  if (listing !== undefined) for (const name of PAGE_PARAMETERS) query.delete(name);
  const answer = await OPERATIONS[operation]({
    operation,
    bucketName: parsed.bucket,
    bucket,
    key: parsed.key,
    query,
    headers: parsed.headers,
    now: server.now(),
    body: (body) => {
      const headers =
        body?.ignoreChecksums === true
          ? new Map([...parsed.headers].filter(([name]) => !name.startsWith('x-amz-checksum-')))
          : parsed.headers;
      return inspectBody(readRequest(exchange, resetAfter), headers, signature);
    },
  });
  if (fault?.kind === 'corrupt') await corruptObject(bucket, parsed.key, fault.how);
  if (listing !== undefined) return breakListing(answer, listing);
  return operation === 'HeadBucket'
    ? { ...answer, headers: { 'x-amz-bucket-region': server.credentials.region } }
    : answer;
}

/** What a fault does before the work begins. @throws `S3Refusal`, `ConnectionGone`. */
async function strikeFirst(server: Server, { fault, exchange }: Recognised): Promise<void> {
  if (fault?.kind === 'slow') {
    try {
      await wait(fault.delayMs, undefined, { signal: server.signal });
    } catch {
      throw new ConnectionGone('lost');
    }
  }
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = exchange.request.headers;
  const bodiless = length === '0' && encoding === undefined;
  if (fault?.kind === 'reset' && (bodiless || (fault.afterBytes ?? 0) === 0)) {
    throw new ConnectionGone('reset');
  }
  if (fault?.kind === 'error') throw new S3Refusal(fault.code);
}

async function answerRequest(server: Server, exchange: Exchange, entry: RequestEntry): Promise<void> {
  const { request, response } = exchange;
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
  // Clients correct their clock by this header after RequestTimeTooSkewed.
  response.setHeader('date', new Date(server.now()).toUTCString());
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('x-amz-id-2', requestId);
  let fault: S3Fault | undefined;
  let answer: S3Answer;
  try {
    const parsed = parseRequest(request);
    Object.assign(entry, { bucket: parsed.bucket, key: parsed.key });
    const signature = verifySignature(parsed, server.credentials, server.now());
    const operation = recogniseOperation(parsed);
    entry.operation = operation;
    const target = { operation, key: parsed.key };
    fault = server.faults.take(target) ?? server.options.fault?.(target);
    const recognised = { exchange, parsed, operation, fault };
    await strikeFirst(server, recognised);
    answer = await perform(server, recognised, signature);
  } catch (error) {
    if (error instanceof ConnectionGone) throw error;
    const refusal = error instanceof S3Refusal ? error : new S3Refusal('InternalError', describeCause(error));
    const resource = `/${entry.bucket}${entry.key === '' ? '' : `/${entry.key}`}`;
    answer = describeRefusal(refusal, { resource, requestId, method: request.method ?? '' });
    if (fault?.kind === 'error') {
      const { retryAfter, inside200, headers = {} } = fault;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      if (inside200 === true) answer = { ...answer, status: 200 };
    }
  }
  if (fault?.kind === 'lost-answer') throw new ConnectionGone('reset');
  entry.status = answer.status;
  await sendAnswer(exchange, answer, fault?.kind === 'cut' ? fault : undefined);
}

/**
 * Starts a small S3 server on 127.0.0.1 that keeps its objects in files. It does what the archiver uses exactly as S3 does
 * it, path style only, with signatures, checksums and conditional writes checked, and refuses the rest with 501.
 *
 * Known differences from S3: an object sent without a checksum gets none (S3 adds CRC64NVME); a reader may be cut off when its
 * object is replaced or deleted; a lock cannot be opened, and no version other than the newest be put under a hold; a copy keeps the
 * ETag and checksum of a multipart upload.
 *
 * @throws SimulatorError for a bucket name S3 would not accept.
 */
export async function startS3(options: S3Options): Promise<S3Endpoint> {
  const closing = new AbortController();
  const server = await describeServer(options, closing.signal);
  const door = new Door((exchange, entry) => answerRequest(server, exchange, entry), options.onRequest);
  const http = createHttp(door);
  const url = await listen(http, options.port ?? 0);
  return {
    url,
    environment: () => ({
      AWS_ENDPOINT_URL_S3: url,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      AWS_REGION: server.credentials.region,
      S3_FORCE_PATH_STYLE: '1',
    }),
    requests: door.requests,
    faults: server.faults,
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      http.closeAllConnections();
      await closed;
      await door.settled();
    },
    place: (name, object) => placeObject(server.buckets.get(name), object, server.now()),
    openUploads: () =>
      [...server.buckets].flatMap(([name, bucket]) =>
        bucket.uploads().map(({ record }) => `${name}/${record.key}`),
      ),
  };
}

async function describeServer(options: S3Options, signal: AbortSignal): Promise<Server> {
  const now = options.now ?? (() => Date.now());
  return {
    options,
    credentials: {
      accessKeyId: options.accessKeyId ?? 'simulator',
      sessionToken: options.sessionToken,
      secretAccessKey: options.secretAccessKey ?? 'simulator-secret-key',
      region: options.region ?? 'us-east-1',
    },
    buckets: await openBuckets(options),
    faults: new S3Faults(),
    startedAt: now(),
    now,
    signal,
  };
}
