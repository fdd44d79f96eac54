import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { updateCatalogue } from '../create/catalogue.ts';
import { requireReplaceable } from '../create/catalogue-place.ts';
import type { Logger } from '../log.ts';
import { type Repeated, repeatRun } from './repeat-run.ts';

/** ms; events that were waiting come first. */
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 3_600_000;

/** What one run does; replaced by tests. */
export type UpdateRun = (scope: 'recent' | undefined, budget: Budget) => Promise<unknown>;

/** Brings the catalogue up to date every hour, at the first time 35 days of it. A run that fails is logged, and the next one comes. */
export function keepCatalogue(
  config: ArchiveConfig,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  run: UpdateRun = async (scope, budget) => {
    await requireReplaceable(config, { clock, logger }, budget);
    await updateCatalogue(config, budget, { scope, clock, logger });
  },
): Repeated {
  let scope: 'recent' | undefined = 'recent';
  return repeatRun(clock, {
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    async run(budget) {
      const began = clock.now();
      await run(scope, budget);
      logger.log('info', 'catalogue brought up to date', { durationMs: clock.now() - began });
      scope = undefined;
      return undefined;
    },
    onFailure({ message, code }) {
      logger.log('error', `the catalogue is not up to date: ${message}`, { code });
      return undefined;
    },
  });
}
