import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hashMetadata, idempotencyMetadata } from '../../src/record/identity.ts';
import { hashWrap } from '../../src/record/first-wrap.ts';
import { putInstruction } from '../../src/record/instruction-file.ts';
import { DATE_LAYOUT, objectOfReceipt } from '../../src/record/layout.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { amendmentKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { openSeekable } from '../../src/audit/read-range.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { rewrapRecording, type RewrapPorts } from '../../src/rekey/rewrap-recordings.ts';
import { putSmall } from '../../src/record/small-object.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { walkArchive } from '../../src/audit/walk-archive.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap } from '../../src/envelope/key-wrap.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createRewrapper } from '../../src/envelope/rewrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import type { InstructionContent, ObjectStat, ObjectStore, Sealer } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(5);
const KEY = objectKey({ ...ids, at: AT });
const RECEIPT = receiptKey(KEY);
const [old, next, last] = ['k1', 'k2', 'k3'].map((kid) => ({ kid, key: randomBytes(32) })) as [
  Ring,
  Ring,
  Ring,
];
interface Ring {
  readonly kid: string;
  readonly key: Buffer;
}
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createReceiptSigner(privateKey);
const keys = new Map([[signingKeyId(publicKey), publicKey]]);
const kms = createKmsWrap(memoryKeyService());
const unwrappers = [createAesUnwrapper([old, next, last]), kms];
const reader = createEnvelopeReader({ unwrappers, organizationId: ORGANIZATION });
const write = { dryRun: false };

type Placed = 's3ec-v2' | 's3ec-v3' | 's3ec-v3 in an instruction file';
const PLACED: readonly Placed[] = ['s3ec-v2', 's3ec-v3', 's3ec-v3 in an instruction file'];

async function archived(placed: Placed = 's3ec-v3', claim = true, stored: object = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'amended-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const store = createDirectoryStore(dir);
  const envelope = createS3ecEnvelope({
    format: placed === 's3ec-v2' ? 's3ec-v2' : 's3ec-v3',
    wrapper: createAesWrapper(old),
    placement: placed === 's3ec-v3 in an instruction file' ? 'instruction' : 'metadata',
    organizationId: ORGANIZATION,
  });
  const sealer: Sealer & { instruction?: InstructionContent } = await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(randomBytes(3000)), sealer.final()]);
  const metadata = { ...sealer.metadata, ...idempotencyMetadata(ids) };
  await store.put(KEY, body, { metadata, contentType: 'audio/wav' }, unlimited);
  if (sealer.instruction !== undefined) await putInstruction(store, KEY, sealer.instruction, unlimited);
  const stated = hashWrap(
    sealer.instruction === undefined
      ? metadata
      : (JSON.parse(sealer.instruction.body) as Record<string, string>),
  );
  const leaves = LeafHasher.full(500);
  leaves.update(body);
  const digests = leaves.finish().leaves.map((leaf) => leaf.toString('hex'));
  const receipt: Receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { conversation: ids.conversationId, recording: ids.recordingId },
    ciphertext: { bytes: body.length, leafBytes: 500, leaves: digests },
    object: { key: KEY, store: store.location, ...stored },
    envelope: {
      format: envelope.format,
      metadataSha256: hashMetadata({ metadata }),
      ...(stated === undefined || !claim ? {} : { wrapSha256: stated }),
    },
    times: { recorded: new Date(AT).toISOString(), issued: new Date(AT).toISOString() },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
  };
  await putSmall(store, RECEIPT, await formatReceipt(receipt, signer), unlimited);
  return store;
}

const kinds = async (store: ObjectStore, depth: 'head' | 'full' = 'head') =>
  (await verifyAgainstReceipt({ store, keys, reader }, KEY, depth, unlimited)).findings.map(
    ({ kind }) => kind,
  );

const rewrap = (store: ObjectStore, to: Ring, more: Partial<RewrapPorts> = {}) => {
  const rewrapper = createRewrapper({
    unwrappers,
    wrapper: createAesWrapper(to),
    organizationId: ORGANIZATION,
  });
  return rewrapRecording({ store, rewrapper, signer, keys, ...more }, KEY, write, unlimited);
};

const headOf = async (store: ObjectStore): Promise<ObjectStat> => {
  const stat = await store.head(KEY, unlimited);
  if (stat === undefined) throw new Error('it is there');
  return stat;
};

/** Puts other text in the place of what holds the wrapped data key. */
async function exchangeWrap(store: ObjectStore, placed: Placed): Promise<void> {
  if (placed === 's3ec-v3 in an instruction file') {
    const file = await store.head(`${KEY}.instruction`, unlimited);
    if (file === undefined) throw new Error('it is there');
    const { body } = await store.get(file.key, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const held = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
    const text = JSON.stringify({ ...held, 'x-amz-3': Buffer.alloc(60).toString('base64') });
    await store.replace?.(
      file,
      Buffer.from(text),
      { metadata: file.metadata, contentType: 'application/json' },
      unlimited,
    );
    return;
  }
  const stat = await headOf(store);
  const name = placed === 's3ec-v2' ? 'x-amz-key-v2' : 'x-amz-3';
  await store.replaceMetadata?.(
    stat,
    { ...stat.metadata, [name]: Buffer.alloc(60).toString('base64') },
    unlimited,
  );
}

describe.each(PLACED)('the wrapped data key of %s', (placed) => {
  it('that is set to zeros is found at depth head, and neither moved nor signed for', async () => {
    const store = await archived(placed);
    expect(await kinds(store)).toEqual([]);
    await exchangeWrap(store, placed);
    expect(await kinds(store)).toEqual(['wrap']);
    await expect(rewrap(store, next)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
    const all = [];
    for await (const { key } of store.list('receipts/', unlimited)) all.push(key);
    expect(all).toEqual([RECEIPT]);
  });

  it('that is moved is stated by an amendment, as often as it is moved', async () => {
    const store = await archived(placed);
    const { sha256 } = await verifyRecording({ store, reader, keys }, KEY, unlimited);
    for (const to of [next, last]) {
      const { amendment } = await rewrap(store, to);
      expect(amendment).toMatch(/^receipts\/2026\/05\/20\/_[0-9a-f-]{36}\.wrap-[0-9a-f]{16}\.json$/);
      expect(await kinds(store)).toEqual([]);
      expect(await kinds(store, 'full')).toEqual([]);
      expect(await verifyRecording({ store, reader, keys }, KEY, unlimited)).toMatchObject({
        sha256,
        notes: [],
      });
    }
    await exchangeWrap(store, placed);
    expect(await kinds(store)).toEqual(['wrap']);
  });

  it('is not moved where what amends its receipt cannot be signed, unless that is waived', async () => {
    const store = await archived(placed);
    const before = await headOf(store);
    const other = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    for (const unable of [undefined, other]) {
      await expect(rewrap(store, next, { signer: unable })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        hint: expect.stringContaining('ARCHIVE_SIGNING_KEY_FILE') as unknown,
      });
    }
    expect((await headOf(store)).metadata).toEqual(before.metadata);
    expect(await rewrap(store, next, { signer: undefined, unverified: true })).toMatchObject({
      state: 'rewrapped',
    });
    expect(await kinds(store)).toEqual(['wrap']);
  });

  it('is amended without a signature in an archive that signs nothing', async () => {
    const store = await archived(placed);
    const { amendment } = await rewrap(store, next, { signer: undefined, keys: new Map() });
    expect(amendment).toBeDefined();
    const { findings } = await verifyAgainstReceipt({ store }, KEY, 'head', unlimited);
    expect(findings).toEqual([]);
    expect(await kinds(store)).toEqual(['wrap']);
  });
});

describe('an amendment', () => {
  it('explains the new version and checksum that S3 gives to what was rewrapped, and no others', async () => {
    const checksum = { type: 'composite', sha256: 'AAAA-2' } as const;
    const store = await archived('s3ec-v3', true, { versionId: 'v1', checksum });
    const as = (change: Partial<ObjectStat>): ObjectStore => ({
      ...store,
      head: async (...asked) => {
        const stat = await store.head(...asked);
        return stat && { ...stat, ...change };
      },
    });
    const copied = { versionId: 'v2', checksum: { type: 'full', sha256: 'BBBB' } } as const;
    expect(await kinds(as({ versionId: 'v1', checksum }))).toEqual([]);
    expect(await kinds(as(copied))).toEqual(['rolled-back', 'checksum']);
    await rewrap(store, next);
    expect(await kinds(as(copied))).toEqual([]);
    const other = { type: 'composite', sha256: 'CCCC-2' } as const;
    expect(await kinds(as({ versionId: 'v2', checksum: other }))).toEqual(['checksum']);
  });

  it('is no receipt: a walk over the archive skips it', async () => {
    const store = await archived();
    const { amendment = '' } = await rewrap(store, next);
    expect(objectOfReceipt(DATE_LAYOUT, amendment)).toBeUndefined();
    const walked: string[] = [];
    for await (const key of walkArchive(store, {}, unlimited)) walked.push(key);
    expect(walked).toEqual([KEY]);
  });

  it.each<[string, (text: string) => string]>([
    ['of another recording', (text) => text.replace(ids.recordingId, idsAt(6).recordingId)],
    ['of another wrap', (text) => text.replace(/("wrapSha256":")[0-9a-f]{8}/, '$100000000')],
    ['that was changed', (text) => text.replace('"proof":"commitment"', '"proof":"receipt"')],
    ['of another form', (text) => ` ${text}`],
    ['whose signature is spelled another way', (text) => text.replace('=="}', '="}')],
  ])('%s covers nothing', async (_, change) => {
    const store = await archived();
    const { amendment = '' } = await rewrap(store, next);
    const { body } = await store.get(amendment, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const copy = await archived();
    const stat = await headOf(copy);
    const moved = await headOf(store);
    // the receipt of the copy is about its own object: only the amendment is at stake
    const wrapSha256 = hashWrap(moved.metadata) ?? '';
    expect(amendment).toBe(amendmentKey(KEY, wrapSha256));
    await copy.replaceMetadata?.(
      stat,
      {
        ...stat.metadata,
        'x-amz-3': moved.metadata['x-amz-3'] ?? '',
        'x-amz-m': moved.metadata['x-amz-m'] ?? '',
      },
      unlimited,
    );
    expect(await kinds(copy)).toEqual(['wrap']);
    const changed = change(text);
    expect(changed).not.toBe(text);
    await putSmall(copy, amendment, Buffer.from(changed), unlimited);
    expect(await kinds(copy)).toEqual(['wrap']);
  });

  it('is the only thing that settles the key of a part of a V2 object, once that was moved', async () => {
    const store = await archived('s3ec-v2');
    expect((await openSeekable({ store, reader, keys }, KEY, unlimited)).verifiedBy).toBe('receipt');
    await rewrap(store, next);
    expect((await openSeekable({ store, reader, keys }, KEY, unlimited)).verifiedBy).toBe('receipt');
    const { amendment = '' } = await rewrap(store, last);
    await rm(path.join(store.location.slice('file:'.length), amendment));
    await rm(path.join(store.location.slice('file:'.length), `${amendment}.metadata.json`), { force: true });
    expect((await openSeekable({ store, reader, keys }, KEY, unlimited)).verifiedBy).toBe('object');
  });

  it('of a receipt from before hashes of wraps proves no more than was known', async () => {
    const store = await archived('s3ec-v2', false);
    const { wrap } = await verifyAgainstReceipt({ store, keys }, KEY, 'head', unlimited);
    expect(wrap).toBe('unclaimed');
    const { amendment = '' } = await rewrap(store, next);
    const { body } = await store.get(amendment, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toContain('"proof":"none"');
    expect((await openSeekable({ store, reader, keys }, KEY, unlimited)).verifiedBy).toBe('object');
    expect(await kinds(store)).toEqual([]);
  });
});
