import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSealingCipher } from '../../src/envelope/gcm.ts';
import { createRangeUnsealer } from '../../src/envelope/range.ts';
import { run } from './bytes.ts';

const key = createHash('sha256').update('key').digest();
const iv = Buffer.from('000102030405060708090a0b', 'hex');
const plaintext = randomBytes(100);
const body = Buffer.from(run(createSealingCipher({ key, iv }), [plaintext]));

describe('decryption of a part', () => {
  const unsealer = createRangeUnsealer({ key, iv }, body.length, { keyIsBound: true, keyIsWrapped: true });

  it('starts at any byte, in the middle of a block too', () => {
    expect(unsealer.plaintextBytes).toBe(100);
    for (let first = 0; first <= 100; first += 1) {
      const part = unsealer.decryptAt(first, body.subarray(first, 100));
      expect(Buffer.from(part).equals(plaintext.subarray(first))).toBe(true);
    }
  });

  it.each([
    ['the first byte of the tag', 99, 2],
    ['only the tag', 100, 1],
    ['bytes before the object', -1, 1],
  ])('never touches %s', (_, offset, length) => {
    const attempt = () => unsealer.decryptAt(offset, Buffer.alloc(length));
    expect(attempt).toThrow(expect.objectContaining({ code: 'UNEXPECTED', retryable: false }));
    expect(attempt).toThrow(/outside the ciphertext/);
  });

  it('refuses a body that is shorter than a tag', () => {
    expect(() => createRangeUnsealer({ key, iv }, 15, { keyIsBound: true, keyIsWrapped: true })).toThrow(
      expect.objectContaining({ code: 'OBJECT_MALFORMED' }),
    );
  });

  it('says whether the key is bound, as it was told', () => {
    expect(unsealer.keyIsBound).toBe(true);
    expect(createRangeUnsealer({ key, iv }, 16, { keyIsBound: false, keyIsWrapped: true }).keyIsBound).toBe(
      false,
    );
  });
});
