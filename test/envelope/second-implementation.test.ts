import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
  rsaKeyId,
} from '../../src/envelope/raw-wrap.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Sealer } from '../../src/ports.ts';
import { chunked, run } from './bytes.ts';
import { memoryKeyService } from './memory-key-service.ts';
import { pair3072 as rsa } from './rsa-pairs.ts';
import * as second from './webcrypto.ts';

const context = { 'conversation-id': 'c-1', 'recording-id': 'r-1' };

/** The same keys, for our wraps and for the second implementation's. */
interface Pair {
  readonly wrapper: KeyWrapper;
  readonly unwrapper: KeyUnwrapper;
  readonly second: second.Wrap;
}

const aesKey = new Uint8Array(randomBytes(32));
const aesPair: Pair = {
  wrapper: createAesWrapper({ kid: 'k1', key: aesKey }),
  unwrapper: createAesUnwrapper([{ kid: 'k1', key: aesKey }]),
  second: second.aesWrap('k1', aesKey),
};

const rsaPair: Pair = {
  wrapper: createRsaWrapper(rsa.publicKey),
  unwrapper: createRsaUnwrapper([{ kid: rsaKeyId(rsa.privateKey), key: rsa.privateKey }]),
  second: await second.rsaWrap(
    rsaKeyId(rsa.publicKey),
    new Uint8Array(rsa.publicKey.export({ type: 'spki', format: 'der' })),
    new Uint8Array(rsa.privateKey.export({ type: 'pkcs8', format: 'der' })),
  ),
};

const service = memoryKeyService();
const kms = createKmsWrap(service);
const kmsPair: Pair = {
  wrapper: kms,
  unwrapper: kms,
  // the key service is nobody's implementation of the format: both ask the same one
  second: {
    v2: 'kms+context',
    v3: '12',
    description: (algorithm) => ({ ...context, 'aws:x-amz-cek-alg': algorithm }),
    wrap: async (dataKey, algorithm) => {
      const generated = await service.generate({ ...context, 'aws:x-amz-cek-alg': algorithm });
      dataKey.set(generated.plaintext);
      return generated.wrapped;
    },
    unwrap: async (wrapped, algorithm) =>
      new Uint8Array(await service.decrypt(wrapped, { ...context, 'aws:x-amz-cek-alg': algorithm })),
  },
};

const plaintexts = fc.uint8Array({ maxLength: 3000 }).map((bytes) => new Uint8Array(bytes));
const cuts = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 10 });

async function write(sealer: Sealer, plaintext: Uint8Array, at: readonly number[]) {
  return { metadata: sealer.metadata, body: run(sealer, chunked(plaintext, at)) };
}

describe.each([
  ['kms+context', kmsPair, 150],
  ['AES/GCM', aesPair, 150],
  ['RSA-OAEP-SHA1', rsaPair, 40],
] as const)('an independent implementation, %s,', (_wrap, pair, numRuns) => {
  const reader = createEnvelopeReader({ unwrappers: [pair.unwrapper] });
  const read = async ({ metadata, body }: second.WholeObject, at: readonly number[]) =>
    run(await reader.unseal({ key: 'k', metadata, size: body.length }), chunked(body, at));

  it('reads what we write', async () => {
    await fc.assert(
      fc.asyncProperty(plaintexts, cuts, async (plaintext, at) => {
        const v2 = await write(await sealS3ecV2(pair.wrapper, context), plaintext, at);
        expect(Buffer.from(await second.decryptV2(pair.second, v2))).toEqual(Buffer.from(plaintext));
        const v3 = await write(await sealS3ecV3(pair.wrapper, context), plaintext, at);
        expect(Buffer.from(await second.decryptV3(pair.second, v3))).toEqual(Buffer.from(plaintext));
      }),
      { numRuns },
    );
  });

  it('writes what we read', async () => {
    await fc.assert(
      fc.asyncProperty(plaintexts, cuts, async (plaintext, at) => {
        expect(await read(await second.encryptV2(pair.second, plaintext), at)).toEqual(
          Buffer.from(plaintext),
        );
        expect(await read(await second.encryptV3(pair.second, plaintext), at)).toEqual(
          Buffer.from(plaintext),
        );
      }),
      { numRuns },
    );
  });
});

describe('an independent implementation, static key,', () => {
  it('reads what we write and writes what we read', async () => {
    const key = new Uint8Array(randomBytes(32));
    const reader = createEnvelopeReader({ staticKey: key });
    await fc.assert(
      fc.asyncProperty(plaintexts, cuts, async (plaintext, at) => {
        const sealer = await createStaticEnvelope(key).seal({ recordingId: 'r', conversationId: 'c' });
        const ours = await write(sealer, plaintext, at);
        expect(Buffer.from(await second.decryptStatic(key, ours))).toEqual(Buffer.from(plaintext));
        const { metadata, body } = await second.encryptStatic(key, plaintext);
        const unsealer = await reader.unseal({ key: 'k', metadata, size: body.length });
        expect(run(unsealer, chunked(body, at))).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 150 },
    );
  });
});
