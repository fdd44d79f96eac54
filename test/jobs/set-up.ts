import { type Clock, unlimited } from '../../src/clock.ts';
import type { AnyJobKind, JobKind, JobPlan } from '../../src/jobs/kind.ts';
import type { PlanRequest, RunRequest } from '../../src/jobs/requests.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { virtualClock } from '../virtual-clock.ts';
import { jobStore } from './job-store.ts';

export const START = Date.parse('2026-11-28T08:00:00Z');

/** Chance that is the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** A store and a virtual clock; `plan` and `run` with what tests rarely change. */
export function setUp(seed = 1) {
  const clock = virtualClock(START, seeded(seed));
  const store = jobStore(clock);
  const shared = { store, clock, budget: unlimited };
  return {
    clock,
    store,
    plan: <Item>(
      kind: JobKind<Item>,
      items: Iterable<Item>,
      more: Partial<PlanRequest<Item>> = {},
    ): Promise<JobPlan> =>
      clock.run(planJob({ ...shared, kind, items, options: {}, createdBy: 'a test', ...more })),
    /** Time passes only within `clock.run`. */
    run: (id: string, kind: AnyJobKind, more: Partial<RunRequest> = {}) =>
      runJob({ ...shared, kinds: [kind], id, owner: 'runner', ...more }),
  };
}

/** The same clock as a machine sees it whose time is wrong. */
export function skewed(clock: Clock, offsetMs: number): Clock {
  return {
    now: () => clock.now() + offsetMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => clock.random(),
  };
}

/** A store whose machine is killed at its nth call: nothing that it asks for after that arrives. */
export function killedAt(
  store: ObjectStore,
  nth: number,
): { readonly store: ObjectStore; readonly dead: Promise<void> } {
  let calls = 0;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => {
    die = resolve;
  });
  const silent = new Promise<never>(() => undefined);
  const step = async () => {
    calls += 1;
    if (calls < nth) return;
    die();
    await silent;
  };
  return {
    dead,
    store: {
      ...store,
      put: async (...args) => {
        await step();
        return store.put(...args);
      },
      get: async (...args) => {
        await step();
        return store.get(...args);
      },
      async *list(...args) {
        await step();
        yield* store.list(...args);
      },
    },
  };
}

export const jsonAt = (
  store: { readonly objects: ReadonlyMap<string, { readonly body: Buffer }> },
  key: string,
) => JSON.parse(store.objects.get(key)?.body.toString('utf8') ?? 'null') as unknown;
