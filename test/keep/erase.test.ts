import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { eraseRecordings } from '../../src/keep/erase/erase-recordings.ts';
import type { ErasePorts, ErasureItem } from '../../src/keep/erase/erase-types.ts';
import { standingErasures } from '../../src/keep/erase/left-over.ts';
import { groupByRecording } from '../../src/keep/erase/plan-erasure.ts';
import { applyHold, erasedAmongHeld, placeHold, releaseHold } from '../../src/keep/place-hold.ts';
import { readHold } from '../../src/keep/read-holds.ts';
import { isSealed, sealItem } from '../../src/keep/sealed-item.ts';
import type { ObjectStore, PutOptions } from '../../src/ports.ts';
import { erasureKey, formatErasure, tombstoneId } from '../../src/record/erasure.ts';
import { findErasure } from '../../src/record/find-erasure.ts';
import { keyRecordFolder } from '../../src/record/key-record.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { contextKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { useBucketKinds } from '../store/bucket-kinds.ts';
import { gather } from '../gather.ts';

const DAY = '2026-05-20';
const AT = Date.parse(`${DAY}T12:00:00Z`);
const HOUR = 3_600_000;
const REASON = { reason: 'request 31', by: 'A. Brandt' };
const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const SEALED = {
  metadata: { 'x-amz-c': '115', 'x-amz-3': 'd3JhcHBlZA==' },
  contentType: 'application/octet-stream',
};
const KEYLESS = {
  metadata: { 'x-amz-c': '115', 'x-amz-d': 'ZA==', 'x-amz-i': 'aQ==' },
  contentType: 'application/octet-stream',
};

describe('erasing in S3', () => {
  let now = Date.now();
  let serial = 0;

  const buckets = useBucketKinds(() => now);

  function open(bucket: 'versioned' | 'locked') {
    serial += 1;
    const { store, versions } = buckets.open(bucket, `p${serial}`);
    const clock = { ...systemClock, now: () => now };
    const ports: ErasePorts = {
      store,
      keys: new Map([[signer.keyId, signer.publicKey]]),
      signer,
      clock,
      archive: versions,
      others: [],
      forget: () => Promise.resolve({ kept: [] }),
      replaced: async function* () {},
    };
    return { store, versions, ports };
  }

  /** An object that was rewrapped once, its receipt and its context. */
  async function put(
    store: ObjectStore,
    recordingId: string,
    options: PutOptions = SEALED,
  ): Promise<ErasureItem> {
    const key = objectKey({ recordingId, at: AT });
    const text = { metadata: {}, contentType: 'text/plain' };
    await store.put(key, Buffer.from('first'), options, unlimited);
    const stat = await store.head(key, unlimited);
    if (stat !== undefined)
      await store.replaceMetadata?.(stat, { ...options.metadata, again: '1' }, unlimited);
    await store.put(receiptKey(key), Buffer.from('receipt'), text, unlimited);
    await store.put(contextKey(key), Buffer.from('context'), text, unlimited);
    return { recording: recordingId, day: DAY, keys: [key] };
  }

  const erase = async (ports: ErasePorts, ...items: readonly ErasureItem[]) =>
    eraseRecordings(ports, items, REASON, unlimited);
  const names = async ({ archive }: ErasePorts) =>
    (await gather(archive.versions('', unlimited))).map(({ key }) => key.split('/')[0]);
  const first = <T>(items: readonly T[]): T => {
    const [item] = items;
    if (item === undefined) throw new Error('nothing there');
    return item;
  };

  it('removes every version of everything but the receipt, and signs the tombstone', async () => {
    const { store, ports } = open('versioned');
    const one = await put(store, 'one');
    const other = await put(store, 'one-more');
    expect(await erase(ports, one)).toMatchObject([{ state: 'erased', versions: 3 }]);
    expect((await gather(ports.archive.versions('archive/', unlimited))).map(({ key }) => key)).toEqual([
      other.keys[0],
      other.keys[0],
    ]);
    expect(await store.head(receiptKey(one.keys[0] ?? ''), unlimited)).toBeDefined();
    expect(await findErasure(ports, 'one', unlimited)).toMatchObject({ day: DAY, reason: 'request 31' });
    expect(await findErasure(ports, 'one-more', unlimited)).toBeUndefined();
    expect(await erase(ports, one)).toMatchObject([{ state: 'already' }]);
  });

  it('goes on where it was broken off at any request', async () => {
    for (const broken of [2, 4, 6, 8, 10]) {
      const { store, ports } = open('versioned');
      const item = await put(store, `broken-${broken}`);
      let left = broken;
      const failing = <T extends object>(target: T): T =>
        new Proxy(target, {
          get: (of, name) => {
            const member = Reflect.get(of, name) as unknown;
            if (typeof member !== 'function') return member;
            return (...args: unknown[]): unknown => {
              left -= 1;
              if (left === 0) throw new Error('killed');
              return (member as (...given: unknown[]) => unknown).apply(of, args);
            };
          },
        });
      await erase({ ...ports, store: failing(store), archive: failing(ports.archive) }, item).catch(() => {});
      await erase(ports, item);
      expect(await names(ports)).toEqual(['erasures', 'receipts']);
    }
  });

  it('touches nothing that a hold is on, of the register or of the bucket, and erases it once that is released', async () => {
    const { store, ports } = open('locked');
    const item = await put(store, 'held');
    const before = await names(ports);
    const keys = [...item.keys];
    const placing = { matter: 'm', reason: undefined, by: 'Ito', selection: 'named', keys };
    const hold = await placeHold(ports, placing, unlimited);
    expect(await erase(ports, item)).toMatchObject([{ state: 'held', heldBy: [hold.id] }]);
    await gather(applyHold(ports, hold, unlimited));
    const standing = await readHold(ports, hold.id, unlimited);
    await releaseHold(ports, standing, { by: 'Brandt', reason: 'settled', twoPersons: true }, unlimited);
    // the register has let go, and the lock of the bucket is still on
    expect(await erase(ports, item)).toMatchObject([{ state: 'held', heldBy: ['S3 Object Lock'] }]);
    expect((await names(ports)).filter((name) => name !== 'holds')).toEqual(before);
    for (const key of [...keys, contextKey(keys[0] ?? ''), receiptKey(keys[0] ?? '')])
      await store.setLegalHold?.(key, false, unlimited);
    expect(await erase(ports, item)).toMatchObject([{ state: 'erased' }]);
  });

  it('that began before a hold is told to who places the hold; one that did not sees it', async () => {
    const { store, ports } = open('versioned');
    const item = await put(store, 'raced');
    const placing = { matter: 'm', reason: undefined, by: 'Ito', selection: 'named', keys: item.keys };
    let id = '';
    // the hold is placed in the moment in which the tombstone is written
    const racing: ErasePorts = {
      ...ports,
      store: {
        ...store,
        put: async (key, body, options, budget) => {
          const result = await store.put(key, body, options, budget);
          if (key.startsWith('erasures/')) id = (await placeHold(ports, placing, unlimited)).id;
          return result;
        },
      },
    };
    expect(await erase(racing, item)).toMatchObject([{ state: 'held', heldBy: [id] }]);
    expect(await store.head(first(item.keys), unlimited)).toBeDefined();
    const { hold } = await readHold(ports, id, unlimited);
    expect(await gather(erasedAmongHeld(ports, hold, unlimited))).toEqual(item.keys);
  });

  it('says until when a lock keeps what can be read, and finishes it afterwards', async () => {
    const { store, versions, ports } = open('locked');
    const item = await put(store, 'kept');
    const until = Math.ceil(now / 1000) * 1000 + 24 * HOUR;
    expect(await versions.retain(first(item.keys), until, 'compliance', unlimited)).toBe('set');
    expect(await erase(ports, item)).toMatchObject([
      { state: 'kept', versions: 2, kept: [{ key: item.keys[0], legalHold: false, until }] },
    ]);
    expect(await gather(standingErasures(ports, DATE_LAYOUT, unlimited))).toMatchObject([
      { isTrusted: true, left: [{ lock: { retainUntil: until } }], item: { recording: 'kept' } },
    ]);
    now = until + 1000;
    expect(await erase(ports, item)).toMatchObject([{ state: 'erased', versions: 1 }]);
    expect(await gather(standingErasures(ports, DATE_LAYOUT, unlimited))).toMatchObject([{ left: [] }]);
  });

  it('is not over as long as older versions of what named it are there, and says until when a lock keeps them', async () => {
    const { store, versions, ports } = open('locked');
    const item = await put(store, 'named');
    const rows = await put(store, 'rows');
    const until = Math.ceil(now / 1000) * 1000 + 24 * HOUR;
    const [old] = await gather(versions.versions(first(rows.keys), unlimited));
    if (old === undefined) throw new Error('no version');
    const part = { key: old.key, store: store.location, legalHold: false, until };
    const naming: ErasePorts = {
      ...ports,
      forget: () => Promise.resolve({ kept: [part] }),
      replaced: async function* () {
        yield { store: versions, version: old };
      },
    };
    expect(await versions.retain(first(rows.keys), until, 'compliance', unlimited)).toBe('set');
    expect(await erase(naming, item)).toMatchObject([{ state: 'kept', kept: [part] }]);
    expect(await gather(standingErasures(naming, DATE_LAYOUT, unlimited))).toMatchObject([
      { left: [], item: undefined, replaced: [{ version: { key: old.key }, lock: { retainUntil: until } }] },
    ]);
  });

  it('destroys the key of what a lock keeps where the key is in a record', async () => {
    const { store, versions, ports } = open('locked');
    const item = await put(store, 'shredded', KEYLESS);
    const key = first(item.keys);
    const record = `${keyRecordFolder(key)}${'a'.repeat(38)}.json`;
    await store.put(record, Buffer.from('wrapped'), { metadata: {}, contentType: 'text/plain' }, unlimited);
    for (const version of await gather(versions.versions(key, unlimited)))
      if (version.isLatest) await versions.retain(key, now + HOUR, 'compliance', unlimited);
    expect(await erase(ports, item)).toMatchObject([{ state: 'erased', kept: [{ key }] }]);
    expect(await gather(versions.versions('keys/', unlimited))).toEqual([]);
    expect(await store.head(key, unlimited)).toBeDefined();
  });

  it('takes no tombstone of others for one of its own, where receipts are signed', async () => {
    const { store, ports } = open('versioned');
    const item = await put(store, 'planted');
    const planted = {
      schema: 'genesys-media-archive/erasure/v1' as const,
      id: tombstoneId('planted'),
      day: DAY,
      what: ['media' as const],
      reason: 'x',
      at: '2026-05-21T00:00:00.000Z',
      recording: tombstoneId('planted'),
    };
    const json = { metadata: {}, contentType: 'application/json' };
    await store.put(erasureKey(planted.id), formatErasure(planted), json, unlimited);
    expect(await findErasure(ports, 'planted', unlimited)).toBeUndefined();
    const other = { ...ports, keys: new Map([[stranger.keyId, stranger.publicKey]]) };
    expect(await findErasure(other, 'planted', unlimited)).toBeUndefined();
    expect(await erase(ports, item)).toMatchObject([
      { state: 'failed', error: { code: 'OBJECT_MALFORMED' } },
    ]);
    expect(await store.head(first(item.keys), unlimited)).toBeDefined();
  });
});

describe('a plan', () => {
  const options = { reason: 'r', by: 'b' };

  it('has one item for each recording and day, in the order of the days', () => {
    const key = (recordingId: string, day: number, channel?: string) =>
      objectKey({ recordingId, at: AT + day * 24 * HOUR, channel });
    const items = groupByRecording(DATE_LAYOUT, [
      key('b', 1),
      key('a', 0),
      key('b', 0, '1'),
      key('b', 0),
      'x/y',
    ]);
    expect(items).toEqual([
      { recording: 'a', day: DAY, keys: [key('a', 0)] },
      { recording: 'b', day: DAY, keys: [key('b', 0, '1'), key('b', 0)] },
      { recording: 'b', day: '2026-05-21', keys: [key('b', 1)], isSecond: true },
    ]);
  });

  it('vouches for its items with its name: for none that was changed, of another plan, or for another reason', () => {
    const item = { recording: 'a', day: DAY, keys: ['archive/2026/05/20/a.enc'] };
    const sealed = sealItem('secret', options, item);
    expect(isSealed('secret', options, sealed)).toBe(true);
    expect(isSealed('other', options, sealed)).toBe(false);
    expect(isSealed('secret', { ...options, reason: 'x' }, sealed)).toBe(false);
    expect(isSealed('secret', options, { ...sealed, recording: 'b' })).toBe(false);
    expect(
      isSealed('secret', options, { ...sealed, keys: [...sealed.keys, 'archive/2026/05/20/b.enc'] }),
    ).toBe(false);
    expect(isSealed('secret', options, { ...sealed, mac: '' })).toBe(false);
  });
});
