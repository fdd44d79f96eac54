import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/jobs/kind.ts';
import {
  dueOf,
  expire,
  FRESH,
  MAX_LATER_MS,
  pendingOf,
  restMs,
  restOf,
  settle,
  settledOf,
  type ShardState,
  unsettledOf,
} from '../../../src/jobs/shards/state.ts';

const SIZE = 12;
const outcome = fc.record({
  index: fc.integer({ min: 0, max: SIZE - 1 }),
  state: fc.constantFrom('done', 'already', 'failed', 'later'),
  bytes: fc.nat({ max: 1_000 }),
  code: fc.constantFrom('MEDIA_NOT_READY', 'RECORDING_GONE'),
});
const steps = fc.array(fc.tuple(outcome, fc.integer({ min: 0, max: MAX_LATER_MS })), { maxLength: 60 });

/** All states that a shard goes through. */
function play(list: readonly (readonly [Outcome, number])[]): {
  readonly state: ShardState;
  readonly now: number;
} {
  let state = FRESH;
  let now = 1_000;
  for (const [next, passed] of list) {
    now += passed;
    state = settle(expire(state, now), next, now);
  }
  return { state, now };
}

describe('the state of a shard', () => {
  it('accounts for every item exactly once, in any order of outcomes', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { state } = play(list);
        const { counts, failed, later } = state;
        const pending = pendingOf(state, SIZE);
        expect(counts.done + counts.already + failed.length + later.length + pending.length).toBe(SIZE);
        expect(settledOf(state) + unsettledOf(state, SIZE)).toBe(SIZE);
        const named = [...failed, ...later].map(({ index }) => index);
        expect(new Set([...named, ...pending]).size).toBe(named.length + pending.length);
        expect(pending.every((index) => index >= state.after)).toBe(true);
      }),
    );
  });

  it('never takes back what is settled: the first lasting outcome of an item counts', () => {
    fc.assert(
      fc.property(steps, outcome, (list, next) => {
        const { state, now } = play(list);
        const settled =
          !pendingOf(state, SIZE).includes(next.index) &&
          !state.later.some(({ index }) => index === next.index);
        fc.pre(settled);
        expect(settle(state, next, now)).toBe(state);
      }),
    );
  });

  it('keeps no item waiting for more than a day', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { state, now } = play(list);
        const over = expire(state, now + MAX_LATER_MS);
        expect(over.later).toEqual([]);
        expect(over.failed.length).toBe(state.failed.length + state.later.length);
        const late = over.failed.slice(state.failed.length);
        expect(late.every(({ retryable }) => retryable)).toBe(true);
      }),
    );
  });

  it('lets an item wait on that waits for its turn among others, and gives up a day after its turn has come', () => {
    const later = (isPatient: boolean) => ({ index: 0, state: 'later', bytes: 0, isPatient }) as const;
    let state = FRESH;
    const DAY_MS = MAX_LATER_MS;
    for (let day = 0; day < 10; day += 1) state = settle(state, later(true), day * DAY_MS);
    expect(state.later).toHaveLength(1);
    state = settle(state, later(false), 9.5 * DAY_MS);
    expect(state.later).toHaveLength(1);
    state = settle(state, later(false), 10 * DAY_MS);
    expect([state.later.length, state.failed.length]).toEqual([0, 1]);
  });

  it('rests no longer than until its first item is due, and never for ever', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: -MAX_LATER_MS, max: MAX_LATER_MS }), (list, skew) => {
        const { state, now } = play(list);
        const rest = restOf(state, now + skew);
        if (state.later.length === 0) expect(rest).toBeUndefined();
        else {
          expect(rest).toBeLessThanOrEqual(restMs(99));
          if (skew >= 0) expect(dueOf(state, now + skew + (rest ?? 0))).not.toEqual([]);
        }
      }),
    );
  });
});
