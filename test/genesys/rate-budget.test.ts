import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Budget, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import {
  createRateBudget,
  RATE_WINDOW_MS,
  readRateReport,
  REQUESTS_PER_MINUTE,
  shareOf,
  timeUntilNext,
} from '../../src/genesys/rate-budget.ts';
import { virtualClock } from '../virtual-clock.ts';
import { connectRecordings } from './connect-recordings.ts';

const NOW = Date.UTC(2026, 0, 1);

/** The largest number of times within any span of `ms`, both ends included. */
function busiest(times: readonly number[], ms: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return Math.max(0, ...sorted.map((from) => sorted.filter((at) => at >= from && at <= from + ms).length));
}

describe('timeUntilNext', () => {
  it('never lets more than the limit into a window, wastes none of it, and never waits longer than a window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.nat({ max: 20_000 }), { maxLength: 80 }),
        (limit, pauses) => {
          let now = NOW;
          const sentAt: number[] = [];
          for (const pause of pauses) {
            now += pause;
            const waitMs = timeUntilNext({ sentAt, limit, pausedUntil: 0 }, now);
            expect(waitMs).toBeLessThanOrEqual(RATE_WINDOW_MS);
            const inWindow = sentAt.filter((at) => at > now - RATE_WINDOW_MS).length;
            expect(waitMs === 0).toBe(inWindow < limit);
            now += waitMs;
            sentAt.push(now);
          }
          expect(busiest(sentAt, RATE_WINDOW_MS - 1)).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('waits for the end of a pause, however empty the window is', () => {
    const state = { sentAt: [], limit: 300, pausedUntil: NOW + 7000 };
    expect(timeUntilNext(state, NOW)).toBe(7000);
    expect(timeUntilNext(state, NOW + 7000)).toBe(0);
  });
});

describe('the headers', () => {
  it('are read where they are plain numbers', () => {
    expect(
      readRateReport({
        'inin-ratelimit-allowed': '300',
        'inin-ratelimit-count': '12',
        'inin-ratelimit-reset': '35',
      }),
    ).toEqual({ allowed: 300, count: 12, resetMs: 35_000 });
    expect(readRateReport({ 'inin-ratelimit-allowed': '-1', 'inin-ratelimit-reset': 'soon' })).toEqual({
      allowed: undefined,
      count: undefined,
      resetMs: undefined,
    });
  });

  it('a share is never nothing', () => {
    expect([shareOf(300, 1), shareOf(300, 0.25), shareOf(300, 0.001)]).toEqual([300, 75, 1]);
  });
});

describe('the budget', () => {
  it('passes calls in the order they came, and no more than the limit in any minute', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock, share: 0.1 });
    const order: number[] = [];
    const times: number[] = [];
    const calls = Array.from({ length: 100 }, async (_, index) => {
      await rate.acquire(unlimited);
      order.push(index);
      times.push(clock.now());
    });
    await clock.run(Promise.all(calls));
    expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(busiest(times, 60_000)).toBe(30);
    expect(clock.now() - NOW).toBe(3 * RATE_WINDOW_MS);
  });

  it('takes the limit that answers state', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock });
    rate.observe({ allowed: 10, count: 1, resetMs: 30_000 });
    await clock.run(Promise.all(Array.from({ length: 20 }, () => rate.acquire(unlimited))));
    expect(clock.now() - NOW).toBe(RATE_WINDOW_MS);
  });

  it('waits for the reset when the token is used up by another process', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock });
    rate.observe({ allowed: 300, count: 300, resetMs: 42_000 });
    await clock.run(rate.acquire(unlimited));
    expect(clock.now() - NOW).toBe(42_000);
  });

  it('a throttled call holds all others back, but not for longer than three minutes', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock });
    rate.pause(9000);
    rate.pause(5000);
    await clock.run(rate.acquire(unlimited));
    expect(clock.now() - NOW).toBe(9000);
    rate.pause(31_536_000_000);
    await clock.run(rate.acquire(unlimited));
    expect(clock.now() - NOW).toBe(189_000);
  });

  it('refuses at once what would come too late, and lets those behind pass', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock });
    rate.pause(10_000);
    const hasty: Budget = { deadline: NOW + 10_000, signal: unlimited.signal };
    const first = rate.acquire(hasty);
    const second = rate.acquire(unlimited);
    await expect(clock.run(first)).rejects.toMatchObject({ code: 'GENESYS_THROTTLED', retryable: true });
    await clock.run(second);
    expect(clock.now() - NOW).toBe(10_000);
  });

  it('an aborted caller leaves the queue, and costs nothing', async () => {
    const clock = virtualClock(NOW);
    const rate = createRateBudget({ clock, share: 1 / REQUESTS_PER_MINUTE });
    await rate.acquire(unlimited);
    const controller = new AbortController();
    const leaving = rate.acquire({ deadline: Infinity, signal: controller.signal });
    const staying = rate.acquire(unlimited);
    controller.abort(new ArchiveError('INTERRUPTED', 'stop'));
    await expect(leaving).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await clock.run(staying);
    expect(clock.now() - NOW).toBe(RATE_WINDOW_MS);
    await expect(rate.acquire({ deadline: Infinity, signal: controller.signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});

describe('calls of the API', () => {
  it('wait for each other’s Retry-After, but not for an absurd one', async () => {
    const { api, clock, simulator, close } = await connectRecordings([]);
    try {
      const ask = () => api.call({ method: 'GET', path: ['api', 'v2', 'organizations', 'me'] }, unlimited);
      await ask();
      simulator.faults.add({ on: 'conversation', fault: { kind: 'throttle', retryAfter: 'absurd' } });
      await expect(ask()).rejects.toMatchObject({ code: 'GENESYS_THROTTLED' });
      const before = clock.now();
      await ask();
      expect(clock.slept).toEqual([]);
      simulator.faults.add({ on: 'conversation', fault: { kind: 'throttle', retryAfter: 20 } });
      await ask();
      expect(clock.now() - before).toBeGreaterThanOrEqual(20_000);
    } finally {
      await close();
    }
  });

  it('carry the platform’s correlation id in every error', async () => {
    const { api, simulator, close } = await connectRecordings([]);
    try {
      const ask = () => api.call({ method: 'GET', path: ['api', 'v2', 'organizations', 'me'] }, unlimited);
      const details = { correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown };
      for (const [status, code] of [
        [401, 'GENESYS_AUTH_REJECTED'],
        [503, 'GENESYS_UNAVAILABLE'],
        [429, 'GENESYS_THROTTLED'],
      ] as const) {
        simulator.faults.add({ on: 'conversation', times: 99, fault: { kind: 'status', status } });
        await expect(ask()).rejects.toMatchObject({ code, details: { status, ...details } });
        simulator.faults.clear();
      }
    } finally {
      await close();
    }
  });
});
