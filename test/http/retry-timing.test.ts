import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GENESYS_RETRIES,
  isTransientStatus,
  MEDIA_RETRIES,
  nextDelay,
  parseRetryAfter,
  S3_RETRIES,
} from '../../src/http/retry-timing.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const policy = fc.record({
  retries: fc.integer({ min: 0, max: 20 }),
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  capMs: fc.integer({ min: 1, max: 60_000 }),
  maxRetryAfterMs: fc.integer({ min: 0, max: 600_000 }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.integer({ min: 1, max: 40 });

describe('nextDelay', () => {
  it('is bounded by the retries, the cap, the deadline and what the server asked for', () => {
    fc.assert(
      fc.property(
        policy,
        failures,
        random,
        fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined }),
        fc.integer({ min: -1000, max: 600_000 }),
        (policy, failures, random, retryAfterMs, left) => {
          const decision = nextDelay(policy, {
            failures,
            random,
            retryAfterMs,
            now: NOW,
            deadline: NOW + left,
          });
          if (failures > policy.retries) {
            expect(decision).toEqual({ retry: false, why: 'exhausted' });
            return;
          }
          if ((retryAfterMs ?? 0) > policy.maxRetryAfterMs) {
            expect(decision).toEqual({ retry: false, why: 'asked-to-wait-too-long' });
            return;
          }
          if (!decision.retry) {
            expect(decision.why).toBe('deadline');
            return;
          }
          expect(decision.delayMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
          expect(decision.delayMs).toBeLessThan(Math.max(left, 0));
          const most =
            (retryAfterMs ?? 0) > 0 ? Math.ceil((retryAfterMs ?? 0) * 1.1) : Math.max(policy.capMs, 1);
          expect(decision.delayMs).toBeLessThanOrEqual(most);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses for the deadline only when the pause would reach it', () => {
    fc.assert(
      fc.property(failures, random, fc.integer({ min: 0, max: 40_000 }), (failures, random, left) => {
        const attempt = { failures, random, now: NOW };
        const unlimited = nextDelay(S3_RETRIES, { ...attempt, deadline: Number.POSITIVE_INFINITY });
        const limited = nextDelay(S3_RETRIES, { ...attempt, deadline: NOW + left });
        if (unlimited.retry && unlimited.delayMs >= left) {
          expect(limited).toEqual({ retry: false, why: 'deadline' });
        } else {
          expect(limited).toEqual(unlimited);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('doubles the ceiling of the jitter with every failure, up to the cap', () => {
    const ceiling = (failures: number) => {
      const decision = nextDelay(S3_RETRIES, {
        failures,
        random: 1,
        now: NOW,
        deadline: Number.POSITIVE_INFINITY,
      });
      return decision.retry ? decision.delayMs : decision.why;
    };
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(ceiling)).toEqual([
      400,
      800,
      1600,
      3200,
      6400,
      12_800,
      25_600,
      'exhausted',
    ]);
  });

  it('spreads callers over the whole interval (full jitter)', () => {
    const at = (random: number) =>
      nextDelay(GENESYS_RETRIES, { failures: 3, random, now: 0, deadline: Number.POSITIVE_INFINITY });
    expect(at(0)).toEqual({ retry: true, delayMs: 0 });
    expect(at(0.5)).toEqual({ retry: true, delayMs: 1000 });
    expect(at(0.999)).toEqual({ retry: true, delayMs: 1998 });
  });

  it('gives S3 at least 5 retries of at most 30 s each (the tutorial’s contract)', () => {
    expect(S3_RETRIES.retries).toBeGreaterThanOrEqual(5);
    expect(S3_RETRIES.capMs).toBeLessThanOrEqual(30_000);
    for (const policy of [S3_RETRIES, MEDIA_RETRIES, GENESYS_RETRIES]) {
      expect(policy.maxRetryAfterMs).toBeGreaterThanOrEqual(policy.capMs);
    }
  });
});

describe('parseRetryAfter', () => {
  it('reads seconds', () => {
    expect(parseRetryAfter('3', NOW)).toBe(3000);
    expect(parseRetryAfter(' 120 ', NOW)).toBe(120_000);
    expect(parseRetryAfter('0.5', NOW)).toBe(500);
  });

  it.each([
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Friday, 02-Jan-26 03:04:15 GMT', 10_000],
    ['Fri Jan  2 03:04:15 2026', 10_000],
  ])('reads the HTTP date %s', (text, ms) => {
    expect(parseRetryAfter(text, NOW)).toBe(ms);
  });

  it.each([
    undefined,
    '',
    '0',
    '-5',
    'soon',
    'NaN',
    'Infinity',
    '1e9',
    '2026-01-02T03:04:15Z',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '99999999999999999999',
  ])('takes %s as absent', (text) => {
    expect(parseRetryAfter(text, NOW)).toBeUndefined();
  });

  it('returns a positive finite number or nothing, for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (text) => {
          const ms = parseRetryAfter(text, NOW);
          if (ms !== undefined) {
            expect(Number.isFinite(ms)).toBe(true);
            expect(ms).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('inverts toUTCString for every whole second to come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000 }), (seconds) => {
        expect(parseRetryAfter(new Date(NOW + seconds * 1000).toUTCString(), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});

describe('isTransientStatus', () => {
  it('is true for timeouts, throttling and server faults that may pass', () => {
    const transient = [];
    for (let status = 100; status < 600; status += 1) if (isTransientStatus(status)) transient.push(status);
    expect(transient).toEqual([408, 429, 500, 502, 503, 504]);
  });
});
