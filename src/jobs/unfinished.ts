/** What is written down of shards that are not finished. */
import type { Budget } from '../clock.ts';
import { readCursor } from './cursor.ts';
import type { Failure } from './failed-list.ts';
import type { JobPlan } from './kind.ts';
import { shardKey } from './keys.ts';
import { malformed, type PatientStore } from './patient-store.ts';
import { finishedShards } from './shards/finished.ts';
import { listFailures } from './retry-job.ts';
import { unpackLines } from './shards/lines.ts';
import { FRESH, pendingOf, settledOf, type ShardState } from './shards/state.ts';

export interface UnfinishedShard {
  /** As the shard has them. */
  readonly items: readonly unknown[];
  readonly state: ShardState;
}

/** @throws `OBJECT_MALFORMED` for a shard that cannot be read; `STORE_*`. */
export async function* unfinishedShards(
  store: PatientStore,
  { id, totals }: Pick<JobPlan, 'id' | 'totals'>,
  budget: Budget,
): AsyncGenerator<UnfinishedShard, void, undefined> {
  const finished = new Set<number>();
  for await (const { shard } of finishedShards(store, id, budget)) finished.add(shard);
  for (let shard = 0; shard < totals.shards; shard += 1) {
    if (finished.has(shard)) continue;
    const key = shardKey(id, shard);
    const bytes = await store.get(key, budget);
    if (bytes === undefined) throw malformed(key);
    const cursor = await readCursor(store, id, shard, budget);
    yield { items: unpackLines(key, bytes), state: cursor?.state ?? FRESH };
  }
}

/** How far a job has come, with what has failed so far, also in shards that are not finished. */
export interface JobSoFar {
  readonly settled: number;
  readonly failures: readonly Pick<Failure, 'code' | 'reason' | 'details' | 'item'>[];
}

/** Holds all failures in memory. @throws as {@link unfinishedShards}. */
export async function readSoFar(
  store: PatientStore,
  plan: Pick<JobPlan, 'id' | 'totals'>,
  budget: Budget,
): Promise<JobSoFar> {
  let settled = plan.totals.items;
  const failures: JobSoFar['failures'][number][] = [];
  for await (const failure of listFailures(store, plan.id, budget)) failures.push(failure);
  for await (const { items, state } of unfinishedShards(store, plan, budget)) {
    settled -= items.length - settledOf(state);
    for (const { index, ...failure } of state.failed) failures.push({ ...failure, item: items[index] });
  }
  return { settled, failures };
}

/** What no outcome is known of yet, in the order of the plan. @throws as {@link unfinishedShards}. */
export async function* itemsLeft(
  store: PatientStore,
  plan: Pick<JobPlan, 'id' | 'totals'>,
  budget: Budget,
): AsyncGenerator<unknown, void, undefined> {
  for await (const { items, state } of unfinishedShards(store, plan, budget)) {
    const left = [...pendingOf(state, items.length), ...state.later.map(({ index }) => index)];
    for (const index of left) yield items[index];
  }
}
