import { abortReason, type Clock } from '../src/clock.ts';

export interface VirtualClock extends Clock {
  /** Runs `work` and moves the time on to the next sleeper whenever nothing else is going on, until `work` is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock on which time passes only while everybody sleeps, and then to the earliest of them: concurrent sleepers wake in the
 * order and at the times that they asked for.
 *
 * @param options `isBusy`: is I/O under way? Time stands still meanwhile, and for `idleTurns` of the event loop after it.
 */
export function virtualClock(
  start: number,
  random: () => number = () => 0.5,
  { idleTurns = 3, isBusy = () => false }: { idleTurns?: number; isBusy?: () => boolean } = {},
): VirtualClock {
  let now = start;
  const sleepers: Sleeper[] = [];
  return {
    now: () => now,
    random,
    async sleep(ms, signal) {
      if (signal?.aborted === true) throw abortReason(signal);
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          const at = sleepers.indexOf(sleeper);
          if (at >= 0) sleepers.splice(at, 1);
          signal?.removeEventListener('abort', onAbort);
        };
        const sleeper: Sleeper = {
          at: now + ms,
          wake: () => {
            leave();
            resolve();
          },
        };
        const onAbort = () => {
          leave();
          reject(abortReason(signal));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        sleepers.push(sleeper);
      });
    },
    async run(work) {
      const progress = { done: false };
      const settled = work.finally(() => {
        progress.done = true;
      });
      // the caller gets the rejection through `settled`
      settled.catch(() => undefined);
      while (!progress.done) {
        for (let turn = 0; turn < idleTurns && !progress.done; turn = isBusy() ? 0 : turn + 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (progress.done) break;
        const [first] = sleepers.toSorted((one, other) => one.at - other.at);
        if (first === undefined) continue;
        now = Math.max(now, first.at);
        first.wake();
      }
      return settled;
    },
  };
}
