import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutParts } from '../../../src/store/s3/cut-parts.ts';
import { countParts } from '../../../src/store/s3/part-size.ts';
import { contentOf } from '../bytes.ts';

async function* chunksOf(content: Buffer, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield content.subarray(at, at + length);
    at += length;
  }
}

describe('cutParts', () => {
  it('cuts any chunking of any content into the same parts, while released memory is used again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('known', 'unknown', 'wrong'),
        async (lengths, partBytes, expectation) => {
          const size = lengths.reduce((sum, length) => sum + length, 0);
          const content = contentOf(size, size);
          const expected = { known: size, unknown: undefined, wrong: 1 }[expectation];
          const copies: Buffer[] = [];
          const lasts: boolean[] = [];
          for await (const part of cutParts(chunksOf(content, lengths), partBytes, expected)) {
            expect(part.number).toBe(copies.length + 1);
            copies.push(Buffer.from(part.bytes));
            lasts.push(part.last);
            part.bytes.fill(0xff);
            part.release();
          }
          expect(Buffer.concat(copies).equals(content)).toBe(true);
          expect(copies).toHaveLength(countParts(size, partBytes));
          for (const copy of copies.slice(0, -1)) expect(copy.byteLength).toBe(partBytes);
          expect(lasts.indexOf(true)).toBe(copies.length - 1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not touch a part before it is released', async () => {
    const content = contentOf(1000);
    const held: { bytes: Buffer; at: number }[] = [];
    for await (const part of cutParts(chunksOf(content, [1000]), 100, undefined)) {
      held.push({ bytes: part.bytes, at: (part.number - 1) * 100 });
    }
    for (const { bytes, at } of held) expect(bytes.equals(content.subarray(at, at + 100))).toBe(true);
  });

  it('gives a small body a small buffer', async () => {
    for await (const part of cutParts(chunksOf(contentOf(10), [10]), 8 * 1024 * 1024, 10)) {
      expect(part.bytes.buffer.byteLength).toBe(10);
    }
  });
});
