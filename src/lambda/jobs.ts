/** The scheduled runner of jobs: `dist/lambda/jobs.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { createJobRunner } from '../create/job-runner.ts';
import { ArchiveError } from '../errors.ts';
import { JOB_KINDS } from '../job-kinds/kinds.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';
import { present } from '../present.ts';

/** Kinds that the role of the function can do all of. The others are left to runners of other roles. */
const KINDS: ReadonlySet<string> = new Set(['backfill', 'verify']);

/** ms before the end of the invocation from which on no work is begun: what is under way comes to its end. */
const LAST_BEGIN_MS = 60_000;
/** ms before the end at which what is still under way is ended, and written down. */
const RESERVE_MS = 15_000;

/** Shards at once: most of the time is spent waiting for the platform and for S3. */
const WORKERS = 2;

export const handler = createScheduledHandler(RESERVE_MS, runJobs);

/** What one invocation has done, of all jobs. */
export interface JobsReport {
  readonly jobs: number;
  readonly done: number;
  readonly already: number;
  readonly failed: number;
  readonly bytes: number;
}

/**
 * Works on the jobs of the archive until nothing of them is free, or the time is over; the next invocation goes on.
 *
 * @throws what a job was stopped by, after all others had their turn; `STORE_*` where the jobs cannot be listed.
 */
export async function runJobs(run: ScheduledRun): Promise<JobsReport> {
  const { env, budget, clock, logger } = run;
  const { logLevel, warnings } = loadConfig({ env }, 'store');
  logger.setLevel(logLevel);
  for (const warning of warnings) logger.log('warn', warning);
  const runner = await createJobRunner({
    clock,
    logger,
    settings: (purpose) => Promise.resolve().then(() => loadConfig({ env }, purpose)),
    kinds: JOB_KINDS.filter(({ name }) => KINDS.has(name)),
    owner: env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'function',
  });
  const total = { jobs: 0, done: 0, already: 0, failed: 0, bytes: 0 };
  try {
    const results = await runner.runDueJobs({
      deadline: budget.deadline - (LAST_BEGIN_MS - RESERVE_MS),
      signal: budget.signal,
      workers: WORKERS,
      onEvent: ({ what, job, code, item }) => {
        if (what !== 'item-failed') return;
        logger.log('warn', `an item of the job ${job} has failed`, {
          state: 'failed',
          ...present({ code, reason: item }),
        });
      },
    });
    for (const { job, end, done, already, failed, bytes, error } of results) {
      total.jobs += 1;
      total.done += done;
      total.already += already;
      total.failed += failed;
      total.bytes += bytes;
      const level = end === 'stopped' ? 'error' : 'info';
      logger.log(level, `job ${job}: ${done} done, ${already} done before, ${failed} failed`, {
        state: end,
        count: done,
        bytes,
        ...present({ code: error?.code, reason: error?.message }),
      });
    }
    // the others had their turn; the alarm counts failed invocations
    const stopped = results.find(({ error }) => error !== undefined);
    if (stopped?.error !== undefined) {
      const { code, message } = stopped.error;
      throw new ArchiveError(code, `the job ${stopped.job} was stopped: ${message}`);
    }
    return total;
  } finally {
    runner.close();
  }
}
