import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, createClient, failureOf, sampleBytes, startEndpoint } from './s3-fixture.ts';

const MIB = 1024 * 1024;
const KEY = 'archive/2026/11/23/a.enc';
const sha256 = (...chunks: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
};

async function start(config: S3ClientConfig = {}) {
  const { s3, dir } = await startEndpoint();
  const client = createClient(s3, config);
  const where = { Bucket: BUCKET, Key: KEY };
  const create = async (extra: object = { ChecksumAlgorithm: 'SHA256' }) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...where, ...extra }));
    return UploadId ?? '';
  };
  const upload = async (UploadId: string, PartNumber: number, Body: Uint8Array): Promise<CompletedPart> => {
    const ChecksumSHA256 = sha256(Body).toString('base64');
    const { ETag } = await client.send(
      new UploadPartCommand({ ...where, UploadId, PartNumber, Body, ChecksumSHA256 }),
    );
    return { PartNumber, ETag, ChecksumSHA256 };
  };
  const complete = (UploadId: string, Parts: CompletedPart[], extra: object = {}) =>
    client.send(
      new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts }, ...extra }),
    );
  const head = () => client.send(new HeadObjectCommand({ ...where, ChecksumMode: 'ENABLED' }));
  const data = () => readdir(path.join(dir, BUCKET, 'data'));
  return { s3, dir, client, where, create, upload, complete, head, data };
}

describe('a multipart upload', () => {
  it('becomes one object with composite checksum, metadata and readable ranges across parts', async () => {
    const { s3, client, where, create, upload, complete, head, data } = await start();
    const bodies = [sampleBytes(5 * MIB, 1), sampleBytes(5 * MIB + 3, 2), sampleBytes(77, 3)];
    const whole = Buffer.concat(bodies);
    const uploadId = await create({
      ChecksumAlgorithm: 'SHA256',
      Metadata: { iv: 'abc' },
      ContentType: 'application/octet-stream',
    });
    // In any order, as parallel uploads arrive.
    const parts: CompletedPart[] = [];
    for (const index of [2, 0, 1])
      parts[index] = await upload(uploadId, index + 1, bodies[index] ?? Buffer.alloc(0));
    expect(s3.openUploads()).toEqual([`${BUCKET}/${KEY}`]);
    expect((await failureOf(head())).status).toBe(404);

    const composite = `${sha256(...bodies.map((body) => sha256(body))).toString('base64')}-3`;
    const answer = await complete(uploadId, parts, {
      ChecksumSHA256: composite,
      ChecksumType: 'COMPOSITE',
      MpuObjectSize: whole.length,
      IfNoneMatch: '*',
    });
    expect(answer.ChecksumSHA256).toBe(composite);
    const md5s = bodies.map((body) => createHash('md5').update(body).digest());
    expect(answer.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`);

    const stat = await head();
    expect(stat).toMatchObject({
      ContentLength: whole.length,
      ChecksumSHA256: composite,
      ChecksumType: 'COMPOSITE',
      Metadata: { iv: 'abc' },
      ETag: answer.ETag,
    });
    const read = async (Range?: string) => {
      const { Body } = await client.send(
        new GetObjectCommand({
          ...where,
          ChecksumMode: 'ENABLED',
          ...(Range === undefined ? {} : { Range }),
        }),
      );
      return buffer(Body as Readable);
    };
    expect((await read()).equals(whole)).toBe(true);
    const [first, last] = [5 * MIB - 10, 10 * MIB + 20];
    expect((await read(`bytes=${first}-${last}`)).equals(whole.subarray(first, last + 1))).toBe(true);
    expect(s3.openUploads()).toEqual([]);
    expect(await data()).toHaveLength(3);
  });

  it('works with the defaults of the SDK, and without any checksum', async () => {
    for (const config of [{}, { requestChecksumCalculation: 'WHEN_REQUIRED' } as const]) {
      const { client, where, create, complete, head } = await start(config);
      const UploadId = await create({});
      const { ETag } = await client.send(
        new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: sampleBytes(1000) }),
      );
      await complete(UploadId, [{ PartNumber: 1, ETag }]);
      expect((await head()).ContentLength).toBe(1000);
    }
  });

  it('replaces a part that is sent again, and drops parts that are not listed', async () => {
    const { client, where, create, upload, complete, data } = await start();
    const uploadId = await create();
    await upload(uploadId, 1, Buffer.from('first'));
    const again = await upload(uploadId, 1, Buffer.from('second'));
    await upload(uploadId, 7, Buffer.from('not listed'));
    await complete(uploadId, [again]);
    const { Body } = await client.send(new GetObjectCommand(where));
    expect((await buffer(Body as Readable)).toString()).toBe('second');
    expect(await data()).toHaveLength(1);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const { s3, client, where, create, upload, data } = await start();
    const UploadId = await create();
    await upload(UploadId, 1, sampleBytes(100));
    await client.send(new AbortMultipartUploadCommand({ ...where, UploadId }));
    expect(s3.openUploads()).toEqual([]);
    expect(await data()).toEqual([]);
    const failures = await Promise.all(
      [
        client.send(new AbortMultipartUploadCommand({ ...where, UploadId })),
        client.send(new ListPartsCommand({ ...where, UploadId })),
        upload(UploadId, 2, sampleBytes(100)),
      ].map((work) => failureOf(work)),
    );
    expect(failures).toEqual(failures.map(() => ({ name: 'NoSuchUpload', status: 404 })));
    expect(await data()).toEqual([]);
  });

  it('belongs to its key', async () => {
    const { s3, client, where, create, upload } = await start();
    const UploadId = await create();
    const { ETag } = await upload(UploadId, 1, sampleBytes(100));
    const elsewhere = { ...where, Key: 'elsewhere', UploadId };
    const part = new UploadPartCommand({ ...elsewhere, PartNumber: 1, Body: 'x' });
    const complete = new CompleteMultipartUploadCommand({
      ...elsewhere,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    const missing = { name: 'NoSuchUpload', status: 404 };
    expect(await failureOf(client.send(part))).toEqual(missing);
    expect(await failureOf(client.send(complete))).toEqual(missing);
    expect(await failureOf(client.send(new AbortMultipartUploadCommand(elsewhere)))).toEqual(missing);
    expect(s3.openUploads()).toEqual([`${BUCKET}/${KEY}`]);
  });

  it('lists uploads and parts, page by page', async () => {
    const { client, where, create, upload } = await start();
    const uploadId = await create();
    const other = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'b' }));
    const parts: CompletedPart[] = [];
    for (const number of [1, 2, 30]) parts.push(await upload(uploadId, number, sampleBytes(10 + number)));
    const firstPage = await client.send(new ListPartsCommand({ ...where, UploadId: uploadId, MaxParts: 2 }));
    expect(firstPage.IsTruncated).toBe(true);
    expect(firstPage.Parts).toMatchObject(parts.slice(0, 2));
    const secondPage = await client.send(
      new ListPartsCommand({
        ...where,
        UploadId: uploadId,
        ...(firstPage.NextPartNumberMarker === undefined
          ? {}
          : { PartNumberMarker: firstPage.NextPartNumberMarker }),
      }),
    );
    expect(secondPage.Parts).toMatchObject([{ ...parts[2], Size: 40 }]);

    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, MaxUploads: 1 }));
    expect(uploads.Uploads).toMatchObject([{ Key: KEY, UploadId: uploadId, ChecksumAlgorithm: 'SHA256' }]);
    const more = await client.send(
      new ListMultipartUploadsCommand({
        Bucket: BUCKET,
        ...(uploads.NextKeyMarker === undefined ? {} : { KeyMarker: uploads.NextKeyMarker }),
        ...(uploads.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: uploads.NextUploadIdMarker }),
      }),
    );
    expect(more.Uploads?.map(({ UploadId }) => UploadId)).toEqual([other.UploadId]);
    const none = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: 'x' }));
    expect(none.Uploads ?? []).toEqual([]);
  });
});

describe('completing is refused', () => {
  async function uploaded(sizes: readonly number[]) {
    const context = await start();
    const uploadId = await context.create();
    const parts: CompletedPart[] = [];
    for (const [index, size] of sizes.entries()) {
      parts.push(await context.upload(uploadId, index + 1, sampleBytes(size, index)));
    }
    const refused = async (listed: CompletedPart[], extra: object = {}) => {
      const { name } = await failureOf(context.complete(uploadId, listed, extra));
      // The upload survives a refusal, and the object does not exist.
      expect(context.s3.openUploads()).toHaveLength(1);
      expect((await failureOf(context.head())).status).toBe(404);
      return name;
    };
    return { ...context, uploadId, parts, refused };
  }

  it('for parts that are wrong, missing, out of order or too small', async () => {
    const { parts, refused } = await uploaded([5 * MIB, 5 * MIB - 1, 10]);
    const [a = {}, b = {}, c = {}] = parts;
    expect(await refused([a, b, c])).toBe('EntityTooSmall');
    expect(await refused([b, a])).toBe('InvalidPartOrder');
    expect(await refused([a, a])).toBe('InvalidPartOrder');
    expect(await refused([a, { ...b, PartNumber: 9 }])).toBe('InvalidPart');
    expect(await refused([a, { ...b, ETag: a.ETag }])).toBe('InvalidPart');
    expect(await refused([a, { ...b, ChecksumSHA256: a.ChecksumSHA256 }])).toBe('InvalidPart');
    expect(await refused([{ PartNumber: 1, ETag: a.ETag }])).toBe('InvalidRequest');
    expect(await refused([])).toBe('MalformedXML');
  });

  it('for a size or checksum of the object that does not match', async () => {
    const { parts, refused, complete, uploadId, head } = await uploaded([5 * MIB, 10]);
    expect(await refused(parts, { MpuObjectSize: 5 * MIB })).toBe('InvalidRequest');
    const wrong = `${sha256(Buffer.from('x')).toString('base64')}-2`;
    expect(await refused(parts, { ChecksumSHA256: wrong })).toBe('BadDigest');
    await complete(uploadId, parts, { MpuObjectSize: 5 * MIB + 10 });
    expect((await head()).ContentLength).toBe(5 * MIB + 10);
  });

  it('when the object exists and the write is conditional', async () => {
    const { client, where, s3, create, upload, complete, head } = await start();
    const uploadId = await create();
    const part = await upload(uploadId, 1, Buffer.from('late'));
    await client.send(new PutObjectCommand({ ...where, Body: 'early', IfNoneMatch: '*' }));
    expect(await failureOf(complete(uploadId, [part], { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect((await head()).ContentLength).toBe(5);
    expect(s3.openUploads()).toHaveLength(1);
  });

  it('for all but one of eight racing uploads', async () => {
    const { create, upload, complete, head } = await start();
    const work = Array.from({ length: 8 }, async (_, index) => {
      const uploadId = await create();
      const part = await upload(uploadId, 1, sampleBytes(1000 + index));
      try {
        await complete(uploadId, [part], { IfNoneMatch: '*' });
        return 1000 + index;
      } catch (error) {
        return (error as Error).name;
      }
    });
    const outcomes = await Promise.all(work);
    const winners = outcomes.filter((outcome) => typeof outcome === 'number');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'PreconditionFailed')).toHaveLength(7);
    expect((await head()).ContentLength).toBe(winners[0]);
  });
});

describe('a part is refused', () => {
  it('with a wrong checksum, another algorithm than the upload, none, or a number out of bounds', async () => {
    const { client, where, create, upload, data } = await start({
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    const UploadId = await create();
    const send = (extra: object) =>
      failureOf(
        client.send(
          new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body: Buffer.from('x'), ...extra }),
        ),
      );
    expect(await send({ ChecksumSHA256: sha256(Buffer.from('y')).toString('base64') })).toEqual({
      name: 'BadDigest',
      status: 400,
    });
    expect(await send({ ChecksumAlgorithm: 'CRC32' })).toEqual({ name: 'InvalidRequest', status: 400 });
    expect(await send({})).toEqual({ name: 'InvalidRequest', status: 400 });
    expect((await failureOf(upload(UploadId, 0, Buffer.from('x')))).name).toBe('InvalidArgument');
    expect((await failureOf(upload(UploadId, 10_001, Buffer.from('x')))).name).toBe('InvalidArgument');
    expect(await data()).toEqual([]);
  });
});
