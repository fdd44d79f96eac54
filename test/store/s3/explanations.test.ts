import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { type S3Endpoint, startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import { createS3Client, type S3ClientOptions } from '../../../src/store/s3/client.ts';
import { createS3Store } from '../../../src/store/s3/s3-store.ts';
import { contentOf } from '../bytes.ts';
import { FaultyS3, OPTIONS, SMALL } from '../faulty-s3.ts';
import { PART_BYTES } from '../s3-under-test.ts';

const faulty = FaultyS3.forTests();

async function errorOf(work: Promise<unknown>): Promise<ArchiveError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ArchiveError)) throw new Error('it was no error of ours');
  return error;
}

const listAll = async (store: ObjectStore) => {
  for await (const _ of store.list('', unlimited)) break;
};

describe('the hint of a refusal', () => {
  it.for([
    ['SignatureDoesNotMatch', /AWS_SECRET_ACCESS_KEY/],
    ['InvalidAccessKeyId', /AWS_ACCESS_KEY_ID/],
    ['InvalidToken', /AWS_SESSION_TOKEN/],
    ['ExpiredToken', /have expired; renew/],
    ['AccessDenied', /the role needs s3:PutObject/],
    ['NoSuchBucket', /S3_ARCHIVE_BUCKET/],
    ['PermanentRedirect', /AWS_REGION/],
    ['AuthorizationHeaderMalformed', /AWS_REGION/],
  ] as const)('%s says what to change', async ([code, hint]) => {
    faulty.fail('PutObject', code, Number.POSITIVE_INFINITY);
    const error = await errorOf(faulty.put(SMALL));
    expect(error.hint).toMatch(hint);
    if (code !== 'AccessDenied') expect(error.hint).not.toContain('the role needs');
  });

  it('of an answer to a HEAD, which has no reason, names the reasons it may have', async () => {
    for (const code of ['ExpiredToken', 'InvalidRequest'] as const) {
      faulty.fail('HeadObject', code, Number.POSITIVE_INFINITY);
      const error = await errorOf(faulty.store.head(faulty.key, unlimited));
      expect(error).toMatchObject({ code: 'STORE_DENIED', message: 'HEAD object: 400' });
      expect(error.hint).toMatch(/credentials.*expired.*AWS_REGION/);
      faulty.s3.server.faults.clear();
    }
    faulty.fail('HeadObject', 'SignatureDoesNotMatch', Number.POSITIVE_INFINITY);
    const error = await errorOf(faulty.store.head(faulty.key, unlimited));
    expect(error.hint).toMatch(/s3:GetObject.*wrong AWS credentials look the same/);
  });

  it.for(['PermanentRedirect', 'InvalidRequest'] as const)(
    'of a HEAD names the region of the bucket where S3 does (%s)',
    async (code) => {
      const headers = { 'x-amz-bucket-region': 'eu-west-3' };
      faulty.inject('HeadObject', { kind: 'error', code, headers }, Number.POSITIVE_INFINITY);
      const error = await errorOf(faulty.store.head(faulty.key, unlimited));
      expect(error.hint).toBe('the bucket is in eu-west-3: set AWS_REGION=eu-west-3');
    },
  );

  it('says that no region is set, in the message too', async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
      faulty.s3.server.environment();
    const names = [
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
      'AWS_PROFILE',
      'AWS_CONFIG_FILE',
      'AWS_SHARED_CREDENTIALS_FILE',
    ];
    const kept = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) delete process.env[name];
    process.env['AWS_CONFIG_FILE'] = '/dev/null';
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/dev/null';
    try {
      const client = createS3Client({ credentials: { accessKeyId, secretAccessKey } });
      const store = createS3Store({
        client,
        bucket: 'any-bucket',
        clock: faulty.clock,
        logger: silentLogger,
      });
      for (const work of [() => listAll(store), () => store.head('a', unlimited)]) {
        expect(await errorOf(work())).toMatchObject({
          code: 'CONFIG_INVALID',
          message: expect.stringMatching(/^(LIST objects|HEAD object): no AWS region is set$/) as string,
          hint: expect.stringContaining('AWS_REGION') as string,
        });
      }
    } finally {
      for (const [name, value] of kept) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  it('names the expected owner where one is sent', async () => {
    const { client, bucket } = faulty.s3;
    const options = { client, bucket, clock: faulty.clock, logger: silentLogger };
    const store = createS3Store({ ...options, expectedBucketOwner: '999999999999' });
    for (const work of [
      () => listAll(store),
      () => store.head('a', unlimited),
      () => store.put('a', SMALL, { ...OPTIONS, contentLength: SMALL.length }, unlimited),
    ]) {
      const error = await errorOf(work());
      expect(error).toMatchObject({ code: 'STORE_DENIED' });
      expect(error.hint).toContain('S3_EXPECTED_BUCKET_OWNER');
    }
  });
});

describe('what S3 is about to know is asked for again', () => {
  it('307: the name of a new bucket', async () => {
    faulty.fail('PutObject', 'TemporaryRedirect', 2);
    expect(await faulty.put(SMALL)).toMatchObject({ outcome: 'stored' });
    faulty.renewKey();
    faulty.fail('HeadObject', 'TemporaryRedirect', 2);
    expect(await faulty.store.head(faulty.key, unlimited)).toBeUndefined();
    faulty.fail('ListObjectsV2', 'TemporaryRedirect', 2);
    await listAll(faulty.store);
  });

  it('307 that does not end is retryable, and says what it may be', async () => {
    faulty.fail('PutObject', 'TemporaryRedirect', Number.POSITIVE_INFINITY);
    const error = await errorOf(faulty.put(SMALL));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.hint).toMatch(/new bucket/);
  });

  it('InvalidPart: the parts of an upload', async () => {
    const content = contentOf(PART_BYTES + 1);
    faulty.fail('CompleteMultipartUpload', 'InvalidPart', 2);
    expect(await faulty.put(content)).toMatchObject({ outcome: 'stored' });
    await faulty.expectStored(content);
    faulty.renewKey();
    faulty.fail('CompleteMultipartUpload', 'InvalidPart', Number.POSITIVE_INFINITY);
    expect(await errorOf(faulty.put(content))).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });
});

describe.each([47, -47])('with a clock that is wrong by %i minutes', (minutes) => {
  let dir: string;
  let server: S3Endpoint;
  let aheadMs = minutes * 60_000;
  const options = (): S3ClientOptions => {
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
      server.environment();
    const credentials = { accessKeyId, secretAccessKey };
    return { endpoint: server.url, region: 'us-east-1', credentials, forcePathStyle: true };
  };
  const openStore = (change: (client: ReturnType<typeof createS3Client>) => void = () => {}) => {
    const client = createS3Client(options());
    change(client);
    return createS3Store({ client, bucket: 'archive-bucket', clock: faulty.clock, logger: silentLogger });
  };

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 's3-clock-'));
    server = await startS3({ dir, buckets: ['archive-bucket'], now: () => Date.now() + aheadMs });
  });
  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  it.for([
    [
      'a write',
      (store: ObjectStore) =>
        store.put(`w${minutes}`, SMALL, { ...OPTIONS, contentLength: SMALL.length }, unlimited),
    ],
    ['a look at an object', (store: ObjectStore) => store.head('none', unlimited)],
    ['a listing', listAll],
    [
      'a list of uploads',
      async (store: ObjectStore) => {
        for await (const _ of store.listUploads?.(unlimited) ?? listNothing()) break;
      },
    ],
  ] as const)('%s is repeated once, with the time of S3, and succeeds', async ([, work]) => {
    const store = openStore();
    const before = server.requests.length;
    await work(store);
    expect(server.requests.slice(before).filter(({ status }) => status === 403)).toHaveLength(1);
    const after = server.requests.length;
    await store.head('none', unlimited);
    expect(server.requests.slice(after).filter(({ status }) => status === 403)).toEqual([]);
  });

  it('says that it is the clock where it may not be corrected', async () => {
    const store = openStore((client) => {
      client.config.disableClockSkewCorrection = () => Promise.resolve(true);
    });
    for (const work of [() => store.head('none', unlimited), () => listAll(store)]) {
      const error = await errorOf(work());
      expect(error.code).toBe('STORE_DENIED');
      expect(error.hint).toMatch(
        minutes > 0 ? /clock.* 47 minutes \(it is slow\)/ : /clock.* 47 minutes \(it is fast\)/,
      );
    }
  });

  it('says that it is the clock when the corrected request is refused as well', async () => {
    const store = openStore();
    server.faults.add({
      fault: { kind: 'error', code: 'RequestTimeTooSkewed' },
      times: Number.POSITIVE_INFINITY,
    });
    const before = server.requests.length;
    const error = await errorOf(listAll(store));
    server.faults.clear();
    expect(error.hint).toMatch(/clock of this machine is wrong by 47 minutes/);
    expect(server.requests.length - before).toBe(2);
  });

  it('leaves a refusal for another reason what it is', async () => {
    const store = openStore();
    server.faults.add({ fault: { kind: 'error', code: 'AccessDenied' }, times: Number.POSITIVE_INFINITY });
    const error = await errorOf(listAll(store));
    server.faults.clear();
    expect(error.hint).toMatch(/the role needs/);
  });
});

async function* listNothing(): AsyncGenerator<never> {}
