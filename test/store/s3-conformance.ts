import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { digestOf, withPayloadHash } from '../../src/store/s3/checksum.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { bodyOf, contentOf, readAll, sha256 } from './bytes.ts';
import { plant } from './planted-stores.ts';
import { PART_BYTES, type S3UnderTest } from './s3-under-test.ts';

const SMALL = contentOf(1000);
const LARGE = contentOf(2 * PART_BYTES + 1);
const options = { metadata: { iv: 'AAECAwQFBgcICQoL' }, contentType: 'audio/wav' };

/** What an S3 server has to do for the store to keep its word when answers are lost, credentials wrong, buckets missing. */
export function describeS3Server(
  name: string,
  skip: string | undefined,
  make: () => Promise<S3UnderTest>,
): void {
  const reason = skip === undefined ? '' : ` [needs: ${skip}]`;

  describe.skipIf(skip !== undefined)(`${name}${reason}`, () => {
    let s3: S3UnderTest;
    let serial = 0;
    beforeAll(async () => {
      const made = await make();
      s3 = {
        ...made,
        store: plant(made.store),
        proxied: (more) => plant(made.proxied(more)),
      };
    });
    afterEach(async () => {
      expect(s3.proxy.faults).toEqual([]);
      expect(await s3.leftovers()).toEqual([]);
    });
    afterAll(async () => {
      await s3.close();
    });

    it.for([
      { answer: 'PutObject', request: /^PUT .*x-id=PutObject/, content: SMALL },
      { answer: 'UploadPart', request: /^PUT .*partNumber=2/, content: LARGE },
      { answer: 'CompleteMultipartUpload', request: /^POST .*uploadId=/, content: LARGE },
      { answer: 'HeadObject', request: /^HEAD /, content: SMALL },
    ])('recognises its own object after the answer to $answer was lost', async ({ request, content }) => {
      const key = `lost/${++serial}`;
      s3.proxy.faults.push({ request, cutResponseAfter: 0 });
      const store = s3.proxied();
      const put = await store.put(key, bodyOf(content), options, unlimited);
      expect(put).toMatchObject({ outcome: 'stored', stat: { size: content.byteLength } });
      expect(sha256(await readAll((await store.get(key, unlimited)).body))).toBe(sha256(content));
    });

    it('refuses bytes that are not those of their digests', async () => {
      const { client, bucket } = s3;
      const Key = `some/prefix/wrong/${++serial}`;
      const signed = new PutObjectCommand({ Bucket: bucket, Key, Body: SMALL });
      await expect(client.send(withPayloadHash(signed, digestOf(LARGE)))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      });
      const checked = new PutObjectCommand({
        Bucket: bucket,
        Key,
        Body: SMALL,
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: digestOf(LARGE).base64,
      });
      await expect(client.send(withPayloadHash(checked, digestOf(SMALL)))).rejects.toMatchObject({
        name: 'BadDigest',
      });
      expect(await s3.store.head(`wrong/${serial}`, unlimited)).toBeUndefined();
    });

    const doors: readonly ((store: ObjectStore) => Promise<unknown>)[] = [
      (store) => store.put('refused', bodyOf(SMALL), options, unlimited),
      (store) => store.put('refused', bodyOf(LARGE), options, unlimited),
      (store) => store.head('refused', unlimited),
      (store) => store.get('refused', unlimited),
      (store) => store.list('', unlimited)[Symbol.asyncIterator]().next(),
    ];

    it('knows a bucket that does not exist', async () => {
      const store = s3.proxied({ bucket: 'no-such-bucket' });
      for (const door of doors) {
        await expect(door(store)).rejects.toMatchObject({ code: 'STORE_MISSING', retryable: false });
      }
    });

    it('knows a bucket of another account', async () => {
      const store = s3.proxied({ expectedBucketOwner: '999999999999' });
      for (const door of doors) {
        await expect(door(store)).rejects.toMatchObject({ code: 'STORE_DENIED', retryable: false });
      }
    });

    it('is refused with a wrong secret', async () => {
      const { accessKeyId } = await s3.client.config.credentials();
      const client = createS3Client({
        endpoint: s3.proxy.url,
        region: await s3.client.config.region(),
        credentials: { accessKeyId, secretAccessKey: 'wrong' },
        forcePathStyle: true,
      });
      const store = s3.proxied({ client });
      for (const door of doors) {
        await expect(door(store)).rejects.toMatchObject({ code: 'STORE_DENIED', retryable: false });
      }
      client.destroy();
    });
  });
}
