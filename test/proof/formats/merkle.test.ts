import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkConsistency,
  checkInclusion,
  makeConsistencyProof,
  makeInclusionProof,
} from '../../../src/proof/formats/merkle-proofs.ts';
import {
  hashRange,
  largestPowerWithin,
  leafHash,
  nodeHash,
  rootOf,
  subtreesOf,
  type Subtree,
} from '../../../src/proof/formats/merkle.ts';

const leaf = (index: number) => leafHash(Buffer.from(`entry ${index}\n`));
const leaves = Array.from({ length: 1_101 }, (_, index) => leaf(index));

/** MTH as RFC 6962 writes it down. */
function recursiveRoot(start: number, end: number): Buffer {
  if (end === start) return createHash('sha256').digest();
  if (end - start === 1) return leaves[start] as Buffer;
  let split = 1;
  while (split * 2 < end - start) split *= 2;
  return nodeHash(recursiveRoot(start, start + split), recursiveRoot(start + split, end));
}

const known = new Map<string, Buffer>();
const read = ({ level, index }: Subtree): Buffer => {
  const name = `${level}/${index}`;
  const hash = known.get(name) ?? rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  known.set(name, hash);
  return hash;
};
const rootAt = (size: number) => hashRange({ start: 0, end: size }, read);

function flipBit(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bit / 8) % changed.length;
  changed[at] = (changed[at] as number) ^ (1 << (bit % 8));
  return changed;
}

describe('the Merkle tree', () => {
  it('has the root that RFC 6962 defines, for every size up to 300', async () => {
    for (let size = 0; size <= 300; size += 1) {
      const root = await rootAt(size);
      if (!root.equals(recursiveRoot(0, size))) expect(size).toBe('a size whose root comes out');
    }
    expect((await rootAt(1_100)).equals(rootOf(leaves.slice(0, 1_100)))).toBe(true);
  });

  it('splits a range into complete subtrees from left to right', () => {
    expect(subtreesOf({ start: 0, end: 7 })).toEqual([
      { level: 2, index: 0 },
      { level: 1, index: 2 },
      { level: 0, index: 6 },
    ]);
    expect(subtreesOf({ start: 4, end: 4 })).toEqual([]);
  });

  it('knows powers of two also beyond 32 bits', () => {
    const exact = Array.from({ length: 53 }, (_, power) => largestPowerWithin(2 ** power));
    expect(exact).toEqual(Array.from({ length: 53 }, (_, power) => power));
    expect(largestPowerWithin(2 ** 49 - 1)).toBe(48);
  });
});

describe('inclusion proofs', () => {
  it('hold for every leaf of every size up to 66, and for no other leaf, index, size or root', async () => {
    let refused = 0;
    for (let size = 1; size <= 66; size += 1) {
      const root = await rootAt(size);
      for (let index = 0; index < size; index += 1) {
        const path = await makeInclusionProof(index, size, read);
        const claim = { index, size, leaf: leaves[index] as Buffer, root, path };
        if (!checkInclusion(claim)) expect(`${index} of ${size}`).toBe('accepted');
        const bit = index * 31 + size;
        const wrong = [
          { ...claim, root: flipBit(root, bit) },
          { ...claim, leaf: flipBit(claim.leaf, bit) },
          { ...claim, path: [...path, root] },
          ...(path.length === 0 ? [] : [{ ...claim, path: path.slice(1) }]),
          ...path.map((hash, at) => ({ ...claim, path: path.with(at, flipBit(hash, bit)) })),
          ...(index + 1 < size ? [{ ...claim, index: index + 1 }] : []),
        ];
        for (const each of wrong) if (checkInclusion(each)) expect(each).toBe('refused');
        refused += wrong.length;
      }
    }
    expect(refused).toBeGreaterThan(20_000);
  });

  it('are refused with counts that are none, and hashes of another length', () => {
    const [one] = leaves as [Buffer];
    const claim = { index: 0, size: 1, leaf: one, root: one, path: [] };
    expect(checkInclusion(claim)).toBe(true);
    for (const index of [-1, 0.5, Number.NaN, 1, 2 ** 53])
      expect(checkInclusion({ ...claim, index })).toBe(false);
    expect(checkInclusion({ ...claim, size: 0 })).toBe(false);
    const short = one.subarray(1);
    expect(checkInclusion({ ...claim, leaf: short, root: short })).toBe(false);
    expect(checkInclusion({ ...claim, size: 2, root: nodeHash(one, short), path: [short] })).toBe(false);
  });

  it('are refused when they are too short or too long for the tree, even where the hashes come out', () => {
    const [first, second] = [leaf(0), leaf(1)];
    const short = { index: 0, size: 3, leaf: first, root: first, path: [] };
    expect(checkInclusion({ ...short, size: 1 })).toBe(true);
    expect(checkInclusion(short)).toBe(false);
    for (const root of [nodeHash(first, second), nodeHash(second, first)])
      expect(checkInclusion({ index: 0, size: 1, leaf: first, root, path: [second] })).toBe(false);
  });

  it('are as long as the tree is high, also beyond 32 bits', async () => {
    const size = 2 ** 40 + 3;
    const flat = () => leaf(0);
    const path = await makeInclusionProof(2 ** 33, size, flat);
    expect(path).toHaveLength(41);
    const root = await hashRange({ start: 0, end: size }, flat);
    // no such tree exists, so that only the sides are compared: a leaf on the other side comes out elsewhere
    expect(checkInclusion({ index: 2 ** 33, size, leaf: leaf(0), root, path })).toBe(false);
    expect(await makeInclusionProof(size - 1, size, flat)).toHaveLength(2);
  });
});

describe('consistency proofs', () => {
  it('hold for every pair of sizes up to 66, and break with any change', async () => {
    let [accepted, refused] = [0, 0];
    for (let size = 0; size <= 66; size += 1) {
      const root = await rootAt(size);
      for (let from = 0; from <= size; from += 1) {
        const path = await makeConsistencyProof(from, size, read);
        const claim = { from, fromRoot: await rootAt(from), size, root, path };
        if (!checkConsistency(claim)) expect(`${from} to ${size}`).toBe('accepted');
        accepted += 1;
        if (from === 0 || from === size) continue;
        const bit = from * 13 + size;
        const wrong = [
          { ...claim, root: flipBit(root, bit) },
          { ...claim, fromRoot: flipBit(claim.fromRoot, bit) },
          { ...claim, path: [...path, root] },
          { ...claim, path: path.slice(1) },
          ...path.map((hash, at) => ({ ...claim, path: path.with(at, flipBit(hash, bit)) })),
        ];
        for (const each of wrong) if (checkConsistency(each)) expect(each).toBe('refused');
        refused += wrong.length;
      }
    }
    expect([accepted, refused > 18_000]).toEqual([2_278, true]);
  });

  it('are refused when they are too short or too long for the tree, even where the hashes come out', () => {
    const [first, second] = [leaf(0), leaf(1)];
    const root = nodeHash(first, second);
    const claim = { from: 1, fromRoot: first, size: 2, root, path: [second] };
    expect(checkConsistency(claim)).toBe(true);
    expect(checkConsistency({ ...claim, size: 5 })).toBe(false);
    expect(checkConsistency({ ...claim, root: nodeHash(second, root), path: [second, second] })).toBe(false);
    expect(checkConsistency({ ...claim, root: nodeHash(root, second), path: [second, second] })).toBe(false);
    expect(checkConsistency({ ...claim, from: 3, size: 7, path: [] })).toBe(false);
  });

  it('are refused with counts that are none, and hashes of another length', () => {
    const root = leaf(0);
    const same = { from: 5, fromRoot: root, size: 5, root, path: [] };
    expect(checkConsistency(same)).toBe(true);
    for (const count of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(checkConsistency({ ...same, from: count })).toBe(false);
      expect(checkConsistency({ ...same, size: count })).toBe(false);
      expect(checkConsistency({ ...same, from: count, size: count })).toBe(false);
    }
    expect(checkConsistency({ ...same, from: 0 })).toBe(true);
    expect(checkConsistency({ ...same, from: 0, size: -1 })).toBe(false);
    expect(checkConsistency({ ...same, from: 0, size: 1.5 })).toBe(false);
    const cut = root.subarray(1);
    expect(checkConsistency({ ...same, fromRoot: cut, root: cut })).toBe(false);
    expect(checkConsistency({ ...same, from: 0, fromRoot: cut })).toBe(false);
    expect(checkConsistency({ ...same, from: 0, root: cut })).toBe(false);
  });

  it('refuse to shrink, an empty path between two sizes, and two roots of one size', () => {
    const [one, two] = leaves as [Buffer, Buffer];
    const claim = { from: 1, fromRoot: one, size: 1, root: one, path: [] };
    expect(checkConsistency(claim)).toBe(true);
    expect(checkConsistency({ ...claim, root: two })).toBe(false);
    expect(checkConsistency({ ...claim, path: [one] })).toBe(false);
    expect(checkConsistency({ ...claim, from: 2, fromRoot: two })).toBe(false);
    expect(checkConsistency({ ...claim, from: 3, size: 5 })).toBe(false);
    expect(checkConsistency({ ...claim, from: 0, size: 2, path: [one] })).toBe(false);
    expect(checkConsistency({ ...claim, from: -1 })).toBe(false);
  });

  it('hold between random sizes', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 1_100 }), fc.integer({ min: 1, max: 1_100 }));
    await fc.assert(
      fc.asyncProperty(sizes, async (pair) => {
        const [from, size] = pair.toSorted((one, other) => one - other) as [number, number];
        const path = await makeConsistencyProof(from, size, read);
        const claim = { from, fromRoot: await rootAt(from), size, root: await rootAt(size), path };
        expect(checkConsistency(claim)).toBe(true);
        expect(path.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size) + 1));
      }),
      { numRuns: 200 },
    );
  });
});
