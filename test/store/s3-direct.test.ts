import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTransport, type Transport } from '../../src/http/transport.ts';
import { createS3Client } from '../../src/store/s3-client.ts';
import { digestOf } from '../../src/store/s3-checksum.ts';
import { createDirectCalls } from '../../src/store/s3-direct.ts';
import { sortS3Error } from '../../src/store/s3-errors.ts';
import { createSdkCalls, type ObjectCalls } from '../../src/store/s3-object-calls.ts';
import { contentOf } from './bytes.ts';
import { newObject, newPart, RecordingTransport, recordingClient, SENDING } from './recorded-calls.ts';
import { type SimulatedS3, useSimulatedS3 } from './simulated-s3.ts';

const METADATA = { iv: 'AAECAwQFBgcICQoL', 'x-amz-tag-len': '128', note: 'two  spaces, = + @ : / "quoted"' };

const unused: ObjectCalls = {
  put: () => Promise.reject(new Error('went through the SDK')),
  uploadPart: () => Promise.reject(new Error('went through the SDK')),
  head: () => Promise.reject(new Error('went through the SDK')),
};

const CONTENT = contentOf(1000);

describe('the same requests, with and without the SDK', () => {
  let s3: SimulatedS3;
  let transport: Transport;
  let direct: ObjectCalls;
  let sdk: ObjectCalls;

  beforeAll(async () => {
    s3 = await useSimulatedS3();
    transport = createTransport();
    direct = createDirectCalls(s3.client, { Bucket: s3.bucket }, transport, unused);
    sdk = createSdkCalls(s3.client, { Bucket: s3.bucket });
  });
  afterAll(async () => {
    transport.close();
    await s3.close();
  });

  it.each(['plain', 'year=2026/a+b@c:d', 'a/b/c._-', '=+@:/=+@:'])(
    'put the same object under %s, and tell the same of it',
    async (name) => {
      const object = {
        metadata: METADATA,
        contentType: 'audio/ogg; codecs=opus',
        body: CONTENT,
        digest: digestOf(CONTENT),
      };
      const written = [];
      const heads = [];
      for (const [way, calls] of Object.entries({ direct, sdk })) {
        const key = `${way}/${name}`;
        written.push(await calls.put(newObject(key, object), SENDING));
        for (const reader of [direct, sdk]) heads.push(await reader.head(key, SENDING));
      }
      const [ours, theirs] = written;
      expect(ours?.sha256).toBe(object.digest.base64);
      expect({ ...ours, at: undefined }).toEqual(theirs);
      expect(Math.abs((ours?.at ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(heads).toHaveLength(4);
      for (const head of heads) {
        expect(head).toMatchObject({
          size: 1000,
          metadata: METADATA,
          contentType: object.contentType,
          sha256: object.digest.base64,
          etag: ours?.etag,
        });
        expect(head.lastModified).toBeGreaterThan(0);
      }
      expect(heads[0]).toEqual(heads[1]);
      expect(heads[2]).toEqual(heads[3]);
    },
  );

  it('refuse a taken key alike', async () => {
    await direct.put(newObject('taken'), SENDING);
    for (const calls of [direct, sdk]) {
      const error: unknown = await calls.put(newObject('taken'), SENDING).catch((e: unknown) => e);
      expect(sortS3Error(error, 'PUT')).toEqual({ kind: 'refusal', refusal: 'precondition' });
    }
  });

  it('send parts that S3 takes for the same', async () => {
    const { client, bucket } = s3;
    const created = await client.send(
      new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'parts', ChecksumAlgorithm: 'SHA256' }),
    );
    const id = created.UploadId ?? '';
    const ours = await direct.uploadPart(newPart('parts', id, 1), SENDING);
    const theirs = await sdk.uploadPart(newPart('parts', id, 2), SENDING);
    expect(ours.etag).toBeDefined();
    expect({ ...ours, at: undefined }).toEqual(theirs);
  });

  it('keep an empty object', async () => {
    const empty = newObject('empty', { body: Buffer.alloc(0), digest: digestOf(Buffer.alloc(0)) });
    await direct.put(empty, SENDING);
    expect(await sdk.head('empty', SENDING)).toMatchObject({ size: 0, sha256: empty.digest.base64 });
    expect(await direct.head('empty', SENDING)).toEqual(await sdk.head('empty', SENDING));
  });

  it('are not taken when the body is not what its digest says', async () => {
    for (const calls of [direct, sdk]) {
      const error: unknown = await calls
        .put({ ...newObject('wrong'), body: contentOf(100, 9) }, SENDING)
        .catch((e: unknown) => e);
      expect(sortS3Error(error, 'PUT')).toMatchObject({ kind: 'failure', error: { code: 'STORE_MISMATCH' } });
    }
    await expect(direct.head('wrong', SENDING)).rejects.toMatchObject({ name: 'NotFound' });
  });
});
