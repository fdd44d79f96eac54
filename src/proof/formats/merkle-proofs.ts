/** Inclusion and consistency proofs: RFC 6962, sections 2.1.1 and 2.1.2, checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2, does. */
import {
  HASH_BYTES,
  hashRange,
  largestPowerWithin,
  type LeafRange,
  nodeHash,
  type ReadHash,
} from './merkle.ts';

/** Returns the hashes that lead from the leaf `index` to the root of the tree of `size` leaves. */
export function makeInclusionProof(index: number, size: number, read: ReadHash): Promise<Buffer[]> {
  return hashAll(inclusionRanges(index, { start: 0, end: size }), read);
}

/** Returns the hashes that show that the tree of `size` leaves begins with the tree of `from` leaves. */
export function makeConsistencyProof(from: number, size: number, read: ReadHash): Promise<Buffer[]> {
  return hashAll(from === 0 ? [] : consistencyRanges(from, { start: 0, end: size }, true), read);
}

async function hashAll(ranges: readonly LeafRange[], read: ReadHash): Promise<Buffer[]> {
  const hashes: Buffer[] = [];
  for (const range of ranges) hashes.push(await hashRange(range, read));
  return hashes;
}

/** PATH(m, D[n]) */
function inclusionRanges(index: number, { start, end }: LeafRange): readonly LeafRange[] {
  if (end - start <= 1) return [];
  const middle = start + splitOf(end - start);
  const [left, right] = [
    { start, end: middle },
    { start: middle, end },
  ];
  return index < middle ? [...inclusionRanges(index, left), right] : [...inclusionRanges(index, right), left];
}

/** SUBPROOF(m, D[n], b) */
function consistencyRanges(from: number, { start, end }: LeafRange, isWhole: boolean): readonly LeafRange[] {
  if (from === end) return isWhole ? [] : [{ start, end }];
  const middle = start + splitOf(end - start);
  const [left, right] = [
    { start, end: middle },
    { start: middle, end },
  ];
  return from <= middle
    ? [...consistencyRanges(from, left, isWhole), right]
    : [...consistencyRanges(from, right, false), left];
}

/** The largest power of two below `count`. */
const splitOf = (count: number) => 2 ** largestPowerWithin(count - 1);

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Reports whether `path` leads from the leaf to the root. */
export function checkInclusion({ index, size, leaf, root, path }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...path])) return false;
  let [fn, sn] = [index, size - 1];
  let hash: Uint8Array = leaf;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && isSame(hash, root);
}

export interface ConsistencyClaim {
  readonly from: number;
  readonly fromRoot: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Reports whether `path` shows that the larger tree begins with the smaller one. Every tree begins with the empty one. */
export function checkConsistency({ from, fromRoot, size, root, path }: ConsistencyClaim): boolean {
  if (!isCount(from) || !isCount(size) || from > size || !areHashes([fromRoot, root, ...path])) return false;
  if (from === size) return path.length === 0 && isSame(fromRoot, root);
  if (from === 0) return path.length === 0;
  let [fn, sn] = [from - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  // the smaller tree is one complete subtree: its root is known, and stands in no proof
  const [seed, ...rest] = fn === 0 ? [fromRoot, ...path] : path;
  if (seed === undefined) return false;
  let first: Uint8Array = seed;
  let second: Uint8Array = seed;
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      first = nodeHash(sibling, first);
      second = nodeHash(sibling, second);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      second = nodeHash(second, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && isSame(first, fromRoot) && isSame(second, root);
}

// not a shift: those cut numbers to 32 bits
const half = (count: number) => Math.floor(count / 2);

const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

const areHashes = (values: readonly Uint8Array[]) => values.every(({ length }) => length === HASH_BYTES);
