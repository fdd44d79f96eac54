import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { applyToDays, RETENTION_AGES, type RetentionRun } from '../create/retention.ts';
import type { Logger } from '../log.ts';
import { DAY_MS } from '../recording/time.ts';
import { type Repeated, repeatRun } from './repeat-run.ts';

/** ms; the catalogue, which knows queues, is brought up to date first. */
const FIRST_AFTER_MS = 15 * 60_000;
const EVERY_MS = DAY_MS;
/** Days that the first run looks at: what was missed while nothing ran. */
const FIRST_AGES = Array.from({ length: 40 }, (_, age) => age);

/** What one run does; replaced by tests. @param days midnights, epoch ms. */
export type RetentionOfDays = (days: readonly number[], budget: Budget) => Promise<RetentionRun>;

/**
 * Applies the retention file once a day to the days whose queues may have become known. A run that fails is logged, and the next one
 * comes. `undefined` where there is no retention file.
 */
export function keepRetention(
  config: ArchiveConfig,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  run: RetentionOfDays = (days, budget) => applyToDays(config, days, budget, { clock, logger }),
): Repeated | undefined {
  if (config.retentionFile === undefined) return undefined;
  let ages: readonly number[] = FIRST_AGES;
  return repeatRun(clock, {
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    async run(budget) {
      const began = clock.now();
      const today = Math.floor(began / DAY_MS);
      const days = ages.map((age) => (today - age) * DAY_MS);
      const { objects, waiting } = await run(days, budget);
      logger.log('info', 'retention applied', {
        count: objects,
        durationMs: clock.now() - began,
        state: waiting > 0 ? 'waiting' : 'complete',
      });
      ages = RETENTION_AGES;
      return undefined;
    },
    onFailure({ message, code }) {
      logger.log('error', `the retention file is not applied: ${message}`, { code });
      return undefined;
    },
  });
}
