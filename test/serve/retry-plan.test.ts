import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWorthRetrying } from '../../src/circuit.ts';
import { ERROR_CODES, type ErrorCode } from '../../src/error-codes.ts';
import { ArchiveError } from '../../src/errors.ts';
import { MIN_DELAY_MS, type Outcome, planNext, SPOOL_RETRIES } from '../../src/serve/retry-plan.ts';

const NOW = Date.UTC(2026, 4, 20);
const DAY_MS = 86_400_000;
const failure = (code: ErrorCode): Outcome => ({ state: 'failed', error: new ArchiveError(code, 'x') });
const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const codes = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));

describe('what becomes of an event', () => {
  it('done: it leaves the spool, however often it has failed before', () => {
    const attempt = {
      outcome: { state: 'done' },
      attempts: 1e6,
      receivedAt: 0,
      now: NOW,
      random: 0,
    } as const;
    expect(planNext(SPOOL_RETRIES, attempt)).toEqual({ action: 'remove' });
  });

  it('a failure worth retrying waits from a second to 15 minutes, at most 200 times; any other is given up at once', () => {
    fc.assert(
      fc.property(codes, fc.integer({ min: 0, max: 400 }), random, (code, attempts, chance) => {
        const outcome = failure(code);
        const plan = planNext(SPOOL_RETRIES, { outcome, attempts, receivedAt: 0, now: NOW, random: chance });
        if (!isWorthRetrying(new ArchiveError(code, 'x'))) {
          expect(plan).toEqual({ action: 'give-up', why: 'permanent' });
        } else if (attempts >= 200) {
          expect(plan).toEqual({ action: 'give-up', why: 'exhausted' });
        } else {
          expect(plan).toMatchObject({ action: 'again', attempts: attempts + 1 });
          const { delayMs } = plan as { delayMs: number };
          expect(delayMs).toBeGreaterThanOrEqual(MIN_DELAY_MS);
          expect(delayMs).toBeLessThanOrEqual(Math.min(900_000, 5_000 * 2 ** attempts));
        }
      }),
    );
  });

  it('lasts about a day before it is given up', () => {
    let waited = 0;
    for (let attempts = 0; ; attempts += 1) {
      const plan = planNext(SPOOL_RETRIES, {
        outcome: failure('GENESYS_UNAVAILABLE'),
        attempts,
        receivedAt: NOW,
        now: NOW + waited,
        random: 0.5,
      });
      if (plan.action !== 'again') break;
      waited += plan.delayMs;
    }
    expect(waited / DAY_MS).toBeGreaterThan(0.9);
    expect(waited / DAY_MS).toBeLessThan(1.2);
  });

  it('not ready is no failure: it is asked for as late as the platform says, and less often the longer it takes', () => {
    const times = fc.record({
      age: fc.integer({ min: 0, max: 7 * DAY_MS - 1 }),
      asked: fc.integer({ min: 0, max: 3_600_000 }),
      attempts: fc.integer({ min: 0, max: 1000 }),
      chance: random,
    });
    fc.assert(
      fc.property(times, ({ age, asked, attempts, chance }) => {
        const plan = planNext(SPOOL_RETRIES, {
          outcome: { state: 'not-ready', status: 'uploading', retryAfterMs: asked },
          attempts,
          receivedAt: NOW - age,
          now: NOW,
          random: chance,
        });
        expect(plan).toMatchObject({ action: 'again', attempts });
        const { delayMs } = plan as { delayMs: number };
        expect(delayMs).toBeGreaterThanOrEqual(Math.max(MIN_DELAY_MS, asked));
        expect(delayMs).toBeLessThanOrEqual(
          Math.max(MIN_DELAY_MS, asked, Math.min(900_000, age / 8)) + 1_001,
        );
      }),
    );
  });

  it('not ready for a week is given up', () => {
    const outcome = { state: 'not-ready', status: 'uploading', retryAfterMs: 1 } as const;
    const plan = (now: number) =>
      planNext(SPOOL_RETRIES, { outcome, attempts: 0, receivedAt: NOW, now, random: 0 });
    expect(plan(NOW + 7 * DAY_MS)).toEqual({ action: 'give-up', why: 'overdue' });
    expect(plan(NOW + 7 * DAY_MS - 1)).toMatchObject({ action: 'again' });
    // a clock that was set back
    expect(plan(NOW - DAY_MS)).toMatchObject({ action: 'again', delayMs: 1_000 });
  });
});
