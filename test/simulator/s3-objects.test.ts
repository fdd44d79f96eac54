import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, failureOf, openBucket, sampleBytes } from './s3-fixture.ts';

const base64 = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('base64');

const SETTINGS: readonly (readonly [string, S3ClientConfig])[] = [
  ['default settings', {}],
  [
    'checksums only when required',
    { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
  ],
];

describe.each(SETTINGS)('the SDK with %s', (_name, config) => {
  it('puts and gets a buffer, whose entity tag is its MD5', async () => {
    const { put, read } = await openBucket(config);
    const body = sampleBytes(70_000);
    const answer = await put('a.enc', body);
    expect(answer.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    const got = await read('a.enc');
    expect(got.bytes.equals(body)).toBe(true);
    expect(got.ETag).toBe(answer.ETag);
    expect(got.ContentLength).toBe(70_000);
    expect(got.ContentType).toBe('application/octet-stream');
  });

  it('puts a stream of 3 MiB, unframed', async () => {
    const { put, read } = await openBucket(config);
    const body = sampleBytes(3 * 1024 * 1024);
    const stream = Readable.from([body.subarray(0, 1_000_000), body.subarray(1_000_000)]);
    await put('a.enc', stream, { ContentLength: body.length });
    const got = await read('a.enc');
    expect(got.bytes.equals(body)).toBe(true);
    expect(got.ContentEncoding).toBeUndefined();
  });

  it('puts an empty object', async () => {
    const { put, read } = await openBucket(config);
    await put('empty', new Uint8Array(0));
    expect((await read('empty')).bytes.length).toBe(0);
  });
});

describe('checksums', () => {
  it('returns the CRC32 that the SDK adds by default, also of a stream', async () => {
    const { put, head } = await openBucket();
    const body = sampleBytes(200_000);
    const sent = await put('buffer', body);
    expect(sent.ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==$/);
    expect(sent.ChecksumType).toBe('FULL_OBJECT');
    const streamed = await put('stream', Readable.from([body]), { ContentLength: body.length });
    expect(streamed.ChecksumCRC32).toBe(sent.ChecksumCRC32);
    expect((await head('stream')).ChecksumCRC32).toBe(sent.ChecksumCRC32);
  });

  it.each([
    ['SHA256', 'ChecksumSHA256', 'sha256'],
    ['SHA1', 'ChecksumSHA1', 'sha1'],
  ] as const)('keeps a %s', async (_name, field, algorithm) => {
    const { put, head, read } = await openBucket();
    const body = sampleBytes(5000);
    await put('a', body, { [field]: base64(algorithm, body) });
    const stat = await head('a');
    expect(stat[field]).toBe(base64(algorithm, body));
    expect(stat.ChecksumType).toBe('FULL_OBJECT');
    expect((await read('a')).bytes.equals(body)).toBe(true);
    expect((await head('a', { ChecksumMode: undefined }))[field]).toBeUndefined();
  });

  it.each([
    ['a wrong SHA-256', { ChecksumSHA256: base64('sha256', Buffer.from('other')) }, 'BadDigest', 400],
    ['a malformed SHA-256', { ChecksumSHA256: 'AAAA' }, 'InvalidRequest', 400],
    ['a wrong CRC32', { ChecksumCRC32: 'AAAAAA==' }, 'BadDigest', 400],
    ['a wrong Content-MD5', { ContentMD5: base64('md5', Buffer.from('other')) }, 'BadDigest', 400],
    ['a malformed Content-MD5', { ContentMD5: 'x' }, 'InvalidDigest', 400],
    [
      'two checksums',
      { ChecksumCRC32: 'AAAAAA==', ChecksumSHA256: base64('sha256', Buffer.from('body')) },
      'InvalidRequest',
      400,
    ],
    ['CRC64NVME', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' }, 'NotImplemented', 501],
  ])('refuses %s and stores nothing', async (_name, extra, name, status) => {
    const { put, head, data } = await openBucket();
    expect(await failureOf(put('a', Buffer.from('body'), extra))).toEqual({ name, status });
    expect((await failureOf(head('a'))).status).toBe(404);
    expect(await data()).toEqual([]);
  });
});

describe('what is kept with an object', () => {
  it('returns metadata and headers as they came', async () => {
    const { put, head } = await openBucket();
    const metadata = { iv: 'AAAA+/==', encryption: 'aes-256-gcm', 'x-amz-key-v2': 'a b' };
    await put('a', Buffer.from('x'), {
      Metadata: metadata,
      ContentType: 'audio/wav',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment; filename="a.wav"',
      ContentEncoding: 'gzip',
    });
    const stat = await head('a');
    expect(stat.Metadata).toEqual(metadata);
    expect(stat.ContentType).toBe('audio/wav');
    expect(stat.CacheControl).toBe('no-store');
    expect(stat.ContentDisposition).toBe('attachment; filename="a.wav"');
    expect(stat.ContentEncoding).toBe('gzip');
  });

  it('takes 2,048 bytes of metadata and not one more', async () => {
    const { put } = await openBucket();
    await put('a', Buffer.from('x'), { Metadata: { name: 'v'.repeat(2044) } });
    expect(await failureOf(put('b', Buffer.from('x'), { Metadata: { name: 'v'.repeat(2045) } }))).toEqual({
      name: 'MetadataTooLarge',
      status: 400,
    });
  });

  it('takes keys of 1,024 bytes and not one more', async () => {
    const { put, read } = await openBucket();
    await put('é'.repeat(512), Buffer.from('x'));
    expect((await read('é'.repeat(512))).bytes.toString()).toBe('x');
    expect(await failureOf(put('é'.repeat(512) + 'a', Buffer.from('x')))).toEqual({
      name: 'KeyTooLongError',
      status: 400,
    });
  });

  it.each([
    'ünï/çødé/日本語/😀.enc',
    "with space/and+plus/50%25 = (1)!*'.enc",
    'a=b&c=d?e#f;g,h:i@j',
    '../../etc/passwd',
    'a//b/./c/',
    'quote"<tag>&amp;',
  ])('keeps %s apart from its relatives', async (key) => {
    const { put, read, client } = await openBucket();
    await put(key, Buffer.from('this one'));
    await put(`${key}/below`, Buffer.from('below'));
    expect((await read(key)).bytes.toString()).toBe('this one');
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(await failureOf(read(key))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect((await read(`${key}/below`)).bytes.toString()).toBe('below');
  });
});

describe('reading', () => {
  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-16', 984, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=900-5000', 900, 999],
  ])('serves %s', async (range, first, last) => {
    const { put, read, head } = await openBucket();
    const body = sampleBytes(1000);
    await put('a', body);
    const got = await read('a', { Range: range });
    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(`bytes ${first}-${last}/1000`);
    expect(got.bytes.equals(body.subarray(first, last + 1))).toBe(true);
    expect(got.ChecksumCRC32).toBeUndefined();
    expect((await head('a', { Range: range })).ContentLength).toBe(last - first + 1);
  });

  it('refuses a range behind the end, and ignores what is none', async () => {
    const { put, read } = await openBucket();
    await put('a', sampleBytes(1000));
    expect(await failureOf(read('a', { Range: 'bytes=1000-' }))).toEqual({
      name: 'InvalidRange',
      status: 416,
    });
    expect(await failureOf(read('a', { Range: 'bytes=-0' }))).toEqual({ name: 'InvalidRange', status: 416 });
    expect((await read('a', { Range: 'bytes=9-3' })).bytes.length).toBe(1000);
    expect((await read('a', { Range: 'bytes=0-1,5-6' })).$metadata.httpStatusCode).toBe(200);
  });

  it('honours If-Match and If-None-Match', async () => {
    const { put, head, client } = await openBucket();
    const { ETag } = await put('a', Buffer.from('x'));
    const get = (extra: object) => client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a', ...extra }));
    expect((await head('a', { IfMatch: ETag })).ETag).toBe(ETag);
    expect(await failureOf(get({ IfMatch: '"other"' }))).toEqual({ name: 'PreconditionFailed', status: 412 });
    expect((await failureOf(get({ IfNoneMatch: ETag }))).status).toBe(304);
    expect((await get({ IfNoneMatch: '"other"' })).ETag).toBe(ETag);
  });

  it('names what is missing', async () => {
    const { read, head, client } = await openBucket();
    expect(await failureOf(read('missing'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await failureOf(head('missing'))).toEqual({ name: 'NotFound', status: 404 });
    const elsewhere = new GetObjectCommand({ Bucket: 'elsewhere', Key: 'a' });
    expect(await failureOf(client.send(elsewhere))).toEqual({ name: 'NoSuchBucket', status: 404 });
    expect((await failureOf(client.send(new HeadBucketCommand({ Bucket: 'elsewhere' })))).status).toBe(404);
    expect((await client.send(new HeadBucketCommand({ Bucket: BUCKET }))).BucketRegion).toBe('us-east-1');
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    expect(Buckets.map(({ Name }) => Name)).toEqual([BUCKET]);
    expect(await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'missing' }))).toHaveProperty(
      '$metadata.httpStatusCode',
      204,
    );
  });
});

describe('everything else', () => {
  it('is refused rather than ignored', async () => {
    const { put, s3 } = await openBucket();
    for (const extra of [
      { ACL: 'public-read' },
      { ServerSideEncryption: 'aws:kms' },
      { StorageClass: 'GLACIER' },
    ]) {
      expect(await failureOf(put('a', Buffer.from('x'), extra))).toEqual({
        name: 'NotImplemented',
        status: 501,
      });
    }
    expect(s3.requests.map(({ status }) => status)).toEqual([501, 501, 501]);
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date('2090-01-01') } as const;
    expect(await failureOf(put('a', Buffer.from('x'), lock))).toEqual({
      name: 'InvalidRequest',
      status: 400,
    });
  });

  it('refuses a bucket of another owner', async () => {
    const { put } = await openBucket();
    const other = put('a', Buffer.from('x'), { ExpectedBucketOwner: '999999999999' });
    expect(await failureOf(other)).toEqual({ name: 'AccessDenied', status: 403 });
    await put('a', Buffer.from('x'), { ExpectedBucketOwner: '123456789012' });
  });
});
