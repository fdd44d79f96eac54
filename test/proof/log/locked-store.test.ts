import { describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ObjectStore, VersionedStore } from '../../../src/ports.ts';
import { logKeys } from '../../../src/proof/formats/log-keys.ts';
import { isLockable, lockLog } from '../../../src/proof/log/locked-store.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { createSdkCalls } from '../../../src/store/s3/object-calls.ts';
import { createS3Store } from '../../../src/store/s3/s3-store.ts';
import { failure } from '../../failure.ts';
import { useBucketKinds } from '../../store/bucket-kinds.ts';
import { ORGANIZATION, placeIn, sealingDays } from '../log-fixture.ts';

const DAY = 86_400_000;
const keys = logKeys(ORGANIZATION);
const buckets = useBucketKinds();
const { open } = buckets;

async function keysOf(store: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('', unlimited)) found.push(key);
  return found;
}

async function locksIn(versions: VersionedStore, prefix: string): Promise<Map<string, number | undefined>> {
  const until = new Map<string, number | undefined>();
  for await (const version of versions.versions(prefix, unlimited)) {
    if (!version.isLatest) continue;
    until.set(version.key, (await versions.lockOf(version, unlimited))?.retainUntil);
  }
  return until;
}

describe('ARCHIVE_PROOF_LOCK', () => {
  it('locks every object that a seal writes once, and leaves the pointer and what holds ids removable', async () => {
    const { store, versions } = open('locked');
    const now = Date.now();
    const locked = lockLog(store, keys, { mode: 'compliance', days: 30 }, () => now);
    await sealLog(placeIn(locked), sealingDays([3, 0]), unlimited);
    await locked.put(`${keys.counting}x`, Buffer.from('x'), TEXT, unlimited);
    await locked.put(keys.list('2026-03-02', 'ab'.repeat(32), 'source'), Buffer.from('x'), TEXT, unlimited);
    const until = await locksIn(versions, keys.prefix);
    expect(until.size).toBeGreaterThan(10);
    for (const [key, at] of until)
      expect([key, at]).toEqual([key, isLockable(keys, key) ? now + 30 * DAY : undefined]);
    const removable = [...until]
      .filter(([, at]) => at === undefined)
      .map(([key]) => key.slice(keys.prefix.length));
    expect(removable).toEqual([
      'checkpoint',
      'counting/x',
      'lists/2026/03/02/abababababababab.source.jsonl.gz',
    ]);
    const locks = [...until.keys()].find((key) => key.includes('/seals/')) ?? '';
    for await (const version of versions.versions(locks, unlimited)) {
      expect(await versions.remove(version, unlimited)).toBe('locked');
    }
  });

  it('locks what is written through the SDK, and in parts', async () => {
    const { versions } = open('locked');
    const until = Math.floor(Date.now() / 1_000) * 1_000 + DAY;
    const keep = { lock: 'governance', until } as const;
    const calls = createSdkCalls(buckets.client, { Bucket: 'locked' });
    const { digestOf } = await import('../../../src/store/s3/checksum.ts');
    const body = Buffer.from('sdk');
    await calls.put(
      { Key: 'sdk', body, digest: digestOf(body), metadata: {}, contentType: 'text/plain', keep },
      { abortSignal: unlimited.signal },
    );
    const store = createS3Store({
      client: buckets.client,
      bucket: 'locked',
      clock: systemClock,
      logger: silentLogger,
    });
    await store.put('parts', chunks(), { ...TEXT, keep }, unlimited);
    const found = await locksIn(versions, '');
    expect([found.get('sdk'), found.get('parts')]).toEqual([until, until]);
  });

  it('stops in a bucket without Object Lock before anything is sealed', async () => {
    const { store } = open('plain');
    const locked = lockLog(store, keys, { mode: 'governance', days: 1 }, () => Date.now());
    const error = await failure(sealLog(placeIn(locked), sealingDays([1]), unlimited));
    expect(error.code).toMatch(/^STORE_/);
    expect(await keysOf(store)).toEqual([]);
  });
});

const TEXT = { metadata: {}, contentType: 'text/plain' };

async function* chunks() {
  for (let part = 0; part < 6; part += 1) yield await Promise.resolve(Buffer.alloc(1024 * 1024, part));
}
