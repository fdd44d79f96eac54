/** The end of a job: what it came to, once. */
import * as z from 'zod';
import type { Budget, Clock } from '../clock.ts';
import { parseForeignJson } from '../json.ts';
import { formatSigned, type ReceiptSigner } from '../record/receipt/receipt.ts';
import { readCursor } from './cursor.ts';
import { readFailures } from './failed-list.ts';
import type { JobPlan } from './kind.ts';
import { closedKey, reportKey } from './keys.ts';
import { jsonBytes, type PatientStore } from './patient-store.ts';
import { finishedShards } from './shards/finished.ts';

/** Shards that are not finished and are looked into, for a job that was cancelled. */
const MAX_OPEN_SHARDS = 256;
/** Codes that a report lists. */
const MAX_CODES = 40;

export interface ReportRequest {
  readonly store: PatientStore;
  readonly plan: JobPlan;
  readonly state: 'finished' | 'cancelled';
  readonly clock: Clock;
  readonly budget: Budget;
  readonly signer: ReceiptSigner | undefined;
}

/** Writes the report and closes the job. Both once: what stands there stays. */
export async function writeReport(request: ReportRequest): Promise<void> {
  const { store, plan, state, clock, budget, signer } = request;
  if ((await store.get(reportKey(plan.id), budget)) === undefined) {
    const totals = await addUp(request);
    const { id, kind, name, createdBy, createdAt, retryOf } = plan;
    const issued = new Date(clock.now()).toISOString();
    const statement = {
      type: 'job-report',
      schemaVersion: 1,
      job: { id, kind, name, createdBy, createdAt, retryOf, planned: plan.totals },
      state,
      totals,
      times: { issued },
    };
    await store.put(reportKey(plan.id), await formatSigned(statement, signer, budget), budget);
  }
  await store.put(closedKey(plan.id), jsonBytes({ state }), budget);
}

/** Of a report. */
const carriedOut = z.object({
  state: z.literal('finished'),
  totals: z.object({ failed: z.literal(0), left: z.literal(0) }),
});

/** Reports whether the job is over and has left nothing: what was broken off, or has failed, needs its lists. @throws what the store throws. */
export async function isCarriedOut(store: PatientStore, id: string, budget: Budget): Promise<boolean> {
  const report = await store.get(reportKey(id), budget);
  const text = report === undefined ? '' : Buffer.from(report).toString('utf8');
  return carriedOut.safeParse(parseForeignJson(text)).success;
}

async function addUp({ store, plan, state, budget }: ReportRequest) {
  const totals = { done: 0, already: 0, failed: 0, bytes: 0, results: 0, seconds: 0 };
  const codes = new Map<string, number>();
  const finished = new Set<number>();
  for await (const shard of finishedShards(store, plan.id, budget)) {
    finished.add(shard.shard);
    for (const name of ['done', 'already', 'failed', 'bytes', 'results', 'seconds'] as const) {
      totals[name] += shard[name];
    }
    if (shard.failed === 0) continue;
    for (const { code } of await readFailures(store, plan.id, shard, budget)) count(codes, code);
  }
  if (state === 'cancelled') {
    let looked = 0;
    for (let shard = 0; shard < plan.totals.shards && looked < MAX_OPEN_SHARDS; shard += 1) {
      if (finished.has(shard)) continue;
      looked += 1;
      const cursor = await readCursor(store, plan.id, shard, budget);
      if (cursor === undefined) continue;
      const { counts, failed } = cursor.state;
      for (const name of ['done', 'already', 'bytes', 'results'] as const) totals[name] += counts[name];
      totals.failed += failed.length;
      for (const { code } of failed) count(codes, code);
    }
  }
  const settled = totals.done + totals.already + totals.failed;
  const failures = [...codes].sort(([, a], [, b]) => b - a).slice(0, MAX_CODES);
  return { ...totals, left: plan.totals.items - settled, failures: Object.fromEntries(failures) };
}

function count(codes: Map<string, number>, code: string): void {
  codes.set(code, (codes.get(code) ?? 0) + 1);
}
