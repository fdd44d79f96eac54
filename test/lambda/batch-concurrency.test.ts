import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchConditions, batchConcurrency } from '../../src/lambda/batch-concurrency.ts';

const MIB = 1024 * 1024;

const conditions: fc.Arbitrary<BatchConditions> = fc.record({
  records: fc.integer({ min: 1, max: 10_000 }),
  memoryMb: fc.option(fc.integer({ min: 128, max: 10_240 }), { nil: undefined }),
  rateShare: fc.double({ min: 0.001, max: 1, noNaN: true }),
  timeLeftMs: fc.oneof(fc.integer({ min: -5_000, max: 900_000 }), fc.constant(Number.POSITIVE_INFINITY)),
  usualMs: fc.option(fc.double({ min: 0, max: 1_000_000, noNaN: true }), { nil: undefined }),
});

describe('records of a batch that are worked on at a time', () => {
  it('are at least one and never more than there are, fit into the connections, and are a whole number', () => {
    fc.assert(
      fc.property(conditions, (given) => {
        const count = batchConcurrency(given);
        expect(Number.isInteger(count)).toBe(true);
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(Math.min(given.records, 16));
      }),
    );
  });

  it('fit into the memory with the parts they hold, and as much again that waits to be collected', () => {
    fc.assert(
      fc.property(conditions, (given) => {
        const count = batchConcurrency(given);
        if (count === 1) return;
        const held = count * 2 * 3 * 5 * MIB + 160 * MIB;
        expect(held).toBeLessThanOrEqual((given.memoryMb ?? 512) * MIB * 0.8);
      }),
    );
  });

  it('are finished in the time left, even if each takes as many times longer as there are', () => {
    fc.assert(
      fc.property(conditions, (given) => {
        const count = batchConcurrency(given);
        if (count === 1 || given.usualMs === undefined) return;
        expect(count * given.usualMs).toBeLessThanOrEqual(given.timeLeftMs);
      }),
    );
  });

  it('ask for no more than one record more than the rate allows them', () => {
    fc.assert(
      fc.property(conditions, (given) => {
        const perMinute = batchConcurrency(given) * (60_000 / Math.max(2_000, given.usualMs ?? 10_000)) * 4;
        const oneRecord = (60_000 / Math.max(2_000, given.usualMs ?? 10_000)) * 4;
        expect(perMinute).toBeLessThanOrEqual(300 * given.rateShare + oneRecord + 1e-6);
      }),
    );
  });

  it('never become fewer by more memory, a larger share, more time or more records', () => {
    const better = fc.record({
      memoryMb: fc.integer({ min: 0, max: 4_096 }),
      rateShare: fc.double({ min: 0, max: 1, noNaN: true }),
      timeLeftMs: fc.integer({ min: 0, max: 900_000 }),
      records: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(conditions, better, (given, more) => {
        const memoryMb = (given.memoryMb ?? 512) + more.memoryMb;
        const improved = {
          ...given,
          memoryMb,
          rateShare: Math.min(1, given.rateShare + more.rateShare),
          timeLeftMs: given.timeLeftMs + more.timeLeftMs,
          records: given.records + more.records,
        };
        expect(batchConcurrency(improved)).toBeGreaterThanOrEqual(batchConcurrency(given));
      }),
    );
  });

  it.each<[Partial<BatchConditions>, number]>([
    [{}, 8],
    [{ memoryMb: 128 }, 1],
    [{ memoryMb: 256 }, 1],
    [{ memoryMb: 1024 }, 10],
    [{ memoryMb: 2048, records: 100 }, 13],
    [{ memoryMb: 2048, records: 100, usualMs: 30_000 }, 16],
    [{ rateShare: 0.2 }, 3],
    [{ rateShare: 0.02 }, 1],
    [{ usualMs: 30_000, timeLeftMs: 100_000 }, 3],
    [{ usualMs: 30_000, timeLeftMs: 20_000 }, 1],
    [{ timeLeftMs: 20_000 }, 8],
    [{ records: 2 }, 2],
    [{ records: 0 }, 0],
  ])('%j: %i', (given, count) => {
    const usual = { records: 10, memoryMb: 512, rateShare: 1, timeLeftMs: 890_000, usualMs: undefined };
    expect(batchConcurrency({ ...usual, ...given })).toBe(count);
  });
});
