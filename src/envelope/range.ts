/**
 * Decryption of a part of a GCM message. Its confidentiality half is CTR mode, so any block can be decrypted on its own; its
 * tag covers the whole message only, so nothing here is authenticated. SP 800-38D, 6.5 and 7.1.
 */
import { createDecipheriv } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import type { RangeUnsealer } from '../ports.ts';
import { type GcmParameters, IV_LENGTH, plaintextSize } from './gcm.ts';

/** Bytes of an AES block. */
const BLOCK = 16;
/** With a 12-byte IV the counter of the tag is 1, and that of the first block of the message 2 (SP 800-38D, 7.1). */
const FIRST_COUNTER = 2;

/**
 * @param size bytes of the object: ciphertext and tag.
 * @param binding how the key is settled, see {@link RangeUnsealer}.
 * @throws `OBJECT_MALFORMED` when no body of that size can be one GCM message.
 */
export function createRangeUnsealer(
  { key, iv }: GcmParameters,
  size: number,
  binding: Pick<RangeUnsealer, 'keyIsBound' | 'keyIsWrapped'>,
): RangeUnsealer {
  const plaintextBytes = plaintextSize(size);
  return {
    plaintextBytes,
    ...binding,
    decryptAt(offset, ciphertext) {
      // CTR would "decrypt" the tag as well, into a keystream block XORed with it
      if (offset < 0 || offset + ciphertext.length > plaintextBytes) {
        throw new ArchiveError('UNEXPECTED', 'bytes outside the ciphertext were to be decrypted', {
          retryable: false,
        });
      }
      const counter = Buffer.alloc(IV_LENGTH + 4);
      counter.set(iv);
      counter.writeUInt32BE(FIRST_COUNTER + Math.floor(offset / BLOCK), IV_LENGTH);
      const decipher = createDecipheriv('aes-256-ctr', key, counter);
      decipher.update(Buffer.alloc(offset % BLOCK));
      return decipher.update(ciphertext);
    },
  };
}
