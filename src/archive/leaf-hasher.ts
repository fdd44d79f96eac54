import { createHash, type Hash } from 'node:crypto';

/**
 * Bytes of a leaf: those of an S3 part, so that the digest S3 checks a part by is the leaf of the receipt as well. 64 GiB, the
 * largest object, have 8,192 leaves.
 */
export const LEAF_BYTES = 5 * 1024 * 1024;

export interface LeafDigests {
  readonly bytes: number;
  /** Of the whole. */
  readonly sha256: Buffer;
  readonly leafBytes: number;
  readonly leaves: readonly Buffer[];
}

/** SHA-256 of every `leafBytes` of a stream and of the whole. */
export class LeafHasher {
  readonly leafBytes: number;
  private readonly closed: Buffer[] = [];
  /** `undefined` during the first leaf, whose hash it continues: what fits in one leaf is hashed once. */
  private whole: Hash | undefined;
  private leaf = createHash('sha256');
  private leafFill = 0;
  private bytes = 0;
  private finished: LeafDigests | undefined;

  constructor(leafBytes: number = LEAF_BYTES) {
    this.leafBytes = leafBytes;
  }

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.leafFill === this.leafBytes) this.closeLeaf();
      const piece = chunk.subarray(at, at + this.leafBytes - this.leafFill);
      this.leaf.update(piece);
      // this.whole?.update(piece);
      this.leafFill += piece.byteLength;
      this.bytes += piece.byteLength;
      at += piece.byteLength;
    }
  }

  /** The digest of leaf `index`, once all its bytes have passed; the last one after {@link finish}. */
  leafDigest(index: number): Buffer | undefined {
    return this.finished?.leaves[index] ?? this.closed[index];
  }

  /** After the last byte. An empty stream has one empty leaf. */
  finish(): LeafDigests {
    if (this.finished === undefined) {
      const sha256 = (this.whole ?? this.leaf.copy()).digest();
      this.closed.push(this.leaf.digest());
      this.finished = { bytes: this.bytes, sha256, leafBytes: this.leafBytes, leaves: this.closed };
    }
    return this.finished;
  }

  private closeLeaf(): void {
    this.whole ??= this.leaf.copy();
    this.closed.push(this.leaf.digest());
    this.leaf = createHash('sha256');
    this.leafFill = 0;
  }
}
