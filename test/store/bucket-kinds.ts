import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store, openAccess } from '../../src/store/s3/s3-store.ts';
import { createS3Versions } from '../../src/store/s3/versions.ts';

export const BUCKET_KINDS = ['plain', 'versioned', 'locked'] as const;

interface BucketKinds {
  readonly server: S3Endpoint;
  readonly client: ReturnType<typeof createS3Client>;
  /** The store below a prefix of a bucket, and its versions. */
  readonly open: (
    bucket: (typeof BUCKET_KINDS)[number],
    prefix?: string,
  ) => {
    readonly store: ReturnType<typeof createS3Store>;
    readonly versions: ReturnType<typeof createS3Versions>;
  };
}

/**
 * The simulator's S3 with a bucket of each kind, for the tests of the file or group that calls this.
 * @param now epoch ms of the bucket and of what removes versions.
 */
export function useBucketKinds(now?: () => number): BucketKinds {
  let dir: string;
  let server: S3Endpoint;
  let client: ReturnType<typeof createS3Client>;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'buckets-'));
    server = await startS3({
      dir,
      buckets: ['plain'],
      versionedBuckets: ['versioned'],
      lockedBuckets: ['locked'],
      ...(now && { now }),
    });
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = server.environment();
    client = createS3Client({
      endpoint: server.url,
      region: AWS_REGION,
      forcePathStyle: true,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    });
  });
  afterAll(async () => {
    client.destroy();
    await server.close();
    await rm(dir, { recursive: true });
  });
  return {
    get server() {
      return server;
    },
    get client() {
      return client;
    },
    open: (bucket, prefix = '') => {
      const clock = { ...systemClock, ...(now && { now }) };
      const options = { client, bucket, prefix, clock: systemClock, logger: silentLogger };
      const store = createS3Store(options);
      return { store, versions: createS3Versions({ ...openAccess(options), clock }, store.location) };
    },
  };
}
