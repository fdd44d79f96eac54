import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashMetadata } from '../../src/record/identity.ts';
import { hashWrap } from '../../src/record/first-wrap.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { openSeekable, type RangePorts, readRange } from '../../src/audit/read-range.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { createLeafCache } from '../../src/audit/verified-leaves.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap } from '../../src/envelope/key-wrap.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Envelope } from '../../src/ports.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { mapStore } from '../archive/map-store.ts';

const ids = {
  recordingId: '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10',
  conversationId: '0b7a3e51-8f0f-4a0f-8d5e-6a8d3e1c2b4f',
};
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const RECEIPT = `receipts/2026/05/20/${ids.recordingId}.json`;
const LEAF = 1000;

const staticKey = randomBytes(32);
const wrapping = { kid: 'k1', key: randomBytes(32) };
const kms = createKmsWrap(memoryKeyService());
const signing = generateKeyPairSync('ed25519');
const keys = new Map([[signingKeyId(signing.publicKey), signing.publicKey]]);
const reader = createEnvelopeReader({ staticKey, unwrappers: [createAesUnwrapper([wrapping]), kms] });

const aes = createAesWrapper(wrapping);
const ENVELOPES: Readonly<Record<string, () => Envelope>> = {
  'static-gcm': () => createStaticEnvelope(staticKey),
  's3ec-v2': () => createS3ecEnvelope({ format: 's3ec-v2', wrapper: aes }),
  's3ec-v3': () => createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms, organizationId: 'org' }),
  's3ec-v3 with an instruction file': () =>
    createS3ecEnvelope({ format: 's3ec-v3', wrapper: aes, placement: 'instruction' }),
};

async function* once(body: Buffer) {
  yield await Promise.resolve(body);
}

const v3 = () => createS3ecEnvelope({ format: 's3ec-v3', wrapper: aes });

/** An object of `bytes` bytes of plaintext, with the receipt of the attempt that wrote it where one is asked for. */
async function archived(
  envelope: Envelope,
  bytes: number,
  receipt?: 'signed' | 'unsigned' | Partial<Receipt>,
) {
  const store = mapStore();
  const plaintext = randomBytes(bytes);
  const sealer: Awaited<ReturnType<Envelope['seal']>> & { instruction?: { body: string } } =
    await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const options = { metadata: sealer.metadata, contentType: 'application/octet-stream' };
  await store.put(KEY, once(body), options, unlimited);
  if (sealer.instruction !== undefined) {
    const instruction = once(Buffer.from(sealer.instruction.body));
    await store.put(
      `${KEY}.instruction`,
      instruction,
      { metadata: {}, contentType: 'application/json' },
      unlimited,
    );
  }
  if (receipt !== undefined) {
    const hasher = LeafHasher.full(LEAF);
    hasher.update(body);
    const { sha256, leaves } = hasher.finish();
    const hash = hashMetadata(sealer);
    const wrap = hashWrap(sealer.metadata);
    const stated: Receipt = {
      schema: 'genesys-media-archive/receipt/v1',
      kind: 'archived',
      ids: { conversation: ids.conversationId, recording: ids.recordingId },
      ciphertext: {
        bytes: body.length,
        sha256: sha256.toString('hex'),
        leafBytes: LEAF,
        leaves: leaves.map((leaf) => leaf.toString('hex')),
      },
      object: { key: KEY, store: store.location },
      envelope: {
        format: envelope.format,
        metadataSha256: hash,
        ...(wrap === undefined ? {} : { wrapSha256: wrap }),
      },
      times: { recorded: '2026-05-20T00:00:00.000Z', issued: '2026-05-20T00:00:00.000Z' },
      tool: { name: 'genesys-media-archive', version: '1.0.0' },
      ...(typeof receipt === 'string' ? {} : receipt),
    };
    const signer = receipt === 'unsigned' ? undefined : createReceiptSigner(signing.privateKey);
    const bytesOfReceipt = once(await formatReceipt(stated, signer));
    await store.put(RECEIPT, bytesOfReceipt, { metadata: {}, contentType: 'application/json' }, unlimited);
  }
  store.reads.length = 0;
  const ports: RangePorts = receipt === undefined ? { store, reader } : { store, reader, keys };
  return { store, plaintext, body, ports };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** What a read gives before it ends, and the code it fails with. */
async function attempt(chunks: AsyncIterable<Uint8Array>) {
  const released: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) released.push(chunk);
    return { code: 'none', released: Buffer.concat(released) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return { code, released: Buffer.concat(released) };
  }
}

const wholeReads = (reads: readonly { key: string; first: number | undefined }[]) =>
  reads.filter(({ key, first }) => key === KEY && first === undefined).length;

describe('range reads', () => {
  it.each(Object.entries(ENVELOPES))('are slices of the recording, 10,000 times: %s', async (_, envelope) => {
    const bytes = 20_011;
    const { plaintext, ports, store } = await archived(envelope(), bytes);
    const recording = await openSeekable(ports, KEY, unlimited, { leafBytes: LEAF });
    expect(recording.bytes).toBe(bytes);
    const wrong: number[][] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const first = Math.floor(Math.random() * bytes);
      const length = 1 + Math.floor(Math.random() * (n % 10 === 0 ? bytes : 3 * LEAF));
      const got = await collect(recording.read({ first, last: first + length - 1 }, unlimited));
      if (!got.equals(plaintext.subarray(first, first + length))) wrong.push([first, length]);
    }
    expect(wrong).toEqual([]);
    // the leaves were seen once, by authenticating the whole
    expect(wholeReads(store.reads)).toBe(1);
  });

  it.each(Object.entries(ENVELOPES))(
    'reject every range that covers a flipped byte: %s',
    async (_, envelope) => {
      const bytes = 5_003;
      const { plaintext, ports, store, body } = await archived(envelope(), bytes, 'signed');
      const recording = await openSeekable(ports, KEY, unlimited);
      // where nothing but the tag of the whole settles the key, the whole is read once
      const isSettled = envelope().format !== 'static-gcm';
      expect(recording.verifiedBy).toBe(isSettled ? 'receipt' : 'object');
      const leafBytes = isSettled ? LEAF : 64 * 1024;
      await fc.assert(
        fc.asyncProperty(
          fc.nat(body.length - 1),
          fc.integer({ min: 1, max: 255 }),
          fc.nat(bytes - 1),
          fc.integer({ min: 1, max: bytes }),
          async (position, mask, first, length) => {
            const flip = (bytes: Buffer) => {
              bytes[position] = (bytes[position] ?? 0) ^ mask;
            };
            store.tamper(KEY, flip);
            const last = Math.min(first + length, bytes) - 1;
            const { code, released } = await attempt(recording.read({ first, last }, unlimited));
            store.tamper(KEY, flip);
            const leaf = Math.floor(position / leafBytes);
            const covered = leaf >= Math.floor(first / leafBytes) && leaf <= Math.floor(last / leafBytes);
            expect(code).toBe(covered ? 'DECRYPT_FAILED' : 'none');
            // whatever was released before the damage is the recording
            expect(released.equals(plaintext.subarray(first, first + released.length))).toBe(true);
            if (covered) expect(released.length).toBe(Math.max(0, leaf * leafBytes - first));
          },
        ),
        { numRuns: 500 },
      );
    },
  );

  it('end with the recording and never reach into the tag', async () => {
    const { plaintext, ports } = await archived(createStaticEnvelope(staticKey), 2 * LEAF - 8, 'signed');
    const recording = await openSeekable(ports, KEY, unlimited);
    const all = await collect(recording.read({ first: 0, last: Number.MAX_SAFE_INTEGER - 1 }, unlimited));
    expect(all).toEqual(plaintext);
    const tail = await collect(recording.read({ first: plaintext.length - 1, last: 1e9 }, unlimited));
    expect(tail).toEqual(plaintext.subarray(-1));
  });

  it.each([
    ['behind the end', { first: 100, last: 100 }],
    ['before the beginning', { first: -1, last: 5 }],
    ['backwards', { first: 5, last: 4 }],
    ['of fractions', { first: 0.5, last: 4 }],
  ])('refuse a range %s', async (_, range) => {
    const { ports } = await archived(createStaticEnvelope(staticKey), 100);
    expect(await attempt(readRange(ports, KEY, range, unlimited))).toMatchObject({ code: 'USAGE' });
  });

  it('of an empty recording hold nothing', async () => {
    const { ports } = await archived(createStaticEnvelope(staticKey), 0, 'signed');
    const recording = await openSeekable(ports, KEY, unlimited);
    expect(recording.bytes).toBe(0);
    expect(await attempt(recording.read({ first: 0, last: 0 }, unlimited))).toMatchObject({ code: 'USAGE' });
  });

  it('read no more than the leaves they touch when a signed receipt has them', async () => {
    const { ports, store } = await archived(v3(), 50 * LEAF, 'signed');
    await collect(readRange(ports, KEY, { first: 10_500, last: 10_600 }, unlimited));
    expect(store.reads).toEqual([
      { key: RECEIPT, first: undefined },
      { key: KEY, first: 10 * LEAF },
    ]);
  });

  it.each([
    ['unsigned', 'unsigned' as const],
    ['of another recording', { ids: { conversation: 'c', recording: 'other' } }],
    ['of another object', { object: { key: 'archive/2026/05/20/other.enc', store: 'map:' } }],
    ['of other metadata', { envelope: { format: 's3ec-v3', metadataSha256: '0'.repeat(64) } }],
    ['of another length', { ciphertext: { bytes: 17, leafBytes: 1000, leaves: ['0'.repeat(64)] } }],
  ])('refuse an object with a receipt %s, unless that is waived', async (_, receipt) => {
    const { ports, store, plaintext } = await archived(v3(), 3000, receipt);
    await expect(openSeekable(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
    expect(wholeReads(store.reads)).toBe(0);
    const recording = await openSeekable({ ...ports, unverified: true }, KEY, unlimited);
    expect(recording).toMatchObject({ verifiedBy: 'object', receipt: 'unverified' });
    expect(await collect(recording.read({ first: 7, last: 2000 }, unlimited))).toEqual(
      plaintext.subarray(7, 2001),
    );
  });

  it.each([
    ['of an adopted object, which was never authenticated', { kind: 'adopted' as const }],
    ['without leaves', { ciphertext: { bytes: 3016 } }],
  ])('do not go by a receipt %s, but read the object once', async (_, receipt) => {
    const { ports, store, plaintext } = await archived(v3(), 3000, receipt);
    const recording = await openSeekable(ports, KEY, unlimited);
    expect(recording.verifiedBy).toBe('object');
    expect(await collect(recording.read({ first: 7, last: 2000 }, unlimited))).toEqual(
      plaintext.subarray(7, 2001),
    );
    expect(wholeReads(store.reads)).toBe(1);
  });

  it.each([
    ['with too few leaves', { ciphertext: { bytes: 3016, leafBytes: 1000, leaves: ['0'.repeat(64)] } }],
    [
      'with leaves too large to hold',
      { ciphertext: { bytes: 3016, leafBytes: 2 ** 40, leaves: ['0'.repeat(64)] } },
    ],
  ])('release nothing of an object whose receipt states leaves that it has not: %s', async (_, receipt) => {
    const { ports } = await archived(v3(), 3000, receipt);
    await expect(openSeekable(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
  });

  it('go by an unsigned receipt only where that is asked for and no key is given', async () => {
    const { ports } = await archived(v3(), 3000, 'unsigned');
    const { store } = ports;
    const by = async (given: RangePorts, trustUnsignedReceipts: boolean) =>
      (await openSeekable(given, KEY, unlimited, { trustUnsignedReceipts })).verifiedBy;
    expect(await by({ store, reader }, false)).toBe('object');
    expect(await by({ store, reader }, true)).toBe('receipt');
    await expect(by(ports, true)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
  });

  it('refuse an object with a receipt whose signature does not fit', async () => {
    const { ports, store } = await archived(v3(), 3000, 'signed');
    store.tamper(RECEIPT, (body) => {
      const at = body.indexOf('"leaves":["') + 11;
      body.write(body[at] === 0x30 ? '1' : '0', at, 'latin1');
    });
    await expect(openSeekable(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
  });

  it('release nothing that was decrypted with another key: static-gcm and s3ec-v2 are read whole for that', async () => {
    const { ports } = await archived(createStaticEnvelope(staticKey), 3000, 'signed');
    const wrong = createEnvelopeReader({ staticKey: randomBytes(32) });
    await expect(openSeekable({ ...ports, reader: wrong }, KEY, unlimited)).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
    const v2 = await archived(createS3ecEnvelope({ format: 's3ec-v2', wrapper: aes }), 3000, 'signed');
    const found = v2.store.objects.get(KEY);
    if (found === undefined) throw new Error('it is there');
    const other = await aes.generate('AES/GCM/NoPadding', {});
    const metadata = {
      ...found.stat.metadata,
      'x-amz-key-v2': Buffer.from(other.wrapped).toString('base64'),
    };
    v2.store.objects.set(KEY, { ...found, stat: { ...found.stat, metadata } });
    expect(await attempt(readRange(v2.ports, KEY, { first: 0, last: 99 }, unlimited))).toEqual({
      code: 'DECRYPT_FAILED',
      released: Buffer.alloc(0),
    });
  });

  it('do not go by a receipt when the key comes from an instruction file the object does not commit to', async () => {
    const { ports, store } = await archived(createStaticEnvelope(staticKey), 3000, 'signed');
    const stat = store.objects.get(KEY)?.stat;
    const edk = await aes.wrap(staticKey, 'AES/GCM/NoPadding', {}, unlimited);
    const instruction = {
      'x-amz-key-v2': Buffer.from(edk.wrapped).toString('base64'),
      'x-amz-iv': stat?.metadata['iv'],
      'x-amz-cek-alg': 'AES/GCM/NoPadding',
      'x-amz-tag-len': '128',
      'x-amz-wrap-alg': 'AES/GCM',
      'x-amz-matdesc': JSON.stringify(edk.description),
    };
    const file = once(Buffer.from(JSON.stringify(instruction)));
    await store.put(`${KEY}.instruction`, file, { metadata: {}, contentType: 'application/json' }, unlimited);
    const keyless = createEnvelopeReader({ unwrappers: [createAesUnwrapper([wrapping])] });
    expect((await openSeekable({ ...ports, reader: keyless }, KEY, unlimited)).verifiedBy).toBe('object');
  });

  it('refuse a damaged object without a receipt as a whole', async () => {
    const { ports, store } = await archived(createStaticEnvelope(staticKey), 3000);
    store.tamper(KEY, (body) => {
      body[2999] = (body[2999] ?? 0) ^ 1;
    });
    await expect(openSeekable(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('read an object without a receipt whole only once, as long as it stays what it was', async () => {
    const { ports, store, plaintext } = await archived(createStaticEnvelope(staticKey), 3000);
    const cached = { ...ports, cache: createLeafCache() };
    await collect(readRange(cached, KEY, { first: 0, last: 10 }, unlimited));
    const again = await collect(readRange(cached, KEY, { first: 100, last: 109 }, unlimited));
    expect(again).toEqual(plaintext.subarray(100, 110));
    expect(wholeReads(store.reads)).toBe(1);
    const { stat, body } = store.objects.get(KEY) ?? {};
    if (stat === undefined || body === undefined) throw new Error('there is no object');
    // other bytes under the same metadata do not fit the leaves; other metadata have no leaves
    store.tamper(KEY, (bytes) => bytes.fill(0, 0, 20));
    expect(await attempt(readRange(cached, KEY, { first: 0, last: 10 }, unlimited))).toMatchObject({
      code: 'DECRYPT_FAILED',
    });
    const metadata = { ...stat.metadata, iv: randomBytes(12).toString('base64') };
    store.objects.set(KEY, { stat: { ...stat, metadata }, body });
    await expect(openSeekable(cached, KEY, unlimited)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('forget the leaves of the object that was used longest ago', () => {
    const cache = createLeafCache(4);
    const leaves = { leafBytes: 1, digests: ['a', 'b'] };
    cache.set('one', leaves);
    cache.set('two', leaves);
    cache.get('one');
    cache.set('three', leaves);
    expect([cache.get('one'), cache.get('two'), cache.get('three')]).toEqual([leaves, undefined, leaves]);
    cache.set('huge', { leafBytes: 1, digests: ['a', 'b', 'c', 'd', 'e'] });
    expect(cache.get('one')).toBeUndefined();
    expect(cache.get('huge')).toBeDefined();
  });

  it('tell an object that is not there', async () => {
    const ports = { store: mapStore(), reader };
    await expect(openSeekable(ports, KEY, unlimited)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  });
});
