import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choosePartBytes,
  countParts,
  DEFAULT_PART_BYTES,
  MAX_PART_BYTES,
  MAX_PARTS,
  MIN_PART_BYTES,
} from '../../../src/store/s3/part-size.ts';

/** Bytes: one AES-GCM message of the formats this product writes, and its tag. */
const MAX_RECORDING_BYTES = 64 * 1024 ** 3;

describe('choosePartBytes', () => {
  it('is 5 MiB for all but the very largest recordings', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 0, max: MAX_PARTS * DEFAULT_PART_BYTES }), { nil: undefined }),
        (size) => {
          expect(choosePartBytes(size)).toBe(5 * 1024 * 1024);
        },
      ),
    );
    expect(choosePartBytes(MAX_RECORDING_BYTES)).toBe(7 * 1024 * 1024);
    expect(countParts(MAX_RECORDING_BYTES, choosePartBytes(MAX_RECORDING_BYTES))).toBeLessThan(MAX_PARTS);
  });

  it('keeps within the limits of S3 for every size it accepts', () => {
    const preferred = fc.integer({ min: MIN_PART_BYTES, max: MAX_PART_BYTES });
    const size = fc.integer({ min: 0, max: MAX_PARTS * MAX_PART_BYTES });
    fc.assert(
      fc.property(size, preferred, (contentLength, wanted) => {
        const partBytes = choosePartBytes(contentLength, wanted);
        expect(partBytes).toBeGreaterThanOrEqual(wanted);
        expect(partBytes).toBeLessThanOrEqual(MAX_PART_BYTES);
        expect(countParts(contentLength, partBytes)).toBeLessThanOrEqual(MAX_PARTS);
        if (partBytes > wanted) expect(countParts(contentLength, wanted)).toBeGreaterThan(MAX_PARTS);
      }),
      {
        numRuns: 1000,
        examples: [
          [MAX_PARTS * MAX_PART_BYTES, MIN_PART_BYTES],
          // needs less than what is preferred, but more when rounded up to whole MiB
          [MAX_PARTS * (MIN_PART_BYTES + 1), MIN_PART_BYTES + 2],
        ],
      },
    );
  });

  it('refuses what S3 would refuse', () => {
    for (const size of [0, MIN_PART_BYTES - 1, MAX_PART_BYTES + 1, Number.NaN, MIN_PART_BYTES + 0.5]) {
      expect(() => choosePartBytes(undefined, size)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
    expect(() => choosePartBytes(MAX_PARTS * MAX_PART_BYTES + 1)).toThrow(
      expect.objectContaining({ code: 'MEDIA_TOO_LARGE' }),
    );
  });
});

describe('countParts', () => {
  it('is the number of pieces, at least one', () => {
    expect([0, 1, 9, 10, 11, 20, 21].map((size) => countParts(size, 10))).toEqual([1, 1, 1, 1, 2, 2, 3]);
  });
});
