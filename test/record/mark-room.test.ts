import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { idempotencyMetadata } from '../../src/record/identity.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { markMetadata, sourceMetadata } from '../../src/record/writer-mark.ts';
import { createKmsWrap } from '../../src/envelope/key-wrap.ts';
import { createAesWrapper, createRsaWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { memoryKeyService } from '../envelope/memory-key-service.ts';

const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
/** The longest that are allowed. */
const ids = { recordingId: 'r'.repeat(128), conversationId: 'c'.repeat(128), channel: 'x'.repeat(32) };
const organizationId = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';

/** Any odd number of that length: nothing is ever opened with it, and no primes have to be found. */
function rsaPublicKey(bits: number) {
  const modulus = randomBytes(bits / 8);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1;
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' },
  });
}

const wrappers = [
  ['KMS', createKmsWrap(memoryKeyService())],
  ['AES', createAesWrapper({ kid: 'k'.repeat(64), key: randomBytes(32) })],
  ['RSA of 3072 bits', createRsaWrapper(rsaPublicKey(3072))],
  ['RSA of 8192 bits', createRsaWrapper(rsaPublicKey(8192))],
] as const;

describe('what a writer keeps with an object', () => {
  it.each(
    wrappers.flatMap(([name, wrapper]) =>
      (['s3ec-v2', 's3ec-v3'] as const).map((format) => [name, format, wrapper] as const),
    ),
  )('fits in the 2,048 bytes of S3: %s in %s', async (_name, format, wrapper) => {
    const envelope = createS3ecEnvelope({ format, wrapper, organizationId });
    const sealer = await envelope.seal(ids);
    const own = { ...sealer.metadata, ...idempotencyMetadata(ids), ...sourceMetadata('"e"') };
    const marked = { kind: 'context', key: 'k', ids, organizationId, metadata: own } as const;
    const all = { ...own, ...(await markMetadata(signer, marked)) };
    // S3 may count the names with their prefix
    const bytes = Object.entries(all).reduce(
      (sum, [name, value]) => sum + `x-amz-meta-${name}${value}`.length,
      0,
    );
    expect(bytes).toBeLessThanOrEqual(2048);
  });

  it('is why longer RSA keys are refused', () => {
    expect(() => createRsaWrapper(rsaPublicKey(8256))).toThrow('at most 8192 bits');
  });
});
