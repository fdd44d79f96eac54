/**
 * Split block Bloom filters, as https://github.com/apache/parquet-format/blob/master/BloomFilter.md has them, over XXH64 with the seed 0
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). In words of 32 bits: the Parquet library counts in `bigint`, which
 * took a seventh of the time of a compaction. The filters are the same to the bit.
 */
import type { Cell } from '../ports.ts';

const SALT = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
] as const;
const WORDS_OF_A_BLOCK = 8;
const MIN_BYTES = 32;
const MAX_BYTES = 1024 * 1024;
const STRIPE_BYTES = 32;

/** Bits by which the lanes of a stripe are turned at the end. */
const ROTATIONS = [1, 7, 12, 18] as const;

/** Primes of XXH64 as two words, the higher first. */
const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;

/**
 * The filter of the values that are there, as wide as `falsePositives` needs; `undefined` without any.
 *
 * @param cells text, or whole numbers of 64 bits.
 */
export function bloomOf(cells: readonly Cell[], falsePositives: number): Uint32Array | undefined {
  const values = new Set<Cell>(cells);
  values.delete(null);
  if (values.size === 0) return undefined;
  const blocks = new Uint32Array(bytesFor(values.size, falsePositives) / 4);
  const hasher = new Xxh64();
  for (const value of values) {
    if (typeof value === 'bigint') hasher.hashInt64(value);
    else hasher.hash(Buffer.from(String(value)));
    // numbers of 48 bits at most: the count of blocks is a power of two below 2^16
    const block = Math.floor(((hasher.high >>> 0) * (blocks.length / WORDS_OF_A_BLOCK)) / 2 ** 32);
    for (let word = 0; word < WORDS_OF_A_BLOCK; word += 1) {
      const at = block * WORDS_OF_A_BLOCK + word;
      blocks[at] = (blocks[at] ?? 0) | (1 << (Math.imul(hasher.low, SALT[word] ?? 0) >>> 27));
    }
  }
  return blocks;
}

/** A power of two. */
function bytesFor(values: number, falsePositives: number): number {
  const bits = (-8 * values) / Math.log(1 - falsePositives ** (1 / 8));
  let bytes = MIN_BYTES;
  while (bytes < Math.ceil(bits / 8) && bytes < MAX_BYTES) bytes *= 2;
  return bytes;
}

/** Its result stands in `high` and `low`, words of 32 bits with a sign: a pair for each hash would cost as much as the hash. */
export class Xxh64 {
  high = 0;
  low = 0;
  readonly #wide = new BigInt64Array(1);
  readonly #halves = new Int32Array(this.#wide.buffer);
  /** Of a stripe: four lanes, of each the higher word first. */
  readonly #lanes = new Int32Array(8);

  /** As of the eight bytes that it is written as, the lowest first. */
  hashInt64(value: bigint): void {
    this.#wide[0] = value;
    this.#set(P5H, P5L);
    this.#add(0, 8);
    this.#takeEight(this.#halves[1] ?? 0, this.#halves[0] ?? 0);
    this.#finish();
  }

  hash(bytes: Buffer): void {
    const { length } = bytes;
    let at = 0;
    if (length >= STRIPE_BYTES) at = this.#takeStripes(bytes);
    else this.#set(P5H, P5L);
    this.#add(0, length);
    for (; at + 8 <= length; at += 8) this.#takeEight(bytes.readInt32LE(at + 4), bytes.readInt32LE(at));
    if (at + 4 <= length) {
      const { high, low } = this;
      this.#set(0, bytes.readInt32LE(at));
      this.#multiply(P1H, P1L);
      this.#xor(high, low);
      this.#rotate(23);
      this.#multiply(P2H, P2L);
      this.#add(P3H, P3L);
      at += 4;
    }
    for (; at < length; at += 1) {
      const { high, low } = this;
      this.#set(0, bytes[at] ?? 0);
      this.#multiply(P5H, P5L);
      this.#xor(high, low);
      this.#rotate(11);
      this.#multiply(P1H, P1L);
    }
    this.#finish();
  }

  /** @returns where the last whole stripe ends. */
  #takeStripes(bytes: Buffer): number {
    const lanes = this.#lanes;
    this.#set(P1H, P1L);
    this.#add(P2H, P2L);
    this.#keep(0);
    this.#set(P2H, P2L);
    this.#keep(1);
    this.#set(0, 0);
    this.#keep(2);
    // 0 - P1
    this.#set(~P1H, ~P1L);
    this.#add(0, 1);
    this.#keep(3);
    let at = 0;
    for (; at + STRIPE_BYTES <= bytes.length; at += STRIPE_BYTES) {
      for (let lane = 0; lane < 4; lane += 1) {
        const from = at + 8 * lane;
        this.#set(bytes.readInt32LE(from + 4), bytes.readInt32LE(from));
        this.#multiply(P2H, P2L);
        this.#add(lanes[2 * lane] ?? 0, lanes[2 * lane + 1] ?? 0);
        this.#rotate(31);
        this.#multiply(P1H, P1L);
        this.#keep(lane);
      }
    }
    let high = 0;
    let low = 0;
    for (let lane = 0; lane < 4; lane += 1) {
      this.#set(lanes[2 * lane] ?? 0, lanes[2 * lane + 1] ?? 0);
      this.#rotate(ROTATIONS[lane] ?? 0);
      this.#add(high, low);
      ({ high, low } = this);
    }
    for (let lane = 0; lane < 4; lane += 1) {
      this.#set(lanes[2 * lane] ?? 0, lanes[2 * lane + 1] ?? 0);
      this.#round();
      this.#xor(high, low);
      this.#multiply(P1H, P1L);
      this.#add(P4H, P4L);
      ({ high, low } = this);
    }
    return at;
  }

  /** Eight bytes after the stripes. */
  #takeEight(wordHigh: number, wordLow: number): void {
    const { high, low } = this;
    this.#set(wordHigh, wordLow);
    this.#round();
    this.#xor(high, low);
    this.#rotate(27);
    this.#multiply(P1H, P1L);
    this.#add(P4H, P4L);
  }

  /** Of a lane that was zero. */
  #round(): void {
    this.#multiply(P2H, P2L);
    this.#rotate(31);
    this.#multiply(P1H, P1L);
  }

  #finish(): void {
    this.low ^= this.high >>> 1;
    this.#multiply(P2H, P2L);
    const { high, low } = this;
    this.#set(high ^ (high >>> 29), low ^ ((low >>> 29) | (high << 3)));
    this.#multiply(P3H, P3L);
    this.low ^= this.high;
  }

  #keep(lane: number): void {
    this.#lanes[2 * lane] = this.high;
    this.#lanes[2 * lane + 1] = this.low;
  }

  #set(high: number, low: number): void {
    this.high = high | 0;
    this.low = low | 0;
  }

  #xor(high: number, low: number): void {
    this.high ^= high;
    this.low ^= low;
  }

  #add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
  }

  /** @param bits 1 to 31. */
  #rotate(bits: number): void {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
  }

  #multiply(high: number, low: number): void {
    const { high: ownHigh, low: ownLow } = this;
    // halves of 16 bits, so that products are exact
    const a = ownLow & 0xffff;
    const b = ownLow >>> 16;
    const c = low & 0xffff;
    const d = low >>> 16;
    const middle = b * c + ((a * c) >>> 16);
    const carried = (middle & 0xffff) + a * d;
    const over = b * d + (middle >>> 16) + (carried >>> 16);
    this.high = (over + Math.imul(ownHigh, low) + Math.imul(ownLow, high)) | 0;
    this.low = Math.imul(ownLow, low);
  }
}
