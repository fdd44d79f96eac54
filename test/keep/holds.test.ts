import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { conversationsOfHold } from '../../src/keep/mirror-hold.ts';
import {
  applyHold,
  type HoldPorts,
  placeHold,
  releaseHold,
  unlockReleased,
} from '../../src/keep/place-hold.ts';
import { heldAmong, listHolds, readHold } from '../../src/keep/read-holds.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { heldKeysKey, holdKey, MAX_KEYS_IN_LIST, releaseKey } from '../../src/record/hold.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { gather } from '../gather.ts';

const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const TEXT = { metadata: {}, contentType: 'text/plain' };
const key = (name: string) => `archive/2026/05/20/${name}.enc`;

const place = (ports: HoldPorts, names: readonly string[], by = 'Ito') =>
  placeHold(
    ports,
    { matter: '2026/117', reason: undefined, by, selection: 'named', keys: names.map(key) },
    unlimited,
  );
const release = async (ports: HoldPorts, id: string, by = 'Brandt', twoPersons = false) =>
  releaseHold(ports, await readHold(ports, id, unlimited), { by, reason: 'settled', twoPersons }, unlimited);
const held = async (ports: HoldPorts, ...names: readonly string[]) =>
  [...(await heldAmong(ports, new Set(names.map(key)), unlimited))].map(([of, ids]) => [of, ids.length]);

describe('holds', () => {
  let dir: string;
  let store: ObjectStore;
  let ports: HoldPorts;

  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'holds-'));
    store = createDirectoryStore(dir);
    ports = { store, clock: systemClock, signer, keys: new Map([[signer.keyId, signer.publicKey]]) };
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('name no conversation where an object has no receipt, and say so where one cannot be read', async () => {
    const hold = await place(ports, ['a', 'b']);
    await store.put(receiptKey(key('a')), Buffer.from('no receipt'), TEXT, unlimited);
    expect(await conversationsOfHold(ports, hold, unlimited)).toEqual({ conversations: [], without: 2 });
    const down: ObjectStore = {
      ...store,
      get: async (name, ...more) => {
        if (name === receiptKey(key('b'))) throw new ArchiveError('STORE_UNAVAILABLE', 'the store is down');
        return store.get(name, ...more);
      },
    };
    await expect(conversationsOfHold({ store: down }, hold, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('hold what they name until they are released, and nothing else', async () => {
    const hold = await place(ports, ['a', 'b']);
    expect(await held(ports, 'a', 'b', 'c')).toEqual([
      [key('a'), 1],
      [key('b'), 1],
    ]);
    expect(await readHold(ports, hold.id, unlimited)).toMatchObject({
      signature: 'valid',
      release: undefined,
    });
    await release(ports, hold.id);
    expect(await held(ports, 'a', 'b', 'c')).toEqual([]);
    expect((await gather(listHolds(ports, unlimited))).map((one) => one.release?.releasedBy)).toEqual([
      'Brandt',
    ]);
  });

  it('hold an object as long as one of them stands, in any order of placing and releasing', async () => {
    const step = fc.record({ names: fc.subarray(['a', 'b', 'c'], { minLength: 1 }), releases: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const own = { ...ports, store: createDirectoryStore(await mkdtemp(path.join(dir, 'run-'))) };
        const standing: { id: string; names: readonly string[] }[] = [];
        for (const { names, releases } of steps) {
          standing.push({ id: (await place(own, names)).id, names });
          const oldest = releases ? standing.shift() : undefined;
          if (oldest !== undefined) await release(own, oldest.id);
        }
        const found = await heldAmong(own, new Set(['a', 'b', 'c'].map(key)), unlimited);
        for (const name of ['a', 'b', 'c']) {
          const ids = standing.filter(({ names }) => names.includes(name)).map(({ id }) => id);
          expect([...(found.get(key(name)) ?? [])].toSorted()).toEqual(ids.toSorted());
        }
      }),
      { numRuns: 25 },
    );
  });

  it('that were begun and not finished hold nothing', async () => {
    await store.put(heldKeysKey('h-20260520-0123456789ab', 1), Buffer.from(`${key('a')}\n`), TEXT, unlimited);
    expect(await held(ports, 'a')).toEqual([]);
    expect(await gather(listHolds(ports, unlimited))).toEqual([]);
  });

  it('of many objects are kept in several lists', async () => {
    const names = Array.from({ length: MAX_KEYS_IN_LIST + 1 }, (_, at) => `n${String(at).padStart(6, '0')}`);
    const hold = await place(ports, names);
    expect(hold.lists.map(({ objects }) => objects)).toEqual([MAX_KEYS_IN_LIST, 1]);
    expect(await held(ports, names[0] ?? '', names.at(-1) ?? '')).toHaveLength(2);
  });

  it('of nothing are refused', async () => {
    await expect(place(ports, [])).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each([
    ['is not signed', undefined],
    ['is signed with another key', stranger],
  ])('are not ended by a release that %s', async (_, by) => {
    const hold = await place(ports, ['a']);
    await release({ ...ports, signer: by, keys: new Map() }, hold.id);
    expect(await readHold(ports, hold.id, unlimited)).toMatchObject({ release: undefined });
    expect((await readHold(ports, hold.id, unlimited)).doubt).toContain('its release is');
    expect(await held(ports, 'a')).toEqual([[key('a'), 1]]);
    await expect(release(ports, hold.id)).rejects.toMatchObject({ code: 'HOLD_DAMAGED' });
  });

  it.each(['{}', 'nonsense', '{"schema":"genesys-media-archive/hold-release/v1"}'])(
    'are not ended by %s in the place of a release',
    async (text) => {
      const hold = await place(ports, ['a']);
      await store.put(releaseKey(hold.id), Buffer.from(text), TEXT, unlimited);
      expect(await held(ports, 'a')).toEqual([[key('a'), 1]]);
    },
  );

  it('are not ended by the release of another hold', async () => {
    const [one, other] = [await place(ports, ['a']), await place(ports, ['b'])];
    await release(ports, other.id);
    const { body } = await store.get(releaseKey(other.id), unlimited);
    await store.put(releaseKey(one.id), Buffer.concat(await gather(body)), TEXT, unlimited);
    expect(await held(ports, 'a', 'b')).toEqual([[key('a'), 1]]);
  });

  it('whose list was changed or is gone hold everything up: what they hold cannot be told', async () => {
    const hold = await place(ports, ['a']);
    const file = path.join(dir, heldKeysKey(hold.id, 1));
    await writeFile(file, `${key('b')}\n`);
    await expect(held(ports, 'a')).rejects.toMatchObject({ code: 'HOLD_DAMAGED' });
    await rm(file);
    await expect(held(ports, 'a')).rejects.toMatchObject({ code: 'HOLD_DAMAGED' });
  });

  it('that are not in the one form of a hold are damaged', async () => {
    const hold = await place(ports, ['a']);
    await writeFile(path.join(dir, holdKey(hold.id)), JSON.stringify(hold));
    await expect(readHold(ports, hold.id, unlimited)).rejects.toMatchObject({ code: 'HOLD_DAMAGED' });
    await expect(held(ports, 'a')).rejects.toMatchObject({ code: 'HOLD_DAMAGED' });
  });

  it.each(['h-20260520-0123456789ab', '../archive', 'h-1', ''])('named %j are not found', async (id) => {
    await expect(readHold(ports, id, unlimited)).rejects.toMatchObject({ code: 'HOLD_NOT_FOUND' });
  });

  it.each(['Ito', ' ito ', 'ITO', 'Ｉｔｏ'])(
    'placed by Ito are not released by %j where two persons are wanted',
    async (by) => {
      const hold = await place(ports, ['a']);
      await expect(release(ports, hold.id, by, true)).rejects.toMatchObject({ code: 'HOLD_SAME_PERSON' });
      expect(await held(ports, 'a')).toEqual([[key('a'), 1]]);
      expect(await release(ports, hold.id, 'Brandt', true)).toMatchObject({ releasedBy: 'Brandt' });
    },
  );

  it('that are released stay as they were released first', async () => {
    const hold = await place(ports, ['a']);
    await release(ports, hold.id, 'Brandt');
    expect(await release(ports, hold.id, 'Cho')).toMatchObject({ releasedBy: 'Brandt' });
  });
});

describe('holds in S3', () => {
  let dir: string;
  let server: S3Endpoint;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'holds-s3-'));
    server = await startS3({ dir, buckets: ['plain'], lockedBuckets: ['locked'] });
  });
  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  async function connect(bucket: string) {
    const client = createS3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
    });
    const store = createS3Store({ client, bucket, prefix: 'p', clock: systemClock, logger: silentLogger });
    const ports: HoldPorts = { store, clock: systemClock, signer: undefined, keys: new Map() };
    for (const name of ['a', 'b']) {
      for (const one of [key(name), receiptKey(key(name))])
        await store.put(one, Buffer.from(name), TEXT, unlimited);
    }
    const remove = async (one: string) => {
      const place = { Bucket: bucket, Key: `p/${one}` };
      const { VersionId } = await client.send(new HeadObjectCommand(place));
      return client.send(new DeleteObjectCommand({ ...place, VersionId }));
    };
    return { ports, remove };
  }

  it('lock the object and its receipt against every user, until the last hold is released', async () => {
    const { ports, remove } = await connect('locked');
    const first = await place(ports, ['a', 'b', 'missing']);
    const second = await place(ports, ['a']);
    expect(await gather(applyHold(ports, first, unlimited))).toEqual([
      { key: key('a'), lock: 'set' },
      { key: key('b'), lock: 'set' },
      { key: key('missing'), lock: 'absent' },
    ]);
    await gather(applyHold(ports, second, unlimited));
    await expect(remove(key('a'))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(remove(receiptKey(key('b')))).rejects.toMatchObject({ name: 'AccessDenied' });

    await release(ports, first.id);
    expect(await gather(unlockReleased(ports, first, unlimited))).toEqual([
      { key: key('a'), lock: 'set', heldBy: [second.id] },
      { key: key('b'), lock: 'set' },
      { key: key('missing'), lock: 'absent' },
    ]);
    await expect(remove(key('a'))).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await remove(receiptKey(key('b')))).toBeDefined();
  });

  it('say that a bucket without Object Lock has no lock of its own', async () => {
    const { ports } = await connect('plain');
    const hold = await place(ports, ['a']);
    expect(await gather(applyHold(ports, hold, unlimited))).toEqual([{ key: key('a'), lock: 'unsupported' }]);
    expect(await held(ports, 'a')).toEqual([[key('a'), 1]]);
  });
});
