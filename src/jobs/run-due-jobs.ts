/** What a runner does that is not told which job to work on. */
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import type { AnyJobKind } from './kind.ts';
import type { RunEvent, RunResult } from './requests.ts';
import type { JobTiming } from './lease-policy.ts';
import { patientStore } from './patient-store.ts';
import { listJobs, readPlan } from './read-job.ts';
import { runJob } from './run-job.ts';
import { present } from '../present.ts';

/** How long one of several jobs is worked on before the next has its turn, ms. */
const SLICE_MS = 3 * 60_000;

export interface DueRequest {
  readonly store: ObjectStore;
  /** @returns `undefined` for a kind that this runner cannot work on. Called once for each kind that a job needs. */
  readonly kindOf: (name: string) => Promise<AnyJobKind | undefined>;
  readonly owner: string;
  readonly clock: Clock;
  /** No shard is begun after its deadline. Its signal ends the work within seconds. */
  readonly budget: Budget;
  /** Asked when there is something to work on. */
  readonly signer: () => Promise<ReceiptSigner | undefined>;
  readonly workers?: number;
  readonly timing?: Partial<JobTiming>;
  readonly onEvent?: (event: RunEvent) => void;
}

/** What became of one job. */
export interface DueResult extends RunResult {
  readonly job: string;
}

/**
 * Works on all jobs that are not over, oldest first and in turns, until nothing of any is free or the time is over. A job that
 * cannot be worked on does not keep the others.
 *
 * @throws `STORE_*` where the jobs cannot be listed.
 */
export async function runDueJobs(request: DueRequest): Promise<readonly DueResult[]> {
  const { clock, budget } = request;
  const store = patientStore(request.store, clock);
  const results = new Map<string, DueResult>();
  const given = new Set<string>();
  for (;;) {
    const open: string[] = [];
    for await (const { id, closed } of listJobs(store, budget)) if (!closed && !given.has(id)) open.push(id);
    let moved = false;
    for (const id of open) {
      if (budget.signal.aborted || clock.now() >= budget.deadline) return [...results.values()];
      const result = await runOne(request, id, open.length > 1);
      if (result === undefined) {
        given.add(id);
        continue;
      }
      const before = results.get(id);
      results.set(id, { ...(before === undefined ? result : addUp(before, result)), job: id });
      const worked = result.done + result.already + result.failed > 0;
      if (worked && result.end === 'deadline') moved = true;
      // one that is over, or met an error that its next attempt would meet as well, has had its turn
      else given.add(id);
    }
    if (!moved) return [...results.values()];
  }
}

/** @returns `undefined` for one that has no plan (yet), or is another runner's kind. */
async function runOne(request: DueRequest, id: string, several: boolean): Promise<RunResult | undefined> {
  const { store, owner, clock, budget, workers, timing, onEvent } = request;
  const slice = several ? clock.now() + SLICE_MS : Number.POSITIVE_INFINITY;
  try {
    const plan = await readPlan(patientStore(store, clock), id, budget);
    const kind = plan === undefined ? undefined : await request.kindOf(plan.kind);
    if (plan === undefined || kind === undefined) return undefined;
    const signer = await request.signer();
    return await runJob({
      store,
      kinds: [kind],
      id,
      owner,
      clock,
      budget: { signal: budget.signal, deadline: Math.min(budget.deadline, slice) },
      ...present({ signer, workers, timing, onEvent }),
    });
  } catch (error) {
    if (budget.signal.aborted) return undefined;
    const { code, message, details } = error instanceof ArchiveError ? error : toArchiveError(error);
    return { end: 'stopped', done: 0, already: 0, failed: 0, bytes: 0, error: { code, message, details } };
  }
}

function addUp(before: RunResult, result: RunResult): RunResult {
  return {
    ...result,
    done: before.done + result.done,
    already: before.already + result.already,
    failed: before.failed + result.failed,
    bytes: before.bytes + result.bytes,
  };
}
