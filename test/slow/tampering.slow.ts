import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { type AnyEnvelopeReader, createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
  rsaKeyId,
} from '../../src/envelope/raw-wrap.ts';
import { recordingContext } from '../../src/envelope/s3ec/envelope.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { run } from '../envelope/bytes.ts';
import { goldenObjects, goldenUnwrapper } from '../envelope/golden.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';
import { type Mutant, mutantsOf, swaps, type Target } from '../envelope/mutants.ts';

const organizationId = '11111111-2222-3333-4444-555555555555';
const idsOf = (n: number) => ({ recordingId: `recording-${n}`, conversationId: `conversation-${n}` });
const contextOf = (n: number) => recordingContext(organizationId, idsOf(n));

const staticKey = randomBytes(32);
const aesKey = randomBytes(32);
const service = memoryKeyService();
const kms = createKmsWrap(service);
const aes = createAesWrapper({ kid: 'k1', key: aesKey });
const rsaKey = createPrivateKey(
  goldenObjects.find((golden) => golden.rsaPrivateKeyPem)?.rsaPrivateKeyPem ?? '',
);
const rsa = createRsaWrapper(createPublicKey(rsaKey));

const reader = createEnvelopeReader({
  staticKey,
  unwrappers: [
    kms,
    createAesUnwrapper([{ kid: 'k1', key: aesKey }]),
    remembering(createRsaUnwrapper([{ kid: rsaKeyId(rsaKey), key: rsaKey }])),
  ],
});

/** Answers the same question once: with RSA the data key of an unchanged wrap is the dear part of each change to a body. */
function remembering(unwrapper: KeyUnwrapper): KeyUnwrapper {
  const known = new Map<string, Uint8Array>();
  return {
    ...unwrapper,
    async unwrap(key, contentAlgorithm, budget) {
      const wrapped = Buffer.from(key.wrapped).toString('base64');
      const question = JSON.stringify([key.wrapAlgorithm, wrapped, key.description, contentAlgorithm]);
      const dataKey = known.get(question) ?? (await unwrapper.unwrap(key, contentAlgorithm, budget));
      // whoever gets one erases it
      known.set(question, Uint8Array.from(dataKey));
      return dataKey;
    },
  };
}

type Write = (n: number) => Promise<Target>;
const plaintext = Buffer.from('RIFF\u0024\u0000\u0000\u0000WAVE a call of a customer');

const v2 =
  (wrapper: KeyWrapper): Write =>
  async (n) => {
    const sealer = await sealS3ecV2(wrapper, contextOf(n));
    return { metadata: sealer.metadata, body: run(sealer, [plaintext]) };
  };
const v3 =
  (wrapper: KeyWrapper, placement: 'metadata' | 'instruction' = 'metadata'): Write =>
  async (n) => {
    const sealer = await sealS3ecV3(wrapper, contextOf(n), placement);
    const object = { metadata: sealer.metadata, body: run(sealer, [plaintext]) };
    if (sealer.instruction === undefined) return object;
    return { ...object, instruction: JSON.parse(sealer.instruction.body) as Record<string, string> };
  };
const statics: Write = async (n) => {
  const sealer = await createStaticEnvelope(staticKey).seal(idsOf(n));
  return { metadata: sealer.metadata, body: run(sealer, [plaintext]) };
};

const V2_NAMES = ['x-amz-key-v2', 'x-amz-iv'];
const V3_NAMES = ['x-amz-3', 'x-amz-i', 'x-amz-d'];
const writers: readonly (readonly [string, Write, readonly string[]])[] = [
  ['static-gcm', statics, ['iv']],
  ['s3ec-v2 AES/GCM', v2(aes), V2_NAMES],
  ['s3ec-v2 kms+context', v2(kms), [...V2_NAMES, 'x-amz-matdesc']],
  ['s3ec-v2 RSA-OAEP-SHA1', v2(rsa), V2_NAMES],
  ['s3ec-v3 AES/GCM', v3(aes), V3_NAMES],
  ['s3ec-v3 kms+context', v3(kms), [...V3_NAMES, 'x-amz-t']],
  ['s3ec-v3 RSA-OAEP-SHA1', v3(rsa), V3_NAMES],
  ['s3ec-v3 AES/GCM, instruction file', v3(aes, 'instruction'), V3_NAMES],
  ['s3ec-v3 kms+context, instruction file', v3(kms, 'instruction'), [...V3_NAMES, 'x-amz-t']],
];

const REFUSALS = new Set(['OBJECT_MALFORMED', 'DECRYPT_FAILED', 'CONTEXT_MISMATCH']);
let tried = 0;

/** What a careful caller gets: plaintext only after `final`, or the code of the refusal. */
async function read(object: Target, by: AnyEnvelopeReader = reader, n?: number): Promise<Buffer | string> {
  const options = {
    ...(object.instruction === undefined ? {} : { instruction: JSON.stringify(object.instruction) }),
    ...(n === undefined ? {} : { expectedContext: contextOf(n) }),
  };
  try {
    const stat = { key: 'k', metadata: object.metadata, size: object.body.length };
    return run(await by.unseal(stat, options), [object.body]);
  } catch (error) {
    if (error instanceof ArchiveError && !error.retryable && error.cause === undefined) return error.code;
    throw error;
  }
}

async function refuseAll(mutants: Iterable<Mutant>, by?: AnyEnvelopeReader): Promise<void> {
  const accepted: string[] = [];
  for (const { what, object } of mutants) {
    tried += 1;
    const outcome = await read(object, by);
    if (typeof outcome !== 'string' || !REFUSALS.has(outcome)) accepted.push(what);
  }
  expect(accepted).toEqual([]);
}

describe('changed objects are refused', () => {
  it.each(writers)('%s: every bit, length and metadata value', async (_name, write, names) => {
    const [target, donor] = [await write(1), await write(2)];
    expect(await read(target)).toEqual(plaintext);
    await refuseAll(mutantsOf(target));
    await refuseAll(swaps(target, donor, names));
  });

  const golden = goldenObjects
    .filter(({ plaintext_b64 }) => plaintext_b64.length > 60)
    .map((object) => [`${object.producer.split(' ')[0]}, ${object.wrap}`, object] as const);

  it.each(golden)('written by %s', async (_name, object) => {
    const target = { metadata: object.metadata, body: Buffer.from(object.ciphertext_b64, 'base64') };
    const by = createEnvelopeReader({ unwrappers: [remembering(goldenUnwrapper(object))] });
    expect((await read(target, by)).toString('base64')).toBe(object.plaintext_b64);
    await refuseAll(mutantsOf(target, ['x-amz-unencrypted-content-length']), by);
  });

  it.each(['0', '32', '64', '96', '104', '112', '120', '127', '0128', '128.0', '256'])(
    'a tag length of %s bits, with the tag cut to it',
    async (bits) => {
      const target = await v2(aes)(1);
      const metadata = { ...target.metadata, 'x-amz-tag-len': bits };
      const length = target.body.length - 16 + (Number(bits) >> 3);
      expect(await read({ metadata, body: target.body.subarray(0, length) })).toBe('OBJECT_MALFORMED');
      expect(await read({ metadata, body: target.body })).toBe('OBJECT_MALFORMED');
    },
  );

  it.each(['AES/CBC/PKCS5Padding', 'AES/CTR/NoPadding', 'AES/GCM', '115', '116'])(
    'relabelled as %s',
    async (algorithm) => {
      for (const write of [v2(aes), v2(kms)]) {
        const { metadata, body } = await write(1);
        const relabelled = { ...metadata, 'x-amz-cek-alg': algorithm };
        expect(await read({ metadata: relabelled, body })).toBe('OBJECT_MALFORMED');
      }
    },
  );

  it('metadata of several formats together', async () => {
    const objects = [await v2(aes)(1), await v3(aes)(1), await v2(kms)(1), await v3(kms)(1)];
    for (const object of objects) {
      for (const other of objects) {
        for (const [name, value] of Object.entries(other.metadata)) {
          if (name in object.metadata) continue;
          if ('x-amz-c' in object.metadata === 'x-amz-c' in other.metadata) continue;
          tried += 1;
          const mixed = { ...object, metadata: { ...object.metadata, [name]: value } };
          expect(await read(mixed)).toBe('OBJECT_MALFORMED');
        }
      }
      const v1 = { ...object, metadata: { ...object.metadata, 'x-amz-key': 'AAAA' } };
      expect(await read(v1)).toBe('OBJECT_MALFORMED');
    }
  });

  it('a V3 object rebuilt as V2 around its own data key', async () => {
    const { metadata, body } = await v3(kms)(1);
    const downgraded = {
      'x-amz-key-v2': metadata['x-amz-3'] ?? '',
      'x-amz-iv': Buffer.alloc(12, 1).toString('base64'),
      'x-amz-cek-alg': 'AES/GCM/NoPadding',
      'x-amz-tag-len': '128',
      'x-amz-wrap-alg': 'kms+context',
      'x-amz-matdesc': metadata['x-amz-t'] ?? '',
    };
    expect(await read({ metadata: downgraded, body })).toBe('OBJECT_MALFORMED');
    const relabelled = (metadata['x-amz-t'] ?? '').replace('"115"', '"AES/GCM/NoPadding"');
    expect(await read({ metadata: { ...downgraded, 'x-amz-matdesc': relabelled }, body })).toBe(
      'DECRYPT_FAILED',
    );
  });

  it('a replaced data key that unwraps is caught by the commitment, before anything is decrypted', async () => {
    for (const placement of ['metadata', 'instruction'] as const) {
      const write = v3(aes, placement);
      const [target, donor] = [await write(1), await write(2)];
      const edk = placement === 'metadata' ? donor.metadata : (donor.instruction ?? {});
      const stolen = { 'x-amz-3': edk['x-amz-3'] ?? '' };
      const object =
        target.instruction === undefined ? { ...target.metadata, ...stolen } : { ...target.metadata };
      const instruction =
        target.instruction === undefined ? undefined : JSON.stringify({ ...target.instruction, ...stolen });
      const unsealing = reader.unseal(
        { key: 'k', metadata: object, size: target.body.length },
        instruction === undefined ? {} : { instruction },
      );
      await expect(unsealing).rejects.toThrow('does not commit');
    }
  });

  it('another recording’s whole object, before the key service is asked', async () => {
    for (const write of [v2(kms), v3(kms), v3(kms, 'instruction')]) {
      const [own, other] = [await write(1), await write(2)];
      expect(await read(own, reader, 1)).toEqual(plaintext);
      const before = service.calls.decrypt;
      expect(await read(other, reader, 1)).toBe('CONTEXT_MISMATCH');
      expect(service.calls.decrypt).toBe(before);
    }
  });
});

describe('the number of mutants', () => {
  it('tried by the tests above is at least 10,000', () => {
    expect(tried).toBeGreaterThanOrEqual(10_000);
  });
});
