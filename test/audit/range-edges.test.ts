import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashMetadata } from '../../src/record/identity.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { openChecked } from '../../src/audit/open-checked.ts';
import { openSeekable, type RangeOptions, type RangePorts } from '../../src/audit/read-range.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { putSmall } from '../../src/record/small-object.ts';
import { createLeafCache, fingerprintOf, leavesOfObject } from '../../src/audit/verified-leaves.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore } from '../../src/ports.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const ids = idsAt(1);
const KEY = objectKey({ ...ids, at: Date.UTC(2026, 4, 20, 12) });
const LEAF = 100;
const secret = randomBytes(32);
const wrapping = { kid: 'k', key: secret };
const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([wrapping])] });
const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: createAesWrapper(wrapping) });
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([[signingKeyId(publicKey), publicKey]]);

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

/** An object of 1,000 bytes and its receipt, changed as asked; `none`: there is none. */
async function archived(change: ((receipt: Receipt) => object) | 'none' = () => ({}), key = KEY) {
  const store = mapStore();
  const plaintext = randomBytes(1000);
  const sealer = await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  await store.put(key, once(body), { metadata: sealer.metadata, contentType: 'x/y' }, unlimited);
  const hasher = LeafHasher.full(LEAF);
  hasher.update(body);
  const receipt: Receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { conversation: ids.conversationId, recording: ids.recordingId },
    ciphertext: {
      bytes: body.length,
      leafBytes: LEAF,
      leaves: hasher.finish().leaves.map((leaf) => leaf.toString('hex')),
    },
    object: { key, store: 'map:' },
    envelope: { format: 's3ec-v3', metadataSha256: hashMetadata(sealer) },
    times: { recorded: '2026-05-20T12:00:00.000Z', issued: '2026-05-20T12:00:00.000Z' },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
  };
  if (change !== 'none') {
    const changed = { ...receipt, ...change(receipt) } as Receipt;
    const text = await formatReceipt(changed, createReceiptSigner(privateKey));
    await putSmall(store, receiptKey(key), text, unlimited);
  }
  store.reads.length = 0;
  return { store, plaintext, body };
}

/** Signatures are asked for where there is a receipt. */
async function trustOf(store: ObjectStore, key: string): Promise<Pick<RangePorts, 'keys'>> {
  return (await store.head(receiptKey(key), unlimited)) === undefined ? {} : { keys };
}

async function opened(store: ObjectStore, more: Partial<RangePorts> = {}, options?: RangeOptions, key = KEY) {
  return openSeekable({ store, reader, ...(await trustOf(store, key)), ...more }, key, unlimited, options);
}

async function read(store: ObjectStore, first: number, last: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await opened(store)).read({ first, last }, unlimited)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Serves ranges with a body that is changed on its way. */
function serving(store: ObjectStore, change: (body: Buffer) => Buffer): ObjectStore {
  return {
    ...store,
    get: async (key, budget, range) => {
      const found = await store.get(key, budget, range);
      if (range === undefined) return found;
      const chunks: Uint8Array[] = [];
      for await (const chunk of found.body) chunks.push(chunk);
      return { ...found, body: once(change(Buffer.concat(chunks))) };
    },
  };
}

describe('a range, at the edges', () => {
  it('of one byte, the first and the last one, and of more than there is', async () => {
    const { store, plaintext } = await archived();
    expect(await read(store, 0, 0)).toEqual(plaintext.subarray(0, 1));
    expect(await read(store, 999, 999)).toEqual(plaintext.subarray(999));
    expect(await read(store, 950, 99_999)).toEqual(plaintext.subarray(950));
    expect(await read(store, 99, 100)).toEqual(plaintext.subarray(99, 101));
  });

  it.each([
    [1000, 1000],
    [5, 4],
    [-1, 3],
    [0.5, 3],
    [0, 3.5],
    [Number.NaN, 3],
  ])('from %d to %d is none', async (first, last) => {
    const { store } = await archived();
    await expect(read(store, first, last)).rejects.toMatchObject({
      code: 'USAGE',
      message: `bytes ${first} to ${last} are not within a recording of 1000`,
    });
  });

  it('that ends early is a failure of the store, at whichever byte', async () => {
    const { store } = await archived();
    for (const missing of [1, 50, 100, 101, 200]) {
      const short = serving(store, (body) => body.subarray(0, body.length - missing));
      await expect(read(short, 0, 150)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: `${KEY}: the object ended early while it was read`,
      });
    }
  });

  it('that is longer than was asked for, or another one, is refused', async () => {
    const { store } = await archived();
    const message = `${KEY}: a piece of the object is not what it was when the whole was authenticated`;
    const longer = serving(store, (body) => Buffer.concat([body, Buffer.of(1)]));
    await expect(read(longer, 0, 150)).rejects.toMatchObject({ code: 'DECRYPT_FAILED', message });
    await expect(read(longer, 950, 999)).rejects.toMatchObject({ code: 'DECRYPT_FAILED', message });
    const other = serving(store, (body) => Buffer.from(body.map((byte) => byte ^ 1)));
    await expect(read(other, 300, 301)).rejects.toMatchObject({ code: 'DECRYPT_FAILED', message });
  });

  it('may come in pieces of any size', async () => {
    const { store, plaintext } = await archived();
    for (const size of [1, 7, 99, 100, 101, 333]) {
      const cut: ObjectStore = {
        ...store,
        get: async (key, budget, range) => {
          const found = await store.get(key, budget, range);
          const chunks: Uint8Array[] = [];
          for await (const chunk of found.body) chunks.push(chunk);
          const whole = Buffer.concat(chunks);
          async function* pieces() {
            for (let at = 0; at < whole.length; at += size) {
              yield await Promise.resolve(whole.subarray(at, at + size));
            }
          }
          return { ...found, body: pieces() };
        },
      };
      expect(await read(cut, 150, 849)).toEqual(plaintext.subarray(150, 850));
    }
  });

  it('of an object that is not there', async () => {
    const key = 'x'.repeat(300);
    await expect(opened(mapStore(), {}, {}, key)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `no object ${'x'.repeat(200)} in map:`,
    });
  });

  it('is asked for as the recording that the key names', async () => {
    for (const [key, expected] of [
      [KEY, { recordingId: ids.recordingId }],
      ['some/where/else', undefined],
    ] as const) {
      const { store } = await archived('none', key);
      const asked: unknown[] = [];
      const watching = {
        unseal: reader.unseal.bind(reader),
        unsealRange: (...[stat, request]: Parameters<typeof reader.unsealRange>) => {
          asked.push(request?.expected);
          return reader.unsealRange(stat, request);
        },
      };
      await opened(store, { reader: watching }, {}, key);
      expect(asked).toEqual([expected]);
    }
  });
});

describe('the leaves of a receipt', () => {
  const verifiedBy = async (...args: Parameters<typeof archived>) =>
    (await opened((await archived(...args)).store)).verifiedBy;

  it('are used when it states the object as it is', async () => {
    expect(await verifiedBy()).toBe('receipt');
  });

  it.each<[string, (receipt: Receipt) => object]>([
    ['it was written by an adopter', () => ({ kind: 'adopted' })],
    ['it names no key', () => ({ object: undefined })],
    ['it states no metadata', () => ({ envelope: undefined })],
    ['it states no ciphertext', () => ({ ciphertext: undefined })],
    ['it states no leaves', () => ({ ciphertext: { bytes: 1016, leafBytes: LEAF } })],
    [
      'it states no size of a leaf',
      ({ ciphertext }) => ({ ciphertext: { bytes: 1016, leaves: ciphertext?.leaves } }),
    ],
  ])('are not when %s: the object is read whole', async (_, change) => {
    expect(await verifiedBy(change)).toBe('object');
  });

  it.each<[string, (receipt: Receipt) => object]>([
    ['it names another key', () => ({ object: { key: 'archive/x', store: 'map:' } })],
    ['it names another recording', () => ({ ids: { conversation: 'c', recording: 'r' } })],
    ['it states other metadata', () => ({ envelope: { format: 'x', metadataSha256: '0'.repeat(64) } })],
    ['it states another size', ({ ciphertext }) => ({ ciphertext: { ...ciphertext, bytes: 1015 } })],
    [
      'it states a leaf too few',
      ({ ciphertext }) => ({ ciphertext: { ...ciphertext, leaves: ciphertext?.leaves?.slice(1) } }),
    ],
    [
      'its leaves are too large to be held',
      () => ({ ciphertext: { bytes: 1016, leafBytes: 64 * 1024 * 1024 + 1, leaves: ['0'.repeat(64)] } }),
    ],
    [
      'its list of leaves is not there',
      () => ({ ciphertext: { bytes: 1016, leafBytes: 150, leavesSha256: '0'.repeat(64) } }),
    ],
  ])('are of no object that can be opened when %s', async (_, change) => {
    await expect(verifiedBy(change)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
  });

  it('are as large as may be held', async () => {
    const large = 64 * 1024 * 1024;
    const wrong = () => ({ ciphertext: { bytes: 1016, leafBytes: large, leaves: ['0'.repeat(64)] } });
    expect(await verifiedBy(wrong)).toBe('receipt');
  });

  it('are not those of no receipt at all, and of a damaged one nothing is opened', async () => {
    expect(await verifiedBy('none')).toBe('object');
    const { store } = await archived();
    store.tamper(receiptKey(KEY), (text) => text.write('!'));
    await expect(opened(store)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
    const elsewhere = await archived(() => ({}), 'else/where');
    await expect(opened(elsewhere.store, {}, {}, 'else/where')).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
  });

  it('are not believed without a key to check them with, unless that is asked for', async () => {
    const { store } = await archived();
    for (const none of [new Map<string, never>(), undefined]) {
      const ports = none === undefined ? { store, reader } : { store, reader, keys: none };
      expect((await openSeekable(ports, KEY, unlimited)).verifiedBy).toBe('object');
      expect((await openSeekable(ports, KEY, unlimited, { trustUnsignedReceipts: true })).verifiedBy).toBe(
        'receipt',
      );
    }
    const other = generateKeyPairSync('ed25519').publicKey;
    const wrong = new Map([[signingKeyId(other), other]]);
    await expect(opened(store, { keys: wrong }, { trustUnsignedReceipts: true })).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
  });

  it('that the store will not give are not passed over', async () => {
    const { store } = await archived();
    for (const failure of [
      new ArchiveError('STORE_DENIED', 'no'),
      Object.assign(new Error('x'), { code: 'OBJECT_MALFORMED' }),
    ]) {
      const denied: ObjectStore = {
        ...store,
        get: (key, ...rest) => (key === receiptKey(KEY) ? Promise.reject(failure) : store.get(key, ...rest)),
      };
      await expect(opened(denied)).rejects.toBe(failure);
    }
  });
});

describe('an object that is read whole', () => {
  it('must be the one that was opened, and arrive whole', async () => {
    const { store } = await archived('none');
    const stat = store.objects.get(KEY)?.stat;
    if (stat === undefined) throw new Error('it is there');
    const checked = await openChecked({ store }, KEY, unlimited);
    const leaves = (change: object, received: ObjectStore = store) =>
      leavesOfObject(
        { store: received, reader },
        { ...checked, stat: { ...stat, ...change } },
        LEAF,
        unlimited,
      );
    const { digests, leafBytes } = await leaves({});
    expect(leafBytes).toBe(LEAF);
    const body = store.objects.get(KEY)?.body ?? Buffer.alloc(0);
    expect(digests).toEqual(
      Array.from({ length: 11 }, (_, index) =>
        createHash('sha256')
          .update(body.subarray(index * LEAF, (index + 1) * LEAF))
          .digest('hex'),
      ),
    );
    for (const change of [{ size: 1 }, { metadata: { ...stat.metadata, more: '1' } }]) {
      await expect(leaves(change)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: `${KEY} was replaced while it was opened`,
      });
    }
    const lying: ObjectStore = {
      ...store,
      get: async (key, budget) => {
        const found = await store.get(key, budget);
        return { ...found, stat: { ...found.stat, size: 1017 } };
      },
    };
    await expect(leaves({ size: 1017 }, lying)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${KEY}: 1016 of 1017 bytes arrived`,
    });
  });

  it('is read whole once where that is remembered, and each time where it is not', async () => {
    const { store } = await archived('none');
    const whole = () => store.reads.filter(({ key, first }) => key === KEY && first === undefined).length;
    await opened(store);
    await opened(store);
    expect(whole()).toBe(2);
    const cache = createLeafCache();
    await opened(store, { cache });
    const again = await opened(store, { cache });
    expect([whole(), again.verifiedBy]).toEqual([3, 'object']);
    await putSmall(store, `${KEY}.instruction`, Buffer.from('{}'), unlimited);
    await opened(store, { cache });
    expect(whole()).toBe(3);
  });

  it('is another one when anything that decides what it decrypts to is another', () => {
    const stat: ObjectStat = {
      key: KEY,
      size: 1,
      metadata: { a: 'b' },
      contentType: 'x/y',
      etag: '"e"',
      checksum: undefined,
      lastModified: 0,
    };
    const own = fingerprintOf('map:', stat, undefined);
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf('map:', { ...stat, lastModified: 9, etag: '"f"' }, undefined)).toBe(own);
    const others = [
      fingerprintOf('s3:', stat, undefined),
      fingerprintOf('map:', { ...stat, key: 'k' }, undefined),
      fingerprintOf('map:', { ...stat, size: 2 }, undefined),
      fingerprintOf('map:', { ...stat, metadata: { a: 'c' } }, undefined),
      fingerprintOf('map:', stat, '{}'),
    ];
    expect(new Set([own, ...others]).size).toBe(6);
  });

  it('is remembered, until there is too much of it', () => {
    const cache = createLeafCache(10);
    const leaves = (count: number) => ({ leafBytes: 1, digests: Array<string>(count).fill('x') });
    cache.set('a', leaves(4));
    cache.set('b', leaves(4));
    expect(cache.get('none')).toBeUndefined();
    expect(cache.get('a')?.digests).toHaveLength(4);
    cache.set('c', leaves(3));
    expect([cache.get('a') !== undefined, cache.get('b'), cache.get('c') !== undefined]).toEqual([
      true,
      undefined,
      true,
    ]);
    cache.set('a', leaves(7));
    expect(cache.get('c')).toBeDefined();
    expect(cache.get('a')?.digests).toHaveLength(7);
    cache.set('huge', leaves(11));
    expect([cache.get('a'), cache.get('c'), cache.get('huge')?.digests.length]).toEqual([
      undefined,
      undefined,
      11,
    ]);
  });
});
