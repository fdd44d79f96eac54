import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { ArchiveError } from './errors.ts';
import { present } from './present.ts';

/**
 * The only doors to time and (non-cryptographic) chance. Injected once at the top, so that policy can be tested with a
 * virtual clock. Keys, IVs and other secrets never come from here: they come from `node:crypto`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with an `OUT_OF_TIME` or `INTERRUPTED` error when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). Used for retry jitter only. */
  random(): number;
}

/** The machine's own time and chance. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, present({ signal }));
    } catch {
      throw abortReason(signal);
    }
  },
  random: () => Math.random(),
};

/** What one piece of work may still spend. Every port method that does I/O takes one. */
export interface Budget {
  /** Epoch milliseconds after which nothing new is started; `Infinity` when there is no limit. */
  readonly deadline: number;
  /** Aborted when the work must stop now. Its `reason` is an {@link ArchiveError}. */
  readonly signal: AbortSignal;
}

/** The controller's signal, for many calls that listen to it at once: that is its purpose, not a leak. */
export function sharedSignal(controller: AbortController): AbortSignal {
  setMaxListeners(0, controller.signal);
  return controller.signal;
}

/** No limit at all: what is begun is ended, however long it takes. */
export const unlimited: Budget = {
  deadline: Number.POSITIVE_INFINITY,
  signal: sharedSignal(new AbortController()),
};

/** The error to throw when `signal` has aborted: its own reason where that is one of ours, `INTERRUPTED` otherwise. */
export function abortReason(signal: AbortSignal | undefined): ArchiveError {
  const reason: unknown = signal?.reason;
  return reason instanceof ArchiveError
    ? reason
    : new ArchiveError('INTERRUPTED', 'the work was interrupted');
}

/** Waits for work that another caller may own, without waiting longer than this caller may. */
export async function waitFor<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** Aborts `controller` when `parent` aborts, with its reason. @returns what ends that. */
export function followAbort(parent: AbortSignal | undefined, controller: AbortController): () => void {
  const stop = () => controller.abort(abortReason(parent));
  if (parent?.aborted === true) stop();
  parent?.addEventListener('abort', stop, { once: true });
  return () => parent?.removeEventListener('abort', stop);
}

/**
 * A budget that ends `reserveMs` before `deadline`, so that there is time left to clean up (abort the multipart upload,
 * report the record as failed) before the platform ends the process.
 *
 * @returns the budget and `end`, which must be called when the work is over, to free the timer.
 */
export function startBudget(
  clock: Pick<Clock, 'now'>,
  deadline: number,
  reserveMs = 0,
  parent?: AbortSignal,
): { budget: Budget; end: () => void } {
  const controller = new AbortController();
  const unfollow = followAbort(parent, controller);
  const effective = deadline - reserveMs;
  let timer: NodeJS.Timeout | undefined;
  if (Number.isFinite(effective)) {
    const left = Math.min(Math.max(0, effective - clock.now()), 2_147_483_647); // setTimeout's 32-bit limit, ms
    timer = setTimeout(() => {
      controller.abort(new ArchiveError('OUT_OF_TIME', 'the time for this work is used up'));
    }, left);
    timer.unref();
  }
  return {
    budget: { deadline: effective, signal: sharedSignal(controller) },
    end: () => {
      clearTimeout(timer);
      unfollow();
    },
  };
}
