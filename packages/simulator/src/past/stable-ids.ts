import { hash } from 'node:crypto';

/**
 * Ids that hold a number: random UUIDs (version 4) to look at, from which the number is read back without any table. The first
 * 48 bits are the number after a permutation (four Feistel rounds over two halves of 24 bits); the rest is a hash of it, which
 * tells ids of this kind from others.
 */
export class StableIds {
  readonly #key: string;
  readonly #roundKeys: readonly number[];

  /** @param key ids of different keys have nothing in common. */
  constructor(key: string) {
    this.#key = key;
    const digest = hash('sha256', key, 'buffer');
    this.#roundKeys = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at));
  }

  /** @param value below 2^48. */
  encode(value: number): string {
    let [left, right] = [Math.floor(value / HALF), value % HALF];
    for (const key of this.#roundKeys) [left, right] = [right, left ^ mix(right, key)];
    const head = hex(left) + hex(right);
    const tail = hash('sha256', `${this.#key}/${head}`, 'hex');
    const variant = ((Number.parseInt(tail.charAt(3), 16) & 0x3) | 0x8).toString(16);
    return [
      head.slice(0, 8),
      head.slice(8),
      `4${tail.slice(0, 3)}`,
      variant + tail.slice(4, 7),
      tail.slice(7, 19),
    ].join('-');
  }

  /** `undefined` for an id that {@link encode} does not make. */
  decode(id: string): number | undefined {
    if (!UUID.test(id)) return undefined;
    let left = Number.parseInt(id.slice(0, 6), 16);
    let right = Number.parseInt(id.slice(6, 8) + id.slice(9, 13), 16);
    for (const key of this.#roundKeys.toReversed()) [left, right] = [right ^ mix(left, key), left];
    const value = left * HALF + right;
    return this.encode(value) === id ? value : undefined;
  }
}

const HALF = 0x100_0000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function hex(half: number): string {
  return half.toString(16).padStart(6, '0');
}

/** 24 bits of a half and a key, well mixed. */
function mix(half: number, key: number): number {
  let mixed = Math.imul(half ^ key, 0x9e37_79b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 13)) & 0xff_ffff;
}
