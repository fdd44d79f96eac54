import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../packages/simulator/src/faults.ts';
import {
  startSimulator,
  type SimulatedRequest,
  type Simulator,
} from '../../packages/simulator/src/simulator.ts';

const Bucket = 'calls';
const Key = 'archive/2026/11/23/call.enc';

let dir: string;
let simulator: Simulator;
let client: S3Client;
const finished: SimulatedRequest[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulator-s3-'));
  finished.length = 0;
  simulator = await startSimulator({
    s3: { dir, bucket: Bucket },
    onRequest: (request) => finished.push(request),
  });
  const environment = simulator.environment();
  client = new S3Client({
    endpoint: environment['AWS_ENDPOINT_URL_S3'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    forcePathStyle: environment['S3_FORCE_PATH_STYLE'] === '1',
    maxAttempts: 1,
  });
  expect(environment['S3_ARCHIVE_BUCKET']).toBe(Bucket);
});
afterEach(async () => {
  client.destroy();
  await simulator.close();
  await rm(dir, { recursive: true });
});

const put = async () => client.send(new PutObjectCommand({ Bucket, Key, Body: 'x'.repeat(1000) }));
const get = async () => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
};

/** What tells the error that `work` fails with from others. */
async function failure(work: Promise<unknown>): Promise<{ name: string; code: unknown }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return { name: error.name, code: 'code' in error ? error.code : undefined };
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the S3 endpoint of the simulator', () => {
  it('keeps objects, and records its requests among the others', async () => {
    await put();
    expect(await get()).toBe('x'.repeat(1000));
    await expect.poll(() => finished.length).toBe(2);
    expect(simulator.requests).toMatchObject([
      { server: 's3', route: 'PutObject', method: 'PUT', path: `/${Bucket}/${Key}`, id: Key, status: 200 },
      { server: 's3', route: 'GetObject', method: 'GET', status: 200, hadAuthorization: true },
    ]);
  });

  it.each<[string, Fault, string]>([
    ['throttle', { kind: 'throttle', retryAfter: 3 }, 'SlowDown'],
    ['status 503', { kind: 'status', status: 503 }, 'ServiceUnavailable'],
    ['status 500', { kind: 'status', status: 500 }, 'InternalError'],
    ['status 403', { kind: 'status', status: 403 }, 'AccessDenied'],
  ])('suffers %s from the common plan, once', async (_name, fault, name) => {
    simulator.faults.add({ on: 's3', id: Key, fault });
    expect(await failure(put())).toMatchObject({ name });
    await put();
    expect(simulator.faults.injected('s3')).toBe(1);
  });

  it('suffers a reset before the work and after it', async () => {
    simulator.faults.add({ on: 's3', fault: { kind: 'reset' } });
    expect(await failure(put())).toMatchObject({ code: 'ECONNRESET' });
    expect(await failure(client.send(new HeadObjectCommand({ Bucket, Key })))).toMatchObject({
      name: 'NotFound',
    });
    simulator.faults.add({ on: 's3', fault: { kind: 'reset', afterBytes: 0 } });
    expect(await failure(put())).toMatchObject({ code: 'ECONNRESET' });
    expect(await get()).toBe('x'.repeat(1000));
  });

  it('saves a cut for a download', async () => {
    simulator.faults.add({ on: 's3', fault: { kind: 'cut', atByte: 300, keepLength: true } });
    await put();
    expect(await failure(get())).toMatchObject({ code: 'ECONNRESET' });
    expect(await get()).toHaveLength(1000);
  });

  it('stalls until the endpoint is closed', async () => {
    simulator.faults.add({ on: 's3', fault: { kind: 'stall' } });
    const stalled = failure(put());
    await expect.poll(() => simulator.faults.injected('s3', 'stall')).toBe(1);
    await simulator.close();
    expect(await stalled).toMatchObject({ code: 'ECONNRESET' });
    simulator = await startSimulator();
  });

  it('refuses a bucket name S3 would not accept, and leaves no server behind', async () => {
    const ports = {
      api: Number(new URL(simulator.apiUrl).port),
      media: Number(new URL(simulator.mediaUrl).port),
    };
    await simulator.close();
    await expect(startSimulator({ ports, s3: { dir, bucket: 'Not A Bucket' } })).rejects.toThrow(
      expect.objectContaining({ name: 'SimulatorError' }),
    );
    simulator = await startSimulator({ ports });
    expect(simulator.apiUrl).toBe(`http://127.0.0.1:${ports.api}`);
  });
});
