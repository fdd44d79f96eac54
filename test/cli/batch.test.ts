import { describe, expect, it } from 'vitest';
import { describeRest, recordOfRest, workThrough } from '../../src/cli/_batch.ts';
import { type Clock, startBudget, unlimited } from '../../src/clock.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';

/** Time that passes only while somebody sleeps. */
function jumpingClock(): Clock & { readonly slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => 0.5,
    sleep: (ms) => {
      now += ms;
      slept.push(ms);
      return Promise.resolve();
    },
  };
}

async function runBatch(
  length: number,
  codeOf: (item: number) => ErrorCode | undefined,
  { concurrency = 4, budget = unlimited } = {},
) {
  const clock = jumpingClock();
  const tried: number[] = [];
  const said: string[] = [];
  const ui = { say: (line: string) => said.push(line) };
  const items = Array.from({ length }, (_, index) => index);
  const end = await workThrough(items, { concurrency, clock, ui, budget }, async (item) => {
    tried.push(item);
    await Promise.resolve();
    const code = codeOf(item);
    return code === undefined ? undefined : new ArchiveError(code, `failed: ${code}`);
  });
  return { end, tried, said, slept: clock.slept };
}

describe('a batch whose items all fail alike', () => {
  it.each(['GENESYS_AUTH_REJECTED', 'STORE_FULL', 'STORE_MISSING', 'SECRET_DENIED'] as const)(
    '%s: ends at once, without a pause, and says how many were not tried',
    async (code) => {
      const { end, tried, slept } = await runBatch(251, () => code);
      expect(tried.length).toBeLessThanOrEqual(8);
      expect(slept).toEqual([]);
      expect(end).toMatchObject({ stoppedBy: { code }, notTried: 251 - tried.length });
    },
  );

  it.each([1, 4, 16])('an outage: a few probes after pauses, %i at a time', async (concurrency) => {
    const { end, tried, slept, said } = await runBatch(251, () => 'GENESYS_UNAVAILABLE', { concurrency });
    expect(tried.length).toBeLessThanOrEqual(5 + concurrency + 3);
    expect(slept).toHaveLength(3);
    expect(said[0]).toMatch(/^5 failures in a row, last GENESYS_UNAVAILABLE: waiting /);
    expect(end.stoppedBy?.code).toBe('GENESYS_UNAVAILABLE');
  });

  it('an outage that passes: goes on with all of the rest, as many at a time as before', async () => {
    let left = 7;
    const { end, tried } = await runBatch(100, () => (left-- > 0 ? 'STORE_UNAVAILABLE' : undefined));
    expect(end).toEqual({ stoppedBy: undefined, interrupted: 0, notTried: 0 });
    expect(tried.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it('recordings that may not be seen, at the beginning of a list, do not keep the others back', async () => {
    const { end, tried } = await runBatch(60, (item) => (item < 20 ? 'GENESYS_FORBIDDEN' : undefined));
    expect(end.stoppedBy).toBeUndefined();
    expect(new Set(tried).size).toBe(60);
  });

  it('failures that are about one recording each never end it', async () => {
    const { end, tried } = await runBatch(60, () => 'MEDIA_NOT_FOUND');
    expect(end).toEqual({ stoppedBy: undefined, interrupted: 0, notTried: 0 });
    expect(tried).toHaveLength(60);
  });
});

describe('a batch that is interrupted', () => {
  it('counts what was under way and what was not tried, and takes nothing more', async () => {
    const stop = new AbortController();
    const { budget } = startBudget({ now: () => 0 }, Infinity, 0, stop.signal);
    let begun = 0;
    const { end, tried } = await runBatch(
      940,
      () => {
        begun += 1;
        if (begun < 10) return undefined;
        stop.abort(new ArchiveError('INTERRUPTED', 'interrupted'));
        return 'INTERRUPTED';
      },
      { budget },
    );
    expect(tried.length).toBeLessThan(20);
    expect(end.interrupted).toBeGreaterThan(0);
    expect(end.notTried).toBe(940 - tried.length);
    expect(describeRest(end)).toBe(`, ${end.interrupted} interrupted, ${end.notTried} not tried`);
    expect(recordOfRest(end)).toEqual({ interrupted: end.interrupted, notTried: end.notTried });
  });
});

describe('a batch of unknown length', () => {
  it('is closed when it ends early, and says that the rest was not tried', async () => {
    let closed = false;
    async function* forever() {
      try {
        for (let item = 0; ; item += 1) yield await Promise.resolve(item);
      } finally {
        closed = true;
      }
    }
    const end = await workThrough(
      forever(),
      { concurrency: 2, clock: jumpingClock(), ui: { say: () => {} }, budget: unlimited },
      () => Promise.resolve(new ArchiveError('CONFIG_INVALID', 'no')),
    );
    expect(closed).toBe(true);
    expect(describeRest(end)).toBe(
      ', the rest not tried, stopped because CONFIG_INVALID would meet every other one as well',
    );
  });
});
