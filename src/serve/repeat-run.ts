import { type Budget, type Clock, startBudget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';

/** Work that the server does again and again, beside its webhooks. */
export interface RepeatedRun {
  readonly firstAfterMs: number;
  readonly everyMs: number;
  /** One run. `'last'` where another would be of no use. */
  readonly run: (budget: Budget) => Promise<'last' | undefined>;
  /** Tells of a run that failed. The next one comes, unless this says `'last'`. */
  readonly onFailure: (error: ArchiveError) => 'last' | undefined;
}

export interface Repeated {
  /** Ends what is under way; what it has not written is written by the next run. */
  stop(): Promise<void>;
}

/** Starts to repeat `run` until it is stopped. */
export function repeatRun(clock: Clock, { firstAfterMs, everyMs, run, onFailure }: RepeatedRun): Repeated {
  const stopping = new AbortController();
  const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, stopping.signal);
  const working = work();

  async function work(): Promise<void> {
    let wait = firstAfterMs;
    for (;;) {
      try {
        await clock.sleep(wait, stopping.signal);
      } catch {
        return;
      }
      if ((await runOnce()) === 'last') return;
      wait = everyMs;
    }
  }

  async function runOnce(): Promise<'last' | undefined> {
    try {
      return await run(budget);
    } catch (thrown) {
      return stopping.signal.aborted ? 'last' : onFailure(toArchiveError(thrown));
    }
  }

  return {
    stop: async () => {
      stopping.abort(new ArchiveError('INTERRUPTED', 'the server is stopping'));
      await working;
      end();
    },
  };
}
