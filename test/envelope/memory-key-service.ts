import { randomBytes } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import { createSealingCipher, createUnsealingCipher } from '../../src/envelope/gcm.ts';
import type { DataKeyService, EncryptionContext } from '../../src/envelope/key-wrap.ts';
import { canonical, run } from './bytes.ts';

export interface MemoryKeyService extends DataKeyService {
  /** How often each call was made. */
  readonly calls: { generate: number; decrypt: number };
  /** Copies of the data keys handed out. */
  readonly dataKeys: Buffer[];
}

/** A key service that, like AWS KMS, authenticates the whole context and forgets the data keys it makes. */
export function memoryKeyService(): MemoryKeyService {
  const masterKey = randomBytes(32);
  const aad = (context: EncryptionContext) => Buffer.from(canonical(context));
  const calls = { generate: 0, decrypt: 0 };
  const dataKeys: Buffer[] = [];
  const wrap = (plaintext: Uint8Array, context: EncryptionContext) => {
    const iv = randomBytes(12);
    const cipher = createSealingCipher({ key: masterKey, iv, additionalAuthenticatedData: aad(context) });
    return Buffer.concat([iv, run(cipher, [plaintext])]);
  };
  return {
    calls,
    dataKeys,
    encrypt: (plaintext, context) => Promise.resolve(wrap(plaintext, context)),
    generate: (context) => {
      calls.generate += 1;
      const plaintext = randomBytes(32);
      dataKeys.push(Buffer.from(plaintext));
      return Promise.resolve({ plaintext, wrapped: wrap(plaintext, context) });
    },
    // async, so that it rejects, as a service does
    // oxlint-disable-next-line typescript/require-await
    decrypt: async (wrapped, context) => {
      calls.decrypt += 1;
      const iv = wrapped.subarray(0, 12);
      if (iv.length < 12) throw new ArchiveError('DECRYPT_FAILED', 'InvalidCiphertextException');
      const cipher = createUnsealingCipher({ key: masterKey, iv, additionalAuthenticatedData: aad(context) });
      return run(cipher, [wrapped.subarray(12)]);
    },
  };
}
