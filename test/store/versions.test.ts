import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore, ObjectVersion, VersionedStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { createDirectoryVersions } from '../../src/store/directory/versions.ts';
import type { createS3Client } from '../../src/store/s3/client.ts';
import { openAccess } from '../../src/store/s3/s3-store.ts';
import { createS3Versions } from '../../src/store/s3/versions.ts';
import { useBucketKinds } from './bucket-kinds.ts';
import { gather } from '../gather.ts';

const TEXT = { metadata: {}, contentType: 'text/plain' };
const DAY = 86_400_000;

async function write(store: ObjectStore, key: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const stat = await store.head(key, unlimited);
    if (stat === undefined) await store.put(key, Buffer.from(text), TEXT, unlimited);
    else await store.replace?.(stat, Buffer.from(text), TEXT, unlimited);
  }
}

const shape = ({ key, isLatest, isMarker, size }: ObjectVersion) => ({ key, isLatest, isMarker, size });

describe('versions in S3', () => {
  const buckets = useBucketKinds();
  const { open } = buckets;

  it('lists what was replaced and what a marker hides, newest first, and removes all of it permanently', async () => {
    const { store, versions } = open('versioned', 'list');
    await write(store, 'a/x.enc', ['1', '22', '333']);
    await write(store, 'a/y.enc', ['4444']);
    await write(store, 'b/z.enc', ['z']);
    await buckets.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'list/a/y.enc' }));
    const found = await gather(versions.versions('a/', unlimited));
    expect(found.map(shape)).toEqual([
      { key: 'a/x.enc', isLatest: true, isMarker: false, size: 3 },
      { key: 'a/x.enc', isLatest: false, isMarker: false, size: 2 },
      { key: 'a/x.enc', isLatest: false, isMarker: false, size: 1 },
      { key: 'a/y.enc', isLatest: true, isMarker: true, size: 0 },
      { key: 'a/y.enc', isLatest: false, isMarker: false, size: 4 },
    ]);
    for (const version of found) expect(await versions.remove(version, unlimited)).toBe('removed');
    expect(await gather(versions.versions('a/', unlimited))).toEqual([]);
    expect(await store.head('a/x.enc', unlimited)).toBeUndefined();
    expect(await store.head('b/z.enc', unlimited)).toBeDefined();
    const [gone] = found;
    if (gone !== undefined) expect(await versions.remove(gone, unlimited)).toBe('removed');
  });

  it('brings the version before to light when the newest is removed', async () => {
    const { store, versions } = open('versioned', 'light');
    await write(store, 'a', ['1', '22']);
    const [newest] = await gather(versions.versions('a', unlimited));
    if (newest !== undefined) await versions.remove(newest, unlimited);
    expect((await store.head('a', unlimited))?.size).toBe(1);
  });

  it('lists more versions than a page holds', async () => {
    const { store, versions } = open('versioned', 'pages');
    for (let at = 0; at < 21; at += 1) await write(store, `k${at % 3}`, ['x'.repeat(at + 1)]);
    const paged = openAccess({
      client: buckets.client,
      bucket: 'versioned',
      prefix: 'pages',
      clock: systemClock,
      logger: silentLogger,
    });
    const small = createS3Versions({ ...paged, client: withPages(paged.client, 2) }, 's3://versioned/pages');
    expect((await gather(small.versions('', unlimited))).map(shape)).toEqual(
      (await gather(versions.versions('', unlimited))).map(shape),
    );
    expect(await gather(small.versions('', unlimited))).toHaveLength(21);
  });

  it('removes the object itself in a bucket without versions', async () => {
    const { store, versions } = open('plain', 'p');
    await write(store, 'a', ['1', '22']);
    const found = await gather(versions.versions('', unlimited));
    expect(found.map(shape)).toEqual([{ key: 'a', isLatest: true, isMarker: false, size: 2 }]);
    for (const version of found) await versions.remove(version, unlimited);
    expect(await store.head('a', unlimited)).toBeUndefined();
    expect(await versions.retain('a', Date.now() + DAY, 'compliance', unlimited)).toBe('unsupported');
    await write(store, 'b', ['1']);
    expect(await versions.retain('b', Date.now() + DAY, 'compliance', unlimited)).toBe('unsupported');
    expect(await versions.bucketLock(unlimited)).toEqual({ lock: 'none', defaultDays: undefined });
  });

  it('says what keeps a version, and leaves it there', async () => {
    const { store, versions } = open('locked', 'l');
    await write(store, 'held', ['1']);
    await write(store, 'kept', ['1']);
    await buckets.client.send(
      new PutObjectLegalHoldCommand({
        Bucket: 'locked',
        Key: 'l/held',
        LegalHold: { Status: 'ON' },
        ChecksumAlgorithm: 'SHA256',
      }),
    );
    const until = Math.ceil(Date.now() / 1000) * 1000 + DAY;
    expect(await versions.retain('kept', until, 'governance', unlimited)).toBe('set');
    expect(await versions.retain('kept', until - 1000, 'governance', unlimited)).toBe('shorter');
    const [held, kept] = await gather(versions.versions('', unlimited));
    if (held === undefined || kept === undefined) throw new Error('two versions');
    expect(await versions.lockOf(held, unlimited)).toEqual({
      legalHold: true,
      retainUntil: undefined,
      metadata: {},
    });
    expect(await versions.lockOf(kept, unlimited)).toEqual({
      legalHold: false,
      retainUntil: until,
      metadata: {},
    });
    expect(await versions.remove(held, unlimited)).toBe('locked');
    expect(await versions.remove(kept, unlimited)).toBe('locked');
    expect(await store.head('held', unlimited)).toBeDefined();
    expect(await store.head('kept', unlimited)).toBeDefined();
    expect(await versions.bucketLock(unlimited)).toEqual({ lock: 'enabled', defaultDays: undefined });
  });

  it('does not take a refusal that no lock explains for a lock', async () => {
    const { store, versions } = open('versioned', 'denied');
    await write(store, 'a', ['1']);
    buckets.server.faults.add({ operation: 'DeleteObject', fault: { kind: 'error', code: 'AccessDenied' } });
    onTestFinished(() => buckets.server.faults.clear());
    const [version] = await gather(versions.versions('', unlimited));
    if (version === undefined) throw new Error('one version');
    await expect(versions.remove(version, unlimited)).rejects.toMatchObject({ code: 'STORE_DENIED' });
  });
});

/** The same client, whose listings of versions have short pages. */
function withPages(client: ReturnType<typeof createS3Client>, size: number): typeof client {
  return new Proxy(client, {
    get: (target, name) =>
      name === 'send'
        ? (command: { input: object }, options: object) => {
            Object.assign(command.input, { MaxKeys: size });
            return target.send(command as never, options as never);
          }
        : (Reflect.get(target, name) as unknown),
  });
}

describe('versions in a directory', () => {
  async function open(): Promise<{ dir: string; store: ObjectStore; versions: VersionedStore }> {
    const dir = await mkdtemp(path.join(tmpdir(), 'versions-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    return { dir, store: createDirectoryStore(dir), versions: createDirectoryVersions(dir, systemClock) };
  }

  it('are the objects, which are removed with their metadata and what writers left', async () => {
    const { dir, store, versions } = await open();
    await write(store, 'a/x.enc', ['1', '22']);
    await write(store, 'a/y.enc', ['y']);
    await writeFile(path.join(dir, 'a/x.enc.0123456789ab.partial'), 'half');
    await writeFile(path.join(dir, 'a/x.enc.0123456789ab.metadata.partial'), '{}');
    const found = await gather(versions.versions('a/x', unlimited));
    expect(found.map(shape)).toEqual([{ key: 'a/x.enc', isLatest: true, isMarker: false, size: 2 }]);
    for (const version of found) expect(await versions.remove(version, unlimited)).toBe('removed');
    expect((await readdir(path.join(dir, 'a'))).sort()).toEqual(['y.enc', 'y.enc.metadata.json']);
    for (const version of found) expect(await versions.remove(version, unlimited)).toBe('removed');
  });

  it('removes what writers have begun below a prefix, and nothing beside it', async () => {
    const { dir, store, versions } = await open();
    await write(store, 'a/y.enc', ['y']);
    for (const name of ['x.enc', 'y.enc']) {
      await writeFile(path.join(dir, `a/${name}.0123456789ab.partial`), 'half');
    }
    expect(await versions.abortUploads('a/x', unlimited)).toBe(1);
    expect((await readdir(path.join(dir, 'a'))).sort()).toEqual([
      'y.enc',
      'y.enc.0123456789ab.partial',
      'y.enc.metadata.json',
    ]);
  });
});
