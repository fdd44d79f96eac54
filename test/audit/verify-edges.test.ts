import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compareWithReceipt, finding, FINDING_KINDS } from '../../src/audit/compare-with-receipt.ts';
import { hashMetadata, idempotencyMetadata } from '../../src/record/identity.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import type { Receipt, SignedReceipt } from '../../src/record/receipt/schema.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { putSmall } from '../../src/record/small-object.ts';
import { verifyBody } from '../../src/audit/verify-body.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, UnsealRequest } from '../../src/ports.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(1);
const KEY = objectKey({ ...ids, at: AT });
const secret = randomBytes(32);
const reader = createStaticReader(secret);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([[signingKeyId(publicKey), publicKey]]);
const LEAF = 100;

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

const metadata = idempotencyMetadata(ids);
const stat: ObjectStat = {
  key: KEY,
  size: 116,
  metadata,
  contentType: 'x/y',
  etag: '"e"',
  versionId: 'v1',
  checksum: { type: 'full', sha256: 'AAAA' },
  lastModified: AT,
};
const receipt: SignedReceipt = {
  schema: 'genesys-media-archive/receipt/v1',
  kind: 'archived',
  ids: { conversation: ids.conversationId, recording: ids.recordingId },
  ciphertext: { bytes: 116 },
  object: { key: KEY, store: 's3://b', versionId: 'v1', checksum: { type: 'full', sha256: 'AAAA' } },
  envelope: { format: 'static-gcm', metadataSha256: hashMetadata({ metadata }) },
  times: { recorded: new Date(AT).toISOString(), issued: new Date(AT).toISOString() },
  tool: { name: 'genesys-media-archive', version: '0.0.0' },
};

describe('an object and its receipt, compared without reading it', () => {
  const compare = (change: object = {}, told: object = {}, key = KEY) =>
    compareWithReceipt(key, { ...stat, ...change }, { ...receipt, ...told }).map(
      ({ kind, message }) => `${kind}: ${message}`,
    );
  const object = receipt.object;

  it('agree', () => {
    expect(compare()).toEqual([]);
    const channelled = { ...ids, channel: '1' };
    const key = objectKey({ ...channelled, at: AT });
    const own = idempotencyMetadata(channelled);
    expect(
      compare(
        { metadata: own },
        {
          ids: { ...receipt.ids, channel: '1' },
          object: { ...object, key },
          envelope: { format: 'x', metadataSha256: hashMetadata({ metadata: own }) },
        },
        key,
      ),
    ).toEqual([]);
  });

  it('agree in what both state: what one of them does not state is not compared', () => {
    expect(compare({ versionId: undefined })).toEqual([]);
    expect(compare({}, { object: { key: KEY, store: 'x' } })).toEqual([]);
    expect(compare({}, { object: undefined, envelope: undefined, ciphertext: undefined })).toEqual([]);
    expect(compare({ metadata: {} }, { envelope: undefined })).toEqual([]);
  });

  it.each([
    [{ size: 115 }, {}, 'size: the object has 115 bytes, its receipt states 116'],
    [{ versionId: 'v2' }, {}, /^rolled-back: /],
    [{ checksum: undefined }, {}, 'checksum: the store no longer has the checksum that the receipt states'],
    [
      { checksum: { type: 'composite', sha256: 'AAAA' } },
      {},
      "checksum: the store's own checksum is not the one that the receipt states",
    ],
    [
      { checksum: { type: 'full', sha256: 'BBBB' } },
      {},
      "checksum: the store's own checksum is not the one that the receipt states",
    ],
    [{ metadata: { ...metadata, more: '1' } }, {}, `metadata: ${FINDING_KINDS.metadata}`],
    [{}, { kind: 'terminal' }, `unexpected-object: ${FINDING_KINDS['unexpected-object']}`],
    [{}, { object: { ...object, key: 'archive/x' } }, 'swapped: the receipt is that of another key'],
    [
      {},
      { ids: { ...receipt.ids, recording: 'other' } },
      'swapped: the receipt is that of another recording than the key names',
    ],
    [
      {},
      { ids: { ...receipt.ids, channel: '1' } },
      'swapped: the receipt is that of another recording than the key names',
    ],
    [
      {},
      { times: { ...receipt.times, recorded: '2026-05-21T00:00:00.000Z' } },
      'swapped: the receipt states another day than the key',
    ],
    [
      {},
      { ids: { ...receipt.ids, conversation: 'other' } },
      'swapped: the object is that of another recording than its receipt',
    ],
  ])('%j, %j', (change, told, expected) => {
    const found = compare(change, told);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('a key that names no recording has no receipt', () => {
    const strange = { object: { ...object, key: 'archive/strange' } };
    expect(compare({}, strange, 'archive/strange')).toEqual([
      'swapped: the receipt is that of another recording than the key names',
    ]);
  });
});

describe('a finding', () => {
  it('has the meaning and the code of its kind, unless told otherwise', () => {
    expect(finding('size', 'k')).toStrictEqual({
      kind: 'size',
      key: 'k',
      message: FINDING_KINDS.size,
      code: 'RECEIPT_MISMATCH',
    });
    expect(finding('leaf', 'k', 'm', { leaf: 0, code: 'DECRYPT_FAILED' })).toStrictEqual({
      kind: 'leaf',
      key: 'k',
      message: 'm',
      code: 'DECRYPT_FAILED',
      leaf: 0,
    });
  });
});

/** 1,000 bytes of plaintext in leaves of 100. */
async function archived(change: (receipt: Receipt) => Partial<Receipt> = () => ({})) {
  const store = mapStore();
  const plaintext = randomBytes(1000);
  const sealer = await createStaticEnvelope(secret).seal(ids);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const put = await store.put(
    KEY,
    once(body),
    { metadata: { ...sealer.metadata, ...metadata }, contentType: 'x/y' },
    unlimited,
  );
  if (put.outcome !== 'stored') throw new Error('there is one already');
  const hasher = LeafHasher.full(LEAF);
  hasher.update(body);
  const { sha256, leaves } = hasher.finish();
  const whole: Receipt = {
    ...receipt,
    plaintext: { bytes: 1000, sha256: createHash('sha256').update(plaintext).digest('hex') },
    ciphertext: {
      bytes: body.length,
      sha256: sha256.toString('hex'),
      leafBytes: LEAF,
      leaves: leaves.map((leaf) => leaf.toString('hex')),
    },
    object: { key: KEY, store: 'map:' },
    envelope: { format: 'static-gcm', metadataSha256: hashMetadata(put.stat) },
  };
  const told = { ...whole, ...change(whole) };
  await putSmall(
    store,
    receiptKey(KEY),
    await formatReceipt(told, createReceiptSigner(privateKey)),
    unlimited,
  );
  const read = async (from: ObjectStore = store, using: EnvelopeReader | undefined = reader) =>
    verifyBody({ store: from, reader: using }, store.objects.get(KEY)?.stat ?? put.stat, told, unlimited);
  return { store, body, plaintext, stat: put.stat, told, read };
}

const flip =
  (...at: number[]) =>
  (body: Buffer) => {
    for (const place of at) body.writeUInt8(body.readUInt8(place) ^ 1, place);
  };

describe('the bytes of an object', () => {
  it('that are as they were: both digests, no finding', async () => {
    const { read, body, told } = await archived();
    expect(await read()).toEqual({
      findings: [],
      digests: {
        ciphertextSha256: createHash('sha256').update(body).digest('hex'),
        plaintext: told.plaintext,
      },
    });
  });

  it.each([
    [[5], 0, 'bytes 0 to 99 are not what was archived'],
    [[250], 2, 'bytes 200 to 299 are not what was archived'],
    [[1010], 10, 'bytes 1000 to 1015 are not what was archived'],
    [[350, 650], 3, 'bytes 300 to 399 are not what was archived, nor are 1 other pieces'],
    [[0, 350, 650], 0, 'bytes 0 to 99 are not what was archived, nor are 2 other pieces'],
  ])('changed at %j: which piece it is', async (places, leaf, message) => {
    const { store, read } = await archived();
    store.tamper(KEY, flip(...places));
    const { findings, digests } = await read();
    expect(findings[0]).toEqual({ kind: 'leaf', key: KEY, message, code: 'RECEIPT_MISMATCH', leaf });
    expect(findings.map(({ kind }) => kind)).toEqual([
      'leaf',
      'ciphertext-sha256',
      'checksum',
      'decrypt-failed',
    ]);
    expect(findings[2]?.message).toBe("the bytes do not have the store's own checksum");
    expect(digests.plaintext).toBeUndefined();
  });

  it('are hashed to the end also when they cannot be decrypted', async () => {
    const { store, read } = await archived();
    store.tamper(KEY, flip(3));
    const changed = store.objects.get(KEY)?.body ?? Buffer.alloc(0);
    const { digests } = await read();
    expect(digests.ciphertextSha256).toBe(createHash('sha256').update(changed).digest('hex'));
  });

  it('without leaves in the receipt are compared as a whole', async () => {
    const { store, read } = await archived(({ ciphertext }) => ({
      ciphertext: { bytes: 1016, ...(ciphertext?.sha256 === undefined ? {} : { sha256: ciphertext.sha256 }) },
    }));
    expect((await read()).findings).toEqual([]);
    store.tamper(KEY, flip(3));
    expect((await read()).findings.map(({ kind }) => kind)).toEqual([
      'ciphertext-sha256',
      'checksum',
      'decrypt-failed',
    ]);
  });

  it('are not cut into more pieces than an object can have', async () => {
    const many = await archived(() => ({
      ciphertext: { bytes: 1016, leafBytes: 1, leaves: Array<string>(1016).fill('0'.repeat(64)) },
    }));
    // 1,016 pieces of one byte may be asked for, and are compared
    expect((await many.read()).findings.map(({ kind }) => kind)).toEqual(['leaf']);
    const huge = { ...many.stat, size: 16_385 };
    const { findings } = await verifyBody(
      { store: many.store, reader: undefined },
      huge,
      many.told,
      unlimited,
    );
    expect(findings).toEqual([]);
    const most = { ...many.stat, size: 16_384 };
    const compared = await verifyBody({ store: many.store, reader: undefined }, most, many.told, unlimited);
    expect(compared.findings.map(({ kind }) => kind)).toEqual(['leaf']);
  });

  it('have no checksum of the whole where the store keeps none', async () => {
    const { store, told } = await archived();
    for (const checksum of [undefined, { type: 'composite', sha256: 'x-3' }] as const) {
      const found = { ...(store.objects.get(KEY)?.stat as ObjectStat), checksum };
      const { findings } = await verifyBody({ store, reader: undefined }, found, told, unlimited);
      expect(findings).toEqual([]);
    }
  });

  it('of which not all arrive are a failure of the store', async () => {
    const { store, read } = await archived();
    const lying: ObjectStore = {
      ...store,
      get: async (key, budget) => {
        const found = await store.get(key, budget);
        return { ...found, stat: { ...found.stat, size: 1017 } };
      },
    };
    await expect(read(lying)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `${KEY}: 1016 of 1017 bytes arrived`,
    });
  });

  it.each([{ bytes: 999 }, { sha256: '0'.repeat(64) }])(
    'decrypt to something else than %j',
    async (change) => {
      const { read } = await archived(({ plaintext }) => ({
        plaintext: { bytes: 0, sha256: '', ...plaintext, ...change },
      }));
      expect((await read()).findings.map(({ kind }) => kind)).toEqual(['plaintext-sha256']);
    },
  );

  it.each<[ErrorCode, string]>([
    ['DECRYPT_FAILED', 'decrypt-failed'],
    ['OBJECT_MALFORMED', 'decrypt-failed'],
    ['CONTEXT_MISMATCH', 'swapped'],
  ])('%s is a finding with its own message and code', async (code, kind) => {
    const { read, store } = await archived();
    let asked = 0;
    const failing: EnvelopeReader = {
      unseal: () => {
        asked += 1;
        return Promise.reject(new ArchiveError(code, 'why'));
      },
    };
    expect((await read(store, failing)).findings).toEqual([{ kind, key: KEY, message: 'why', code }]);
    // once is enough
    expect(asked).toBe(1);
  });

  it.each([
    new ArchiveError('KMS_UNAVAILABLE', 'x'),
    Object.assign(new Error('x'), { code: 'DECRYPT_FAILED' }),
  ])('what is not the fault of the object is thrown', async (failure) => {
    const { read, store } = await archived();
    await expect(read(store, { unseal: () => Promise.reject(failure) })).rejects.toBe(failure);
  });

  it('are asked for as what receipt and key say, with their instruction file', async () => {
    const { store, stat: found, told } = await archived();
    const requests: (UnsealRequest | undefined)[] = [];
    const watching: EnvelopeReader = {
      unseal: (what, request) => {
        requests.push(request);
        return reader.unseal(what, request);
      },
    };
    const ports = { store, reader: watching };
    await verifyBody(ports, found, told, unlimited);
    await verifyBody(ports, found, undefined, unlimited);
    const elsewhere = { ...found, key: 'else/where' };
    store.objects.set('else/where', {
      stat: elsewhere,
      body: store.objects.get(KEY)?.body ?? Buffer.alloc(0),
    });
    await verifyBody(ports, elsewhere, undefined, unlimited);
    expect(requests.map((request) => request?.expected)).toStrictEqual([
      ids,
      { recordingId: ids.recordingId },
      {},
    ]);
    expect(requests.every((request) => request?.budget === unlimited)).toBe(true);
    await putSmall(store, `${KEY}.instruction`, Buffer.from('{}'), unlimited);
    expect(await requests[0]?.readInstruction?.()).toBe('{}');
  });

  it('without a reader are hashed only', async () => {
    const { store, stat: found, told } = await archived();
    const { digests } = await verifyBody({ store, reader: undefined }, found, told, unlimited);
    expect(digests.plaintext).toBeUndefined();
  });
});

const MISSING = ['missing-receipt: there is an object and no receipt', `unproven: ${FINDING_KINDS.unproven}`];

describe('what a verification says', () => {
  const messages = async (store: ObjectStore, given: typeof keys | 'none' = keys) => {
    const { findings } = await verifyAgainstReceipt(
      { store, keys: given === 'none' ? undefined : given, reader },
      KEY,
      'head',
      unlimited,
    );
    return findings.map(({ kind, message }) => `${kind}: ${message}`);
  };

  it('of a missing object, a missing receipt, and of neither', async () => {
    const { store } = await archived();
    const { body } = store.objects.get(receiptKey(KEY)) ?? {};
    const object = store.objects.get(KEY);
    store.objects.delete(KEY);
    expect(await messages(store)).toEqual(['missing-object: there is a receipt and no object']);
    store.objects.delete(receiptKey(KEY));
    const long = `archive/${'x'.repeat(300)}`;
    await expect(verifyAgainstReceipt({ store }, long, 'head', unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `no object ${long.slice(0, 200)} in map:`,
    });
    if (object !== undefined) store.objects.set(KEY, object);
    expect(await messages(store)).toEqual(MISSING);
    expect(body).toBeDefined();
  });

  it('a receipt that cannot be read and has no object is a finding, and not "neither"', async () => {
    const { store } = await archived();
    store.objects.delete(KEY);
    store.tamper(receiptKey(KEY), (text) => text.write('!'));
    expect(await messages(store)).toEqual([
      `unreadable-receipt: ${receiptKey(KEY)} is not a receipt`,
      'missing-object: there is a receipt and no object',
    ]);
  });

  it('of signatures', async () => {
    const { store, told } = await archived();
    const other = generateKeyPairSync('ed25519').publicKey;
    expect(await messages(store, new Map([[signingKeyId(other), other]]))).toEqual([
      'unknown-key: the receipt is signed with a key that is not among those given',
    ]);
    expect(await messages(store, new Map([[signingKeyId(publicKey), other]]))).toEqual([
      'bad-signature: the signature of the receipt does not fit what it states',
    ]);
    expect(await messages(store, new Map())).toEqual([]);
    store.objects.delete(receiptKey(KEY));
    await putSmall(store, receiptKey(KEY), await formatReceipt(told, undefined), unlimited);
    expect(await messages(store)).toEqual(['unsigned: the receipt is not signed']);
  });

  it('metadata that cannot be read are a finding, what else fails is thrown', async () => {
    const { store } = await archived();
    const failing = (failure: Error): ObjectStore => ({ ...store, head: () => Promise.reject(failure) });
    const damaged = new ArchiveError('OBJECT_MALFORMED', 'the record is damaged');
    const { findings } = await verifyAgainstReceipt(
      { store: failing(damaged), keys },
      KEY,
      'full',
      unlimited,
    );
    expect(findings).toEqual([
      { kind: 'metadata', key: KEY, message: 'the record is damaged', code: 'OBJECT_MALFORMED' },
    ]);
    for (const failure of [
      new ArchiveError('STORE_DENIED', 'no'),
      Object.assign(new Error('x'), { code: 'OBJECT_MALFORMED' }),
    ]) {
      await expect(verifyAgainstReceipt({ store: failing(failure) }, KEY, 'head', unlimited)).rejects.toBe(
        failure,
      );
      const unreadable: ObjectStore = { ...store, get: () => Promise.reject(failure) };
      await expect(verifyAgainstReceipt({ store: unreadable }, KEY, 'head', unlimited)).rejects.toBe(failure);
    }
  });

  it('nothing is missing where the platform has nothing, nor from before there were receipts', async () => {
    const { store } = await archived(() => ({ kind: 'terminal', reason: 'deleted' }));
    const object = store.objects.get(KEY);
    if (object === undefined) throw new Error('it is there');
    store.objects.delete(KEY);
    expect(await messages(store)).toEqual([]);
    store.objects.delete(receiptKey(KEY));
    const { 'gca-v': _, ...older } = object.stat.metadata;
    store.objects.set(KEY, { ...object, stat: { ...object.stat, metadata: older } });
    for (const none of ['none' as const, new Map()]) expect(await messages(store, none)).toEqual([]);
    expect(await messages(store)).toEqual(MISSING);
    store.objects.set(KEY, object);
    for (const none of ['none' as const, new Map()]) {
      expect(await messages(store, none)).toEqual(MISSING);
    }
  });

  it('each depth looks as deep as it says', async () => {
    const { store } = await archived();
    const look = (depth: 'head' | 'ciphertext' | 'full') =>
      verifyAgainstReceipt({ store, keys, reader }, KEY, depth, unlimited);
    expect((await look('head')).digests).toBeUndefined();
    expect((await look('ciphertext')).digests).toMatchObject({ plaintext: undefined });
    expect((await look('full')).digests).toMatchObject({ plaintext: { bytes: 1000 } });
    expect((await verifyAgainstReceipt({ store, keys }, KEY, 'ciphertext', unlimited)).findings).toEqual([]);
    store.tamper(KEY, flip(4));
    expect((await look('head')).findings).toEqual([]);
    const found = store.objects.get(KEY);
    if (found !== undefined) store.objects.set(KEY, { ...found, stat: { ...found.stat, size: 9 } });
    expect((await look('head')).findings.map(({ kind }) => kind)).toEqual(['size']);
  });

  it('needs a key to decrypt', async () => {
    const { store } = await archived();
    await expect(verifyAgainstReceipt({ store }, KEY, 'full', unlimited)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'nothing can be decrypted without a key',
    });
  });
});
