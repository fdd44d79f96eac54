import { constants, createSecretKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { detectFormat } from '../../src/envelope/detect.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { callerContext, createKmsWrap, type KeyWrapper, unwrapDataKey } from '../../src/envelope/key-wrap.ts';
import {
  AES_WRAP_LENGTH,
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
  rsaKeyId,
} from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope, partialContext, recordingContext } from '../../src/envelope/s3ec/envelope.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { createS3ecV3Instruction, parseS3ecV3, sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { ArchiveError } from '../../src/errors.ts';
import { codeOf, failureOf, rejectionOf, run } from './bytes.ts';
import { memoryKeyService } from './memory-key-service.ts';
import { pair1024, pair2048, pair3072 as pair, pssPair2048, pssPair3072 } from './rsa-pairs.ts';
import { aesWrap } from './webcrypto.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const context = recordingContext('o-1', ids);
const V2 = 'AES/GCM/NoPadding';

describe('kms+context', () => {
  it('asks for a key with the frozen context and the content algorithm, and stores just that', async () => {
    const asked: unknown[] = [];
    const service = memoryKeyService();
    const kms = createKmsWrap({
      ...service,
      generate: (given) => {
        asked.push(given);
        return service.generate(given);
      },
    });
    const sealer = await createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms, organizationId: 'o-1' }).seal(
      ids,
    );
    const frozen = {
      'genesys-cloud-organization-id': 'o-1',
      'conversation-id': 'c-1',
      'recording-id': 'r-1',
      'aws:x-amz-cek-alg': '115',
    };
    expect(asked).toEqual([frozen]);
    expect(JSON.parse(sealer.metadata['x-amz-t'] ?? '')).toEqual(frozen);
    expect(sealer.metadata['x-amz-w']).toBe('12');
    expect(Object.keys(sealer.metadata)).not.toContain('x-amz-m');
  });

  it.each([
    ['the reserved name', { 'aws:x-amz-cek-alg': '115' }],
    ['the other reserved name', { kms_cmk_id: 'x' }],
    ['a value with a blank', { a: 'b c' }],
    ['a value of other letters', { a: 'é' }],
    ['a value with a quote', { a: '"' }],
    ['an empty value', { a: '' }],
    ['a long value', { a: 'x'.repeat(257) }],
    ['a name with a line break', { 'a\n': 'b' }],
  ])('refuses a context with %s before it asks for a key', async (_name, bad: Record<string, string>) => {
    const service = memoryKeyService();
    const failure = await rejectionOf(createKmsWrap(service).generate('115', bad));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(failure.message).toMatch(
      /^the encryption context may (?:not set (?:aws:|kms_)|hold only letters)/,
    );
    expect(service.calls.generate).toBe(0);
  });

  it.each([0, 16, 31, 33])('refuses a data key of %i bytes from the service', async (length) => {
    const answer = { plaintext: randomBytes(length), wrapped: randomBytes(60) };
    const kms = createKmsWrap({
      generate: () => Promise.resolve(answer),
      decrypt: () => Promise.resolve(answer.plaintext),
    });
    const refused = await rejectionOf(kms.generate('115', context));
    expect([refused.code, refused.message]).toEqual([
      'UNEXPECTED',
      `the key service gave a data key of ${length} bytes`,
    ]);
    const description = { ...context, 'aws:x-amz-cek-alg': '115' };
    const key = { wrapAlgorithm: 'kms+context', wrapped: answer.wrapped, description } as const;
    expect((await rejectionOf(unwrapDataKey(key, '115', { unwrappers: [kms] }))).code).toBe('DECRYPT_FAILED');
  });

  it('passes the service’s own errors on, and strips foreign ones', async () => {
    const throttled = new ArchiveError('STORE_THROTTLED', 'slow down');
    const foreign = Object.assign(new Error('https://kms/?X-Amz-Signature=secret'), { code: 'ECONNRESET' });
    for (const [error, code, message] of [
      [throttled, 'STORE_THROTTLED', 'slow down'],
      [foreign, 'UNEXPECTED', 'unexpected Error ECONNRESET'],
    ] as const) {
      const kms = createKmsWrap({
        generate: () => Promise.reject(error),
        decrypt: () => Promise.reject(error),
      });
      const key = { wrapAlgorithm: 'kms+context', wrapped: randomBytes(9), description: {} } as const;
      for (const work of [() => kms.generate('115', context), () => kms.unwrap(key, '115')]) {
        const failure = await rejectionOf(work());
        expect([failure.code, failure.message, failure.retryable]).toEqual([code, message, true]);
      }
    }
  });

  it('holds the stored context to the expected one exactly, before the service is asked', async () => {
    const service = memoryKeyService();
    const kms = createKmsWrap(service);
    const sealer = await sealS3ecV2(kms, context);
    const body = run(sealer, [Buffer.from('call')]);
    const stat = { key: 'k', metadata: sealer.metadata, size: body.length };
    const reader = createEnvelopeReader({ unwrappers: [kms] });
    const { 'recording-id': recordingId = '', ...fewer } = context;
    for (const expectedContext of [
      {},
      fewer,
      { ...context, more: 'x' },
      { ...context, 'recording-id': 'r-2' },
      { ...fewer, 'Recording-Id': recordingId },
      { ...fewer, toString: recordingId },
    ]) {
      const failure = await rejectionOf(reader.unseal(stat, { expectedContext }));
      expect([failure.code, failure.message]).toEqual([
        'CONTEXT_MISMATCH',
        'the object is bound to other ids than the ones asked for',
      ]);
    }
    expect(service.calls.decrypt).toBe(0);
    const unsealer = await reader.unseal(stat, { expectedContext: { ...context } });
    expect(run(unsealer, [body]).toString()).toBe('call');
  });

  it('is not asked about a data key that is bound to the other format', async () => {
    const service = memoryKeyService();
    const kms = createKmsWrap(service);
    const { plaintext: _, ...edk } = await kms.generate('115', context);
    const relabelled = await rejectionOf(unwrapDataKey(edk, V2, { unwrappers: [kms] }));
    expect([relabelled.code, relabelled.message]).toEqual([
      'OBJECT_MALFORMED',
      'the encryption context does not bind the content algorithm',
    ]);
    const { 'aws:x-amz-cek-alg': __, ...description } = edk.description;
    expect(
      (await rejectionOf(unwrapDataKey({ ...edk, description }, '115', { unwrappers: [kms] }))).code,
    ).toBe('OBJECT_MALFORMED');
    expect(service.calls.decrypt).toBe(0);
    expect(await unwrapDataKey(edk, '115', { unwrappers: [kms] })).toHaveLength(32);
  });

  it('wraps a given data key where the service can, and knows none for its own by sight', async () => {
    const service = { ...memoryKeyService() };
    delete service.encrypt;
    const refused = await rejectionOf(createKmsWrap(service).wrap(randomBytes(32), V2, context));
    expect([refused.code, refused.message]).toEqual([
      'CONFIG_INVALID',
      'this key service cannot wrap a data key that exists already',
    ]);
    const kms = createKmsWrap(memoryKeyService());
    const dataKey = randomBytes(32);
    const edk = await kms.wrap(dataKey, V2, context);
    expect(Buffer.from(await kms.unwrap(edk, V2)).equals(dataKey)).toBe(true);
    // the key id is within what KMS wrapped: only KMS can tell
    expect(kms.isOwn(edk)).toBe(false);
  });

  it('is not asked about a body that cannot be one message', async () => {
    const service = memoryKeyService();
    const kms = createKmsWrap(service);
    const reader = createEnvelopeReader({ unwrappers: [kms] });
    for (const { metadata } of [await sealS3ecV2(kms, context), await sealS3ecV3(kms, context)]) {
      for (const size of [0, 15, 2 ** 36 - 15]) {
        const failure = await rejectionOf(reader.unseal({ key: 'k', metadata, size }));
        expect(failure.code).toBe('OBJECT_MALFORMED');
      }
    }
    expect(service.calls.decrypt).toBe(0);
  });

  it('does not count what the clients themselves add as context', () => {
    const stored = { ...context, 'aws:x-amz-cek-alg': V2, kms_cmk_id: 'k' };
    expect(callerContext(stored)).toEqual(context);
  });
});

describe('AES/GCM', () => {
  const key = randomBytes(32);

  it('is IV, wrapped key and tag: 60 bytes that bind the content algorithm', async () => {
    const { plaintext, ...edk } = await createAesWrapper({ kid: 'k1', key }).generate(V2, {});
    expect(edk.wrapped.length).toBe(AES_WRAP_LENGTH);
    expect(AES_WRAP_LENGTH).toBe(60);
    expect(edk.description).toEqual({ kid: 'k1' });
    const unwrapper = createAesUnwrapper([{ kid: 'k1', key }]);
    expect(Buffer.from(await unwrapper.unwrap(edk, V2))).toEqual(Buffer.from(plaintext));
    const refused = await rejectionOf(unwrapper.unwrap(edk, '115'));
    expect([refused.code, refused.message]).toEqual([
      'DECRYPT_FAILED',
      'the data key could not be unwrapped: the wrapping key is wrong or the object was changed',
    ]);
  });

  it('knows its own by algorithm and kid', async () => {
    const [one, other] = [createAesWrapper({ kid: 'k1', key }), createAesWrapper({ kid: 'k2', key })];
    const edk = await one.wrap(randomBytes(32), V2, {});
    expect([one.isOwn(edk), other.isOwn(edk)]).toEqual([true, false]);
    expect(one.isOwn({ ...edk, wrapAlgorithm: 'RSA-OAEP-SHA1' })).toBe(false);
  });

  it('is unwrapped by the key it names, or by any key without a name', async () => {
    const { plaintext, ...edk } = await createAesWrapper({ kid: 'k2', key }).generate('115', {});
    const other = randomBytes(32);
    const unwrap = (keys: { kid?: string; key: Uint8Array }[]) => createAesUnwrapper(keys).unwrap(edk, '115');
    const fits = [
      [
        { kid: 'k1', key: other },
        { kid: 'k2', key },
      ],
      [{ key: other }, { key }],
      [{ kid: 'k2', key: other }, { key }],
    ];
    for (const keys of fits) expect(Buffer.from(await unwrap(keys))).toEqual(Buffer.from(plaintext));
    for (const keys of [[], [{ kid: 'k1', key }], [{ kid: 'k2', key: other }], [{ key: other }]]) {
      expect((await rejectionOf(unwrap(keys))).code).toBe('DECRYPT_FAILED');
    }
  });

  it.each([0, 12, 28, 59, 61])('is malformed at %i bytes', async (length) => {
    const unwrapper = createAesUnwrapper([{ key }]);
    const edk = { wrapAlgorithm: 'AES/GCM', wrapped: randomBytes(length), description: {} } as const;
    expect((await rejectionOf(unwrapper.unwrap(edk, V2))).code).toBe('DECRYPT_FAILED');
  });

  it('needs 32 bytes and a plain kid, and never shows its key', () => {
    for (const length of [0, 16, 24, 31, 33]) {
      for (const create of [
        () => createAesWrapper({ kid: 'k', key: randomBytes(length) }),
        () => createAesUnwrapper([{ key: randomBytes(length) }]),
      ]) {
        const failure = failureOf(create);
        expect([failure.code, failure.message]).toEqual([
          'CONFIG_INVALID',
          'an AES wrapping key must have 32 bytes',
        ]);
      }
    }
    for (const kid of ['', 'a b', 'é', '"', 'x'.repeat(65), 'a\n']) {
      const failure = failureOf(() => createAesWrapper({ kid, key }));
      expect([failure.code, failure.message]).toEqual(['CONFIG_INVALID', expect.stringContaining('1 to 64')]);
    }
    expect(codeOf(() => createAesUnwrapper([{ key: pair.privateKey }]))).toBe('CONFIG_INVALID');
    expect(inspect(createAesUnwrapper([{ key }]), { depth: 9, showHidden: true })).not.toContain(
      key.toString('hex'),
    );
  });
});

describe('RSA-OAEP-SHA1', () => {
  const ed25519 = generateKeyPairSync('ed25519');

  it('is written with the public key only, and binds the content algorithm', async () => {
    const { plaintext, ...edk } = await createRsaWrapper(pair.publicKey).generate('115', {});
    expect(edk.wrapped.length).toBe(384);
    expect(edk.description).toEqual({ kid: rsaKeyId(pair.privateKey) });
    expect(rsaKeyId(pair.publicKey)).toBe(rsaKeyId(pair.privateKey));
    expect(rsaKeyId(pair.publicKey)).toMatch(/^rsa-[0-9a-f]{16}$/);
    const unwrapper = createRsaUnwrapper([{ key: pair2048.privateKey }, { key: pair.privateKey }]);
    expect(Buffer.from(await unwrapper.unwrap(edk, '115'))).toEqual(Buffer.from(plaintext));
    expect((await rejectionOf(unwrapper.unwrap(edk, V2))).code).toBe('DECRYPT_FAILED');
    const misnamed = createRsaUnwrapper([{ kid: 'other', key: pair.privateKey }]);
    expect((await rejectionOf(misnamed.unwrap(edk, '115'))).code).toBe('DECRYPT_FAILED');
  });

  it('states the length of its data key, and is refused when that is another', async () => {
    const unwrapper = createRsaUnwrapper([{ key: pair.privateKey }]);
    const stating = (length: number, bytes: number) => ({
      wrapAlgorithm: 'RSA-OAEP-SHA1' as const,
      wrapped: publicEncrypt(
        { key: pair.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        Buffer.concat([Uint8Array.of(length), randomBytes(bytes), Buffer.from('115')]),
      ),
      description: {},
    });
    expect(await unwrapper.unwrap(stating(32, 32), '115')).toHaveLength(32);
    for (const [length, bytes] of [
      [31, 32],
      [33, 32],
      [16, 32],
      [32, 31],
      [32, 33],
      [16, 16],
    ] as const) {
      expect((await rejectionOf(unwrapper.unwrap(stating(length, bytes), '115'))).code).toBe(
        'DECRYPT_FAILED',
      );
    }
  });

  it('needs 3072 bits to write and 2048 to read, and RSA', () => {
    const messageOf = (action: () => unknown) => {
      const { code, message } = failureOf(action);
      expect(code).toBe('CONFIG_INVALID');
      return message;
    };
    for (const key of [pair2048.publicKey, pssPair3072.publicKey, ed25519.publicKey]) {
      expect(messageOf(() => createRsaWrapper(key))).toBe('an RSA key of at least 3072 bits is needed');
    }
    for (const key of [pair.privateKey, createSecretKey(randomBytes(384))]) {
      expect(messageOf(() => createRsaWrapper(key))).toMatch(/^writing takes an RSA public key/);
    }
    for (const key of [ed25519.privateKey, pssPair2048.privateKey]) {
      expect(messageOf(() => createRsaUnwrapper([{ key }]))).toBe(
        'an RSA key of at least 2048 bits is needed',
      );
    }
    for (const key of [pair.publicKey, randomBytes(32)]) {
      expect(messageOf(() => createRsaUnwrapper([{ key }]))).toBe('reading needs an RSA private key');
    }
    expect(createRsaUnwrapper([{ key: pair2048.privateKey }]).wrapAlgorithm).toBe('RSA-OAEP-SHA1');
    expect(codeOf(() => createRsaUnwrapper([{ key: pair1024.privateKey }]))).toBe('CONFIG_INVALID');
  });
});

describe('the archive’s envelope', () => {
  const wrappingKey = randomBytes(32);
  const wrapper = createAesWrapper({ kid: 'k1', key: wrappingKey });

  it('needs the organization where the wrap binds it', () => {
    const kms = createKmsWrap(memoryKeyService());
    expect(failureOf(() => createS3ecEnvelope({ format: 's3ec-v3', wrapper: kms }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'this key wrap binds the organization id, which is not set',
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
    for (const raw of [wrapper, createRsaWrapper(pair.publicKey)]) {
      expect(createS3ecEnvelope({ format: 's3ec-v3', wrapper: raw }).format).toBe('s3ec-v3');
    }
  });

  it('never puts a format without commitment into instruction files', () => {
    const failure = failureOf(() =>
      createS3ecEnvelope({ format: 's3ec-v2', wrapper, placement: 'instruction' }),
    );
    expect([failure.code, failure.message]).toEqual([
      'CONFIG_INVALID',
      expect.stringMatching(/does not commit to its data key/),
    ]);
  });

  it('names in its context what is known, and nothing that is not', async () => {
    expect(partialContext(undefined, {})).toStrictEqual({});
    expect(partialContext('o-1', ids)).toStrictEqual(context);
    expect(partialContext(undefined, { recordingId: 'r-1' })).toStrictEqual({ 'recording-id': 'r-1' });
    expect(partialContext('o-1', { conversationId: 'c-1' })).toStrictEqual({
      'genesys-cloud-organization-id': 'o-1',
      'conversation-id': 'c-1',
    });
    const given: unknown[] = [];
    const watched: KeyWrapper = {
      ...wrapper,
      generate: (algorithm, bound) => {
        given.push(bound);
        return wrapper.generate(algorithm, bound);
      },
    };
    await createS3ecEnvelope({ format: 's3ec-v2', wrapper: watched }).seal(ids);
    await createS3ecEnvelope({ format: 's3ec-v2', wrapper: watched, organizationId: 'o-1' }).seal(ids);
    expect(given).toStrictEqual([{}, context]);
  });

  it('can be rewrapped by a new instruction file alone', async () => {
    const [oldKey, newKey] = [randomBytes(32), new Uint8Array(randomBytes(32))];
    const sealer = await sealS3ecV3(createAesWrapper({ kid: 'k1', key: oldKey }), {}, 'instruction');
    const body = run(sealer, [Buffer.from('call')]);
    const stat = { key: 'k', metadata: sealer.metadata, size: body.length };
    const instruction = sealer.instruction?.body ?? '';
    const header = parseS3ecV3(detectFormat(stat.metadata, instruction).metadata, body.length);
    const dataKey = await unwrapDataKey(header, '115', {
      unwrappers: [createAesUnwrapper([{ key: oldKey }])],
    });
    const wrapped = await aesWrap('k2', newKey).wrap(new Uint8Array(dataKey), '115');
    const edk = { wrapAlgorithm: 'AES/GCM', wrapped, description: { kid: 'k2' } } as const;
    const rewrapped = createS3ecV3Instruction(edk);

    const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([{ kid: 'k2', key: newKey }])] });
    const unsealer = await reader.unseal(stat, { instruction: rewrapped.body });
    expect(run(unsealer, [body]).toString()).toBe('call');
    expect((await rejectionOf(reader.unseal(stat, { instruction }))).code).toBe('DECRYPT_FAILED');
  });

  it('refuses metadata that S3 would refuse after the whole upload', async () => {
    const huge = {
      ...wrapper,
      generate: async () => ({ ...(await wrapper.generate('115', {})), wrapped: randomBytes(1500) }),
    };
    for (const seal of [() => sealS3ecV2(huge, {}), () => sealS3ecV3(huge, {})]) {
      expect((await rejectionOf(seal())).code).toBe('CONFIG_INVALID');
    }
    expect((await sealS3ecV3(huge, {}, 'instruction')).instruction?.suffix).toBe('.instruction');
  });

  it('erases the data key as soon as the cipher holds it', async () => {
    const handed: Uint8Array[] = [];
    const watched = {
      ...wrapper,
      generate: async (...given: Parameters<typeof wrapper.generate>) => {
        const dataKey = await wrapper.generate(...given);
        handed.push(dataKey.plaintext);
        return dataKey;
      },
    };
    const v2 = (await sealS3ecV2(watched, {})).metadata;
    const v3 = (await sealS3ecV3(watched, {})).metadata;
    const unwrapper = createAesUnwrapper([{ key: wrappingKey }]);
    const reader = createEnvelopeReader({
      unwrappers: [
        {
          ...unwrapper,
          unwrap: async (...given) => {
            const dataKey = await unwrapper.unwrap(...given);
            handed.push(dataKey);
            return dataKey;
          },
        },
      ],
    });
    for (const metadata of [v2, v3]) await reader.unseal({ key: 'k', metadata, size: 100 });
    expect(handed.map((key) => Buffer.from(key).toString('hex'))).toEqual(Array(4).fill('00'.repeat(32)));
  });
});
