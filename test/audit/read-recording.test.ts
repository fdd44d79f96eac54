import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { objectKey } from '../../src/record/object-key.ts';
import { restoreRecording, verifyRecording } from '../../src/audit/read-recording.ts';
import { getSmall, putSmall } from '../../src/record/small-object.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { EnvelopeReader, UnsealRequest } from '../../src/ports.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(1);
const KEY = objectKey({ ...ids, at: AT });
const secret = randomBytes(32);

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function archived(bytes: number, key = KEY) {
  const store = mapStore();
  const sealer = await createStaticEnvelope(secret).seal(ids);
  const plaintext = randomBytes(bytes);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  await store.put(key, once(body), { metadata: sealer.metadata, contentType: 'audio/wav' }, unlimited);
  return { store, plaintext, sha256: createHash('sha256').update(plaintext).digest('hex') };
}

/** Remembers all that a target was told to do. */
function target() {
  const told: string[] = [];
  const chunks: Uint8Array[] = [];
  return {
    told,
    content: () => Buffer.concat(chunks),
    chunks,
    write: (chunk: Uint8Array) => {
      chunks.push(Buffer.from(chunk));
      return Promise.resolve();
    },
    commit: () => Promise.resolve(void told.push('commit')),
    abandon: () => Promise.resolve(void told.push('abandon')),
  };
}

describe('reading a recording', () => {
  it.each([0, 1, 5000])(
    'of %i bytes: commits the plaintext once, and tells its size and digest',
    async (bytes) => {
      const { store, plaintext, sha256 } = await archived(bytes);
      const to = target();
      const outcome = await restoreRecording(
        { store, reader: createStaticReader(secret) },
        KEY,
        to,
        unlimited,
      );
      expect(outcome).toEqual({
        stat: store.objects.get(KEY)?.stat,
        bytes,
        sha256,
        receipt: 'none',
        notes: ['there is no receipt: nothing proves which recording this is'],
      });
      expect(to.told).toEqual(['commit']);
      expect(to.content()).toEqual(plaintext);
      expect(to.chunks.every(({ length }) => length > 0)).toBe(true);
    },
  );

  it.each([0, 700, 5015])('with byte %i changed: abandons, and commits nothing', async (at) => {
    const { store } = await archived(5000);
    store.tamper(KEY, (body) => body.writeUInt8(body.readUInt8(at) ^ 1, at));
    const to = target();
    const ports = { store, reader: createStaticReader(secret) };
    await expect(restoreRecording(ports, KEY, to, unlimited)).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
    expect(to.told).toEqual(['abandon']);
    await expect(verifyRecording(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('of which not all bytes arrive is a failure of the store, before the tag is checked', async () => {
    const { store } = await archived(5000);
    const get = store.get.bind(store);
    store.get = async (key, budget) => {
      const { stat, body } = await get(key, budget);
      return { stat: { ...stat, size: stat.size + 1 }, body };
    };
    const head = store.head.bind(store);
    store.head = async (key, budget) => {
      const stat = await head(key, budget);
      return stat && { ...stat, size: stat.size + 1 };
    };
    await expect(
      verifyRecording({ store, reader: createStaticReader(secret) }, KEY, unlimited),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${KEY}: 5016 of 5017 bytes arrived`,
    });
  });

  it.each([
    [KEY, { recordingId: ids.recordingId }],
    ['some/where/else', undefined],
  ])('asks for %s as the recording that the key names', async (key, expected) => {
    const { store, sha256 } = await archived(100, key);
    const inner = createStaticReader(secret);
    const asked: (UnsealRequest | undefined)[] = [];
    const reader: EnvelopeReader = {
      unseal: (stat, request) => {
        asked.push(request);
        return inner.unseal(stat, request);
      },
    };
    expect(await verifyRecording({ store, reader }, key, unlimited)).toMatchObject({ sha256 });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.expected).toEqual(expected);
    expect(asked[0]?.budget).toBe(unlimited);
    expect(await asked[0]?.readInstruction?.()).toBeUndefined();
    // read once: what is put there a moment later was compared with nothing
    await putSmall(store, `${key}.instruction`, Buffer.from('{"a":"b"}'), unlimited);
    expect(await asked[0]?.readInstruction?.()).toBeUndefined();
  });
});

describe('small objects', () => {
  it('are JSON without metadata, stored once', async () => {
    const store = mapStore();
    expect(await putSmall(store, 'a', Buffer.from('{}'), unlimited)).toBe('stored');
    expect(await putSmall(store, 'a', Buffer.from('[]'), unlimited)).toBe('exists');
    expect(store.objects.get('a')?.stat).toMatchObject({ contentType: 'application/json', metadata: {} });
    expect(await getSmall(store, 'a', 2, unlimited)).toBe('{}');
  });

  it('state their length to the store', async () => {
    const store = mapStore();
    let stated: number | undefined;
    const put = store.put.bind(store);
    store.put = (key, body, options, budget) => {
      stated = options.contentLength;
      return put(key, body, options, budget);
    };
    await putSmall(store, 'a', Buffer.from('äöü'), unlimited);
    expect(stated).toBe(6);
  });

  it('are none, or too long, or not available', async () => {
    const store = mapStore();
    expect(await getSmall(store, 'a', 9, unlimited)).toBeUndefined();
    await putSmall(store, 'a', Buffer.alloc(3000, 'x'), unlimited);
    expect(await getSmall(store, 'a', 3000, unlimited)).toBe('x'.repeat(3000));
    await expect(getSmall(store, 'a', 2999, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_MALFORMED',
      message: 'a is larger than 2999 bytes',
    });
    store.get = () => Promise.reject(new ArchiveError('STORE_DENIED', 'no'));
    await expect(getSmall(store, 'a', 9, unlimited)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    store.get = () => Promise.reject(Object.assign(new Error('x'), { code: 'OBJECT_NOT_FOUND' }));
    await expect(getSmall(store, 'a', 9, unlimited)).rejects.toThrow('x');
  });
});
