import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/store/s3/buffer-pool.ts';
import { cutParts, type Part } from '../../../src/store/s3/cut-parts.ts';
import { contentOf } from '../bytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('BufferPool', () => {
  it.each([
    [1, 1],
    [0, 1],
    [64 * KIB - 1, 64 * KIB - 1],
    [64 * KIB, 64 * KIB],
    [64 * KIB + 1, 128 * KIB],
    [MIB, MIB],
    [MIB + 1, 2 * MIB],
    [4 * MIB + 1, 5 * MIB],
    [5 * MIB, 5 * MIB],
    [6 * MIB, 5 * MIB],
  ])('has for %i bytes a buffer of %i', (bytes, size) => {
    const buffer = new BufferPool(5 * MIB, 20 * MIB).take(bytes);
    expect(buffer.byteLength).toBe(size);
    // of Node's own pool, which others share, it would be part of something larger
    expect(buffer.buffer.byteLength).toBe(size);
  });

  it('uses a buffer again that was given back, where it is large enough', () => {
    const pool = new BufferPool(5 * MIB, 20 * MIB);
    const buffer = pool.take(4 * MIB + 1);
    pool.give(buffer);
    expect(pool.take(5 * MIB) === buffer).toBe(true);
    expect(pool.take(5 * MIB) === buffer).toBe(false);
  });

  it('keeps no buffer that is cheap to make, and none of a size it would not hand out', () => {
    const pool = new BufferPool(5 * MIB, 20 * MIB);
    for (const bytes of [KIB, 64 * KIB - 1, 100 * KIB, 3 * MIB, 8 * MIB]) {
      const buffer = Buffer.allocUnsafeSlow(bytes);
      pool.give(buffer);
      expect(pool.take(bytes) === buffer).toBe(false);
    }
  });

  it('never has one buffer in two hands, and keeps no more than it may', () => {
    const step = fc.oneof(
      fc.record({ take: fc.integer({ min: 0, max: 600 * KIB }) }),
      fc.record({ give: fc.nat() }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 64 * KIB, max: 512 * KIB }),
        fc.integer({ min: 0, max: 1024 * KIB }),
        (steps, largest, mostBytes) => {
          const pool = new BufferPool(largest, mostBytes);
          const out: Buffer[] = [];
          const given = new Set<Buffer>();
          for (const action of steps) {
            if ('take' in action) {
              const buffer = pool.take(action.take);
              expect(buffer.byteLength).toBeGreaterThanOrEqual(Math.min(action.take, largest));
              expect(out.includes(buffer)).toBe(false);
              given.delete(buffer);
              out.push(buffer);
            } else if (out.length > 0) {
              const [buffer] = out.splice(action.give % out.length, 1);
              if (buffer === undefined) continue;
              given.add(buffer);
              pool.give(buffer);
            }
          }
          // Whatever is kept comes out again before anything new is made.
          let kept = 0;
          const sizes = new Set([...given].map(({ byteLength }) => byteLength));
          for (const size of sizes) {
            for (let buffer = pool.take(size); given.has(buffer); buffer = pool.take(size)) {
              given.delete(buffer);
              kept += size;
            }
          }
          expect(kept).toBeLessThanOrEqual(mostBytes);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('parts of several bodies from one pool', () => {
  const PART = 200 * KIB;

  async function* chunksOf(content: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
    const chunk = Buffer.alloc(chunkBytes);
    for (let at = 0; at < content.byteLength; at += chunkBytes) {
      // as a body may: the same memory for every chunk
      yield chunk.subarray(0, content.copy(chunk, 0, at, at + chunkBytes));
    }
  }

  it('have the bytes of their own body until they are released, however they take turns', async () => {
    const body = fc.record({
      size: fc.integer({ min: 0, max: 3 * PART }),
      chunkBytes: fc.integer({ min: 10 * KIB, max: 300 * KIB }),
      isLengthKnown: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 2, maxLength: 4 }),
        fc.array(fc.record({ whose: fc.nat(), releases: fc.boolean(), twice: fc.boolean() }), {
          maxLength: 40,
        }),
        async (bodies, turns) => {
          const pool = new BufferPool(PART, 3 * PART);
          const running = bodies.map(({ size, chunkBytes, isLengthKnown }, seed) => {
            const content = contentOf(size, seed);
            return {
              content,
              parts: cutParts(chunksOf(content, chunkBytes), PART, isLengthKnown ? size : undefined, pool),
              held: [] as Part[],
              seen: 0,
              done: false,
            };
          });
          const check = () => {
            for (const { content, held } of running) {
              for (const { number, bytes } of held) {
                const at = (number - 1) * PART;
                expect(bytes.equals(content.subarray(at, at + PART))).toBe(true);
              }
            }
          };
          const advance = async (which: number) => {
            const one = running[which % running.length];
            const next = await one?.parts.next();
            if (one === undefined || next === undefined) return;
            if (next.done === true) one.done = true;
            else {
              one.held.push(next.value);
              one.seen += next.value.bytes.byteLength;
            }
          };
          for (const { whose, releases, twice } of turns) {
            const one = running[whose % running.length];
            if (releases) {
              const part = one?.held.shift();
              part?.release();
              if (twice) part?.release();
            } else await advance(whose);
            check();
          }
          for (let which = 0; which < running.length; which += 1) {
            while (running[which]?.done === false) await advance(which);
            check();
          }
          for (const { content, seen } of running) expect(seen).toBe(content.byteLength);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are no two parts of one buffer when a part is released twice', async () => {
    const pool = new BufferPool(PART, 3 * PART);
    const { value: part } = await cutParts(chunksOf(contentOf(PART), PART), PART, PART, pool).next();
    part?.release();
    part?.release();
    expect(pool.take(PART) === pool.take(PART)).toBe(false);
  });
});
