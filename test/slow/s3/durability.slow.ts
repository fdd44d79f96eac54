import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import { heldBytes } from '../../held-memory.ts';
import {
  BUCKET,
  createClient,
  sampleBytes,
  startEndpoint,
  temporaryDirectory,
} from '../../simulator/s3-fixture.ts';

const MIB = 1024 * 1024;
const WHERE = { Bucket: BUCKET, Key: 'multi' };

async function get(client: ReturnType<typeof createClient>, Key: string) {
  const { Body, Metadata } = await client.send(
    new GetObjectCommand({ Bucket: BUCKET, Key, ChecksumMode: 'ENABLED' }),
  );
  return { bytes: await buffer(Body as Readable), Metadata };
}

async function begin(client: ReturnType<typeof createClient>, body: Uint8Array) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(WHERE));
  const part = new UploadPartCommand({ ...WHERE, UploadId, PartNumber: 1, Body: body });
  const { ETag } = await client.send(part);
  return new CompleteMultipartUploadCommand({
    ...WHERE,
    UploadId,
    MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
  });
}

describe('after a restart', () => {
  it('objects and open uploads are there, and what a crash left half-done is gone', async () => {
    const { s3, dir } = await startEndpoint();
    const first = createClient(s3);
    const body = sampleBytes(100_000);
    await first.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a/ü', Body: body, Metadata: { iv: 'x' } }));
    const complete = await begin(first, body);
    await s3.close();

    const files = async (name: string) =>
      (await readdir(path.join(dir, BUCKET, name), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name);
    const before = { data: await files('data'), objects: await files('objects') };
    await writeFile(path.join(dir, BUCKET, 'data', 'unfinished'), 'half a body');
    await mkdir(path.join(dir, BUCKET, 'objects', 'ff'), { recursive: true });
    await writeFile(path.join(dir, BUCKET, 'objects', 'ff', 'x.json.1.tmp'), '{"half');

    const { s3: again } = await startEndpoint({ dir });
    expect({ data: await files('data'), objects: await files('objects') }).toEqual(before);
    expect(again.openUploads()).toEqual([`${BUCKET}/multi`]);
    const second = createClient(again);
    const stored = await get(second, 'a/ü');
    expect(stored.bytes.equals(body)).toBe(true);
    expect(stored.Metadata).toEqual({ iv: 'x' });
    await second.send(complete);
    expect((await get(second, 'multi')).bytes.equals(body)).toBe(true);
    const { Contents = [] } = await second.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    expect(Contents.map(({ Key }) => Key)).toEqual(['a/ü', 'multi']);
  });

  it('an upload that was completed, but not cleaned up, is over and its object whole', async () => {
    const { s3, dir } = await startEndpoint();
    const client = createClient(s3);
    const complete = await begin(client, sampleBytes(1000));
    const aside = await temporaryDirectory();
    for (const name of ['uploads', 'parts']) {
      await cp(path.join(dir, BUCKET, name), path.join(aside, name), { recursive: true });
    }
    await client.send(complete);
    await s3.close();
    await cp(aside, path.join(dir, BUCKET), { recursive: true });

    const { s3: again } = await startEndpoint({ dir });
    expect(again.openUploads()).toEqual([]);
    expect((await get(createClient(again), 'multi')).bytes.equals(sampleBytes(1000))).toBe(true);
  });
});

it('refuses a bucket name that S3 would not have', async () => {
  const dir = await temporaryDirectory();
  await expect(startS3({ dir, buckets: ['../outside'] })).rejects.toMatchObject({ name: 'SimulatorError' });
  expect(await readdir(dir)).toEqual([]);
});

it('streams 128 MiB in both directions without holding them', { timeout: 120_000 }, async () => {
  const { s3 } = await startEndpoint();
  const client = createClient(s3, {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const size = 128 * MIB;
  const block = sampleBytes(MIB);
  const start = heldBytes();
  let peak = start;
  let passed = 0;
  const pass = (bytes: number) => {
    const before = passed;
    passed += bytes;
    // now and then, for a collection takes its time
    if (Math.floor(passed / (32 * MIB)) > Math.floor(before / (32 * MIB))) peak = Math.max(peak, heldBytes());
  };
  const body = Readable.from(
    (function* () {
      for (let sent = 0; sent < size; sent += block.length) {
        pass(block.length);
        yield block;
      }
    })(),
    { objectMode: false },
  );
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: body, ContentLength: size }));
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
  let received = 0;
  for await (const chunk of Body as Readable) {
    received += (chunk as Uint8Array).length;
    pass((chunk as Uint8Array).length);
  }
  expect(received).toBe(size);
  // Client and server together; either of them holding the body would exceed it.
  expect(peak - start).toBeLessThan(64 * MIB);
});
