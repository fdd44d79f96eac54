import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { reencryptRecording } from '../../src/rekey/reencrypt-recordings.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap } from '../../src/envelope/key-wrap.ts';
import { createResealer } from '../../src/envelope/reencrypt.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { mapStore } from '../archive/map-store.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const ids = { recordingId: '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10', conversationId: 'c' };
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const write = { dryRun: false };

const staticKey = randomBytes(32);
const kms = createKmsWrap(memoryKeyService());
const reader = createEnvelopeReader({ staticKey, unwrappers: [kms], organizationId: ORGANIZATION });
const resealer = createResealer(kms, ORGANIZATION);

async function* once(body: Uint8Array) {
  yield await Promise.resolve(body);
}

async function archived(bytes: number, idem?: string) {
  const source = mapStore();
  const sealer = await createStaticEnvelope(staticKey).seal(ids);
  const body = Buffer.concat([sealer.update(randomBytes(bytes)), sealer.final()]);
  const metadata = { ...sealer.metadata, ...(idem === undefined ? {} : { 'gca-idem': idem }) };
  await source.put(KEY, once(body), { metadata, contentType: 'audio/wav' }, unlimited);
  const { sha256 } = await verifyRecording({ store: source, reader }, KEY, unlimited);
  return { source, target: mapStore(), sha256 };
}

const flip = (body: Buffer) => {
  body[0] = (body[0] ?? 0) ^ 1;
};

describe('encrypting again', () => {
  it.each([0, 1, 5000])(
    'makes a verified s3ec-v3 object of %i bytes, and leaves the old one',
    async (bytes) => {
      const { source, target, sha256 } = await archived(bytes, 'idem');
      const before = source.objects.get(KEY);
      const ports = { source, target, reader, resealer };
      const result = await reencryptRecording(ports, KEY, write, unlimited);
      expect(result).toMatchObject({ state: 'reencrypted', key: KEY, bytes, sha256 });
      expect(source.objects.get(KEY)).toBe(before);
      const made = target.objects.get(KEY);
      expect(made?.stat).toMatchObject({ contentType: 'audio/wav', size: bytes + 16 });
      expect(made?.stat.metadata).toMatchObject({ 'x-amz-c': '115', 'x-amz-w': '12', 'gca-idem': 'idem' });
      expect(JSON.parse(made?.stat.metadata['x-amz-t'] ?? '')).toEqual({
        'genesys-cloud-organization-id': ORGANIZATION,
        'recording-id': ids.recordingId,
        'aws:x-amz-cek-alg': '115',
      });
      const keyless = createEnvelopeReader({ unwrappers: [kms] });
      expect((await verifyRecording({ store: target, reader: keyless }, KEY, unlimited)).sha256).toBe(sha256);
    },
  );

  it('makes no object of one that was changed', async () => {
    const { source, target } = await archived(5000);
    source.tamper(KEY, flip);
    await expect(
      reencryptRecording({ source, target, reader, resealer }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    expect(target.objects.size).toBe(0);
  });

  it('is not done before the new object has been read back', async () => {
    const { source, target } = await archived(5000);
    const damaging: ObjectStore = {
      ...target,
      put: async (...given) => {
        const result = await target.put(...given);
        target.tamper(KEY, flip);
        return result;
      },
    };
    await expect(
      reencryptRecording({ source, target: damaging, reader, resealer }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  it('compares what the target holds already', async () => {
    const { source, target, sha256 } = await archived(5000);
    const ports = { source, target, reader, resealer };
    await reencryptRecording(ports, KEY, write, unlimited);
    const made = target.objects.get(KEY);
    const again = await reencryptRecording(ports, KEY, write, unlimited);
    expect(again).toMatchObject({ state: 'present', sha256 });
    expect(target.objects.get(KEY)).toBe(made);
    const other = await archived(5000);
    await expect(
      reencryptRecording({ ...ports, source: other.source }, KEY, write, unlimited),
    ).rejects.toMatchObject({ code: 'KEY_COLLISION' });
  });

  it('reads and writes nothing in a dry run', async () => {
    const { source, target } = await archived(5000);
    source.reads.length = 0;
    const ports = { source, target, reader, resealer };
    expect(await reencryptRecording(ports, KEY, { dryRun: true }, unlimited)).toEqual({
      state: 'reencrypted',
      key: KEY,
      notes: ['there is no receipt: nothing proves which recording this is'],
    });
    expect(source.reads).toEqual([]);
    expect(target.objects.size).toBe(0);
  });

  it('refuses what is not there, and a context it does not know', async () => {
    const ports = { source: mapStore(), target: mapStore(), reader, resealer };
    await expect(reencryptRecording(ports, KEY, write, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
    expect(() => createResealer(kms, undefined)).toThrow(/organization/);
  });
});
