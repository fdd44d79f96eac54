import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ObjectStore, UnfinishedUpload } from '../../../src/ports.ts';
import type { BrokenListing } from '../../../packages/simulator/src/s3/s3.ts';
import { ListingPages } from '../../../src/store/s3/listing-pages.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { createS3Store } from '../../../src/store/s3/s3-store.ts';
import { contentOf } from '../../store/bytes.ts';
import { FaultyS3, OPTIONS } from '../../store/faulty-s3.ts';

const faulty = FaultyS3.forTests();

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length > 5_000) throw new Error('the listing has no end');
  }
  return found;
}

function uploadsOf({ listUploads }: ObjectStore): AsyncIterable<UnfinishedUpload> {
  if (listUploads === undefined) throw new Error('the store lists no uploads');
  return listUploads(unlimited);
}

async function storeThree(prefix: string): Promise<string[]> {
  const keys = ['a', 'b', 'c'].map((name) => `${prefix}${name}`);
  for (const key of keys) await faulty.store.put(key, contentOf(10), OPTIONS, unlimited);
  return keys;
}

const OF_OBJECTS: readonly BrokenListing[] = [
  'no-token',
  'same-token',
  'empty-pages',
  'empty',
  'html',
  'other-xml',
  'cut',
  'other-bucket',
  'other-prefix',
  'outside-prefix',
  'descending',
  'fewer',
];
const OF_UPLOADS = OF_OBJECTS.filter((how) => how !== 'fewer');

describe('a listing of objects that is not what was asked for', () => {
  it.for(OF_OBJECTS)('%s: is an error worth a repetition, never a shorter archive', async (how) => {
    const prefix = `listing/${how}/`;
    const keys = await storeThree(prefix);
    faulty.inject('ListObjectsV2', { kind: 'listing', how }, Number.POSITIVE_INFINITY);
    await expect(gather(faulty.store.list(prefix, unlimited))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(
        'LIST objects: the answer is not a listing of what was asked for',
      ) as string,
    });
    faulty.s3.server.faults.clear();
    expect((await gather(faulty.store.list(prefix, unlimited))).map(({ key }) => key)).toEqual(keys);
  });

  it('is asked for again, and read to its end when the next answer is one', async () => {
    const keys = await storeThree('listing/again/');
    faulty.inject('ListObjectsV2', { kind: 'listing', how: 'html' }, 2);
    const found = await gather(faulty.store.list('listing/again/', unlimited));
    expect(found.map(({ key }) => key)).toEqual(keys);
  });

  it('is found out on every page', async () => {
    await storeThree('listing/later/');
    const { client, bucket } = faulty.s3;
    const store = createS3Store({
      client,
      bucket,
      clock: faulty.clock,
      logger: silentLogger,
      listPageSize: 1,
    });
    faulty.inject('ListObjectsV2', { kind: 'listing', how: 'empty' }, Number.POSITIVE_INFINITY, 2);
    await expect(gather(store.list('', unlimited))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('names what is no key of the archive on request, and otherwise not', async () => {
    const { client, bucket } = faulty.s3;
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'odd/ü name', Body: '' }));
    const store = createS3Store({ client, bucket, clock: faulty.clock, logger: silentLogger });
    const others: string[] = [];
    const found = await gather(store.list('odd/', unlimited, { onOther: (name) => others.push(name) }));
    expect({ found, others }).toEqual({ found: [], others: ['odd/ü name'] });
  });
});

describe('a listing of unfinished uploads that is not what was asked for', () => {
  it.for(OF_UPLOADS)('%s: is an error worth a repetition', async (how) => {
    const { client, bucket } = faulty.s3;
    const store = createS3Store({ client, bucket, prefix: 'up', clock: faulty.clock, logger: silentLogger });
    for (const Key of ['up/a', 'up/b'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    try {
      expect((await gather(uploadsOf(store))).map(({ key }) => key)).toEqual(['a', 'b']);
      faulty.inject('ListMultipartUploads', { kind: 'listing', how }, Number.POSITIVE_INFINITY);
      await expect(gather(uploadsOf(store))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
      });
    } finally {
      faulty.s3.server.faults.clear();
      await faulty.abandonUploads();
    }
  });
});

describe('a server that is no S3', () => {
  it.for<readonly [what: string, body: string, status?: number]>([
    ['nothing', ''],
    ['white space', ' \n '],
    ['JSON', '{"Contents":[]}'],
    ['markup', '<p>Welcome</p>'],
    ['a listing of all buckets', '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>'],
    ['an empty listing of nothing', '<ListBucketResult></ListBucketResult>'],
    ['an empty element', '<ListBucketResult/>'],
    [
      'the right fields under a foreign root',
      '<x><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated></x>',
    ],
    ['no word on what follows', '<ListBucketResult><Name>any-bucket</Name><Prefix/></ListBucketResult>'],
    [
      'a whole listing and half an element',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated><Contents><Key>a',
    ],
    [
      'an object without a key',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents></ListBucketResult>',
    ],
    [
      'an object without a size',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>',
    ],
    [
      'the same key twice',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>',
    ],
    [
      'prefixes instead of keys',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>',
    ],
    [
      'one document behind another',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'.repeat(
        2,
      ),
    ],
    [
      'a listing as part of an answer',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
      206,
    ],
    [
      'a listing that was cut, accepted for later',
      '<ListBucketResult><Name>any-bucket</Name><Prefix/><IsTruncated>false</IsTruncated>',
      202,
    ],
  ])('answers %s with a status of success: no listing', async ([, body, status = 200]) => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = createS3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      forcePathStyle: true,
    });
    try {
      const store = createS3Store({
        client,
        bucket: 'any-bucket',
        clock: faulty.clock,
        logger: silentLogger,
      });
      await expect(gather(store.list('', unlimited))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    } finally {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('the pages of a listing', () => {
  const follow = (...pages: (readonly [keys: readonly string[], mark?: string])[]) => {
    const listing = new ListingPages('LIST', 'p/', { repeats: false });
    for (const [keys, mark] of pages) listing.accept(keys, mark === undefined ? undefined : { mark });
  };

  it('may be empty in between', () => {
    expect(() => follow([['p/a'], '1'], [[], '2'], [[], '3'], [['p/b']])).not.toThrow();
  });

  it('may not go round in a circle, however long it is', () => {
    expect(() => follow([['p/a'], '1'], [[], '2'], [[], '3'], [[], '1'])).toThrow('in a circle');
    expect(() => follow([['p/a'], '1'], [['p/b'], '2'], [['p/a'], '1'])).toThrow('do not ascend');
  });

  it('ascend in the order of UTF-8, which is not that of JavaScript', () => {
    expect(() => follow([['p/\uffee', 'p/\u{1f600}']])).not.toThrow();
    expect(() => follow([['p/\u{1f600}', 'p/\uffee']])).toThrow('do not ascend');
    expect(() => follow([['p/a', 'p/aa', 'p/b']])).not.toThrow();
    expect(() => follow([['p/aa', 'p/a']])).toThrow('do not ascend');
  });
});
