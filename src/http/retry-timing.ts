/**
 * When to try again. Pure: no clock, no network, no randomness of its own. Every HTTP call of the product, S3 included,
 * is timed by this module.
 */

export interface RetryPolicy {
  /** How often a failed call is repeated at most. */
  readonly retries: number;
  /** Upper bound of the first delay, ms; doubles with every retry. */
  readonly baseMs: number;
  /** Upper bound of any delay this module chooses itself, ms. */
  readonly capMs: number;
  /** A server that asks for a longer pause than this (ms) is not waited for: the work goes back to its queue. */
  readonly maxRetryAfterMs: number;
}

/**
 * Genesys Cloud: 300 requests a minute per token, so a throttled caller may be told to wait up to a minute. Its own CLI gives
 * up above 180 s.
 */
export const GENESYS_RETRIES: RetryPolicy = {
  retries: 5,
  baseMs: 500,
  capMs: 20_000,
  maxRetryAfterMs: 180_000,
};

/** The media host: resumes and repeats of one download. */
export const MEDIA_RETRIES: RetryPolicy = { retries: 5, baseMs: 250, capMs: 10_000, maxRetryAfterMs: 60_000 };

/** S3 `SlowDown` and its kin: at least 5 retries, none later than 30 s after the one before. */
export const S3_RETRIES: RetryPolicy = { retries: 7, baseMs: 400, capMs: 30_000, maxRetryAfterMs: 30_000 };

/** KMS: its throttling is counted by the second, and a waiting download stands behind every call. */
export const KMS_RETRIES: RetryPolicy = { retries: 6, baseMs: 100, capMs: 10_000, maxRetryAfterMs: 30_000 };

export interface FailedAttempt {
  /** How many attempts have failed so far, from 1. */
  readonly failures: number;
  /** Pause the server asked for, ms, see {@link parseRetryAfter}. */
  readonly retryAfterMs?: number | undefined;
  /** Epoch ms. */
  readonly now: number;
  /** Epoch ms after which no attempt may start. */
  readonly deadline: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly why: 'exhausted' | 'deadline' | 'asked-to-wait-too-long' };

/**
 * Full jitter (delay uniform in [0, min(cap, base · 2^n)]), unless the server named a pause: then at least that, plus up to a
 * tenth, so that callers throttled together do not return together.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function nextDelay(policy: RetryPolicy, attempt: FailedAttempt): RetryDecision {
  if (attempt.failures > policy.retries) return { retry: false, why: 'exhausted' };
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt.failures - 1, 30));
  const asked = attempt.retryAfterMs ?? 0;
  if (asked > policy.maxRetryAfterMs) return { retry: false, why: 'asked-to-wait-too-long' };
  const delayMs = Math.round(
    asked > 0 ? asked + attempt.random * Math.min(asked / 10, 1000) : attempt.random * ceiling,
  );
  if (attempt.now + delayMs >= attempt.deadline) return { retry: false, why: 'deadline' };
  return { retry: true, delayMs };
}

/**
 * `Retry-After` in seconds or as an HTTP date (RFC 9110, section 10.2.3), as ms from `now`. `undefined` when absent,
 * malformed, negative or in the past: then the caller's own backoff applies.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}(\.\d{1,6})?$/.test(text)) {
    const ms = Number(text) * 1000;
    return ms > 0 ? ms : undefined;
  }
  // The three date forms of RFC 9110, section 5.6.7, all begin with the name of a day; Date.parse alone would take much more.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  // asctime-date states no zone, yet means GMT; Date.parse would read it as local time.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isFinite(at) && at > now ? at - now : undefined;
}

/** Answers that say "not now" rather than "no". 501 is "never"; 505 and above are about the protocol. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || (status >= 502 && status <= 504);
}
