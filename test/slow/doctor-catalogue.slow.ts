import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { makeDirectory, runCli } from '../cli/run-cli.ts';

const DAY_MS = 86_400_000;

let dir: string;
let remove: () => Promise<void>;
let s3: S3Endpoint;
/** What the clock of the server is off by, ms. */
let off = 0;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  off = 0;
  s3 = await startS3({
    dir: path.join(dir, 's3'),
    buckets: ['plain'],
    versionedBuckets: ['second'],
    lockedBuckets: ['locked'],
    defaultLockDays: 30,
    now: () => Date.now() + off,
  });
});
afterEach(async () => {
  await s3.close();
  await remove();
});

const envOf = (settings: Record<string, string>) => ({
  ...s3.environment(),
  ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4),
  S3_FORCE_PATH_STYLE: '1',
  ...settings,
});

async function checkOf(settings: Record<string, string>) {
  const { code, records } = await runCli(['doctor', '--json'], { env: envOf(settings), cwd: dir });
  const [check, other] = records().filter(({ name }) => name === 'catalogue');
  expect(other).toBeUndefined();
  return { code, check };
}

const deny = (operation: 'GetObjectLockConfiguration' | 'PutObject' | 'ListObjectVersions') =>
  s3.faults.add({ operation, fault: { kind: 'error', code: 'AccessDenied' }, times: 9 });

describe('doctor, of where the catalogue is kept', () => {
  it('wants another bucket where that of the archive locks every object, and not a prefix in the same one', async () => {
    const without = await checkOf({ ARCHIVE_STORE: 's3://locked/archive' });
    expect(without).toMatchObject({
      code: 2,
      check: {
        status: 'fail',
        code: 'CONFIG_INVALID',
        detail: expect.stringContaining('locks every object for 30 days'),
        fix: expect.stringContaining('set ARCHIVE_CATALOGUE to a bucket of its own'),
      },
    });
    const same = await checkOf({ ARCHIVE_STORE: 's3://locked/a', ARCHIVE_CATALOGUE: 's3://locked/b' });
    expect(same).toMatchObject({
      code: 2,
      check: {
        status: 'fail',
        detail: expect.stringMatching(/^ARCHIVE_CATALOGUE names the bucket of the ar/),
      },
    });
    const other = await checkOf({ ARCHIVE_STORE: 's3://plain', ARCHIVE_CATALOGUE: 's3://locked' });
    expect(other.check).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/^s3:\/\/locked locks/),
    });
  }, 60_000);

  it('is content with a second bucket, having written nothing to it; and says nothing where none is needed', async () => {
    const { code, check } = await checkOf({ ARCHIVE_STORE: 's3://locked', ARCHIVE_CATALOGUE: 's3://second' });
    expect(check).toMatchObject({
      status: 'ok',
      detail: 's3://second answers, may be written to; locks nothing',
    });
    expect(code).toBe(0);
    const puts = s3.requests.filter(({ operation }) => operation === 'PutObject');
    expect(puts.map(({ bucket, status }) => [bucket, Math.floor(status / 100)])).toEqual([['second', 4]]);
    expect((await checkOf({ ARCHIVE_STORE: 's3://plain' })).check).toBeUndefined();
    expect((await checkOf({ ARCHIVE_STORE: `file:${dir}/archive` })).check).toBeUndefined();
  }, 60_000);

  it('notices a bucket that is not there, one that may not be written to, and a lock that cannot be seen', async () => {
    const gone = await checkOf({ ARCHIVE_STORE: 's3://plain', ARCHIVE_CATALOGUE: 's3://gone' });
    expect(gone).toMatchObject({ code: 2, check: { status: 'fail', code: 'STORE_MISSING' } });
    deny('PutObject');
    const closed = await checkOf({ ARCHIVE_STORE: 's3://plain', ARCHIVE_CATALOGUE: 's3://second' });
    expect(closed.check).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('cannot be read and'),
    });
    s3.faults.clear();
    deny('GetObjectLockConfiguration');
    const unseen = await checkOf({ ARCHIVE_STORE: 's3://locked' });
    expect(unseen).toMatchObject({ code: 0, check: { status: 'skip' } });
  }, 60_000);

  it('notices a bucket that keeps what was replaced long ago', async () => {
    off = -9 * DAY_MS;
    const environment = s3.environment();
    const client = createS3Client({
      endpoint: s3.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
    client.config.systemClockOffset = off;
    for (const Body of ['{}', '{"today":1}'])
      await client.send(new PutObjectCommand({ Bucket: 'second', Key: 'catalogue/runs.json', Body }));
    off = 0;
    const { code, check } = await checkOf({ ARCHIVE_STORE: 's3://locked', ARCHIVE_CATALOGUE: 's3://second' });
    expect(check).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('keeps what was replaced more than four days ago'),
      fix: expect.stringContaining('NoncurrentDays'),
    });
    expect(code).toBe(0);
    deny('ListObjectVersions');
    const unseen = await checkOf({ ARCHIVE_STORE: 's3://locked', ARCHIVE_CATALOGUE: 's3://second' });
    expect(unseen.check).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('was replaced cannot be seen'),
    });
  }, 60_000);
});

describe('what is rewritten', () => {
  it.each([
    ['catalogue', 'update'],
    ['catalogue', 'rebuild'],
  ])(
    'is not put under a lock by %s %s',
    async (...args) => {
      const result = await runCli(args, { env: envOf({ ARCHIVE_STORE: 's3://locked' }), cwd: dir });
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('locks every object for 30 days');
      expect(result.stderr).toContain('CatalogueBucketName');
      expect(s3.requests.filter(({ operation }) => operation === 'PutObject')).toEqual([]);
    },
    60_000,
  );
});
