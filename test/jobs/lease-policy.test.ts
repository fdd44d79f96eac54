import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_TIMING, judgeLease, mustRenew } from '../../src/jobs/lease-policy.ts';

const { leaseMs } = JOB_TIMING;
const anyTime = fc.integer({ min: 0, max: 4_000_000_000_000 });
const anySpan = fc.integer({ min: 0, max: 10 * leaseMs });

describe('a lease', () => {
  it('never ends while its owner writes a sign of life in time, regardless of a runner’s own clock', () => {
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 0, max: leaseMs - 1 }), fc.nat(), (storeNow, age, turn) => {
        const sight = { turn, released: false, restMs: 0, lastSign: storeNow - age };
        const unchangedMs = Math.floor(age / 2);
        expect(judgeLease({ sight, storeNow, unchangedMs, leaseMs })).toEqual({ waitMs: leaseMs - age });
      }),
    );
  });

  it('ends for a runner that has watched it unchanged for its whole length, even if the store tells no time', () => {
    fc.assert(
      fc.property(anyTime, anySpan, fc.option(anyTime, { nil: undefined }), (lastSign, more, storeNow) => {
        const sight = { turn: 3, released: false, restMs: 0, lastSign };
        expect(judgeLease({ sight, storeNow, unchangedMs: leaseMs + more, leaseMs })).toEqual({ take: 4 });
      }),
    );
  });

  it('that was given back may be taken once it has rested, and not before', () => {
    fc.assert(
      fc.property(anyTime, anySpan, anySpan, (storeNow, restMs, age) => {
        const sight = { turn: 1, released: true, restMs, lastSign: storeNow - age };
        const answer = judgeLease({ sight, storeNow, unchangedMs: 0, leaseMs });
        expect(answer).toEqual(age >= restMs ? { take: 2 } : { waitMs: restMs - age });
      }),
    );
  });

  it('is renewed by its owner before another runner could take it, also when two renewals fail', () => {
    expect(JOB_TIMING.renewMs + 3 * JOB_TIMING.beatMs).toBeLessThan(leaseMs / 2);
    fc.assert(
      fc.property(anyTime, anySpan, (signed, later) => {
        expect(mustRenew(signed, signed + later, JOB_TIMING)).toBe(later >= JOB_TIMING.renewMs);
      }),
    );
  });
});
