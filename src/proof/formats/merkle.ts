/** The tree of RFC 6962, section 2.1: how leaves and nodes are hashed, and which nodes make up a range of leaves. */
import { createHash } from 'node:crypto';

export const HASH_BYTES = 32;

/** Leaves. Twelve digits name a size in keys, and every size is an exact number. */
export const MAX_TREE_SIZE = 999_999_999_999;

/** Returns SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(entry).digest();
}

/** Returns SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Returns the root of the empty tree: SHA-256 of nothing. */
export function emptyRoot(): Buffer {
  return createHash('sha256').digest();
}

/** The root over leaves `index · 2^level` up to `(index + 1) · 2^level`: all of them are there. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` up to, and without, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** Returns the hash of a complete subtree. */
export type ReadHash = (subtree: Subtree) => Promise<Buffer> | Buffer;

/**
 * Lists the complete subtrees that make up a range, from left to right. The range is one that RFC 6962 hashes: it begins at a multiple
 * of the largest of them.
 */
export function subtreesOf({ start, end }: LeafRange): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end; ) {
    const level = largestPowerWithin(end - at);
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** Returns MTH of a range. @param read hashes of complete subtrees. */
export async function hashRange(range: LeafRange, read: ReadHash): Promise<Buffer> {
  const subtrees = subtreesOf(range);
  let hash: Buffer | undefined;
  for (const subtree of subtrees.toReversed()) {
    const left = await read(subtree);
    hash = hash === undefined ? left : nodeHash(left, hash);
  }
  return hash ?? emptyRoot();
}

/** Returns the largest `n` for which `2^n <= count`. Exact up to 2^53, where `Math.log2` is not. */
export function largestPowerWithin(count: number): number {
  let power = 0;
  while (2 ** (power + 1) <= count) power += 1;
  return power;
}

/** Returns the root over hashes of leaves, or over the roots of complete subtrees of one size. */
export function rootOf(hashes: readonly Uint8Array[]): Buffer {
  let row: Buffer[] = hashes.map((hash) => Buffer.from(hash));
  if (row.length === 0) return emptyRoot();
  while (row.length > 1) {
    const next: Buffer[] = [];
    for (let at = 0; at < row.length; at += 2) {
      const left = row[at] as Buffer;
      const right = row[at + 1];
      // what stands alone at the end of a row moves up: the same tree as RFC 6962 splits it
      next.push(right === undefined ? left : nodeHash(left, right));
    }
    row = next;
  }
  return row[0] as Buffer;
}
