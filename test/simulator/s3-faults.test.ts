import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { Corruption, S3Options } from '../../packages/simulator/src/s3/s3.ts';
import { BUCKET, createClient, failureOf, sampleBytes, startEndpoint } from './s3-fixture.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

async function start(options: Partial<S3Options> = {}, config: S3ClientConfig = {}) {
  const { s3, dir } = await startEndpoint(options);
  const client = createClient(s3, config);
  const put = (Key = 'a', body: Uint8Array = Buffer.from('the body'), extra: object = {}) =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: body, ...extra }));
  const head = (Key = 'a') =>
    client.send(new HeadObjectCommand({ Bucket: BUCKET, Key, ChecksumMode: 'ENABLED' }));
  const get = async (Key = 'a') => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    return buffer(Body as Readable);
  };
  return { s3, client, put, head, get, data: () => readdir(path.join(dir, BUCKET, 'data')) };
}

describe('an error on request', () => {
  it.each([
    ['SlowDown', 503],
    ['ServiceUnavailable', 503],
    ['Throttling', 400],
    ['InternalError', 500],
    ['RequestTimeout', 400],
    ['ConditionalRequestConflict', 409],
    ['AccessDenied', 403],
  ] as const)('%s is answered with %i, and nothing is stored', async (code, status) => {
    const { s3, put, data } = await start();
    s3.faults.add({ fault: { kind: 'error', code } });
    expect(await failureOf(put())).toEqual({ name: code, status });
    expect(await data()).toEqual([]);
    await put();
    expect(s3.requests.map((request) => request.status)).toEqual([status, 200]);
  });

  it('strikes where and as often as it is told', async () => {
    const { s3, put, head } = await start();
    s3.faults.add({
      fault: { kind: 'error', code: 'SlowDown' },
      operation: 'PutObject',
      key: /^receipts\//,
      skip: 1,
      times: 2,
    });
    const outcomes: string[] = [];
    for (const key of ['a', 'receipts/1', 'receipts/2', 'b', 'receipts/3', 'receipts/4']) {
      outcomes.push(
        await put(key).then(
          () => 'ok',
          (error: Error) => error.name,
        ),
      );
    }
    expect(outcomes).toEqual(['ok', 'ok', 'SlowDown', 'ok', 'SlowDown', 'ok']);
    await head('receipts/4');
  });

  it('can be left to the retries of the SDK, to a callback, and be taken back', async () => {
    let calls = 0;
    const { s3, put } = await start(
      { fault: () => ((calls += 1) === 1 ? { kind: 'error', code: 'InternalError' } : undefined) },
      { maxAttempts: 3 },
    );
    await put();
    expect(s3.requests.map(({ status }) => status)).toEqual([500, 200]);
    s3.faults.add({ fault: { kind: 'error', code: 'SlowDown' }, times: Number.POSITIVE_INFINITY });
    s3.faults.clear();
    await put();
  });

  it('sends Retry-After', async () => {
    const { s3 } = await start();
    s3.faults.add({ fault: { kind: 'error', code: 'SlowDown', retryAfter: 7 } });
    let retryAfter: string | undefined;
    const client = createClient(s3);
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        retryAfter = (result.response as { headers: Record<string, string> }).headers['retry-after'];
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'look' },
    );
    await failureOf(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' })));
    expect(retryAfter).toBe('7');
  });
});

describe('a connection that breaks', () => {
  it.each([0, 1000, 300_000, 5_000_000])('after %i bytes of an upload leaves nothing', async (afterBytes) => {
    const { s3, put, head, data } = await start();
    s3.faults.add({ fault: { kind: 'reset', afterBytes } });
    expect((await failureOf(put('a', sampleBytes(1_000_000)))).status).toBe(0);
    expect((await failureOf(head())).status).toBe(404);
    expect(await data()).toEqual([]);
    expect(s3.requests[0]).toMatchObject({ operation: 'PutObject', status: 0 });
  });

  it('before an upload is begun leaves none', async () => {
    const { s3, client } = await start();
    s3.faults.add({ fault: { kind: 'reset', afterBytes: 1000 } });
    const begin = client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'a' }));
    expect((await failureOf(begin)).status).toBe(0);
    expect(s3.openUploads()).toEqual([]);
  });

  it('instead of the answer leaves the object', async () => {
    const { s3, put, head } = await start();
    s3.faults.add({ fault: { kind: 'lost-answer' }, operation: 'PutObject' });
    expect((await failureOf(put('a', Buffer.from('x'), { IfNoneMatch: '*' }))).status).toBe(0);
    expect((await head()).ContentLength).toBe(1);
    expect((await failureOf(put('a', Buffer.from('x'), { IfNoneMatch: '*' }))).status).toBe(412);
  });

  it('in the middle of a download is no short success', async () => {
    const { s3, put, client, get } = await start();
    const body = sampleBytes(1_000_000);
    await put('a', body);
    s3.faults.add({ fault: { kind: 'cut', afterBytes: 600_000 } });
    const { Body } = await client.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'a', ChecksumMode: undefined }),
    );
    let received = 0;
    const read = async () => {
      for await (const chunk of Body as Readable) received += (chunk as Uint8Array).length;
    };
    await expect(read()).rejects.toThrow('aborted');
    expect(received).toBe(600_000);
    expect((await get()).equals(body)).toBe(true);
  });

  it('or falls silent does not keep the endpoint from closing', async () => {
    const { s3, put, client } = await start();
    await put('a', sampleBytes(1_000_000));
    s3.faults.add({ fault: { kind: 'cut', afterBytes: 10, silent: true } });
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    const read = buffer(Body as Readable);
    read.catch(() => {});
    s3.faults.add({ fault: { kind: 'slow', delayMs: 3_600_000 } });
    const slow = failureOf(put());
    await expect.poll(() => s3.requests.length).toBe(3);
    await s3.close();
    await expect(read).rejects.toThrow('aborted');
    expect((await slow).status).toBe(0);
  });
});

describe('a store that keeps something else than was sent', () => {
  const CORRUPTIONS: readonly Corruption[] = ['bit', 'rot', 'truncated', 'metadata'];

  it.each(CORRUPTIONS)('%s of a single put', async (how) => {
    const { s3, put, head, get, data } = await start();
    const body = sampleBytes(300_000);
    const checksum = sha256(body).toString('base64');
    s3.faults.add({ fault: { kind: 'corrupt', how } });
    const answer = await put('a', body, { ChecksumSHA256: checksum, Metadata: { iv: 'x' } });
    expect(answer.ChecksumSHA256).toBe(checksum);

    const stat = await head();
    expect(stat.ContentLength).toBe(how === 'truncated' ? 299_999 : 300_000);
    expect(stat.Metadata).toEqual(how === 'metadata' ? {} : { iv: 'x' });
    expect(stat.ChecksumSHA256 === checksum).toBe(how === 'rot' || how === 'metadata');
    expect(await data()).toHaveLength(1);
    if (how === 'rot') await expect(get()).rejects.toThrow(/checksum mismatch/i);
    else {
      const stored = await get();
      expect(stored.equals(body)).toBe(how === 'metadata');
      expect(sha256(stored).toString('base64')).toBe(stat.ChecksumSHA256);
    }
  });

  it.each(CORRUPTIONS)('%s of a multipart upload', async (how) => {
    const { s3, client, head, get } = await start();
    const bodies = [sampleBytes(5 * 1024 * 1024, 1), sampleBytes(1000, 2)];
    const where = { Bucket: BUCKET, Key: 'a' };
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm: 'SHA256', Metadata: { iv: 'x' } }),
    );
    const Parts = [];
    for (const [index, Body] of bodies.entries()) {
      const ChecksumSHA256 = sha256(Body).toString('base64');
      const PartNumber = index + 1;
      const { ETag } = await client.send(
        new UploadPartCommand({ ...where, UploadId, PartNumber, Body, ChecksumSHA256 }),
      );
      Parts.push({ PartNumber, ETag, ChecksumSHA256 });
    }
    s3.faults.add({ fault: { kind: 'corrupt', how } });
    const answer = await client.send(
      new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } }),
    );
    const stat = await head();
    const whole = Buffer.concat(bodies);
    expect(stat.ContentLength).toBe(whole.length - (how === 'truncated' ? 1 : 0));
    expect(stat.Metadata).toEqual(how === 'metadata' ? {} : { iv: 'x' });
    expect(stat.ChecksumSHA256 === answer.ChecksumSHA256).toBe(how === 'rot' || how === 'metadata');
    const stored = await get();
    expect(stored.equals(whole)).toBe(how === 'metadata');
    if (how !== 'rot') {
      const digests = [stored.subarray(0, 5 * 1024 * 1024), stored.subarray(5 * 1024 * 1024)].map(sha256);
      expect(stat.ChecksumSHA256).toBe(`${sha256(Buffer.concat(digests)).toString('base64')}-2`);
    }
  });
});

it('fails a CompleteMultipartUpload inside a 200, and leaves the upload open', async () => {
  const { s3, client, head } = await start();
  const where = { Bucket: BUCKET, Key: 'a' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(where));
  const { ETag } = await client.send(
    new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: Buffer.from('x') }),
  );
  s3.faults.add({
    fault: { kind: 'error', code: 'InternalError', inside200: true },
    operation: 'CompleteMultipartUpload',
  });
  const work = client.send(
    new CompleteMultipartUploadCommand({
      ...where,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    }),
  );
  expect((await failureOf(work)).name).toBe('InternalError');
  expect(s3.requests.at(-1)?.status).toBe(200);
  expect(s3.openUploads()).toEqual([`${BUCKET}/a`]);
  expect((await failureOf(head())).status).toBe(404);
});

it('reports every request once it is over', async () => {
  const seen: string[] = [];
  const { put, get } = await start({
    onRequest: ({ operation, key, status }) => seen.push(`${operation} ${key} ${status}`),
  });
  await put('k');
  await failureOf(get('missing'));
  await expect.poll(() => seen).toEqual(['PutObject k 200', 'GetObject missing 404']);
});
