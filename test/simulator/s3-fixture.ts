import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3Endpoint, type S3Options, startS3 } from '../../packages/simulator/src/s3/s3.ts';

export const BUCKET = 'recordings';

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 's3-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An endpoint of its own for one test. */
export async function startEndpoint(
  options: Partial<S3Options> = {},
): Promise<{ s3: S3Endpoint; dir: string }> {
  const dir = options.dir ?? (await temporaryDirectory());
  const s3 = await startS3({ buckets: [BUCKET], ...options, dir });
  onTestFinished(() => s3.close());
  return { s3, dir };
}

/** Without one, the SDK writes warnings about failed streams to the console. */
const silent = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The real SDK client, with its defaults but for retries: a test sees what the server answered. */
export function createClient(s3: S3Endpoint, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint: s3.url,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    logger: silent,
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** What people look at in an SDK error. */
export async function failureOf(work: Promise<unknown>): Promise<{ name: string; status: number }> {
  try {
    await work;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode ?? 0 };
  }
  throw new Error('the request succeeded');
}

/** Bytes that differ everywhere, the same for the same seed. */
export function sampleBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed;
  for (let index = 0; index < size; index += 1) {
    // Numerical Recipes' linear congruential generator; the upper bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** An endpoint, a client, and the usual requests in short. `data` lists the body files on disk. */
export async function openBucket(config: S3ClientConfig = {}) {
  const { s3, dir } = await startEndpoint();
  const client = createClient(s3, config);
  const read = async (key: string, extra: { Range?: string } = {}) => {
    const { Body, ...rest } = await client.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: key, ChecksumMode: 'ENABLED', ...extra }),
    );
    return { bytes: await buffer(Body as Readable), ...rest };
  };
  const put = (key: string, body: Uint8Array | Readable, extra: object = {}) =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, ...extra }));
  const head = (key: string, extra: object = {}) =>
    client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key, ChecksumMode: 'ENABLED', ...extra }));
  return { s3, dir, client, read, put, head, data: () => readdir(path.join(dir, BUCKET, 'data')) };
}
