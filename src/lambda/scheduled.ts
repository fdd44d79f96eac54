import { type Budget, type Clock, startBudget, systemClock } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import type { InvocationContext } from './handle-event.ts';
import { InvocationFailure } from './invocation-failure.ts';
import { countRefusal, type Metrics } from './metrics.ts';
import {
  createLambdaLogger,
  createLambdaMetrics,
  type LambdaContext,
  type LambdaLogger,
} from './powertools.ts';

export interface ScheduledRun {
  /** What the schedule says, or who invokes the function by hand. */
  readonly event: unknown;
  readonly env: NodeJS.ProcessEnv;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly logger: LambdaLogger;
  readonly metrics: Metrics;
}

interface ScheduledTools {
  readonly clock?: Clock;
  readonly logger?: LambdaLogger;
  readonly metrics?: ReturnType<typeof createLambdaMetrics>;
}

/**
 * A function that a schedule starts: its budget ends `reserveMs` before the invocation does, a failure is logged, counted and thrown
 * with its code, and what was counted is written at the end.
 */
export function createScheduledHandler<Result>(
  reserveMs: number,
  work: (run: ScheduledRun) => Promise<Result>,
  tools: ScheduledTools = {},
): (event: unknown, context?: InvocationContext & LambdaContext) => Promise<Result> {
  const { clock = systemClock, logger = createLambdaLogger(), metrics = createLambdaMetrics() } = tools;
  return async (event, context = {}) => {
    logger.setContext(context);
    const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { budget, end } = startBudget(clock, clock.now() + remaining, reserveMs);
    try {
      return await work({ event, env: process.env, budget, clock, logger, metrics });
    } catch (thrown) {
      const error: ArchiveError = toArchiveError(thrown);
      logger.log('error', error.message, { code: error.code, retryable: error.retryable, state: 'failed' });
      countRefusal(metrics, error);
      throw new InvocationFailure(error);
    } finally {
      end();
      metrics.flush();
    }
  };
}
