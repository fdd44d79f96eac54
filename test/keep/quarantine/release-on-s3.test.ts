import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { releaseFile } from '../../../src/keep/quarantine/release-file.ts';
import { silentLogger } from '../../../src/log.ts';
import { isQuarantineKey, releasedKey } from '../../../src/record/quarantine/key.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { createS3Store, openAccess } from '../../../src/store/s3/s3-store.ts';
import { createS3Versions } from '../../../src/store/s3/versions.ts';
import { failure } from '../../failure.ts';
import { fastClock } from '../../fast-clock.ts';
import { makeQuarantineWorld, MARKED } from './quarantine-world.ts';

const RETENTION = { ARCHIVE_RETENTION_AT_WRITE: 'compliance audio=30 other=30' };

describe('a quarantine in a bucket', () => {
  let dir: string;
  const servers: S3Endpoint[] = [];
  const clock = fastClock();

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'quarantine-s3-'));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await rm(dir, { recursive: true });
  });

  async function open(defaultLockDays?: number) {
    const server = await startS3({
      dir: path.join(dir, String(servers.length)),
      buckets: [],
      lockedBuckets: ['locked'],
      now: () => clock.now(),
      ...(defaultLockDays === undefined ? {} : { defaultLockDays }),
    });
    servers.push(server);
    const client = createS3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
    });
    const place = { client, bucket: 'locked', clock: systemClock, logger: silentLogger };
    const store = createS3Store(place);
    const versions = createS3Versions({ ...openAccess(place), clock }, store.location);
    const world = await makeQuarantineWorld(MARKED, { env: RETENTION, store, clock });
    const close = async () => {
      await world.close();
      client.destroy();
    };
    return { world, versions, close };
  }

  it('has no lock where it waits, gets one with its release, and leaves no version behind', async () => {
    const { world, versions, close } = await open();
    const [result] = await world.deliver();
    if (result?.state !== 'archived') throw new Error('not archived');
    const { key } = result;
    expect(isQuarantineKey(key)).toBe(true);
    expect(await versions.keptState(key, unlimited)).toMatchObject({ retention: 'none', tags: {} });
    // as a rewrap does: the version before is removed as well
    const stat = await world.store.head(key, unlimited);
    if (stat !== undefined) await world.store.replaceMetadata?.(stat, { ...stat.metadata }, unlimited);
    const ports = await world.openPorts({ archive: versions });
    const verify: typeof ports.verify = async (at, budget) => {
      const { findings, sha256 } = await ports.verify(at, budget);
      return { findings: findings.filter((kind) => kind !== 'rolled-back' && kind !== 'checksum'), sha256 };
    };
    expect(await releaseFile({ ...ports, verify }, key, 'screened', unlimited)).toMatchObject({
      state: 'released',
    });
    expect(await versions.keptState(releasedKey(key), unlimited)).toMatchObject({
      retention: { mode: 'compliance' },
    });
    const left = [];
    for await (const version of versions.versions('', unlimited)) left.push(version.key);
    expect(left.filter((one) => one.includes('quarantine/'))).toEqual([]);
    expect(await world.deliver()).toMatchObject([{ key: releasedKey(key), stored: false }]);
    await close();
  });

  it('leaves what another program holds where it is, and writes nothing', async () => {
    const { world, versions, close } = await open();
    const [result] = await world.deliver();
    if (result?.state !== 'archived') throw new Error('not archived');
    const { key } = result;
    await world.store.setLegalHold?.(key, true, unlimited);
    const ports = await world.openPorts({ archive: versions });
    expect(await releaseFile(ports, key, 'screened', unlimited)).toMatchObject({
      state: 'held',
      heldBy: ['S3 Object Lock'],
    });
    expect(await world.store.head(releasedKey(key), unlimited)).toBeUndefined();
    await world.store.setLegalHold?.(key, false, unlimited);
    expect(await releaseFile(ports, key, 'screened', unlimited)).toMatchObject({ state: 'released' });
    await close();
  });

  it('says what a lock keeps there all the same, and ends when the lock has', async () => {
    const { world, versions, close } = await open();
    const [result] = await world.deliver();
    if (result?.state !== 'archived') throw new Error('not archived');
    const { key } = result;
    await versions.retain(key, clock.now() + 3_600_000, 'compliance', unlimited);
    const ports = await world.openPorts({ archive: versions });
    expect(await releaseFile(ports, key, 'screened', unlimited)).toMatchObject({
      state: 'kept',
      left: [key],
    });
    expect(await world.store.head(releasedKey(key), unlimited)).toBeDefined();
    clock.advance(2 * 3_600_000);
    expect(await releaseFile(ports, key, 'screened', unlimited)).toMatchObject({ state: 'released' });
    await close();
  });

  it('is refused where the bucket locks by itself, before anything is stored', async () => {
    const { world, close } = await open(10);
    const error = await failure(world.deliver());
    expect(error).toMatchObject({ code: 'QUARANTINE_IMPOSSIBLE' });
    expect(error.message).toContain('10 days');
    await close();
  });
});
