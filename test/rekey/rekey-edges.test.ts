import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { hashMetadata, idempotencyKey } from '../../src/record/identity.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { reencryptRecording } from '../../src/rekey/reencrypt-recordings.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import { putSmall } from '../../src/record/small-object.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import type {
  EnvelopeReader,
  InstructionContent,
  ObjectStore,
  Rewrapped,
  UnsealRequest,
} from '../../src/ports.ts';
import { mapStore, type MapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(3);
const KEY = objectKey({ ...ids, at: AT });
const FILE = `${KEY}.instruction`;
const secret = randomBytes(32);
const envelope = createStaticEnvelope(secret);
const reader = createStaticReader(secret);
const write = { dryRun: false };
const instruction: InstructionContent = {
  metadata: { 'x-amz-crypto-instr-file': 'true' },
  body: '{"ä":"b"}',
};

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function archived(key = KEY, plaintext: Buffer = randomBytes(2000), contentType = 'audio/wav') {
  const store = mapStore();
  const sealer = await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  await store.put(key, once(body), { metadata: sealer.metadata, contentType }, unlimited);
  return store;
}

/** A receipt that says which conversation it was. */
async function withReceipt(store: ObjectStore) {
  const stat = await store.head(KEY, unlimited);
  if (stat === undefined) throw new Error('it is there');
  const stated: Receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { conversation: ids.conversationId, recording: ids.recordingId },
    ciphertext: { bytes: stat.size },
    object: { key: KEY, store: store.location },
    envelope: { format: 'static-gcm', metadataSha256: hashMetadata(stat) },
    times: { recorded: new Date(AT).toISOString(), issued: new Date(AT).toISOString() },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
  };
  await putSmall(store, receiptKey(KEY), await formatReceipt(stated, undefined), unlimited);
}

/** What is said of an object without one. */
const notes = ['there is no receipt: nothing proves which recording this is'];

describe('encrypting again, at the edges', () => {
  const resealer = { seal: () => envelope.seal(ids) };
  const ports = (source: ObjectStore, target: ObjectStore) => ({ source, target, reader, resealer });

  it('a dry run says what is there and what would be made, and reads and writes nothing', async () => {
    const [source, target] = [await archived(), mapStore()];
    const dry = () => reencryptRecording(ports(source, target), KEY, { dryRun: true }, unlimited);
    expect(await dry()).toEqual({ state: 'reencrypted', key: KEY, notes });
    expect([target.objects.size, source.reads.length]).toEqual([0, 0]);
    await reencryptRecording(ports(source, target), KEY, write, unlimited);
    target.reads.length = 0;
    expect(await dry()).toEqual({ state: 'present', key: KEY, notes });
    expect(target.reads).toEqual([]);
  });

  it('says which object there is not', async () => {
    const long = 'x'.repeat(300);
    await expect(
      reencryptRecording(ports(mapStore(), mapStore()), long, write, unlimited),
    ).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `no object ${'x'.repeat(200)} in map:`,
    });
  });

  it('keeps the type, and names the recording where it is wholly known', async () => {
    const known = await archived();
    await withReceipt(known);
    const target = mapStore();
    await reencryptRecording(ports(known, target), KEY, write, unlimited);
    expect(target.objects.get(KEY)?.stat).toMatchObject({
      contentType: 'audio/wav',
      metadata: { 'gca-idem': idempotencyKey(ids) },
    });
    // the key alone names no conversation, and a key of another kind nothing
    for (const key of [KEY, 'elsewhere/x.enc']) {
      const other = mapStore();
      await reencryptRecording(ports(await archived(key), other), key, write, unlimited);
      expect(other.objects.get(key)?.stat.metadata).not.toHaveProperty('gca-idem');
    }
  });

  it('a recording without a stated type gets the plain one', async () => {
    const source = await archived();
    const found = source.objects.get(KEY);
    if (found === undefined) throw new Error('it is there');
    source.objects.set(KEY, { ...found, stat: { ...found.stat, contentType: undefined } });
    const target = mapStore();
    await reencryptRecording(ports(source, target), KEY, write, unlimited);
    expect(target.objects.get(KEY)?.stat.contentType).toBe('application/octet-stream');
  });

  it('what another run made in the meantime is compared, not replaced', async () => {
    const plaintext = randomBytes(500);
    const source = await archived(KEY, plaintext);
    const same = await archived(KEY, plaintext);
    const different = await archived();
    const blind = (store: MapStore): ObjectStore => {
      let looked = false;
      // it is put there between the look and the write
      const head: ObjectStore['head'] = (...asked) => {
        const first = !looked;
        looked = true;
        return first ? Promise.resolve(undefined) : store.head(...asked);
      };
      return { ...store, head };
    };
    expect(await reencryptRecording(ports(source, blind(same)), KEY, write, unlimited)).toMatchObject({
      state: 'present',
      bytes: 500,
    });
    await expect(
      reencryptRecording(ports(source, blind(different)), KEY, write, unlimited),
    ).rejects.toMatchObject({
      code: 'KEY_COLLISION',
      message: `map: holds another recording under ${KEY}`,
    });
    // what is known to be there is compared before anything is encrypted
    let sealed = 0;
    const counting = {
      seal: () => {
        sealed += 1;
        return envelope.seal(ids);
      },
    };
    await reencryptRecording({ ...ports(source, same), resealer: counting }, KEY, write, unlimited);
    expect(sealed).toBe(0);
  });

  it('what does not read back as it was encrypted is a mismatch', async () => {
    const source = await archived();
    for (const wrong of [await archived(), await archived(KEY, randomBytes(1999))]) {
      let looked = false;
      const target: ObjectStore = {
        ...mapStore(),
        get: (...asked) => wrong.get(...asked),
        head: (...asked) => {
          const first = !looked;
          looked = true;
          return first ? Promise.resolve(undefined) : wrong.head(...asked);
        },
      };
      await expect(reencryptRecording(ports(source, target), KEY, write, unlimited)).rejects.toMatchObject({
        code: 'STORE_MISMATCH',
        message: `${KEY}: the new object does not decrypt to what was encrypted`,
      });
    }
  });

  it('the old one is asked for as the recording that its key names, with its instruction file', async () => {
    for (const [key, expected] of [
      [KEY, { recordingId: ids.recordingId }],
      ['elsewhere/x.enc', undefined],
    ] as const) {
      const source = await archived(key);
      await source.put(
        `${key}.instruction`,
        once(Buffer.from('{"a":"b"}')),
        { metadata: {}, contentType: 'x/y' },
        unlimited,
      );
      const asked: (UnsealRequest | undefined)[] = [];
      const watching: EnvelopeReader = {
        unseal: (stat, request) => {
          asked.push(request);
          return reader.unseal(stat, request);
        },
      };
      await reencryptRecording({ ...ports(source, mapStore()), reader: watching }, key, write, unlimited);
      const [old] = asked;
      expect(old?.expected).toEqual(expected);
      expect(old?.budget).toBe(unlimited);
      expect(await old?.readInstruction?.()).toBe('{"a":"b"}');
    }
  });

  it('an old object of which not all bytes arrive becomes no new one', async () => {
    const source = await archived();
    const get = source.get.bind(source);
    source.get = async (key, budget) => {
      const { stat, body } = await get(key, budget);
      return { stat: { ...stat, size: stat.size + 1 }, body };
    };
    const head = source.head.bind(source);
    source.head = async (key, budget) => {
      const stat = await head(key, budget);
      return stat && { ...stat, size: stat.size + 1 };
    };
    const target = mapStore();
    await expect(reencryptRecording(ports(source, target), KEY, write, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${KEY}: 2016 of 2017 bytes arrived`,
    });
    expect(target.objects.size).toBe(0);
  });
});

describe('adoption, at the edges', () => {
  const adopter = { adopt: () => Promise.resolve(instruction) };

  it('says whether the conversation is known', async () => {
    const store = await archived();
    expect(await adoptRecording({ store, adopter }, KEY, { dryRun: true }, unlimited)).toEqual({
      state: 'adopted',
      key: KEY,
      instructionKey: FILE,
      conversationKnown: false,
      notes,
    });
    await withReceipt(store);
    expect(await adoptRecording({ store, adopter }, KEY, { dryRun: true }, unlimited)).toMatchObject({
      conversationKnown: true,
    });
    expect(store.objects.has(FILE)).toBe(false);
  });

  it('a dry run takes nothing for the static format that lacks one of its two metadata', async () => {
    for (const name of ['encryption', 'iv']) {
      const store = await archived();
      const found = store.objects.get(KEY);
      if (found === undefined) throw new Error('it is there');
      const metadata = Object.fromEntries(
        Object.entries(found.stat.metadata).filter(([other]) => other !== name),
      );
      store.objects.set(KEY, { ...found, stat: { ...found.stat, metadata } });
      expect(await adoptRecording({ store, adopter }, KEY, { dryRun: true }, unlimited)).toMatchObject({
        state: 'other-format',
      });
    }
  });

  it('states type and length of the file it writes, in bytes', async () => {
    const store = await archived();
    let length: number | undefined;
    const put = store.put.bind(store);
    store.put = (key, body, options, budget) => {
      length = options.contentLength;
      return put(key, body, options, budget);
    };
    await adoptRecording({ store, adopter }, KEY, write, unlimited);
    expect(length).toBe(Buffer.byteLength(instruction.body));
    expect(store.objects.get(FILE)?.body.toString()).toBe(instruction.body);
    expect(store.objects.get(FILE)?.stat).toMatchObject({
      contentType: 'application/json',
      metadata: instruction.metadata,
    });
  });
});

describe('rewrapping, at the edges', () => {
  const rewrapper = (state: 'metadata' | 'instruction') => ({
    rewrap: () =>
      Promise.resolve(
        state === 'metadata' ? { state, metadata: { a: 'b' } } : ({ state, instruction } as const),
      ),
  });
  const rewrap = (store: ObjectStore, state: 'metadata' | 'instruction' = 'metadata') =>
    rewrapRecording({ store, rewrapper: rewrapper(state) }, KEY, write, unlimited);

  it('looks anew at what has changed in between, three times, and says that another process is at it', async () => {
    const store = await archived();
    let asked = 0;
    const busy: ObjectStore = {
      ...store,
      replaceMetadata: () => {
        asked += 1;
        return Promise.resolve({ outcome: 'changed' });
      },
    };
    await expect(rewrap(busy)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${KEY} is being changed by another process`,
      details: { key: KEY },
    });
    expect(asked).toBe(3);
  });

  it('says why a store cannot', async () => {
    const store = await archived();
    const unable = { state: 'unsupported', key: KEY, placement: 'metadata', notes };
    expect(await rewrap(store)).toEqual({ ...unable, reason: 'the store cannot replace it' });
    const big: ObjectStore = {
      ...store,
      replaceMetadata: () => Promise.resolve({ outcome: 'unsupported', reason: 'larger than 5 GiB' }),
    };
    expect(await rewrap(big)).toEqual({ ...unable, reason: 'larger than 5 GiB' });
    const noFile = { ...unable, placement: 'instruction', reason: 'the store cannot replace it' };
    expect(await rewrap(store, 'instruction')).toEqual(noFile);
    let replaced = 0;
    const able: ObjectStore = {
      ...store,
      replace: (stat) => {
        replaced += 1;
        return Promise.resolve({ outcome: 'replaced', stat });
      },
    };
    // there is no instruction file that could be exchanged
    expect(await rewrap(able, 'instruction')).toEqual(noFile);
    expect(replaced).toBe(0);
    await store.put(FILE, once(Buffer.from('{}')), { metadata: {}, contentType: 'x/y' }, unlimited);
    expect(await rewrap(able, 'instruction')).toEqual({
      state: 'rewrapped',
      key: KEY,
      placement: 'instruction',
      notes,
    });
    expect(await rewrap(store, 'instruction')).toEqual(noFile);
  });

  it('a dry run, and what needs nothing, change nothing', async () => {
    const store = await archived();
    const run = (state: 'metadata' | 'instruction') =>
      rewrapRecording({ store, rewrapper: rewrapper(state) }, KEY, { dryRun: true }, unlimited);
    expect(await run('metadata')).toEqual({ state: 'rewrapped', key: KEY, placement: 'metadata', notes });
    expect(await run('instruction')).toEqual({
      state: 'rewrapped',
      key: KEY,
      placement: 'instruction',
      notes,
    });
    const idle = (wanted: Rewrapped) => ({ rewrap: () => Promise.resolve(wanted) });
    const current = { store, rewrapper: idle({ state: 'current' }) };
    expect(await rewrapRecording(current, KEY, write, unlimited)).toEqual({
      state: 'current',
      key: KEY,
      notes,
    });
    const unwrapped = { store, rewrapper: idle({ state: 'unwrapped', format: 'static-gcm' }) };
    expect(await rewrapRecording(unwrapped, KEY, write, unlimited)).toEqual({
      state: 'static-key',
      key: KEY,
      notes,
    });
    expect(store.objects.size).toBe(1);
  });

  it('what is exchanged is said, and where', async () => {
    const store = await archived();
    const given: unknown[] = [];
    const able: ObjectStore = {
      ...store,
      replaceMetadata: (stat, changed) => {
        given.push(stat.key, changed);
        return Promise.resolve({ outcome: 'replaced', stat });
      },
    };
    expect(await rewrap(able)).toEqual({ state: 'rewrapped', key: KEY, placement: 'metadata', notes });
    expect(given).toEqual([KEY, { a: 'b' }]);
  });

  it('reads no instruction file for an object without one', async () => {
    const store = await archived();
    const asked: (string | undefined)[] = [];
    const watching = {
      rewrap: (_: unknown, body: string | undefined) => {
        asked.push(body);
        return Promise.resolve({ state: 'current' } as const);
      },
    };
    store.reads.length = 0;
    await rewrapRecording({ store, rewrapper: watching }, KEY, write, unlimited);
    expect(asked).toEqual([undefined]);
    expect(store.reads).toEqual([]);
  });
});
