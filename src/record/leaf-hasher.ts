import { createHash, type Hash } from 'node:crypto';

/**
 * Bytes of a leaf: those of an S3 part, so that the digest S3 checks a part by is the leaf of the receipt as well. 64 GiB, the
 * largest object, have 13,108 leaves.
 */
export const LEAF_BYTES = 5 * 1024 * 1024;

export interface LeafDigests<Whole extends Buffer | undefined = Buffer> {
  readonly bytes: number;
  /** Of the whole; `undefined` when it was not asked for and there are several leaves. */
  readonly sha256: Whole;
  readonly leafBytes: number;
  readonly leaves: readonly Buffer[];
}

/** SHA-256 of every `leafBytes` of a stream and, in a second pass that can be left out, of the whole. */
export class LeafHasher<Whole extends Buffer | undefined = Buffer> {
  readonly leafBytes: number;
  readonly #hashesWhole: boolean;
  readonly #closed: Buffer[] = [];
  /** `undefined` during the first leaf, whose hash it continues: what fits in one leaf is hashed once. */
  #whole: Hash | undefined;
  #leaf = createHash('sha256');
  #leafFill = 0;
  #bytes = 0;
  #finished: LeafDigests<Whole> | undefined;
  #ended = false;

  private constructor(leafBytes: number, hashesWhole: boolean) {
    this.leafBytes = leafBytes;
    this.#hashesWhole = hashesWhole;
  }

  /** Of the leaves and of the whole. */
  static full(leafBytes: number = LEAF_BYTES): LeafHasher {
    return new LeafHasher(leafBytes, true);
  }

  /** Of the leaves alone, in one pass. They are all it takes to verify a stream; only of one leaf they are also the hash of the whole. */
  static leavesOnly(leafBytes: number = LEAF_BYTES): LeafHasher<Buffer | undefined> {
    return new LeafHasher<Buffer | undefined>(leafBytes, false);
  }

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#leafFill === this.leafBytes) this.#closeLeaf();
      const piece = chunk.subarray(at, at + this.leafBytes - this.#leafFill);
      this.#leaf.update(piece);
      this.#whole?.update(piece);
      this.#leafFill += piece.byteLength;
      this.#bytes += piece.byteLength;
      at += piece.byteLength;
    }
  }

  /** The last byte has passed: the last leaf is whole. */
  end(): void {
    if (!this.#ended) this.#closed.push(this.#leaf.digest());
    this.#ended = true;
  }

  /** The digest of leaf `index`, once all its bytes have passed; the last one after {@link end}. */
  leafDigest(index: number): Buffer | undefined {
    return this.#closed[index];
  }

  /** After the last byte. An empty stream has one empty leaf. */
  finish(): LeafDigests<Whole> {
    if (this.#finished === undefined) {
      this.end();
      const [first] = this.#closed;
      // `undefined` only where `Whole` allows it: see the two constructors
      const sha256 = (this.#closed.length === 1 ? first : this.#whole?.digest()) as Whole;
      this.#finished = { bytes: this.#bytes, sha256, leafBytes: this.leafBytes, leaves: this.#closed };
    }
    return this.#finished;
  }

  #closeLeaf(): void {
    if (this.#hashesWhole) this.#whole ??= this.#leaf.copy();
    this.#closed.push(this.#leaf.digest());
    this.#leaf = createHash('sha256');
    this.#leafFill = 0;
  }
}
