import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertListPrefix, assertObjectKey, isObjectKey } from '../../src/store/object-rules.ts';

describe('object keys', () => {
  it('accepts no string that could leave a directory, and says so without repeating it', () => {
    const segment = fc.constantFrom('..', '.', '', 'a', 'b.c', '%2e', '\\', '\u0000', 'é', ' ', '~', '\n');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
        const key = segments.join('/');
        const fit = segments.every((name) => name === 'a' || name === 'b.c');
        expect(isObjectKey(key)).toBe(fit);
        if (fit) return;
        let message = '';
        try {
          assertObjectKey(key);
        } catch (error) {
          message = String(error);
        }
        expect(message).toMatch(/^ArchiveError: "[\x20-\x7e]*" is not an object key$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes every beginning of a key as a prefix', () => {
    const key = 'archive/2026/01/31/rec.0.enc';
    for (let length = 0; length <= key.length; length += 1) {
      expect(() => assertListPrefix(key.slice(0, length))).not.toThrow();
    }
    for (const prefix of ['/a', 'a b', 'ä', 'x'.repeat(513)]) {
      expect(() => assertListPrefix(prefix)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    }
  });
});
