import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/record/canonical-json.ts';
import { idempotencyMetadata } from '../../src/record/identity.ts';
import {
  adoptReceipt,
  issueCompletedReceipt,
  issueReceipt,
  type Issuer,
} from '../../src/archive/issue-receipt.ts';
import { LEAF_BYTES, LeafHasher } from '../../src/record/leaf-hasher.ts';
import {
  leavesKey,
  MAX_INLINE_LEAVES_OF_SHORT_MESSAGES,
  MAX_INLINE_LEAVES,
  readLeaves,
  stateCiphertext,
} from '../../src/record/leaf-list.ts';
import { DATE_LAYOUT, objectOfReceipt } from '../../src/record/layout.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { openSeekable } from '../../src/audit/read-range.ts';
import {
  MAX_RECEIPT_BYTES,
  parseReceipt,
  type Receipt,
  RECEIPT_SCHEMA,
} from '../../src/record/receipt/schema.ts';
import { createReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { verifyAgainstReceipt, type VerifyDepth } from '../../src/audit/verify-recording.ts';
import { walkArchive } from '../../src/audit/walk-archive.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(7);
const KEY = objectKey({ ...ids, at: AT });
const LIST = leavesKey(KEY);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = new Map([[signingKeyId(publicKey), publicKey]]);
const wrapping = { kid: 'k', key: randomBytes(32) };
const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([wrapping])] });
const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: createAesWrapper(wrapping) });

/** One object whose leaves are of one byte each, and its receipt. */
async function archived(leaves: number, prepare: (store: ObjectStore) => Promise<unknown> = async () => {}) {
  const store = mapStore();
  await prepare(store);
  const sealer = await envelope.seal(ids);
  const plaintext = randomBytes(leaves - 16);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const put = await store.put(
    KEY,
    once(body),
    {
      metadata: { ...sealer.metadata, ...idempotencyMetadata(ids) },
      contentType: 'application/octet-stream',
    },
    unlimited,
  );
  if (put.outcome !== 'stored') throw new Error('there is one already');
  const hasher = LeafHasher.full(1);
  hasher.update(body);
  const ciphertext = hasher.finish();
  const issuer: Issuer = {
    store,
    clock: systemClock,
    format: 's3ec-v3',
    signer: createReceiptSigner(privateKey),
    organizationId: undefined,
  };
  const facts = {
    source: { contentType: undefined, contentLength: plaintext.length, etag: undefined },
    plaintext: { bytes: plaintext.length, sha256: createHash('sha256').update(plaintext).digest() },
    ciphertext,
  };
  await issueReceipt(issuer, { ids, stat: put.stat, at: AT, facts, resumes: 0, restarts: 0 }, unlimited);
  const text = store.objects.get(receiptKey(KEY))?.body.toString() ?? '';
  const kinds = async (depth: VerifyDepth) => {
    const ports = { store, keys, reader };
    const { findings } = await verifyAgainstReceipt(ports, KEY, depth, unlimited);
    return findings.map(({ kind }) => kind);
  };
  return { store, body, plaintext, issuer, stat: put.stat, text, receipt: parseReceipt(text, 'it'), kinds };
}

describe('a list of leaves', () => {
  it('stands in the receipt, up to 1,024 of them', async () => {
    const { store, receipt } = await archived(MAX_INLINE_LEAVES);
    expect(receipt.ciphertext?.leaves).toHaveLength(1024);
    expect(receipt.ciphertext).not.toHaveProperty('leavesSha256');
    expect([...store.objects.keys()].toSorted()).toEqual([KEY, receiptKey(KEY)]);
  });

  it('stands beside a receipt that would be too long, which states its hash', async () => {
    const { store, body, receipt, text, kinds } = await archived(MAX_INLINE_LEAVES + 1);
    expect(LIST).toBe(receiptKey(KEY).replace(/([^/]+)\.json$/, '_$1.leaves'));
    const list = store.objects.get(LIST)?.body ?? Buffer.alloc(0);
    const lines = [...body].map((byte) => createHash('sha256').update(Buffer.of(byte)).digest('hex'));
    expect(list.toString()).toBe(`${lines.join('\n')}\n`);
    expect(receipt.ciphertext).toEqual({
      bytes: 1025,
      sha256: createHash('sha256').update(body).digest('hex'),
      leafBytes: 1,
      leavesSha256: createHash('sha256').update(list).digest('hex'),
    });
    expect(text.length).toBeLessThan(3000);
    expect(await readLeaves(store, KEY, receipt.ciphertext ?? { bytes: 0 }, unlimited)).toEqual(lines);
    for (const depth of ['head', 'ciphertext', 'full'] as const) expect(await kinds(depth)).toEqual([]);
  });

  it('is written before the receipt that refers to it', async () => {
    const written: string[] = [];
    const watched = mapStore();
    const put = watched.put.bind(watched);
    watched.put = (key, ...rest) => {
      written.push(key);
      return put(key, ...rest);
    };
    const digests = {
      bytes: 1025,
      sha256: Buffer.alloc(32),
      leafBytes: 1,
      leaves: Array(1025).fill(Buffer.alloc(32)),
    };
    const facts = await stateCiphertext({ store: watched }, KEY, digests, unlimited);
    expect(facts.leavesSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(written).toEqual([LIST]);
  });

  it('stands beside the receipt, in folders of any name', () => {
    const key = 'archive/of.json/r.json.enc';
    expect(receiptKey(key)).toBe('receipts/of.json/r.json.json');
    expect(leavesKey(key)).toBe('receipts/of.json/_r.json.leaves');
  });

  it('that was written just now is not read again', async () => {
    const store = mapStore();
    const leaves = Array(1025).fill(Buffer.alloc(32));
    await stateCiphertext(
      { store },
      KEY,
      { bytes: 1025, sha256: undefined, leafBytes: 1, leaves },
      unlimited,
    );
    expect(store.objects.has(LIST)).toBe(true);
    expect(store.reads).toEqual([]);
  });

  it('is all that is stated of an object that was not hashed whole', async () => {
    const leaf = Buffer.alloc(32, 1);
    const digests = { bytes: 20, sha256: undefined, leafBytes: 10, leaves: [leaf, leaf] };
    expect(await stateCiphertext({ store: mapStore() }, KEY, digests, unlimited)).toStrictEqual({
      bytes: 20,
      leafBytes: 10,
      leaves: [leaf.toString('hex'), leaf.toString('hex')],
    });
  });

  it('is no receipt and no recording to those who walk the archive', async () => {
    const { store } = await archived(1025);
    expect(objectOfReceipt(DATE_LAYOUT, LIST)).toBeUndefined();
    const walked: string[] = [];
    for await (const key of walkArchive(store, {}, unlimited)) walked.push(key);
    expect(walked).toEqual([KEY]);
  });

  it('has the longest that there can be within its limits: 64 GiB in leaves of 5 MiB', async () => {
    const store = mapStore();
    const leaves = Array.from({ length: 13_108 }, (_, index) => Buffer.alloc(32, index));
    const digests = { bytes: 2 ** 36, sha256: Buffer.alloc(32), leafBytes: 2 ** 23, leaves };
    const facts = await stateCiphertext({ store }, KEY, digests, unlimited);
    expect(await readLeaves(store, KEY, facts, unlimited)).toHaveLength(13_108);
    // a reader also takes a receipt that holds all of them itself
    expect(13_108 * 67 + 3000).toBeLessThan(MAX_RECEIPT_BYTES);
  });

  it('finds the damaged piece, and lets others be played', async () => {
    const { store, plaintext, kinds } = await archived(1025);
    const range = async (first: number, last: number) => {
      const seekable = await openSeekable({ store, reader, keys }, KEY, unlimited);
      expect(seekable.verifiedBy).toBe('receipt');
      const chunks: Uint8Array[] = [];
      for await (const chunk of seekable.read({ first, last }, unlimited)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    store.tamper(KEY, (body) => body.writeUInt8(body.readUInt8(500) ^ 1, 500));
    expect(await kinds('ciphertext')).toContain('leaf');
    expect(await range(100, 499)).toEqual(plaintext.subarray(100, 500));
    await expect(range(100, 500)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it.each([
    ['is gone', (store: ReturnType<typeof mapStore>) => store.objects.delete(LIST)],
    ['was changed', (store) => store.tamper(LIST, (list) => list.write('0', 3) && list.write('1', 4))],
    ['is endless', (store) => store.objects.set(LIST, endless())],
  ] as [string, (store: ReturnType<typeof mapStore>) => unknown][])(
    'that %s is a finding, and does not keep the object from being read',
    async (_, damage) => {
      const { store, plaintext, kinds } = await archived(1025);
      damage(store);
      expect(await kinds('head')).toEqual([]);
      expect(await kinds('ciphertext')).toEqual(['leaf-list']);
      expect(await kinds('full')).toEqual(['leaf-list']);
      const ports = { store, reader, keys };
      const seekable = await openSeekable(ports, KEY, unlimited);
      expect(seekable.verifiedBy).toBe('object');
      expect(seekable.bytes).toBe(plaintext.length);
    },
  );

  it('whose store fails is not called damaged', async () => {
    const { store, receipt } = await archived(1025);
    store.get = () => Promise.reject(Object.assign(new Error('x'), { code: 'STORE_UNAVAILABLE' }));
    await expect(readLeaves(store, KEY, receipt.ciphertext ?? { bytes: 0 }, unlimited)).rejects.toThrow('x');
  });

  it('that a killed attempt has left is used by the receipt that is written in its place', async () => {
    const { store, issuer, stat, receipt, kinds, body, plaintext } = await archived(1025);
    store.objects.delete(receiptKey(KEY));
    // the leaves of a completed receipt are those of 5 MiB: it needs no list, and leaves that of the other attempt alone
    const hasher = LeafHasher.full();
    hasher.update(body);
    const sha256 = createHash('sha256').update(plaintext).digest();
    const opened = { stat, ciphertext: hasher.finish(), plaintext: { bytes: plaintext.length, sha256 } };
    await issueCompletedReceipt(issuer, { ids, stat, at: AT }, { proof: 'mark', opened }, unlimited);
    expect(await kinds('full')).toEqual([]);
    store.objects.delete(receiptKey(KEY));
    const again = await stateCiphertext({ store }, KEY, digestsOf(store), unlimited);
    expect(again).toEqual(receipt.ciphertext);
  });

  it('of another object stands there: the receipt states the hash of the whole and no leaves', async () => {
    const other = (store: ObjectStore) =>
      store.put(LIST, once(Buffer.from('another\n')), { metadata: {}, contentType: 'text/plain' }, unlimited);
    const { body, receipt, kinds } = await archived(1025, other);
    expect(receipt.ciphertext).toEqual({
      bytes: 1025,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
    expect(await kinds('full')).toEqual([]);
  });
});

describe('the receipt of an object that stands there', () => {
  it('is the one it has: nothing is written', async () => {
    const { store, issuer, stat, text } = await archived(20);
    expect(await adoptReceipt(issuer, { ids, stat, at: AT }, unlimited)).toBe(receiptKey(KEY));
    expect(store.objects.get(receiptKey(KEY))?.body.toString()).toBe(text);
  });

  it('that nothing proves is never signed; it states what can be seen, and no more of the place than fits', async () => {
    const { store, issuer, stat, body } = await archived(20);
    store.objects.delete(receiptKey(KEY));
    const far = { ...issuer, store: { ...store, location: `s3://${'x'.repeat(2000)}` } };
    await adoptReceipt(far, { ids, stat, at: AT }, unlimited);
    const adopted = parseReceipt(store.objects.get(receiptKey(KEY))?.body.toString() ?? '', 'it');
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(adopted.ciphertext).toEqual({ bytes: 20, sha256, leafBytes: LEAF_BYTES, leaves: [sha256] });
    expect(adopted.object?.store).toBe(`s3://${'x'.repeat(1019)}`);
    expect(adopted.kind).toBe('adopted');
    expect(adopted.signature).toBeUndefined();
  });
});

describe('the leaves of a receipt whose signer takes 4,096 bytes', () => {
  const signer = { maxMessageBytes: 4096 };
  const digestsOf = (count: number, sha256?: Buffer) => ({
    bytes: count,
    sha256,
    leafBytes: 1,
    leaves: Array.from({ length: count }, (_, index) => createHash('sha256').update(`${index}`).digest()),
  });

  it('stand in it up to 16 of them, and beside it from then on', async () => {
    const store = mapStore();
    const most = MAX_INLINE_LEAVES_OF_SHORT_MESSAGES;
    const few = await stateCiphertext({ store, signer }, KEY, digestsOf(most), unlimited);
    expect(few.leaves).toHaveLength(16);
    expect([...store.objects.keys()]).toEqual([]);
    const more = await stateCiphertext({ store, signer }, KEY, digestsOf(most + 1), unlimited);
    expect(Object.keys(more)).toEqual(['bytes', 'leafBytes', 'leavesSha256']);
    expect(await readLeaves(store, KEY, more, unlimited)).toHaveLength(17);
  });

  it('leave room for all else that a receipt states: long names, long headers, a layout of its own', () => {
    const long = (length: number) => 'x'.repeat(length);
    const uuid = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
    const hash = '00'.repeat(32);
    const receipt: Receipt = {
      schema: RECEIPT_SCHEMA,
      kind: 'archived',
      ids: { organization: uuid, conversation: uuid, recording: uuid, channel: '1' },
      source: {
        contentType: long(256),
        contentLength: 1e11,
        etag: long(256),
        length: 'framing+second-download',
        resumes: 5,
        restarts: 9,
      },
      plaintext: { bytes: 1e11, sha256: hash },
      ciphertext: {
        bytes: 1e11,
        leafBytes: 5_242_880,
        leaves: digestsOf(16).leaves.map((leaf) => leaf.toString('hex')),
      },
      object: {
        key: long(400),
        store: `s3://${long(63)}/${long(200)}`,
        versionId: long(64),
        etag: long(64),
        checksum: { type: 'composite', sha256: long(50) },
      },
      envelope: {
        format: 's3ec-v3',
        metadataSha256: hash,
        wrapSha256: hash,
        wrap: 'kms+context',
        keyId: `arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/${uuid}`,
      },
      times: {
        recorded: '2026-05-20T12:00:00.000Z',
        stored: '2026-05-20T12:00:00.000Z',
        issued: '2026-05-20T12:00:00.000Z',
      },
      tool: { name: 'genesys-media-archive', version: '10.10.10' },
    };
    expect(canonicalJson(receipt as never).length).toBeLessThan(signer.maxMessageBytes);
  });

  it('stand in it up to a number of 1,024, for every other signer', async () => {
    const store = mapStore();
    for (const other of [undefined, {}]) {
      const facts = await stateCiphertext({ store, signer: other }, KEY, digestsOf(1024), unlimited);
      expect(facts.leaves).toHaveLength(1024);
    }
  });

  it('are stated by the hash of their list, also where another list stands in its place: verify tells', async () => {
    const store = mapStore();
    await store.put(
      LIST,
      once(Buffer.from('another\n')),
      { metadata: {}, contentType: 'text/plain' },
      unlimited,
    );
    const facts = await stateCiphertext({ store, signer }, KEY, digestsOf(17), unlimited);
    const lines = digestsOf(17).leaves.map((leaf) => `${leaf.toString('hex')}\n`);
    expect(facts.leavesSha256).toBe(createHash('sha256').update(lines.join('')).digest('hex'));
    expect(await readLeaves(store, KEY, facts, unlimited)).toBe('damaged');
    const whole = Buffer.alloc(32, 7);
    expect(await stateCiphertext({ store, signer }, KEY, digestsOf(17, whole), unlimited)).toEqual({
      bytes: 17,
      sha256: whole.toString('hex'),
    });
  });
});

describe('a list that stands there already', () => {
  it('of another object that was not hashed whole: the receipt must hold all the leaves', async () => {
    const store = mapStore();
    await store.put(LIST, once(list), { metadata: {}, contentType: 'text/plain' }, unlimited);
    expect(await stateCiphertext({ store }, KEY, { ...digests, sha256: undefined }, unlimited)).toStrictEqual(
      {
        bytes: 1025,
        leafBytes: 1,
        leaves: Array(1025).fill('00'.repeat(32)),
      },
    );
  });

  it('and is longer than any list: the hash of the whole has to do', async () => {
    const store = mapStore();
    store.objects.set(LIST, endless());
    expect(await stateCiphertext({ store }, KEY, digests, unlimited)).toEqual(whole);
  });

  const list = Buffer.from('another\n');
  const digests = {
    bytes: 1025,
    sha256: Buffer.alloc(32),
    leafBytes: 1,
    leaves: Array(1025).fill(Buffer.alloc(32)),
  };
  const whole = { bytes: 1025, sha256: '00'.repeat(32) };

  it('and may not be read: the hash of the whole has to do, the receipt must be issued', async () => {
    const store = mapStore();
    await store.put(LIST, once(list), { metadata: {}, contentType: 'text/plain' }, unlimited);
    store.get = () => Promise.reject(new ArchiveError('STORE_DENIED', 'no'));
    expect(await stateCiphertext({ store }, KEY, digests, unlimited)).toEqual(whole);
  });

  it('and cannot be read for now: that is for the next delivery', async () => {
    const store = mapStore();
    await store.put(LIST, once(list), { metadata: {}, contentType: 'text/plain' }, unlimited);
    store.get = () => Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'no'));
    await expect(stateCiphertext({ store }, KEY, digests, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('is read with the permissions of the verifier: a refusal is no damage', async () => {
    const { store, receipt } = await archived(1025);
    store.get = () => Promise.reject(new ArchiveError('STORE_DENIED', 'no'));
    await expect(readLeaves(store, KEY, receipt.ciphertext ?? { bytes: 0 }, unlimited)).rejects.toMatchObject(
      {
        code: 'STORE_DENIED',
      },
    );
  });
});

function digestsOf(store: ReturnType<typeof mapStore>) {
  const hasher = LeafHasher.full(1);
  hasher.update(store.objects.get(KEY)?.body ?? Buffer.alloc(0));
  return hasher.finish();
}

function endless() {
  const body = Buffer.alloc(2 ** 20 + 1, '0');
  return {
    stat: {
      key: LIST,
      size: body.length,
      metadata: {},
      contentType: 'text/plain',
      etag: '"x"',
      checksum: undefined,
      lastModified: 0,
    },
    body,
  };
}

// oxlint-disable-next-line typescript/require-await -- a body is an async iterable
async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk;
}
