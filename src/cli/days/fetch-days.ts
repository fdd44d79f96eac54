import type { Budget, Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import type { OverDays } from './over-days.ts';

export interface DaysFetching<Day> {
  readonly update: (
    budget: Budget,
    options: {
      /** A day that was named is wanted now, whenever it was fetched. */
      readonly anew: boolean;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly onDay: (day: Day) => void;
    },
  ) => Promise<readonly Day[]>;
  readonly tellDay: (context: CommandContext, day: Day) => void;
  /** @returns the exit code. */
  readonly conclude: (context: CommandContext, days: readonly Day[]) => number;
}

/** Fetches what the platform knows of days that are over, and tells of each. @returns the exit code. */
export async function fetchDays<Day>(
  context: CommandContext,
  { anew, day }: Pick<OverDays, 'day'> & { readonly anew?: boolean },
  { update, tellDay, conclude }: DaysFetching<Day>,
): Promise<number> {
  const { ui, clock, logger } = context;
  const { budget, end } = openBudget(context);
  try {
    ui.status('asking the platform');
    const days = await update(budget, {
      anew: anew === true || day !== undefined,
      clock,
      logger,
      onDay: (one) => tellDay(context, one),
    });
    ui.status(undefined);
    return conclude(context, days);
  } finally {
    ui.status(undefined);
    end();
  }
}
