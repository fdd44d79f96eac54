import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import {
  createYieldingBudget,
  MIN_YIELD_RATE,
  noteReport,
  noteSent,
  quotaOf,
  rollWindow,
  startYielding,
  timeUntilNextYielding,
  type YieldRate,
} from '../../src/genesys/rate-yield.ts';
import { virtualClock } from '../virtual-clock.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const ALLOWED = 300;

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

interface Shared {
  readonly refused: number;
  readonly waits: readonly number[];
  readonly backfillPerMinute: number;
}

/** Hours of one client that live archiving and a backfill share: the platform counts in fixed windows of a minute. */
function share(livePerMinute: (minute: number) => number, minutes: number, rate: YieldRate): Shared {
  const random = seeded(7);
  const step = 100;
  let state = startYielding(NOW);
  let window = -1;
  let count = 0;
  let sent = 0;
  let refused = 0;
  const waiting: number[] = [];
  const waits: number[] = [];
  for (let at = 0; at < minutes * MINUTE; at += step) {
    // the platform's windows begin elsewhere than ours
    const current = Math.floor((at + 17_300) / MINUTE);
    if (current !== window) {
      window = current;
      count = 0;
    }
    const resetMs = Math.ceil(((current + 1) * MINUTE - 17_300 - at) / 1000) * 1000;
    if (random() < (livePerMinute(Math.floor(at / MINUTE)) * step) / MINUTE) {
      waiting.push(at);
      if (count >= ALLOWED) refused += 1;
    }
    while (waiting.length > 0 && count < ALLOWED) {
      waits.push(at - (waiting.shift() ?? at));
      count += 1;
    }
    if (timeUntilNextYielding(state, rate, NOW + at) === 0) {
      state = noteSent(state, NOW + at);
      if (count < ALLOWED) {
        count += 1;
        sent += 1;
      }
      state = noteReport(state, { allowed: ALLOWED, count, resetMs }, NOW + at);
    }
  }
  return { refused, waits: waits.toSorted((one, other) => one - other), backfillPerMinute: sent / minutes };
}

const p99 = (values: readonly number[]) => values[Math.floor(values.length * 0.99)] ?? 0;

describe('a backfill that shares its client with live archiving', () => {
  const cases = [
    { live: '60 a minute', of: () => 60, atLeast: 170 },
    { live: '140 a minute', of: () => 140, atLeast: 60 },
    { live: '200 a minute', of: () => 200, atLeast: MIN_YIELD_RATE },
    {
      live: '60, three times that every other 10 minutes',
      of: (minute: number) => (Math.floor(minute / 10) % 2 === 0 ? 60 : 180),
      atLeast: 70,
    },
  ];
  it.each(cases)('never has live archiving refused or wait at $live', ({ live, of, atLeast }) => {
    const { refused, waits, backfillPerMinute } = share(of, 60, 'yield');
    process.stdout.write(
      `live ${live}: ${refused} refused, p99 wait ${p99(waits)} ms, backfill ${backfillPerMinute.toFixed(0)} a minute\n`,
    );
    expect(refused).toBe(0);
    expect(p99(waits)).toBe(0);
    expect(backfillPerMinute).toBeGreaterThanOrEqual(atLeast);
  });

  it('is why a fixed rate is not the default: it has live archiving refused', () => {
    expect(share(() => 140, 20, 270).refused).toBeGreaterThan(20);
  });
});

describe('the quota', () => {
  const state = { ...startYielding(NOW), windowStart: NOW };
  const withOthers = (others: number, at = NOW + MINUTE) => quotaOf({ ...state, others }, 'yield', at);

  it('is nine tenths of what is allowed less one and a quarter of what the others send', () => {
    expect(withOthers(0)).toBe(270);
    expect(withOthers(60)).toBe(195);
    expect(withOthers(140)).toBe(95);
  });

  it('never falls below six, so that the end of a busy time is noticed', () => {
    expect(withOthers(200)).toBe(20);
    expect(withOthers(300)).toBe(MIN_YIELD_RATE);
  });

  it('takes less than half where answers do not tell what the others send', () => {
    expect(quotaOf(state, 'yield', NOW)).toBe(135);
  });

  it('is a fixed rate where one is asked for, and never more than the platform allows', () => {
    expect([quotaOf(state, 100, NOW), quotaOf(state, 5000, NOW)]).toEqual([100, 300]);
  });

  it('expects the others to go on as they did, also at the begin of a window', () => {
    const before = noteReport(state, { allowed: 300, count: 120, resetMs: 1_000 }, NOW + 59_000);
    const next = rollWindow(before, NOW + MINUTE);
    expect(quotaOf(next, 'yield', NOW + MINUTE + 100)).toBeLessThanOrEqual(270 - 1.25 * 120);
  });
});

describe('a pause', () => {
  it('that the platform asks for is kept, and its count at the limit is one', () => {
    const full = noteReport(startYielding(NOW), { allowed: 300, count: 300, resetMs: 20_000 }, NOW);
    expect(timeUntilNextYielding(full, 'yield', NOW)).toBeGreaterThanOrEqual(20_000);
    expect(timeUntilNextYielding(full, 100, NOW + 19_000)).toBeGreaterThan(0);
  });
});

describe('the requests of a fixed rate', () => {
  it('never are more than that in any window of the platform', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.nat(4_000), { maxLength: 200 }),
        (rate, gaps) => {
          let state = startYielding(NOW);
          let now = NOW;
          const sent: number[] = [];
          for (const gap of gaps) {
            now += gap;
            now += timeUntilNextYielding(state, rate, now);
            state = noteSent(state, now);
            sent.push(now);
          }
          const windows = new Map<number, number>();
          for (const at of sent) {
            const window = Math.floor((at - NOW) / MINUTE);
            windows.set(window, (windows.get(window) ?? 0) + 1);
          }
          expect(Math.max(0, ...windows.values())).toBeLessThanOrEqual(rate);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the budget of a backfill', () => {
  it('follows a rate that is changed while calls wait', async () => {
    const clock = virtualClock(NOW);
    let rate: YieldRate = 6;
    const budget = createYieldingBudget({ clock, rate: () => rate });
    const at: number[] = [];
    await clock.run(
      (async () => {
        await budget.acquire(unlimited);
        const second = budget.acquire(unlimited).then(() => at.push(clock.now() - NOW));
        rate = 60;
        await second;
      })(),
    );
    expect(at[0]).toBeLessThanOrEqual(5_000);
    expect(budget.sent()).toBe(2);
  });

  it('refuses a call that it has no room for before the deadline, and one that is interrupted', async () => {
    const clock = virtualClock(NOW);
    const budget = createYieldingBudget({ clock, rate: () => 1 });
    await budget.acquire(unlimited);
    const late = budget.acquire({ deadline: NOW + 1_000, signal: unlimited.signal });
    await expect(clock.run(late)).rejects.toMatchObject({ code: 'GENESYS_THROTTLED' });
    const stopped = new AbortController();
    stopped.abort();
    const aborted = budget.acquire({ deadline: Infinity, signal: stopped.signal });
    await expect(clock.run(aborted)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
