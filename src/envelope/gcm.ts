/**
 * AES-256-GCM as every format here uses it: one message per object, body = ciphertext ‖ 16-byte tag. NIST SP 800-38D.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import { giveBack } from '../memory.ts';
import type { Sealer } from '../ports.ts';

export const ALGORITHM = 'aes-256-gcm';

/** Bytes. */
export const KEY_LENGTH = 32;
/** Bytes; the only IV length for which GCM uses the IV as its counter block directly (SP 800-38D, 7.1). */
export const IV_LENGTH = 12;
/** Bytes; the longest tag GCM has. Node accepts tags down to 4 bytes unless it is told this length. */
export const TAG_LENGTH = 16;
/** Bytes; 2^39 − 256 bits, after which GCM's 32-bit block counter would repeat (SP 800-38D, 5.2.1.1). */
export const MAX_PLAINTEXT_SIZE = 2 ** 36 - 32;

/** Bytes of ciphertext and tag for so many bytes of plaintext. @throws `MEDIA_TOO_LARGE` above 64 GiB − 32 B. */
export function ciphertextSize(plaintextBytes: number): number {
  if (plaintextBytes > MAX_PLAINTEXT_SIZE) throw tooLarge();
  return plaintextBytes + TAG_LENGTH;
}

/** Bytes of plaintext in a body of so many bytes. @throws `OBJECT_MALFORMED` when no such body can be one GCM message. */
export function plaintextSize(ciphertextBytes: number): number {
  if (!Number.isSafeInteger(ciphertextBytes) || ciphertextBytes < TAG_LENGTH) throw tooShort();
  if (ciphertextBytes - TAG_LENGTH > MAX_PLAINTEXT_SIZE) {
    throw new ArchiveError('OBJECT_MALFORMED', 'the object is longer than one AES-GCM message may be');
  }
  return ciphertextBytes - TAG_LENGTH;
}

export interface GcmParameters {
  /** 32 bytes. */
  readonly key: KeyObject | Uint8Array;
  /** 12 bytes, never used twice with the same key. */
  readonly iv: Uint8Array;
  readonly additionalAuthenticatedData?: Uint8Array;
  /** Bytes; lower than {@link MAX_PLAINTEXT_SIZE} in tests only, which cannot wait for 64 GiB. */
  readonly maxPlaintextSize?: number;
}

/** Both directions: bytes in, bytes out, and one end. */
export interface GcmTransform {
  update(chunk: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

/** The encrypting direction, which takes a whole body as well. */
export type SealingCipher = GcmTransform & Pick<Sealer, 'encrypt'>;

/**
 * Encrypts one message; `final` returns the 16-byte tag.
 *
 * @throws `MEDIA_TOO_LARGE` from the `update` that would exceed the limit; the message cannot be finished after that.
 */
export function createSealingCipher(parameters: GcmParameters): SealingCipher {
  const { key, iv, additionalAuthenticatedData, maxPlaintextSize = MAX_PLAINTEXT_SIZE } = parameters;
  // Stryker disable next-line ObjectLiteral: equivalent, a tag made has 16 bytes unless another length is asked for
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_LENGTH });
  if (additionalAuthenticatedData !== undefined) cipher.setAAD(additionalAuthenticatedData);
  let bytes = 0;
  let finished = false;
  const transform: GcmTransform = {
    update(plaintext) {
      refuseUseAfterEnd(finished);
      bytes += plaintext.length;
      if (bytes > maxPlaintextSize) {
        finished = true;
        throw tooLarge();
      }
      return cipher.update(plaintext);
    },
    final() {
      refuseUseAfterEnd(finished);
      finished = true;
      return Buffer.concat([cipher.final(), cipher.getAuthTag()]);
    },
  };
  return {
    ...transform,
    async *encrypt(plaintext, confirm) {
      for await (const chunk of plaintext) {
        const sealed = transform.update(chunk);
        yield sealed;
        giveBack(sealed);
      }
      await confirm();
      yield transform.final();
    },
  };
}

/**
 * Decrypts one message in one pass. The last 16 bytes are always held back, for only the end of the body tells the tag
 * from the ciphertext. What `update` returns is UNVERIFIED until `final` has returned.
 *
 * @throws `OBJECT_MALFORMED` when the body is shorter than a tag or longer than a message may be, `DECRYPT_FAILED` when
 *   the tag does not verify. Neither is retryable.
 */
export function createUnsealingCipher(parameters: GcmParameters): GcmTransform {
  const { key, iv, additionalAuthenticatedData, maxPlaintextSize = MAX_PLAINTEXT_SIZE } = parameters;
  // Stryker disable next-line ObjectLiteral: equivalent, what is held back below has 16 bytes; this makes doubly sure
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_LENGTH });
  if (additionalAuthenticatedData !== undefined) decipher.setAAD(additionalAuthenticatedData);
  let bytes = 0;
  let finished = false;
  let held = Buffer.alloc(0);
  return {
    update(ciphertext) {
      refuseUseAfterEnd(finished);
      bytes += ciphertext.length;
      if (bytes - TAG_LENGTH > maxPlaintextSize) {
        finished = true;
        throw new ArchiveError('OBJECT_MALFORMED', 'the object is longer than one AES-GCM message may be');
      }
      const all = Buffer.concat([held, ciphertext]);
      const boundary = Math.max(0, all.length - TAG_LENGTH);
      // a copy of 16 bytes, not a view: a view would keep the whole chunk alive and see the caller reuse it
      held = Buffer.from(all.subarray(boundary));
      return decipher.update(all.subarray(0, boundary));
    },
    final() {
      refuseUseAfterEnd(finished);
      finished = true;
      if (held.length < TAG_LENGTH) throw tooShort();
      try {
        decipher.setAuthTag(held);
        return decipher.final();
      } catch {
        throw new ArchiveError(
          'DECRYPT_FAILED',
          'the object did not pass authentication: the key is wrong or the object was changed',
        );
      }
    },
  };
}

function refuseUseAfterEnd(finished: boolean): void {
  if (finished) {
    throw new ArchiveError('UNEXPECTED', 'a cipher was used after its message had ended', {
      retryable: false,
    });
  }
}

function tooShort(): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', 'the object is shorter than its authentication tag');
}

function tooLarge(): ArchiveError {
  return new ArchiveError(
    'MEDIA_TOO_LARGE',
    'the recording is larger than one AES-GCM message may be (64 GiB - 32 bytes)',
  );
}
