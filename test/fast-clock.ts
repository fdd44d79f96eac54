import { abortReason, type Clock } from '../src/clock.ts';

export interface FastClock extends Clock {
  /** Every pause that was asked for, ms, in order. */
  readonly slept: number[];
  /** Moves the time on, ms. */
  advance(ms: number): void;
}

/** A clock on which sleeping takes no time, but time passes: real time plus everything slept. */
export function fastClock(start = Date.now(), random: () => number = () => 0.5): FastClock {
  const began = performance.now();
  let skipped = 0;
  const slept: number[] = [];
  return {
    slept,
    advance: (ms) => {
      skipped += ms;
    },
    now: () => Math.round(start + skipped + (performance.now() - began)),
    random,
    sleep: async (ms, signal) => {
      if (signal?.aborted === true) throw abortReason(signal);
      slept.push(ms);
      skipped += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
