/** Shows the progress of a job until it is over. */
import { type Budget, unlimited } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import type { PatientStore } from '../../jobs/patient-store.ts';
import { type JobProgress, readProgress } from '../../jobs/read-progress.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';
import { describeProgress, progressFields, shortId, showJob } from './describe-job.ts';

/** ms between two looks: each is a handful of requests. */
const LOOK_LIVE_MS = 5_000;
const LOOK_MS = 10_000;
/** The first look after the first one; the next ones come later and later. */
const FIRST_LOOK_MS = 1_000;
/** Shards under way that a look goes into. */
const OPEN_SHARDS = 8;

export interface FollowedJob {
  readonly store: PatientStore;
  readonly plan: JobPlan;
  readonly budget: Budget;
}

export function isOver({ state }: JobProgress): boolean {
  return state === 'finished' || state === 'cancelled';
}

/** Shows progress until the job is over. @throws what the budget's signal says. */
export async function watchJob(
  context: CommandContext,
  job: FollowedJob,
  quietly: boolean,
): Promise<JobProgress> {
  const { ui, clock } = context;
  const pauseMs = ui.live ? LOOK_LIVE_MS : LOOK_MS;
  try {
    for (let looks = 0; ; looks += 1) {
      const progress = await readProgress({ ...job, now: clock.now(), openShards: OPEN_SHARDS });
      if (isOver(progress)) return progress;
      if (!quietly) tellProgress(context, progress);
      const quiet = Math.min(LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 10));
      await clock.sleep(quietly ? quiet : pauseMs, job.budget.signal);
    }
  } finally {
    ui.status(undefined);
  }
}

/** Shows progress while `work` goes on; what cannot be read meanwhile is not shown. */
export async function watchWhile<T>(context: CommandContext, job: FollowedJob, work: Promise<T>): Promise<T> {
  const { ui, clock } = context;
  const over = new AbortController();
  const watching = (async () => {
    for (;;) {
      await clock.sleep(ui.live ? LOOK_LIVE_MS : LOOK_MS, over.signal);
      const progress = await readProgress({ ...job, now: clock.now(), openShards: OPEN_SHARDS });
      if (!over.signal.aborted) tellProgress(context, progress);
    }
  })().catch(() => undefined);
  try {
    return await work;
  } finally {
    over.abort();
    await watching;
    ui.status(undefined);
  }
}

function tellProgress({ ui }: CommandContext, progress: JobProgress): void {
  if (ui.json) ui.record('progress', progressFields(progress));
  else if (ui.live) ui.status(describeProgress(progress));
  else ui.say(describeProgress(progress));
}

/**
 * Shows how a job that is over has ended.
 *
 * @returns the exit code: 0.
 * @throws `SOME_FAILED` where items failed, or were left when it was cancelled.
 */
export async function concludeJob(
  { ui, clock }: CommandContext,
  { store, plan }: Pick<FollowedJob, 'store' | 'plan'>,
): Promise<number> {
  const progress = await readProgress({ store, plan, budget: unlimited, now: clock.now() });
  showJob(ui, progress);
  const { failed, left, state } = progress;
  if (state === 'cancelled') {
    throw new ArchiveError('SOME_FAILED', `job ${plan.id} was cancelled with ${count(left, 'item')} left`, {
      hint: 'plan it again: items that are done are skipped',
    });
  }
  if (failed === 0) return 0;
  throw new ArchiveError('SOME_FAILED', `${failed} of ${count(plan.totals.items, 'item')} failed`, {
    hint: `genesys-archive jobs failed ${shortId(plan.id)} lists them, jobs retry ${shortId(plan.id)} makes a job of them`,
  });
}
