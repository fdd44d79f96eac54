import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { detectFormat, needsInstruction } from '../../src/envelope/detect.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createSealingCipher } from '../../src/envelope/gcm.ts';
import { createKmsWrap, createLegacyKmsUnwrap } from '../../src/envelope/key-wrap.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { failureOf, rejectionOf, run } from './bytes.ts';
import { goldenObjects } from './golden.ts';
import { memoryKeyService } from './memory-key-service.ts';
import { aesWrap } from './webcrypto.ts';

const key = randomBytes(32);
const wrapper = createAesWrapper({ kid: 'k1', key });
const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([{ kid: 'k1', key }])] });

const staticMetadata = { encryption: 'aes-256-gcm', iv: randomBytes(12).toString('base64') };
const v2 = (await sealS3ecV2(wrapper, {})).metadata;
const v3 = (await sealS3ecV3(wrapper, {})).metadata;
const split = await sealS3ecV3(wrapper, {}, 'instruction');
const instruction = split.instruction?.body ?? '';
const v1 = { 'x-amz-key': 'AAAA', 'x-amz-iv': 'AAAA', 'x-amz-matdesc': '{}' };

/** `metadata` without `name`. */
function without(metadata: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([other]) => other !== name));
}

describe('detection', () => {
  it.each([
    ['static-gcm', 'metadata', staticMetadata, undefined],
    ['s3ec-v2', 'metadata', v2, undefined],
    ['s3ec-v3', 'metadata', v3, undefined],
    ['s3ec-v3', 'instruction', split.metadata, instruction],
    ['s3ec-v2', 'instruction', {}, JSON.stringify(v2)],
    ['s3ec-v2', 'instruction', staticMetadata, JSON.stringify(v2)],
  ])('%s in %s', (format, placement, metadata: Record<string, string>, file) => {
    const found = detectFormat({ ...metadata, unrelated: 'x', 'gca-v': '1' }, file);
    expect([found.format, found.placement]).toEqual([format, placement]);
  });

  it('knows every golden object', () => {
    const formats = goldenObjects.map(({ metadata }) => detectFormat(metadata).format);
    expect(formats).toEqual(goldenObjects.map(({ format }) => `s3ec-${format.toLowerCase()}`));
  });

  it.each<[string, Record<string, string>, string | undefined, RegExp]>([
    ['nothing', {}, undefined, /no known format/],
    ['half of static-gcm', { encryption: 'aes-256-gcm' }, undefined, /no known format/],
    ['format V1', v1, undefined, /^the object is in format V1/],
    ['V1 in an instruction file', {}, JSON.stringify(v1), /^the instruction file is in format V1/],
    ['V1 and V2', { ...v2, 'x-amz-key': 'AAAA' }, undefined, /^the object has metadata of several formats/],
    ['one value of V1 and V3', { 'x-amz-key': 'x', 'x-amz-c': 'x' }, undefined, /several formats/],
    ['one value of V2 and V3', { 'x-amz-key-v2': 'x', 'x-amz-c': 'x' }, undefined, /several formats/],
    ['V2 and V3', { ...v2, ...v3 }, undefined, /several formats/],
    ['V2 and one value of V3', { ...v2, 'x-amz-c': '115' }, undefined, /several formats/],
    ['V3 and one value of V2', { ...v3, 'x-amz-iv': 'AAAA' }, undefined, /several formats/],
    ['a split object without its file', split.metadata, undefined, /missing/],
    ['a whole V3 object with a file', v3, instruction, /of its own/],
    ['a whole V2 object with a file', v2, JSON.stringify(v2), /belong together/],
    ['a V3 object with a file of V2', split.metadata, JSON.stringify(v2), /belong together/],
    ['an object of no format with a file of V3', {}, instruction, /belong together/],
    ['an empty file', split.metadata, '{}', /belong together/],
    ['a file of both formats', {}, JSON.stringify({ ...v2, ...v3 }), /several formats/],
    ['a file with what belongs to the object', split.metadata, JSON.stringify(v3), /object only/],
    ['a file that is no JSON', split.metadata, 'x', /not JSON/],
    ['a file that is a list', split.metadata, '[]', /not a JSON object/],
    ['a file that is null', split.metadata, 'null', /not a JSON object/],
    ['a file with nested values', split.metadata, '{"x-amz-3":{"a":"b"}}', /not a string/],
    ['a file with a number', split.metadata, '{"x-amz-w":2}', /not a string/],
    ['a file with a name twice', split.metadata, `{"x-amz-w":"22",${instruction.slice(1)}`, /twice/],
    ['a file that is far too long', split.metadata, `${instruction}${' '.repeat(65_536)}`, /too long/],
  ])('refuses %s', (_name, metadata, file, message) => {
    const failure = failureOf(() => detectFormat(metadata, file));
    expect([failure.code, failure.retryable]).toEqual(['OBJECT_MALFORMED', false]);
    expect(failure.message).toMatch(message);
  });

  it('goes by any value of a format, so that its reader says what else is missing', () => {
    for (const name of Object.keys(v2)) expect(detectFormat({ [name]: 'x' }).format).toBe('s3ec-v2');
    for (const name of Object.keys(v3)) expect(detectFormat({ [name]: 'x' }).format).toBe('s3ec-v3');
  });

  it('says when the instruction file is needed', () => {
    expect(needsInstruction(split.metadata)).toBe(true);
    expect(needsInstruction({ 'content-owner': 'x' })).toBe(true);
    for (const metadata of [
      staticMetadata,
      v2,
      v3,
      without(v3, 'x-amz-3'),
      without(split.metadata, 'x-amz-d'),
    ]) {
      expect(needsInstruction(metadata)).toBe(false);
    }
    const mixed = failureOf(() => needsInstruction({ ...v2, ...v3 }));
    expect([mixed.code, mixed.message]).toEqual([
      'OBJECT_MALFORMED',
      'the object has metadata of several formats',
    ]);
  });
});

describe('instruction files', () => {
  it('of V3 hold what belongs to the data key and nothing of the object', () => {
    expect(Object.keys(split.metadata).toSorted()).toEqual(['x-amz-c', 'x-amz-d', 'x-amz-i']);
    const file = JSON.parse(instruction) as Record<string, string>;
    expect(Object.keys(file).toSorted()).toEqual(['x-amz-3', 'x-amz-m', 'x-amz-w']);
    expect(split.instruction?.metadata).toEqual({ 'x-amz-crypto-instr-file': 'true' });
    expect(split.instruction?.suffix).toBe('.instruction');
  });

  it('make an existing static-gcm object readable as V2', async () => {
    const staticKey = new Uint8Array(randomBytes(32));
    const sealer = await createStaticEnvelope(staticKey).seal({ recordingId: 'r', conversationId: 'c' });
    const body = run(sealer, [Buffer.from('an old call')]);
    const file = JSON.stringify({
      'x-amz-key-v2': Buffer.from(
        await aesWrap('k1', new Uint8Array(key)).wrap(staticKey, 'AES/GCM/NoPadding'),
      ).toString('base64'),
      'x-amz-iv': sealer.metadata['iv'],
      'x-amz-cek-alg': 'AES/GCM/NoPadding',
      // older Go clients write this number as a number
      'x-amz-tag-len': 128,
      'x-amz-wrap-alg': 'AES/GCM',
      'x-amz-matdesc': '{"kid":"k1"}',
      'x-amz-unencrypted-content-length': 11,
    });
    const unsealer = await reader.unseal(
      { key: 'k', metadata: sealer.metadata, size: body.length },
      { instruction: file },
    );
    expect(run(unsealer, [body]).toString()).toBe('an old call');
  });
});

describe('metadata as other clients write them', () => {
  it('V3 with the value of the other wrap empty, and an empty plaintext length (Go)', async () => {
    const sealer = await sealS3ecV3(wrapper, {});
    const body = run(sealer, [Buffer.from('call')]);
    const metadata = { ...sealer.metadata, 'x-amz-t': '', 'x-amz-unencrypted-content-length': '' };
    const stat = { key: 'k', size: body.length };
    expect(run(await reader.unseal({ ...stat, metadata }), [body]).toString()).toBe('call');
    const both = { ...metadata, 'x-amz-t': '{"recording-id":"r"}' };
    expect((await rejectionOf(reader.unseal({ ...stat, metadata: both }))).message).toBe(
      'metadata x-amz-t does not belong to this key wrap',
    );
    const kms = createKmsWrap(memoryKeyService());
    const bound = (await sealS3ecV3(kms, {})).metadata;
    const kmsReader = createEnvelopeReader({ unwrappers: [kms] });
    const described = { ...stat, metadata: { ...bound, 'x-amz-m': '{"kid":"k1"}' } };
    expect((await rejectionOf(kmsReader.unseal(described))).message).toBe(
      'metadata x-amz-m does not belong to this key wrap',
    );
  });

  it('V3 without any material description', async () => {
    const sealer = await sealS3ecV3(wrapper, {});
    const body = run(sealer, [Buffer.from('call')]);
    const stat = { key: 'k', metadata: without(sealer.metadata, 'x-amz-m'), size: body.length };
    const anyKey = createEnvelopeReader({ unwrappers: [createAesUnwrapper([{ key }])] });
    expect(run(await anyKey.unseal(stat), [body]).toString()).toBe('call');
  });

  it.each([undefined, ''])(
    'V2 with no material description, %j, under any key of the ring',
    async (value) => {
      const sealer = await sealS3ecV2(wrapper, {});
      const body = run(sealer, [Buffer.from('call')]);
      const bare = without(sealer.metadata, 'x-amz-matdesc');
      const metadata = value === undefined ? bare : { ...bare, 'x-amz-matdesc': value };
      const ring = createAesUnwrapper([{ kid: 'k1', key }, { key: randomBytes(32) }, { key }]);
      const anyKey = createEnvelopeReader({ unwrappers: [ring] });
      const unsealer = await anyKey.unseal({ key: 'k', metadata, size: body.length });
      expect(run(unsealer, [body]).toString()).toBe('call');
    },
  );

  it('V2 with a plaintext length, which the body is held to', async () => {
    const sealer = await sealS3ecV2(wrapper, {});
    const body = run(sealer, [Buffer.from('call')]);
    const stat = { key: 'k', size: body.length };
    const stating = (length: string) => ({ ...sealer.metadata, 'x-amz-unencrypted-content-length': length });
    expect(run(await reader.unseal({ ...stat, metadata: stating('4') }), [body]).toString()).toBe('call');
    for (const length of ['3', '5', '04', '4.0', '+4', '4 ', 'x', '20']) {
      const failure = await rejectionOf(reader.unseal({ ...stat, metadata: stating(length) }));
      expect(failure.code).toBe('OBJECT_MALFORMED');
    }
  });

  it('V2 with the wrap of the oldest clients, which Amazon SES uses; on request', async () => {
    const service = memoryKeyService();
    const mail = {
      'aws:ses:message-id': 'o3vrnil0e2ic28trm7dfhrc2v0cnbeccl4nbp0g1',
      'aws:ses:rule-name': 'store mail',
      'aws:ses:source-account': '123456789012',
    };
    const { plaintext, wrapped } = await service.generate({ ...mail, kms_cmk_id: 'alias/aws/ses' });
    const iv = randomBytes(12);
    const body = run(createSealingCipher({ key: plaintext, iv }), [Buffer.from('Subject: a mail')]);
    const metadata = {
      'x-amz-key-v2': Buffer.from(wrapped).toString('base64'),
      'x-amz-iv': iv.toString('base64'),
      'x-amz-cek-alg': 'AES/GCM/NoPadding',
      'x-amz-tag-len': '128',
      'x-amz-wrap-alg': 'kms',
      'x-amz-matdesc': JSON.stringify({ ...mail, kms_cmk_id: 'alias/aws/ses' }),
      'x-amz-unencrypted-content-length': '15',
    };
    const stat = { key: 'k', metadata, size: body.length };
    const mailReader = createEnvelopeReader({ unwrappers: [createLegacyKmsUnwrap(service)] });
    expect(run(await mailReader.unseal(stat), [body]).toString()).toBe('Subject: a mail');
    const held = await mailReader.unseal(stat, { expectedContext: mail });
    expect(run(held, [body]).toString()).toBe('Subject: a mail');
    expect(service.calls.decrypt).toBe(2);

    const other = { expectedContext: { ...mail, 'aws:ses:source-account': '210987654321' } };
    expect((await rejectionOf(mailReader.unseal(stat, other))).code).toBe('CONTEXT_MISMATCH');
    const ours = createEnvelopeReader({
      unwrappers: [createLegacyKmsUnwrap(service)],
      organizationId: 'o-1',
    });
    expect((await rejectionOf(ours.unseal(stat))).code).toBe('CONTEXT_MISMATCH');
    const modern = createEnvelopeReader({ unwrappers: [createKmsWrap(service)] });
    const unasked = await rejectionOf(modern.unseal(stat));
    expect([unasked.code, unasked.message]).toEqual([
      'DECRYPT_FAILED',
      'no key is configured for data keys wrapped by kms',
    ]);
    expect(service.calls.decrypt).toBe(2);

    const changed = { ...metadata, 'x-amz-matdesc': JSON.stringify(mail) };
    expect((await rejectionOf(mailReader.unseal({ ...stat, metadata: changed }))).code).toBe(
      'DECRYPT_FAILED',
    );
    const relabelled = { ...metadata, 'x-amz-cek-alg': 'AES/CTR/NoPadding' };
    expect((await rejectionOf(mailReader.unseal({ ...stat, metadata: relabelled }))).code).toBe(
      'OBJECT_MALFORMED',
    );
  });

  it.each([
    ['V2', v2, 'x-amz-key-v2'],
    ['V3', v3, 'x-amz-3'],
  ])('%s, but not with an AES wrap of another length', async (_name, metadata, name) => {
    for (const length of [59, 61]) {
      const other = { ...metadata, [name]: randomBytes(length).toString('base64') };
      const failure = await rejectionOf(reader.unseal({ key: 'k', metadata: other, size: 100 }));
      expect([failure.code, failure.message]).toEqual([
        'OBJECT_MALFORMED',
        `metadata ${name} has ${length} bytes instead of 60`,
      ]);
    }
  });

  it.each([
    ['V2', v2, 'x-amz-iv', 12],
    ['V3', v3, 'x-amz-i', 28],
  ])('%s, but not with a nonce of zeros', async (_name, metadata, name, length) => {
    const zeros = { ...metadata, [name]: Buffer.alloc(length).toString('base64') };
    const failure = await rejectionOf(reader.unseal({ key: 'k', metadata: zeros, size: 100 }));
    expect(failure.message).toBe(`metadata ${name} is all zeros`);
  });

  it.each([
    ['V2', v2, 'x-amz-wrap-alg', ['AESWrap', 'RSA', 'AES', 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding']],
    ['V3', v3, 'x-amz-w', ['01', '11', '21', '2', 'AES/GCM', '32']],
  ])('%s, but not with a legacy or unknown wrap', async (_name, metadata, name, wraps) => {
    for (const wrap of wraps) {
      const failure = await rejectionOf(
        reader.unseal({ key: 'k', metadata: { ...metadata, [name]: wrap }, size: 99 }),
      );
      expect([failure.code, failure.message]).toEqual([
        'OBJECT_MALFORMED',
        `metadata ${name} is not supported`,
      ]);
    }
  });
});
