import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { JobKind } from '../../src/jobs/job-kind.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { virtualClock } from '../virtual-clock.ts';
import { countedItems, countingKind } from './counting-kind.ts';
import { jobStore } from './job-store.ts';

const START = Date.parse('2026-11-28T08:00:00Z');

function setUp(seed = 1) {
  let state = seed;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const clock = virtualClock(START, random);
  const store = jobStore(clock);
  const plan = async <T>(kind: JobKind<T>, items: Iterable<T>, options: unknown = {}) =>
    planJob({ store, kind, items, options, createdBy: 'test', clock, budget: unlimited });
  const run = (id: string, kind: JobKind<never>, more: object = {}) =>
    runJob({
      store,
      kinds: [kind],
      id,
      owner: 'runner',
      clock,
      budget: unlimited,
      ...more,
    });
  return { clock, store, plan, run };
}

describe('a job', () => {
  it('works on each item once and writes a report', async () => {
    const { clock, store, plan, run } = setUp();
    const kind = countingKind();
    const job = await plan(kind, countedItems(2_345));
    const result = await clock.run(run(job.id, kind as never));
    expect(result).toEqual({ end: 'over', done: 2_345, already: 0, failed: 0, bytes: 23_450 });
    expect(kind.seen.size).toBe(2_345);
    expect([...kind.seen.values()].every((times) => times === 1)).toBe(true);
  });
});
