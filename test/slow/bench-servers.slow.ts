import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleBench } from '../../bench/bundle.mjs';
import { type Bench, runSample, startBench } from '../../bench/processes.ts';
import { recordingId } from '../../bench/recording-ids.ts';
import { unexplained } from '../../bench/report/requests.ts';
import { startDelay } from '../../bench/servers/delay.ts';
import { control } from '../../bench/variants/worker.ts';
import { detectContainer } from '../../src/archive/container.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';

const MIB = 1024 * 1024;
/** More than one read of a socket, and no multiple of anything. */
const SIZE = 3_000_001;

let dir: string;
let bench: Bench;
let source: string;
let endpoint: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bench-test-'));
  await bundleBench(dir, [
    'bench/servers/source.ts',
    'bench/servers/sink.ts',
    'bench/variants/tutorial.ts',
    'bench/variants/lib-storage.ts',
    'bench/variants/ours.ts',
  ]);
  bench = await startBench(dir);
  [source = '', endpoint = ''] = bench.control;
});
afterAll(async () => {
  await bench?.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await control(source, '/-/reset');
  await control(endpoint, '/-/reset');
});

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'bench-secret-access-key' };
const counts = async (origin: string): Promise<unknown> => JSON.parse(await control(origin, '/-/counts'));

async function* chunksOf(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

describe('the media source of the benchmark', () => {
  const url = () => `${source}/media/${recordingId(1, SIZE)}.wav`;

  it('sends a WAV file of the length that its id, its headers and the file itself state', async () => {
    const response = await fetch(url());
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(SIZE));
    expect(body).toHaveLength(SIZE);
    expect(detectContainer(body.subarray(0, 64))).toEqual({ name: 'RIFF', totalBytes: SIZE });
  });

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=20-', 20, SIZE - 1],
    ['bytes=1048570-2097160', 1_048_570, 2_097_160],
  ])('answers %s with that part of it', async (range, first, last) => {
    const whole = Buffer.from(await (await fetch(url())).arrayBuffer());
    const response = await fetch(url(), { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${SIZE}`);
    expect(
      whole.subarray(first, last + 1).equals(Buffer.from(await response.arrayBuffer())),
      'the same bytes',
    ).toBe(true);
  });

  it('counts by kind, and knows nothing of what is not there', async () => {
    expect((await fetch(`${source}/media/nothing.wav`)).status).toBe(404);
    expect((await fetch(`${source}/elsewhere`)).status).toBe(404);
    expect(await counts(source)).toEqual({ 'GET media file': 1, 'GET elsewhere': 1 });
  });
});

describe('the S3 sink of the benchmark', () => {
  let store: ObjectStore;
  let sdk: S3Client;

  beforeAll(() => {
    const client = createS3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
    store = createS3Store({ client, bucket: 'bench', clock: systemClock, logger: silentLogger });
    sdk = new S3Client({ endpoint, region: 'us-east-1', credentials });
  });

  const put = (key: string, body: Buffer) =>
    store.put(
      key,
      chunksOf(body),
      { metadata: { a: 'b' }, contentType: 'audio/wav', contentLength: body.length },
      unlimited,
    );

  it('keeps a small object with its body, and refuses to replace it', async () => {
    const body = Buffer.from('{"small":true}');
    expect(await put('receipts/2026/01/02/a.json', body)).toMatchObject({
      outcome: 'stored',
      stat: { size: body.length, metadata: { a: 'b' }, contentType: 'audio/wav' },
    });
    expect((await put('receipts/2026/01/02/a.json', body)).outcome).toBe('exists');
    const { body: stored } = await store.get('receipts/2026/01/02/a.json', unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stored) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(body);
    expect(await counts(endpoint)).toEqual({ 'PUT receipt': 2, 'HEAD receipt': 1, 'GET receipt': 1 });
  });

  it('states of a multipart upload what S3 would: size, metadata, composite checksum', async () => {
    const body = randomBytes(20 * MIB + 7);
    const digests = [0, 5, 10, 15, 20].map((mib) =>
      createHash('sha256')
        .update(body.subarray(mib * MIB, (mib + 5) * MIB))
        .digest(),
    );
    const sha256 = `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-5`;
    expect(await put('archive/2026/01/02/a.enc', body)).toMatchObject({
      outcome: 'stored',
      stat: { size: body.length, metadata: { a: 'b' }, checksum: { type: 'composite', sha256 } },
    });
    expect((await put('archive/2026/01/02/a.enc', body)).outcome).toBe('exists');
    expect(await counts(endpoint)).toMatchObject({
      'POST create upload': 2,
      'PUT part': 10,
      'DELETE upload': 1,
    });
  });

  it('has no object and no upload that no client made', async () => {
    expect(await store.head('archive/2026/01/02/none.enc', unlimited)).toBeUndefined();
    await expect(store.get('archive/2026/01/02/none.enc', unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
  });

  it('takes what the SDK sends by default, 100-continue included', async () => {
    const body = randomBytes(3 * MIB);
    const Key = 'archive/2026/01/02/sdk.enc';
    const answer = await sdk.send(new PutObjectCommand({ Bucket: 'bench', Key, Body: body }));
    expect(answer.ChecksumCRC32).toMatch(/^[\w+/]{6}==$/);
    expect((await store.head(Key, unlimited))?.size).toBe(body.length);
  });

  it('takes what lib-storage sends', async () => {
    const body = randomBytes(12 * MIB);
    const Key = 'archive/2026/01/02/lib.enc';
    const params = { Bucket: 'bench', Key, Body: Readable.from(chunksOf(body)) };
    await new Upload({ client: sdk, params }).done();
    expect((await store.head(Key, unlimited))?.size).toBe(body.length);
    expect(await counts(endpoint)).toMatchObject({ 'PUT part': 3, 'POST complete upload': 1 });
  });
});

describe('a line before a server of the benchmark', () => {
  it('delays a new connection by two round trips and a kept one by one, and changes nothing', async () => {
    const line = await startDelay(source, 100);
    try {
      const took: number[] = [];
      for (let request = 0; request < 2; request += 1) {
        const began = performance.now();
        const response = await fetch(`${line.origin}/media/${recordingId(1, SIZE)}.wav`);
        took.push(performance.now() - began);
        expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
      }
      const [first = 0, second = 0] = took;
      expect(first).toBeGreaterThan(180);
      expect(second).toBeGreaterThan(90);
    } finally {
      await line.close();
    }
  });
});

/** ms; each is a process that loads an SDK, and others may be at work on the machine. */
const SAMPLE_TIMEOUT = 120_000;

describe('a sample', { timeout: SAMPLE_TIMEOUT }, () => {
  const spec = { bytes: 1_000_000, count: 3, concurrency: 2, warmUp: { count: 1, bytes: 100_000 } };

  it.each(['tutorial', 'lib-storage', 'ours', 'ours-s3ec', 'ours-records'] as const)(
    'of %s counts the requests of what it measured alone',
    async (variant) => {
      const sample = await runSample(bench, { variant, scheme: 'http', spec });
      expect(sample.requests).toMatchObject({
        'GET media object': 3,
        'GET media file': 3,
        'PATCH interaction': 3,
      });
      expect(sample.seconds).toBeGreaterThan(0);
      expect(sample.userSeconds + sample.systemSeconds).toBeGreaterThan(0);
      expect(sample.peakRss).toBeGreaterThan(sample.idleRss);
      expect(unexplained(sample)).toEqual([]);
    },
  );

  it('goes over HTTPS with the certificate of the run', async (context) => {
    if (bench.noHttps !== undefined) context.skip(bench.noHttps);
    const sample = await runSample(bench, { variant: 'ours', scheme: 'https', spec });
    expect(sample.requests).toMatchObject({ 'GET media file': 3 });
  });

  it('that fails says why', async () => {
    const broken = { ...bench, environment: () => ({}) };
    await expect(runSample(broken, { variant: 'ours', scheme: 'http', spec })).rejects.toThrow(
      /^ours ended with 1: [\s\S]*CONFIG_INVALID/,
    );
  });
});
