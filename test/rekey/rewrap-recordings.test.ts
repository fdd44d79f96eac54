import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { putInstruction } from '../../src/record/instruction-file.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import { createKmsDataKeys } from '../../src/envelope/kms/data-keys.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createRewrapper } from '../../src/envelope/rewrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import type { InstructionContent, KeyRewrapper, ObjectStore, Sealer } from '../../src/ports.ts';
import { startKms } from '../../packages/simulator/src/kms/kms.ts';
import { startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const ids = {
  recordingId: '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10',
  conversationId: '0b7a3e51-8f0f-4a0f-8d5e-6a8d3e1c2b4f',
};
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const write = { dryRun: false };
const credentials = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };

const old = { kid: 'k1', key: randomBytes(32) };
const next = { kid: 'k2', key: randomBytes(32) };
const staticKey = randomBytes(32);
const kms = createKmsWrap(memoryKeyService());

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'rewrap-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const STORES: Readonly<Record<string, () => Promise<ObjectStore>>> = {
  directory: async () => createDirectoryStore(await temporaryDirectory()),
  S3: async () => {
    const s3 = await startS3({ dir: await temporaryDirectory(), buckets: ['recordings'] });
    const client = createS3Client({
      endpoint: s3.url,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
    });
    onTestFinished(async () => {
      client.destroy();
      await s3.close();
    });
    return createS3Store({ client, bucket: 'recordings', clock: systemClock, logger: silentLogger });
  },
};

type Placed = 's3ec-v2' | 's3ec-v3' | 's3ec-v3 with an instruction file' | 'adopted';
const PLACED: readonly Placed[] = ['s3ec-v2', 's3ec-v3', 's3ec-v3 with an instruction file', 'adopted'];

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function seal(
  placed: Placed,
  wrapper: KeyWrapper,
): Promise<Sealer & { instruction?: InstructionContent }> {
  if (placed === 'adopted') return createStaticEnvelope(staticKey).seal(ids);
  const format = placed === 's3ec-v2' ? 's3ec-v2' : 's3ec-v3';
  const placement = placed === 's3ec-v3 with an instruction file' ? 'instruction' : 'metadata';
  return createS3ecEnvelope({ format, wrapper, placement, organizationId: ORGANIZATION }).seal(ids);
}

async function archive(store: ObjectStore, placed: Placed, wrapper: KeyWrapper): Promise<void> {
  const sealer = await seal(placed, wrapper);
  const body = Buffer.concat([sealer.update(randomBytes(3000)), sealer.final()]);
  await store.put(KEY, once(body), { metadata: sealer.metadata, contentType: 'audio/wav' }, unlimited);
  if (sealer.instruction !== undefined) await putInstruction(store, KEY, sealer.instruction, unlimited);
  if (placed !== 'adopted') return;
  const adopter = createAdopter({ staticKey, wrapper, organizationId: ORGANIZATION });
  await adoptRecording({ store, adopter }, KEY, write, unlimited);
}

const digestWith = async (store: ObjectStore, ...unwrappers: KeyUnwrapper[]) => {
  const reader = createEnvelopeReader({ unwrappers, organizationId: ORGANIZATION });
  return (await verifyRecording({ store, reader }, KEY, unlimited)).sha256;
};

const oldWrap = createAesWrapper(old);
const nextWrap = createAesWrapper(next);
const oldUnwrap = createAesUnwrapper([old]);
const nextUnwrap = createAesUnwrapper([next]);
const moves: Readonly<Record<string, readonly [KeyWrapper, KeyUnwrapper, KeyWrapper, KeyUnwrapper]>> = {
  'AES to AES': [oldWrap, oldUnwrap, nextWrap, nextUnwrap],
  'AES to KMS': [oldWrap, oldUnwrap, kms, kms],
  'KMS to AES': [kms, kms, nextWrap, nextUnwrap],
};
const toNext = (...unwrappers: KeyUnwrapper[]): KeyRewrapper =>
  createRewrapper({ unwrappers, wrapper: nextWrap, organizationId: ORGANIZATION });

describe.each(Object.entries(STORES))('rewrapping in a %s store', (_, openStore) => {
  describe.each(PLACED)('%s', (placed) => {
    it.each(Object.entries(moves))('moves the data key, and nothing else: %s', async (_name, move) => {
      const [from, fromUnwrap, to, toUnwrap] = move;
      const store = await openStore();
      await archive(store, placed, from);
      const sha256 = await digestWith(store, fromUnwrap);
      const before = await store.head(KEY, unlimited);
      const rewrapper = createRewrapper({
        unwrappers: [fromUnwrap],
        wrapper: to,
        organizationId: ORGANIZATION,
      });
      const { state } = await rewrapRecording({ store, rewrapper }, KEY, write, unlimited);
      expect(state).toBe('rewrapped');
      expect(await digestWith(store, toUnwrap)).toBe(sha256);
      await expect(digestWith(store, ...(fromUnwrap === toUnwrap ? [] : [fromUnwrap]))).rejects.toMatchObject(
        {
          code: 'DECRYPT_FAILED',
        },
      );
      const after = await store.head(KEY, unlimited);
      expect(after?.checksum).toEqual(before?.checksum);
      expect(after?.contentType).toBe('audio/wav');
    });
  });

  it('does nothing to what is under the wanted key already, nor in a dry run', async () => {
    const store = await openStore();
    await archive(store, 's3ec-v3 with an instruction file', oldWrap);
    const dry = await rewrapRecording(
      { store, rewrapper: toNext(oldUnwrap) },
      KEY,
      { dryRun: true },
      unlimited,
    );
    expect(dry).toMatchObject({ state: 'rewrapped', key: KEY, placement: 'instruction' });
    await digestWith(store, oldUnwrap);
    await rewrapRecording({ store, rewrapper: toNext(oldUnwrap) }, KEY, write, unlimited);
    const again = await rewrapRecording({ store, rewrapper: toNext() }, KEY, write, unlimited);
    expect(again).toMatchObject({ state: 'current', key: KEY });
  });

  it('never leaves an object unreadable, whichever step fails', async () => {
    for (const placed of PLACED) {
      const store = await openStore();
      await archive(store, placed, oldWrap);
      const sha256 = await digestWith(store, oldUnwrap);
      let failing = 0;
      for (let done = false; !done; failing += 1) {
        const { broken, reached } = failAt(store, failing);
        const outcome = await rewrapRecording(
          { store: broken, rewrapper: toNext(oldUnwrap) },
          KEY,
          write,
          unlimited,
        ).catch((error: unknown) => error);
        expect(await digestWith(store, createAesUnwrapper([old, next]))).toBe(sha256);
        done = !reached();
        if (!done) expect(outcome).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      }
      // head, receipt, head and body of the instruction file, the exchange: each failed once before it succeeded
      expect(failing).toBeGreaterThanOrEqual(4);
      expect(await digestWith(store, nextUnwrap)).toBe(sha256);
    }
  });
});

/** A store that fails at its `n`th call, before or (odd ones) after it took effect. */
function failAt(store: ObjectStore, n: number): { broken: ObjectStore; reached: () => boolean } {
  let calls = 0;
  let struck = false;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    const own = calls;
    calls += 1;
    const failure = new ArchiveError('STORE_UNAVAILABLE', 'injected');
    if (own === Math.floor(n / 2)) {
      struck = true;
      if (n % 2 === 0) throw failure;
      await work().catch(() => {});
      throw failure;
    }
    return work();
  };
  const full = store as Required<ObjectStore>;
  const broken: ObjectStore = {
    location: store.location,
    list: (...given) => store.list(...given),
    put: (...given) => guard(() => store.put(...given)),
    head: (...given) => guard(() => store.head(...given)),
    get: (...given) => guard(() => store.get(...given)),
    replace: (...given) => guard(() => full.replace(...given)),
    replaceMetadata: (...given) => guard(() => full.replaceMetadata(...given)),
  };
  return { broken, reached: () => struck };
}

describe('rewrapping', () => {
  const directory = async () => createDirectoryStore(await temporaryDirectory());

  it('starts over when the key is exchanged by another process meanwhile', async () => {
    const store = await directory();
    await archive(store, 's3ec-v3 with an instruction file', oldWrap);
    const between = createAesWrapper({ kid: 'k3', key: next.key });
    let raced = 0;
    const real = toNext(createAesUnwrapper([old, { kid: 'k3', key: next.key }]));
    const rewrapper: KeyRewrapper = {
      rewrap: async (...given) => {
        const wanted = await real.rewrap(...given);
        raced += 1;
        if (raced === 1) {
          const other = createRewrapper({ unwrappers: [oldUnwrap], wrapper: between, organizationId: 'o' });
          await rewrapRecording({ store, rewrapper: other }, KEY, write, unlimited);
        }
        return wanted;
      },
    };
    expect((await rewrapRecording({ store, rewrapper }, KEY, write, unlimited)).state).toBe('rewrapped');
    expect(raced).toBe(2);
    await digestWith(store, nextUnwrap);
  });

  it('gives up on an object that changes all the time', async () => {
    const store = await directory();
    await archive(store, 's3ec-v3', oldWrap);
    const restless: ObjectStore = {
      ...store,
      replaceMetadata: () => Promise.resolve({ outcome: 'changed' }),
    };
    await expect(
      rewrapRecording({ store: restless, rewrapper: toNext(oldUnwrap) }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it('says so where a store cannot exchange it', async () => {
    const store = await directory();
    await archive(store, 's3ec-v3', oldWrap);
    const plain: ObjectStore = { ...store };
    delete plain.replaceMetadata;
    const result = await rewrapRecording(
      { store: plain, rewrapper: toNext(oldUnwrap) },
      KEY,
      write,
      unlimited,
    );
    expect(result).toMatchObject({ state: 'unsupported', placement: 'metadata' });
    const reason = 'a lock';
    const refusing: ObjectStore = {
      ...plain,
      replaceMetadata: () => Promise.resolve({ outcome: 'unsupported', reason }),
    };
    expect(
      await rewrapRecording({ store: refusing, rewrapper: toNext(oldUnwrap) }, KEY, write, unlimited),
    ).toMatchObject({ state: 'unsupported', reason });
  });

  it('leaves objects of the static key to adoption', async () => {
    const store = await directory();
    const sealer = await createStaticEnvelope(staticKey).seal(ids);
    const options = { metadata: sealer.metadata, contentType: 'audio/wav' };
    await store.put(KEY, once(Buffer.from(sealer.final())), options, unlimited);
    const result = await rewrapRecording({ store, rewrapper: toNext() }, KEY, write, unlimited);
    expect(result.state).toBe('static-key');
  });

  it('refuses a data key the object does not commit to, and one bound to another recording', async () => {
    const store = await directory();
    await archive(store, 's3ec-v3 with an instruction file', oldWrap);
    const foreign = await oldWrap.generate('115', {});
    const file = await store.head(`${KEY}.instruction`, unlimited);
    if (file === undefined || store.replace === undefined) throw new Error('there is no instruction file');
    const instruction = JSON.stringify({
      'x-amz-3': Buffer.from(foreign.wrapped).toString('base64'),
      'x-amz-w': '02',
      'x-amz-m': '{"kid":"k1"}',
    });
    const options = { metadata: file.metadata, contentType: 'application/json' };
    await store.replace(file, Buffer.from(instruction), options, unlimited);
    await expect(
      rewrapRecording({ store, rewrapper: toNext(oldUnwrap) }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });

    const swapped = await directory();
    const other = createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms, organizationId: ORGANIZATION });
    const sealer = await other.seal({ ...ids, recordingId: 'ffffffff-0000-4000-8000-000000000000' });
    const given = { metadata: sealer.metadata, contentType: 'audio/wav' };
    await swapped.put(KEY, once(Buffer.from(sealer.final())), given, unlimited);
    await expect(
      rewrapRecording({ store: swapped, rewrapper: toNext(kms) }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'CONTEXT_MISMATCH' });
  });

  it('from KMS to KMS leaves the data key in KMS, and knows what it has moved already', async () => {
    const endpoint = await startKms({ aliases: ['alias/old', 'alias/new', 'alias/third'] });
    const make = (keyId: string, sourceKeyId?: string) => {
      const moving = sourceKeyId === undefined ? {} : { sourceKeyId };
      const shared = { endpoint: endpoint.url, region: 'us-east-1', credentials, clock: systemClock };
      const keys = createKmsDataKeys({ keyId, ...moving, ...shared, logger: silentLogger });
      onTestFinished(() => keys.close());
      return createKmsWrap(keys);
    };
    onTestFinished(() => endpoint.close());
    const store = await directory();
    await archive(store, 's3ec-v3', make('alias/old'));
    const rewrapper = createRewrapper({
      unwrappers: [make('alias/old')],
      wrapper: make('alias/new', 'alias/old'),
      organizationId: ORGANIZATION,
    });
    const asked = () => endpoint.requests.map(({ operation }) => operation);
    const before = asked().length;
    expect((await rewrapRecording({ store, rewrapper }, KEY, write, unlimited)).state).toBe('rewrapped');
    expect(asked().slice(before)).toEqual(['ReEncrypt']);
    expect((await rewrapRecording({ store, rewrapper }, KEY, write, unlimited)).state).toBe('current');
    expect(asked().slice(before)).toEqual(['ReEncrypt', 'ReEncrypt', 'ReEncrypt']);
    await digestWith(store, make('alias/new'));
    // a key that is neither the old nor the new one is not laundered into the new one
    const laundering = createRewrapper({
      unwrappers: [],
      wrapper: make('alias/third', 'alias/old'),
      organizationId: ORGANIZATION,
    });
    await expect(
      rewrapRecording({ store, rewrapper: laundering }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });
});
