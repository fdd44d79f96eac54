import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAF_BYTES, LeafHasher } from '../../src/record/leaf-hasher.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('LeafHasher', () => {
  it('gives the digest of every leaf and of the whole, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.integer({ min: 0, max: 120 })),
        (size, leafBytes, cuts) => {
          const bytes = randomBytes(size);
          const hasher = LeafHasher.full(leafBytes);
          let at = 0;
          for (const cut of [...cuts, size]) {
            hasher.update(bytes.subarray(at, at + cut));
            at = Math.min(size, at + cut);
          }
          const leaves: string[] = [];
          for (let from = 0; from < Math.max(size, 1); from += leafBytes) {
            leaves.push(sha256(bytes.subarray(from, from + leafBytes)));
          }
          // a leaf that is full is closed by the next byte; the last one by finish()
          expect(hasher.leafDigest(leaves.length - 1)).toBeUndefined();
          const result = hasher.finish();
          expect(result.bytes).toBe(size);
          expect(result.sha256.toString('hex')).toBe(sha256(bytes));
          expect(result.leaves.map((leaf) => leaf.toString('hex'))).toEqual(leaves);
          expect(hasher.leafDigest(leaves.length - 1)?.toString('hex')).toBe(leaves.at(-1));
          expect(hasher.finish()).toBe(result);
          const once = LeafHasher.leavesOnly(leafBytes);
          once.update(bytes);
          expect(once.finish()).toEqual({
            ...result,
            sha256: leaves.length === 1 ? result.sha256 : undefined,
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells the digest of a leaf as soon as a byte behind it has passed', () => {
    const hasher = LeafHasher.leavesOnly(2);
    hasher.update(Buffer.from('ab'));
    expect(hasher.leafDigest(0)).toBeUndefined();
    hasher.update(Buffer.from('c'));
    expect(hasher.leafDigest(0)?.toString('hex')).toBe(sha256(Buffer.from('ab')));
    expect(hasher.leafDigest(1)).toBeUndefined();
    hasher.finish();
    expect(hasher.leafDigest(1)?.toString('hex')).toBe(sha256(Buffer.from('c')));
    expect(hasher.leafDigest(2)).toBeUndefined();
  });

  it('has leaves of the size of an S3 part', () => {
    expect(LEAF_BYTES).toBe(5 * 1024 * 1024);
    expect(LeafHasher.full().leafBytes).toBe(LEAF_BYTES);
  });
});
