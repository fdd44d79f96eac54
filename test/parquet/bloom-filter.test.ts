import fc from 'fast-check';
import { BloomBuilder } from 'hyparquet-writer/src/bloom.js';
import { xxhash64 } from 'hyparquet/src/xxhash.js';
import { describe, expect, it } from 'vitest';
import { bloomOf, Xxh64 } from '../../src/parquet/bloom-filter.ts';

const hashOf = (hasher: Xxh64) => (BigInt(hasher.high >>> 0) << 32n) | BigInt(hasher.low >>> 0);

describe('the hash of a value', () => {
  it('is XXH64 of its bytes, as its authors and the Parquet library have it', () => {
    const hasher = new Xxh64();
    hasher.hash(Buffer.alloc(0));
    expect(hashOf(hasher)).toBe(0xef46db3751d8e999n);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        hasher.hash(Buffer.from(bytes));
        expect(hashOf(hasher)).toBe(xxhash64(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(value);
        hasher.hashInt64(value);
        expect(hashOf(hasher)).toBe(xxhash64(bytes));
      }),
    );
  });
});

describe('a filter', () => {
  it('is the one that the Parquet library makes, to the bit, for text and for numbers, some of them absent or twice', () => {
    const text = fc.array(fc.option(fc.string({ unit: 'binary' })), { maxLength: 300 });
    const numbers = fc.array(fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })));
    const elements = {
      text: { name: 'x', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      number: { name: 'x', type: 'INT64' },
    } as const;
    fc.assert(
      fc.property(fc.oneof(text, numbers), fc.constantFrom(0.01, 0.001), (cells, fpp) => {
        const isNumber = cells.some((cell) => typeof cell === 'bigint');
        const builder = new BloomBuilder(isNumber ? elements.number : elements.text, { fpp });
        for (const cell of cells) builder.insert(cell);
        const [own, theirs] = [bloomOf(cells, fpp), builder.finalize()];
        expect(own && Buffer.from(own.buffer).toString('hex')).toBe(
          theirs && Buffer.from(theirs.buffer).toString('hex'),
        );
      }),
    );
  });
});
