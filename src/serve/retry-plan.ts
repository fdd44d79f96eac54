/**
 * What becomes of an event after an attempt. Pure: takes the time and chance as arguments, and leaves the timing itself to
 * `http/retry-timing.ts`; when nothing at all is tried is up to `circuit.ts`.
 */
import { isWorthRetrying } from '../circuit.ts';
import type { ArchiveError } from '../errors.ts';
import { nextDelay, type RetryPolicy } from '../http/retry-timing.ts';

/** What one attempt to archive all that an event names has come to. */
export type Outcome =
  | { readonly state: 'done' }
  | { readonly state: 'not-ready'; readonly status: string; readonly retryAfterMs: number }
  | { readonly state: 'failed'; readonly error: ArchiveError };

export interface SpoolPolicy extends RetryPolicy {
  /** How long an event may wait for its recording to become ready, ms since it was received. */
  readonly horizonMs: number;
}

/**
 * About a day: half of 15 minutes on average between attempts, as often and as long as EventBridge retries (185 times, 24 h).
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
 */
export const SPOOL_RETRIES: SpoolPolicy = {
  retries: 200,
  baseMs: 5_000,
  capMs: 900_000,
  maxRetryAfterMs: Number.POSITIVE_INFINITY,
  horizonMs: 7 * 86_400_000,
};

/** No event is tried again sooner than this, ms: its recording was not available a moment ago. */
export const MIN_DELAY_MS = 1_000;

/** A recording that was not ready is asked for again after an eighth of the time it has been waited for. */
const AGE_SHARE = 8;

export type Plan =
  | { readonly action: 'remove' }
  | { readonly action: 'again'; readonly delayMs: number; readonly attempts: number }
  | { readonly action: 'give-up'; readonly why: 'permanent' | 'exhausted' | 'overdue' };

export interface Attempt {
  readonly outcome: Outcome;
  /** Failed attempts before this one; waiting for a recording that is not ready is none. */
  readonly attempts: number;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

export function planNext(policy: SpoolPolicy, attempt: Attempt): Plan {
  const { outcome, attempts, receivedAt, now, random } = attempt;
  if (outcome.state === 'done') return { action: 'remove' };
  const unhurried = { now, random, deadline: Number.POSITIVE_INFINITY };
  if (outcome.state === 'not-ready') {
    const age = Math.max(0, now - receivedAt);
    if (age >= policy.horizonMs) return { action: 'give-up', why: 'overdue' };
    const growing = Math.min(policy.capMs, age / AGE_SHARE);
    const asked = Math.max(MIN_DELAY_MS, growing, outcome.retryAfterMs);
    const decision = nextDelay(policy, { ...unhurried, failures: 1, retryAfterMs: asked });
    return { action: 'again', delayMs: decision.retry ? decision.delayMs : policy.capMs, attempts };
  }
  if (!isWorthRetrying(outcome.error)) return { action: 'give-up', why: 'permanent' };
  const failures = attempts + 1;
  const decision = nextDelay(policy, { ...unhurried, failures });
  if (!decision.retry) return { action: 'give-up', why: 'exhausted' };
  return { action: 'again', delayMs: Math.max(MIN_DELAY_MS, decision.delayMs), attempts: failures };
}
