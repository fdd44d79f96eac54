import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Removal } from '../../src/store/s3/remove.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';

const JSON_FILE = { metadata: {}, contentType: 'application/json' };

describe('removing from a bucket that keeps versions', () => {
  let dir: string;
  let server: S3Endpoint;
  const bucket = 'versioned';

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'versions-'));
    server = await startS3({ dir, buckets: [], versionedBuckets: [bucket], lockedBuckets: [bucket] });
  });
  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  function connect() {
    const client = createS3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
    });
    const options = { client, bucket, prefix: 'p', clock: systemClock, logger: silentLogger };
    const store = { ...createS3Store(options), ...createS3Removal(options) };
    const versionsOf = async (key: string) => {
      const { Versions = [], DeleteMarkers = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `p/${key}` }),
      );
      return [Versions.length, DeleteMarkers.length];
    };
    const write = async (key: string, ...texts: string[]) => {
      for (const text of texts) {
        const stat = await store.head(key, unlimited);
        if (stat === undefined) await store.put(key, Buffer.from(text), JSON_FILE, unlimited);
        else await store.replace?.(stat, Buffer.from(text), JSON_FILE, unlimited);
      }
    };
    return { store, versionsOf, write };
  }

  it('hides the current one, and every one can be destroyed', async () => {
    const { store, versionsOf, write } = connect();
    await write('keys/a.json', 'one', 'two', 'three');
    await write('keys/a.json.other', 'stays');
    await store.removeCurrent('keys/a.json', unlimited);
    expect(await store.head('keys/a.json', unlimited)).toBeUndefined();
    expect(await versionsOf('keys/a.json')).toEqual([4, 1]);
    expect(await store.removeVersions('keys/a.json', unlimited)).toEqual({ removed: 4, kept: [] });
    expect(await versionsOf('keys/a.json')).toEqual([1, 0]);
    expect(await store.removeVersions('keys/a.json', unlimited)).toEqual({ removed: 0, kept: [] });
  });

  it('says which version a hold keeps, and removes the others', async () => {
    const { store, versionsOf, write } = connect();
    await write('archive/a.enc', 'held');
    const held = await store.head('archive/a.enc', unlimited);
    await store.setLegalHold?.('archive/a.enc', true, unlimited);
    await write('archive/a.enc', 'not held');
    expect(await store.removeVersions('archive/a.enc', unlimited)).toEqual({
      removed: 1,
      kept: [held?.versionId],
    });
    expect(await versionsOf('archive/a.enc')).toEqual([1, 0]);
    await store.setLegalHold?.('archive/a.enc', false, unlimited);
    expect(await store.removeVersions('archive/a.enc', unlimited)).toEqual({ removed: 1, kept: [] });
  });
});
