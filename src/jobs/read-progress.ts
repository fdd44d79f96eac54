/** What can be seen of a job from any machine: listings, and the cursors of a few shards. */
import type { Budget } from '../clock.ts';
import { readControl } from './control.ts';
import { readCursor } from './cursor.ts';
import { type Estimate, WorkHistory } from './estimate.ts';
import type { JobPlan, Limit, Rate } from './kind.ts';
import { closedKey, leasesPrefix, parseLeaseKey } from './keys.ts';
import { JOB_TIMING } from './lease-policy.ts';
import type { PatientStore } from './patient-store.ts';
import { finishedShards } from './shards/finished.ts';
import { present } from '../present.ts';

/** Unfinished shards that are looked into, in order: runners take the first ones first. */
const DEFAULT_OPEN_SHARDS = 16;

/**
 * `waiting`: no runner works on it. `resting`: what is left has to wait. `ended` has two words, so that nothing is taken for done that
 * was cancelled.
 */
export type JobState = 'running' | 'resting' | 'waiting' | 'paused' | 'cancelled' | 'finished';

export interface JobProgress {
  readonly plan: JobPlan;
  readonly state: JobState;
  readonly rate: Rate;
  readonly done: number;
  readonly already: number;
  readonly failed: number;
  /** Items that have to wait, in the shards that were looked into. */
  readonly later: number;
  readonly left: number;
  readonly bytes: number;
  /** Objects written. */
  readonly results: number;
  readonly shardsDone: number;
  readonly estimate?: Estimate;
  readonly limitedBy?: Limit;
  /** Runners that hold a shard now. */
  readonly runners: readonly string[];
  /** Why the last runner gave a shard back: the code of an error. */
  readonly stoppedBy?: string;
}

export interface ProgressRequest {
  readonly store: PatientStore;
  readonly plan: JobPlan;
  readonly budget: Budget;
  /** Epoch ms. */
  readonly now: number;
  readonly openShards?: number;
}

interface OpenShard {
  readonly settled: number;
  readonly later: number;
  readonly counts: { readonly done: number; readonly already: number; readonly failed: number };
  readonly bytes: number;
  readonly results: number;
  readonly seconds: number;
  readonly writtenAt: number;
  readonly limitedBy: Limit | undefined;
}

/** @throws `STORE_*`, `OBJECT_MALFORMED`. */
export async function readProgress(request: ProgressRequest): Promise<JobProgress> {
  const { store, plan, budget, now } = request;
  const history = new WorkHistory(now);
  const sum = { done: 0, already: 0, failed: 0, bytes: 0, results: 0 };
  const finished = new Uint8Array(plan.totals.shards);
  let shardsDone = 0;
  for await (const shard of finishedShards(store, plan.id, budget)) {
    if (shard.shard >= finished.length) continue;
    finished[shard.shard] = 1;
    shardsDone += 1;
    for (const name of ['done', 'already', 'failed', 'bytes', 'results'] as const) sum[name] += shard[name];
    const { done, already, failed, seconds, bytes, finishedAt } = shard;
    history.add({ at: finishedAt, seconds, items: done + already + failed, bytes });
  }
  const control = await readControl(store, plan, budget);
  const over = shardsDone === plan.totals.shards;
  const open = over ? [] : firstOpen(finished, request.openShards ?? DEFAULT_OPEN_SHARDS);
  const holders: Holder[] = [];
  let later = 0;
  let newest: OpenShard | undefined;
  for (const shard of open) {
    const holder = await readHolder(store, { id: plan.id, shard }, budget);
    // a shard without a lease was never begun
    if (holder === undefined) continue;
    const cursor = await readOpen(store, { id: plan.id, shard }, budget);
    // for people only: no lease is judged by the clock of this machine
    const age = now - Math.max(holder.at, cursor?.writtenAt ?? 0);
    holders.push({ ...holder, held: holder.held && age < JOB_TIMING.leaseMs });
    if (cursor === undefined) continue;
    for (const name of ['done', 'already', 'failed'] as const) sum[name] += cursor.counts[name];
    const { bytes, results, seconds, settled, writtenAt: at } = cursor;
    sum.bytes += bytes;
    sum.results += results;
    later += cursor.later;
    history.add({ at, seconds, items: settled, bytes });
    if (newest === undefined || cursor.writtenAt > newest.writtenAt) newest = cursor;
  }
  const left = Math.max(0, plan.totals.items - sum.done - sum.already - sum.failed);
  const runners = [...new Set(holders.flatMap(({ owner, held }) => (held ? [owner] : [])))];
  const isMoving = runners.length > 0 && !over;
  const estimate = isMoving ? history.estimate(left) : undefined;
  const closed =
    !over && control.wish === 'cancel' && (await store.get(closedKey(plan.id), budget)) !== undefined;
  const stoppedBy = holders.toSorted((a, b) => b.at - a.at)[0]?.code;
  return {
    plan,
    state: stateOf({ over, closed, wish: control.wish, isMoving, later, left }),
    rate: control.rate,
    ...sum,
    later,
    left,
    shardsDone,
    runners,
    ...present({
      estimate,
      limitedBy: isMoving ? newest?.limitedBy : undefined,
      stoppedBy: isMoving || over ? undefined : stoppedBy,
    }),
  };
}

function stateOf(it: {
  readonly over: boolean;
  readonly closed: boolean;
  readonly wish: 'run' | 'pause' | 'cancel';
  readonly isMoving: boolean;
  readonly later: number;
  readonly left: number;
}): JobState {
  if (it.over) return 'finished';
  if (it.closed || it.wish === 'cancel') return 'cancelled';
  if (it.wish === 'pause') return 'paused';
  if (it.isMoving) return 'running';
  return it.later > 0 && it.later === it.left ? 'resting' : 'waiting';
}

function firstOpen(finished: Uint8Array, most: number): number[] {
  const open: number[] = [];
  for (let shard = 0; shard < finished.length && open.length < most; shard += 1) {
    if (finished[shard] !== 1) open.push(shard);
  }
  return open;
}

interface Holder {
  readonly owner: string;
  /** Not given back. */
  readonly held: boolean;
  readonly code: string | undefined;
  /** The store's time of the lease, epoch ms. */
  readonly at: number;
}

interface ShardOf {
  readonly id: string;
  readonly shard: number;
}

async function readHolder(
  store: PatientStore,
  { id, shard }: ShardOf,
  budget: Budget,
): Promise<Holder | undefined> {
  let newest: { readonly key: string; readonly turn: number; readonly at: number } | undefined;
  for await (const { key, lastModified } of store.list(leasesPrefix(id, shard), budget)) {
    const turn = parseLeaseKey(key);
    if (turn !== undefined && turn > (newest?.turn ?? 0)) newest = { key, turn, at: lastModified };
  }
  if (newest === undefined) return undefined;
  const lease = await store.getJson(newest.key, budget);
  const { owner, released, code } = { ...lease };
  return {
    owner: typeof owner === 'string' ? owner.slice(0, 200) : 'unknown',
    held: released !== true,
    code: typeof code === 'string' ? code.slice(0, 64) : undefined,
    at: newest.at,
  };
}

async function readOpen(
  store: PatientStore,
  { id, shard }: ShardOf,
  budget: Budget,
): Promise<OpenShard | undefined> {
  const cursor = await readCursor(store, id, shard, budget);
  if (cursor === undefined) return undefined;
  const { counts, failed, later } = cursor.state;
  const settled = counts.done + counts.already + failed.length;
  return {
    settled,
    later: later.length,
    counts: { done: counts.done, already: counts.already, failed: failed.length },
    bytes: counts.bytes,
    results: counts.results,
    seconds: cursor.seconds,
    writtenAt: cursor.writtenAt,
    limitedBy: cursor.limitedBy,
  };
}
