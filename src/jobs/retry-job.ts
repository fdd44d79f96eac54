/** Makes a job of what another one could not do. */
import type { Budget, Clock } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import { type Failure, readFailures } from './failed-list.ts';
import type { JobPlan, Rate } from './kind.ts';
import { type PatientStore, patientStore } from './patient-store.ts';
import { planJob } from './plan-job.ts';
import { finishedShards } from './shards/finished.ts';
import { present } from '../present.ts';

/** Failed items of finished shards, in the order of the plan. */
export async function* listFailures(
  store: PatientStore,
  id: string,
  budget: Budget,
): AsyncGenerator<Failure, void, undefined> {
  for await (const shard of finishedShards(store, id, budget)) {
    if (shard.failed > 0) yield* await readFailures(store, id, shard, budget);
  }
}

export interface RetryRequest {
  readonly store: ObjectStore;
  /** The job whose failed items are worked on again. */
  readonly plan: JobPlan;
  /** Also those for which another attempt is not expected to end differently. */
  readonly all: boolean;
  readonly name?: string;
  readonly rate?: Rate;
  readonly createdBy: string;
  readonly clock: Clock;
  readonly budget: Budget;
}

/**
 * Plans a job of the failed items, with the options of the first.
 *
 * @throws `JOB_EMPTY` when there are no such items; `STORE_*`, `OBJECT_MALFORMED`.
 */
export function retryJob(request: RetryRequest): Promise<JobPlan> {
  const { store, plan, all, name, rate, createdBy, clock, budget } = request;
  const patient = patientStore(store, clock);
  async function* items() {
    for await (const { item, retryable } of listFailures(patient, plan.id, budget)) {
      if (item !== undefined && (all || retryable)) yield item;
    }
  }
  return planJob({
    store,
    // lines are carried over as they are
    kind: { name: plan.kind },
    items: items(),
    options: plan.options,
    ...present({ selection: plan.selection, name: name ?? plan.name }),
    rate: rate ?? plan.rate,
    createdBy,
    retryOf: plan.id,
    clock,
    budget,
  });
}
