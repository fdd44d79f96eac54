import { abortReason, type Budget, type Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { nextDelay, type RetryPolicy } from './retry-timing.ts';

/** One attempt either has a value, or failed in a way that may pass. Anything thrown is final. */
export type Attempt<T> =
  | { readonly value: T }
  | { readonly again: ArchiveError; readonly retryAfterMs?: number | undefined };

export interface RetryContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: Budget;
  readonly policy: RetryPolicy;
  /** For the log, e.g. `GET media`. */
  readonly what: string;
}

/**
 * Repeats `attempt` as {@link nextDelay} allows, never past the deadline.
 *
 * @throws the last attempt's error when the retries or the time are used up; `OUT_OF_TIME` or the signal's own reason when the
 *   budget ended before or between attempts. Both retryable.
 */
export async function withRetry<T>(
  context: RetryContext,
  attempt: (failures: number) => Promise<Attempt<T>>,
): Promise<T> {
  const { clock, budget, policy } = context;
  for (let failures = 0; ; ) {
    ensureTimeLeft(clock, budget);
    const outcome = await attempt(failures);
    if ('value' in outcome) return outcome.value;
    failures += 1;
    const { retryAfterMs, again } = outcome;
    const decision = nextDelay(policy, {
      failures,
      retryAfterMs,
      now: clock.now(),
      deadline: budget.deadline,
      random: clock.random(),
    });
    const { code } = again;
    if (!decision.retry) {
      context.logger.log('warn', `${context.what}: giving up`, {
        code,
        attempt: failures,
        reason: decision.why,
      });
      throw again;
    }
    const { delayMs } = decision;
    context.logger.log('debug', `${context.what}: trying again`, {
      code,
      attempt: failures,
      delayMs,
      // ours, and so without anything that must not be logged
      reason: again.message,
    });
    await clock.sleep(delayMs, budget.signal);
  }
}

/** @throws `OUT_OF_TIME` when the deadline has passed, or the signal's reason when it has aborted. */
export function ensureTimeLeft(clock: Clock, budget: Budget): void {
  if (budget.signal.aborted) throw abortReason(budget.signal);
  if (clock.now() >= budget.deadline)
    throw new ArchiveError('OUT_OF_TIME', 'the time for this work is used up');
}
