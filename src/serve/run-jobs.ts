/** Jobs in the background of a server. */
import type { Clock } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { DueResult } from '../jobs/run-due-jobs.ts';
import type { Logger } from '../log.ts';

/** ms between two looks for jobs. A look is one listing. */
const LOOK_MS = 30_000;
/** ms; while looking fails, the looks are this far apart at most. */
const MAX_LOOK_MS = 10 * 60_000;

/** Works on all jobs that are not over until nothing of them is free. */
export interface DueJobs {
  runDueJobs(options: {
    readonly signal: AbortSignal;
    readonly workers: number;
  }): Promise<readonly DueResult[]>;
}

export interface JobsOptions {
  readonly runner: DueJobs;
  /** Shards that are worked on at once. */
  readonly workers: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunningJobs {
  /** Ends the work under way, writes down what is done, and gives what is left to other runners. */
  stop(): Promise<void>;
}

/** Looks for jobs until it is stopped. A job or a store that fails is logged and does not end it. */
export function startJobs({ runner, workers, clock, logger }: JobsOptions): RunningJobs {
  const ending = new AbortController();
  const { signal } = ending;
  const told = new Map<string, string>();
  const look = async (): Promise<boolean> => {
    try {
      for (const result of await runner.runDueJobs({ signal, workers })) tell(logger, told, result);
      return true;
    } catch (thrown) {
      if (signal.aborted) return true;
      const { code, message } = toArchiveError(thrown);
      logger.log('error', `jobs cannot be looked for: ${message}`, { code });
      return false;
    }
  };
  const running = (async () => {
    let pauseMs = LOOK_MS;
    while (!signal.aborted) {
      pauseMs = (await look()) ? LOOK_MS : Math.min(pauseMs * 2, MAX_LOOK_MS);
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      ending.abort(new ArchiveError('INTERRUPTED', 'the server is stopping'));
      await running;
    },
  };
}

/** A job that stops for the same reason at every look is told of once. */
function tell(logger: Logger, told: Map<string, string>, result: DueResult): void {
  const { job, end, done, already, failed, bytes, error } = result;
  if (error !== undefined) {
    if (told.get(job) === error.code) return;
    told.set(job, error.code);
    logger.log('error', `job ${job} stopped: ${error.message}`, { code: error.code, state: end });
    return;
  }
  const settled = done + already + failed;
  if (settled > 0) {
    told.delete(job);
    logger.log('info', `job ${job}: ${done} done, ${already} found done, ${failed} failed`, {
      bytes,
      state: end,
    });
  }
}
