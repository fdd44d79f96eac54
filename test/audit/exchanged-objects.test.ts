/** Readers and attacks: whoever may write to the store exchanges what lies there, and no reader hands out another call for it. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { idempotencyMetadata } from '../../src/record/identity.ts';
import { issueReceipt, issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { contextKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { readRange } from '../../src/audit/read-range.ts';
import { restoreRecording, verifyRecording } from '../../src/audit/read-recording.ts';
import { createReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { reencryptRecording } from '../../src/rekey/reencrypt-recordings.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { markMetadata } from '../../src/record/writer-mark.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap } from '../../src/envelope/key-wrap.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
} from '../../src/envelope/raw-wrap.ts';
import { createResealer } from '../../src/envelope/reencrypt.ts';
import { createRewrapper } from '../../src/envelope/rewrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Envelope, ObjectStore, RecordingIds } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { pair3072 } from '../envelope/rsa-pairs.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const DAY = Date.UTC(2026, 4, 20, 12);
const staticKey = randomBytes(32);
const ring = { kid: 'k1', key: randomBytes(32) };
const next = { kid: 'k2', key: randomBytes(32) };
const kms = createKmsWrap(memoryKeyService());
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createReceiptSigner(privateKey);
const keys = new Map([[signingKeyId(publicKey), publicKey]]);
const unwrappers = [
  createAesUnwrapper([ring, next]),
  createRsaUnwrapper([{ key: pair3072.privateKey }]),
  kms,
];
const reader = createEnvelopeReader({ staticKey, unwrappers, organizationId: ORGANIZATION });

const s3ec = (format: 's3ec-v2' | 's3ec-v3', wrapper: Parameters<typeof createS3ecEnvelope>[0]['wrapper']) =>
  createS3ecEnvelope({ format, wrapper, organizationId: ORGANIZATION });
const ENVELOPES: Readonly<Record<string, Envelope>> = {
  'the static key': createStaticEnvelope(staticKey),
  'an AES wrap, v2': s3ec('s3ec-v2', createAesWrapper(ring)),
  'an AES wrap, v3': s3ec('s3ec-v3', createAesWrapper(ring)),
  'an RSA wrap': s3ec('s3ec-v3', createRsaWrapper(pair3072.publicKey)),
  'a KMS wrap': s3ec('s3ec-v3', kms),
};

const STORES: Readonly<Record<string, () => Promise<ObjectStore>>> = {
  memory: () => Promise.resolve(mapStore()),
  directory: async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'exchanged-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    return createDirectoryStore(dir);
  },
};

interface Recorded {
  readonly key: string;
  readonly ids: RecordingIds;
  readonly at: number;
  readonly plaintext: Buffer;
}

/** Everything that lies in a store, as somebody who may write there sees it. */
type Contents = Map<
  string,
  { readonly body: Buffer; readonly metadata: Record<string, string>; readonly type: string }
>;

async function contentsOf(store: ObjectStore): Promise<Contents> {
  const contents: Contents = new Map();
  for await (const { key } of store.list('', unlimited)) {
    const { stat, body } = await store.get(key, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const { metadata, contentType = 'application/octet-stream' } = stat;
    contents.set(key, { body: Buffer.concat(chunks), metadata: { ...metadata }, type: contentType });
  }
  return contents;
}

/** The same contents in a store of the same location, after an attack. */
async function storeOf(open: () => Promise<ObjectStore>, contents: Contents, location: string) {
  const store = await open();
  for (const [key, { body, metadata, type }] of contents) {
    await store.put(key, body, { metadata, contentType: type }, unlimited);
  }
  Object.defineProperty(store, 'location', { value: location });
  return store;
}

async function record(
  store: ObjectStore,
  envelope: Envelope,
  ids: RecordingIds,
  at: number,
): Promise<Recorded> {
  const key = objectKey({ ...ids, at });
  const plaintext = randomBytes(3000);
  const sealer = await envelope.seal(ids, unlimited);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const own = { ...sealer.metadata, ...idempotencyMetadata(ids) };
  const marked = { kind: 'media', key, ids, organizationId: ORGANIZATION, metadata: own } as const;
  const metadata = { ...own, ...(await markMetadata(signer, marked)) };
  const put = await store.put(key, body, { metadata, contentType: 'application/octet-stream' }, unlimited);
  if (put.outcome !== 'stored') throw new Error('there is one already');
  const leaves = LeafHasher.full();
  leaves.update(body);
  const issuer = { store, clock: systemClock, format: envelope.format, signer, organizationId: ORGANIZATION };
  const facts = {
    source: { contentType: 'audio/wav', contentLength: plaintext.length, etag: undefined },
    plaintext: { bytes: plaintext.length, sha256: createHash('sha256').update(plaintext).digest() },
    ciphertext: leaves.finish(),
  };
  await issueReceipt(issuer, { ids, stat: put.stat, at, facts, resumes: 0, restarts: 0 }, unlimited);
  return { key, ids, at, plaintext };
}

interface Prepared {
  readonly contents: Contents;
  readonly location: string;
  readonly a: Recorded;
  readonly b: Recorded;
  readonly channel: Recorded;
  readonly later: Recorded;
  readonly older: Contents;
}

let sequence = 0;
async function prepare(envelope: Envelope): Promise<Prepared> {
  const store = mapStore();
  sequence += 10;
  const a = await record(store, envelope, idsAt(sequence), DAY);
  const b = await record(store, envelope, idsAt(sequence + 1), DAY);
  const channel = await record(store, envelope, { ...a.ids, channel: '1' }, DAY);
  const later = await record(store, envelope, a.ids, DAY + 86_400_000);
  const aside = mapStore();
  await record(aside, envelope, a.ids, DAY);
  const older = await contentsOf(aside);
  const contents = await contentsOf(store);
  return { contents, location: store.location, a, b, channel, later, older };
}

function take(from: Contents, key: string) {
  const found = from.get(key);
  if (found === undefined) throw new Error(`no ${key}`);
  return found;
}
const copy = (contents: Contents, from: string, to: string) => contents.set(to, take(contents, from));

/** What somebody who may write one object, or all, does to the object of recording A. */
const ATTACKS: Readonly<Record<string, (prepared: Prepared) => void>> = {
  'the objects are exchanged with their metadata': ({ contents, a, b }) => {
    const [one, other] = [take(contents, a.key), take(contents, b.key)];
    contents.set(a.key, other).set(b.key, one);
  },
  'the object is another one that pretends to be it': ({ contents, a, b }) => {
    const other = take(contents, b.key);
    contents.set(a.key, { ...other, metadata: { ...other.metadata, ...idempotencyMetadata(a.ids) } });
  },
  'object and receipt are those of another recording': ({ contents, a, b }) => {
    copy(contents, b.key, a.key);
    copy(contents, receiptKey(b.key), receiptKey(a.key));
  },
  'the receipt is that of another recording': ({ contents, a, b }) => {
    copy(contents, receiptKey(b.key), receiptKey(a.key));
  },
  'the object is another one, and its receipt is gone': ({ contents, a, b }) => {
    const other = take(contents, b.key);
    contents.set(a.key, { ...other, metadata: { ...other.metadata, ...idempotencyMetadata(a.ids) } });
    contents.delete(receiptKey(a.key));
  },
  'the object is that of another channel': ({ contents, a, channel }) => {
    copy(contents, channel.key, a.key);
  },
  'object and receipt are those of another channel': ({ contents, a, channel }) => {
    copy(contents, channel.key, a.key);
    copy(contents, receiptKey(channel.key), receiptKey(a.key));
  },
  'object and receipt are those of another day': ({ contents, a, later }) => {
    copy(contents, later.key, a.key);
    copy(contents, receiptKey(later.key), receiptKey(a.key));
  },
  'an older version of the same recording is put back': ({ contents, a, older }) => {
    contents.set(a.key, take(older, a.key));
  },
  'the object is an old one of the static key': ({ contents, a }) => {
    const sealed = createOldObject();
    contents.set(a.key, { body: sealed.body, metadata: sealed.metadata, type: 'audio/wav' });
  },
  'the object is an old one of the static key, and the receipt is gone': ({ contents, a }) => {
    const sealed = createOldObject();
    contents.set(a.key, { body: sealed.body, metadata: sealed.metadata, type: 'audio/wav' });
    contents.delete(receiptKey(a.key));
  },
  'the receipt is terminal': ({ contents, a }) => {
    contents.set(receiptKey(a.key), {
      body: terminals.get(a.key) ?? Buffer.alloc(0),
      metadata: {},
      type: 'x/y',
    });
  },
  'the receipt has a signature of another spelling': ({ contents, a }) => {
    const place = receiptKey(a.key);
    const found = take(contents, place);
    const text = found.body.toString('utf8').replace(/"value":"([^"]*)=="/, '"value":"$1="');
    contents.set(place, { ...found, body: Buffer.from(text) });
  },
};

const old: { body: Buffer; metadata: Record<string, string> }[] = [];
function createOldObject() {
  const [first] = old;
  if (first === undefined) throw new Error('it is made before');
  return first;
}
const terminals = new Map<string, Buffer>();

async function makeAids({ a, b }: Prepared): Promise<void> {
  const sealer = await createStaticEnvelope(staticKey).seal(b.ids, unlimited);
  const body = Buffer.concat([sealer.update(randomBytes(2000)), sealer.final()]);
  old.splice(0, 1, { body, metadata: { ...sealer.metadata } });
  const store = mapStore();
  const issuer = { store, clock: systemClock, format: '', signer, organizationId: ORGANIZATION };
  await issueTerminalReceipt(issuer, { ids: a.ids, key: a.key, at: a.at, reason: 'deleted' }, unlimited);
  terminals.set(a.key, take(await contentsOf(store), receiptKey(a.key)).body);
}

const trust = { keys, organizationId: ORGANIZATION };

/** Everything that opens an object, and what it has let out or written when it ends. */
const READERS: Readonly<
  Record<string, (store: ObjectStore, key: string, unverified?: boolean) => Promise<Buffer | undefined>>
> = {
  restore: async (store, key, unverified = false) => {
    const written: Buffer[] = [];
    let committed = false;
    const target = {
      write: (chunk: Uint8Array) => Promise.resolve(void written.push(Buffer.from(chunk))),
      commit: () => Promise.resolve(void (committed = true)),
      abandon: () => Promise.resolve(void (written.length = 0)),
    };
    await restoreRecording({ store, reader, ...trust, unverified }, key, target, unlimited);
    return committed ? Buffer.concat(written) : undefined;
  },
  verification: async (store, key, unverified = false) => {
    await verifyRecording({ store, reader, ...trust, unverified }, key, unlimited);
    return undefined;
  },
  range: async (store, key, unverified = false) => {
    const ports = { store, reader, ...trust, unverified };
    const chunks: Uint8Array[] = [];
    for await (const chunk of readRange(ports, key, { first: 10, last: 99 }, unlimited)) chunks.push(chunk);
    return Buffer.concat(chunks);
  },
  reencrypt: async (store, key, unverified = false) => {
    const target = mapStore();
    const resealer = createResealer(createAesWrapper(next), ORGANIZATION);
    const ports = { source: store, target, reader, resealer, ...trust, unverified };
    await reencryptRecording(ports, key, { dryRun: false }, unlimited).finally(() => {
      if (!unverified) expect([...target.objects.keys()].filter((made) => made === key)).toHaveLength(0);
    });
    return undefined;
  },
  rewrap: async (store, key, unverified = false) => {
    const rewrapper = createRewrapper({
      unwrappers,
      wrapper: createAesWrapper(next),
      organizationId: ORGANIZATION,
    });
    await rewrapRecording(
      { store, rewrapper, signer, ...trust, unverified },
      key,
      { dryRun: false },
      unlimited,
    );
    return undefined;
  },
  adopt: async (store, key, unverified = false) => {
    const wrapper = createAesWrapper(next);
    const adopter = createAdopter({ staticKey, wrapper, organizationId: ORGANIZATION });
    await adoptRecording({ store, adopter, ...trust, unverified }, key, { dryRun: false }, unlimited);
    return undefined;
  },
};

/** What was there before is there, and nothing else. */
const snapshot = async (store: ObjectStore) =>
  [...(await contentsOf(store))].map(([key, { body }]) => `${key} ${body.toString('hex')}`).sort();

describe.each(Object.entries(ENVELOPES))('under %s', (_, envelope) => {
  it.each(Object.keys(ATTACKS))('no reader opens a recording when %s', async (name) => {
    const prepared = await prepare(envelope);
    await makeAids(prepared);
    ATTACKS[name]?.(prepared);
    const stores = name.includes('exchanged') ? Object.values(STORES) : [() => Promise.resolve(mapStore())];
    for (const open of stores) {
      const store = await storeOf(open, prepared.contents, prepared.location);
      const before = await snapshot(store);
      for (const [how, read] of Object.entries(READERS)) {
        const outcome = await read(store, prepared.a.key).then(
          () => 'opened',
          (error: unknown) => (error as { code: string }).code,
        );
        // KMS names the recording in clear text, which tells without a receipt
        const isTold = outcome === 'CONTEXT_MISMATCH' && name.includes('receipt is gone');
        expect([how, isTold ? 'RECEIPT_MISMATCH' : outcome]).toEqual([how, 'RECEIPT_MISMATCH']);
      }
      expect(await snapshot(store)).toEqual(before);
      const { findings } = await verifyAgainstReceipt({ store, ...trust }, prepared.a.key, 'head', unlimited);
      expect(findings.length).toBeGreaterThan(0);
    }
  });

  it('every reader opens an untouched recording', async () => {
    const prepared = await prepare(envelope);
    const { key, plaintext } = prepared.a;
    const fresh = () => storeOf(() => Promise.resolve(mapStore()), prepared.contents, prepared.location);
    const { restore, range } = READERS;
    expect((await restore?.(await fresh(), key))?.equals(plaintext)).toBe(true);
    expect((await range?.(await fresh(), key))?.equals(plaintext.subarray(10, 100))).toBe(true);
    const ports = { store: await fresh(), reader, ...trust };
    expect(await verifyRecording(ports, key, unlimited)).toMatchObject({ receipt: 'signed', notes: [] });
    const { findings } = await verifyAgainstReceipt(ports, key, 'full', unlimited);
    expect(findings).toEqual([]);
  });

  it('a recording that does not fit is opened by who waives it, and that is said', async () => {
    const prepared = await prepare(envelope);
    const { contents, a } = prepared;
    contents.delete(receiptKey(a.key));
    const store = await storeOf(() => Promise.resolve(mapStore()), contents, prepared.location);
    const outcome = await verifyRecording({ store, reader, ...trust, unverified: true }, a.key, unlimited);
    expect(outcome).toMatchObject({
      receipt: 'unverified',
      sha256: createHash('sha256').update(a.plaintext).digest('hex'),
      notes: [expect.stringContaining('not verified: there is an object and no receipt') as unknown],
    });
  });

  it('what was stored as the context of a call is not handed out as the call', async () => {
    const prepared = await prepare(envelope);
    const { contents, a } = prepared;
    const sealer = await envelope.seal(a.ids, unlimited);
    const body = Buffer.concat([sealer.update(Buffer.from('{}\n')), sealer.final()]);
    const own = { ...sealer.metadata, ...idempotencyMetadata(a.ids) };
    const place = contextKey(a.key);
    const marked = {
      kind: 'context',
      key: place,
      ids: a.ids,
      organizationId: ORGANIZATION,
      metadata: own,
    } as const;
    const metadata = { ...own, ...(await markMetadata(signer, marked)) };
    contents.set(place, { body, metadata, type: 'application/octet-stream' });
    copy(contents, place, a.key);
    const store = await storeOf(() => Promise.resolve(mapStore()), contents, prepared.location);
    const ports = { store, reader, ...trust };
    await expect(verifyRecording(ports, a.key, unlimited)).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
    expect(await verifyRecording(ports, place, unlimited)).toMatchObject({ bytes: 3, receipt: 'signed' });
    copy(contents, prepared.b.key, place);
    const other = await storeOf(() => Promise.resolve(mapStore()), contents, prepared.location);
    await expect(verifyRecording({ ...ports, store: other }, place, unlimited)).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
  });
});
