/** No more items than the rate of a job allows. */
import type { WorkContext } from './kind.ts';

/**
 * Returns what waits until the next item may begin. With `yield` it never waits: kinds that share a limit with live calls follow that
 * limit themselves.
 */
export function pacer(
  context: Pick<WorkContext, 'rate' | 'now'>,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): (signal: AbortSignal) => Promise<void> {
  let freeAt = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const rate = context.rate();
    if (rate === 'yield') return;
    const now = context.now();
    const gap = 60_000 / rate;
    // what was not used is not made up for, and a clock that was put back waits for one gap at most
    const begin = Math.min(Math.max(now, freeAt), now + gap);
    freeAt = begin + gap;
    if (begin > now) await sleep(begin - now, signal).catch(() => undefined);
  };
}
