import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import { unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
} from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Envelope } from '../../src/ports.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { mapStore } from '../archive/map-store.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const ids = {
  recordingId: '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10',
  conversationId: '0b7a3e51-8f0f-4a0f-8d5e-6a8d3e1c2b4f',
};
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const write = { dryRun: false };

const staticKey = randomBytes(32);
const kek = { kid: 'k1', key: randomBytes(32) };
const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
const kms = createKmsWrap(memoryKeyService());
const WRAPS: Readonly<Record<string, { wrapper: KeyWrapper; unwrapper: KeyUnwrapper }>> = {
  kms: { wrapper: kms, unwrapper: kms },
  aes: { wrapper: createAesWrapper(kek), unwrapper: createAesUnwrapper([kek]) },
  rsa: {
    wrapper: createRsaWrapper(pair.publicKey),
    unwrapper: createRsaUnwrapper([{ key: pair.privateKey }]),
  },
};

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function archived(envelope: Envelope = createStaticEnvelope(staticKey), bytes = 1000) {
  const store = mapStore();
  const sealer = await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(randomBytes(bytes)), sealer.final()]);
  await store.put(KEY, once(body), { metadata: sealer.metadata, contentType: 'audio/wav' }, unlimited);
  return store;
}

const adopterOf = (wrapper: KeyWrapper) =>
  createAdopter({ staticKey, wrapper, organizationId: ORGANIZATION });

describe('adoption', () => {
  it.each(Object.entries(WRAPS))('makes an object readable without the static key: %s', async (_, wrap) => {
    const store = await archived();
    const before = await verifyRecording(
      { store, reader: createEnvelopeReader({ staticKey }) },
      KEY,
      unlimited,
    );
    const object = store.objects.get(KEY);
    store.reads.length = 0;
    const adoption = await adoptRecording({ store, adopter: adopterOf(wrap.wrapper) }, KEY, write, unlimited);
    expect(adoption).toMatchObject({ state: 'adopted', instructionKey: `${KEY}.instruction` });
    // neither read nor touched
    expect(store.reads.filter(({ key }) => key === KEY)).toEqual([]);
    expect(store.objects.get(KEY)).toBe(object);
    const reader = createEnvelopeReader({ unwrappers: [wrap.unwrapper], organizationId: ORGANIZATION });
    const after = await verifyRecording({ store, reader }, KEY, unlimited);
    expect(after.sha256).toBe(before.sha256);
  });

  it('binds the ids of the receipt, and without one only those of the key', async () => {
    const contextOf = async (receipt: boolean) => {
      const store = await archived();
      if (receipt) {
        const stated = await formatReceipt(
          {
            schema: 'genesys-media-archive/receipt/v1',
            kind: 'archived',
            ids: { conversation: ids.conversationId, recording: ids.recordingId },
            times: { recorded: '2026-05-20T00:00:00.000Z', issued: '2026-05-20T00:00:00.000Z' },
            tool: { name: 'genesys-media-archive', version: '1.0.0' },
          },
          undefined,
        );
        const place = `receipts/2026/05/20/${ids.recordingId}.json`;
        await store.put(place, once(stated), { metadata: {}, contentType: 'application/json' }, unlimited);
      }
      await adoptRecording({ store, adopter: adopterOf(kms) }, KEY, write, unlimited);
      const file = JSON.parse(String(store.objects.get(`${KEY}.instruction`)?.body)) as Record<
        string,
        string
      >;
      return JSON.parse(file['x-amz-matdesc'] ?? '') as unknown;
    };
    const known = {
      'genesys-cloud-organization-id': ORGANIZATION,
      'recording-id': ids.recordingId,
      'aws:x-amz-cek-alg': 'AES/GCM/NoPadding',
    };
    expect(await contextOf(true)).toEqual({ ...known, 'conversation-id': ids.conversationId });
    expect(await contextOf(false)).toEqual(known);
  });

  it('does nothing the second time, and asks no key service', async () => {
    const store = await archived();
    await adoptRecording({ store, adopter: adopterOf(kms) }, KEY, write, unlimited);
    const file = store.objects.get(`${KEY}.instruction`);
    const silent = { adopt: () => Promise.reject(new Error('was asked')) };
    const again = await adoptRecording({ store, adopter: silent }, KEY, write, unlimited);
    expect(again.state).toBe('present');
    expect(store.objects.get(`${KEY}.instruction`)).toBe(file);
  });

  it('takes the file that appeared meanwhile for its own work', async () => {
    const store = await archived();
    const { wrapper } = WRAPS['aes'] ?? WRAPS['kms'] ?? { wrapper: kms };
    const real = adopterOf(wrapper);
    const options = { metadata: {}, contentType: 'application/json' };
    const racing: typeof real = {
      ...real,
      adopt: async (...given) => {
        await store.put(`${KEY}.instruction`, once(Buffer.from('{}')), options, unlimited);
        return real.adopt(...given);
      },
    };
    const adoption = await adoptRecording({ store, adopter: racing }, KEY, write, unlimited);
    expect(adoption.state).toBe('present');
    expect(String(store.objects.get(`${KEY}.instruction`)?.body)).toBe('{}');
  });

  it.each([
    ['s3ec-v2', 'metadata' as const],
    ['s3ec-v3', 'metadata' as const],
    ['s3ec-v3', 'instruction' as const],
  ] as const)('leaves objects of format %s alone (%s)', async (format, placement) => {
    const wrapper = createAesWrapper(kek);
    const store = await archived(createS3ecEnvelope({ format, wrapper, placement }));
    const ports = { store, adopter: adopterOf(wrapper) };
    for (const dryRun of [false, true]) {
      const { state } = await adoptRecording(ports, KEY, { dryRun }, unlimited);
      expect(state).toBe('other-format');
    }
    expect(store.objects.size).toBe(1);
  });

  it('writes nothing in a dry run', async () => {
    const store = await archived();
    const ports = { store, adopter: { adopt: () => Promise.reject(new Error('was asked')) } };
    expect((await adoptRecording(ports, KEY, { dryRun: true }, unlimited)).state).toBe('adopted');
    expect([...store.objects.keys()]).toEqual([KEY]);
  });

  it('refuses objects that are not there or damaged, and keys that do not fit', async () => {
    const store = mapStore();
    const adopter = adopterOf(kms);
    await expect(adoptRecording({ store, adopter }, KEY, write, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
    const metadata = { encryption: 'aes-256-gcm', iv: 'AAAA' };
    await store.put(KEY, once(randomBytes(20)), { metadata, contentType: 'audio/wav' }, unlimited);
    await expect(adoptRecording({ store, adopter }, KEY, write, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_MALFORMED',
    });
    expect(() => createAdopter({ staticKey: randomBytes(31), wrapper: kms, organizationId: 'o' })).toThrow(
      /31 bytes/,
    );
    expect(() => createAdopter({ staticKey, wrapper: kms })).toThrow(/organization/);
    const service = memoryKeyService();
    delete service.encrypt;
    const noEncrypt = adopterOf(createKmsWrap(service));
    await expect(
      adoptRecording({ store: await archived(), adopter: noEncrypt }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
