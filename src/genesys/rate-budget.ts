import { abortReason, type Budget, type Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';

/**
 * Requests a token may make in a minute: `client.credentials.token.rate.per.minute` of the platform's published limits. Answers
 * state it (`inin-ratelimit-allowed`), because it can be raised.
 */
export const REQUESTS_PER_MINUTE = 300;

/**
 * The minute in which requests are counted, ms. The platform counts when they arrive and we when they leave: the second on top
 * covers what the network adds to one of them and not to the next.
 */
export const RATE_WINDOW_MS = 61_000;

/** What a process knows of its budget. */
export interface RateState {
  /** When the latest requests were sent, epoch ms, ascending. */
  readonly sentAt: readonly number[];
  /** Requests in any {@link RATE_WINDOW_MS}; at least 1. */
  readonly limit: number;
  /** Epoch ms before which nothing is sent, because the platform said so. */
  readonly pausedUntil: number;
}

/** How long the next request has to wait, ms; 0 when it may be sent. Pure. */
export function timeUntilNext({ sentAt, limit, pausedUntil }: RateState, now: number): number {
  const pause = Math.max(0, pausedUntil - now);
  // with the request before the last `limit - 1` out of the window, there is room for one more
  const blocking = sentAt.at(-limit);
  return blocking === undefined ? pause : Math.max(pause, blocking + RATE_WINDOW_MS - now);
}

/** What one answer said of the budget of its token. */
export interface RateReport {
  readonly allowed: number | undefined;
  /** Requests counted so far, this one included. */
  readonly count: number | undefined;
  /** Until the count starts over, ms. */
  readonly resetMs: number | undefined;
}

/** `inin-ratelimit-allowed`, `-count` and `-reset` (seconds); `undefined` where absent or no plain number. */
export function readRateReport(headers: Readonly<Record<string, string>>): RateReport {
  const read = (name: string) => {
    const text = headers[`inin-ratelimit-${name}`];
    return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  };
  const resetS = read('reset');
  return {
    allowed: read('allowed'),
    count: read('count'),
    resetMs: resetS === undefined ? undefined : resetS * 1000,
  };
}

/** The part of `allowed` that one of several concurrent processes may use; at least one request. Pure. */
export function shareOf(allowed: number, share: number): number {
  return Math.max(1, Math.floor(allowed * share));
}

export interface RateBudget {
  /**
   * Waits until one more request may be sent, first come, first served, and counts it.
   * @throws `GENESYS_THROTTLED` (retryable) when the budget's deadline comes first; the signal's reason when it aborts.
   */
  acquire(budget: Budget): Promise<void>;
  /** Takes in what an answer said. */
  observe(report: RateReport): void;
  /** Stops all requests for `ms`: the platform answered 429. */
  pause(ms: number): void;
}

export interface RateBudgetOptions {
  readonly clock: Clock;
  /** In (0, 1]; what is left to the other invocations that use the same OAuth client. */
  readonly share?: number;
}

/** A longer pause is the retry policy's to judge, ms; this only holds the others back meanwhile. */
const MAX_PAUSE_MS = 180_000;

interface Waiter {
  readonly budget: Budget;
  readonly admit: () => void;
  readonly refuse: (error: ArchiveError) => void;
}

/** Drops what is out of the window, once that is half of the list: a raised limit makes it long, and copying it each time dear. */
function forgetOld(sentAt: number[], now: number): void {
  const isOld = (at: number | undefined) => at !== undefined && at <= now - RATE_WINDOW_MS;
  if (!isOld(sentAt[sentAt.length >> 1])) return;
  const fresh = sentAt.findIndex((at) => !isOld(at));
  sentAt.splice(0, fresh === -1 ? sentAt.length : fresh);
}

/** The one budget of a process: all calls with its token wait here. */
export function createRateBudget(options: RateBudgetOptions): RateBudget {
  return new WindowBudget(options);
}

class WindowBudget implements RateBudget {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #sentAt: number[] = [];
  #state: RateState;
  readonly #waiting: Waiter[] = [];
  #pumping = false;
  #sleep: AbortController | undefined;

  constructor({ clock, share = 1 }: RateBudgetOptions) {
    this.#clock = clock;
    this.#share = share;
    this.#state = { sentAt: this.#sentAt, limit: shareOf(REQUESTS_PER_MINUTE, share), pausedUntil: 0 };
  }

  async acquire(budget: Budget): Promise<void> {
    const { signal } = budget;
    if (signal.aborted) throw abortReason(signal);
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        budget,
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        refuse: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      const onAbort = () => {
        this.#leave(waiter);
        waiter.refuse(abortReason(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      if (!this.#pumping) void this.#pump();
    });
  }

  observe({ allowed, count, resetMs }: RateReport): void {
    if (allowed !== undefined && allowed > 0)
      this.#state = { ...this.#state, limit: shareOf(allowed, this.#share) };
    // another process uses the same token, or this one forgot what it sent before
    if (allowed !== undefined && count !== undefined && resetMs !== undefined && count >= allowed) {
      this.pause(resetMs);
    }
  }

  pause(ms: number): void {
    const until = this.#clock.now() + Math.min(ms, MAX_PAUSE_MS);
    if (until > this.#state.pausedUntil) this.#state = { ...this.#state, pausedUntil: until };
  }

  /** Admits those who wait, one after the other, until none is left. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const now = this.#clock.now();
      const waitMs = timeUntilNext(this.#state, now);
      if (waitMs === 0) {
        forgetOld(this.#sentAt, now);
        this.#sentAt.push(now);
        this.#leave(first);
        first.admit();
      } else if (now + waitMs >= first.budget.deadline) {
        this.#leave(first);
        first.refuse(noRoom(waitMs));
      } else {
        this.#sleep = new AbortController();
        // the waiters have signals of their own; this sleep only ends early without waiters
        await this.#clock.sleep(waitMs, this.#sleep.signal).catch(() => undefined);
        this.#sleep = undefined;
      }
    }
    // in the same turn as the queue was seen to be empty: a call that comes now must start anew
    this.#pumping = false;
  }

  #leave(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
    // no waiter is left: end the timer, which would keep the process alive
    if (this.#waiting.length === 0) this.#sleep?.abort();
  }
}

function noRoom(waitMs: number): ArchiveError {
  const message = 'the rate budget has no room for this call before its deadline';
  return new ArchiveError('GENESYS_THROTTLED', message, { details: { waitMs } });
}
