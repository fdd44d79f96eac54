import type { Budget, Clock } from '../clock.ts';
import { startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { updateCatalogue } from '../create/catalogue.ts';
import { requireReplaceable } from '../create/catalogue-place.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** ms; events that were waiting come first. */
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 3_600_000;

export interface KeptCatalogue {
  /** Ends what is under way; what it has not written is written by the next run. */
  stop(): Promise<void>;
}

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
): KeptCatalogue {
  const stopping = new AbortController();
  const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, stopping.signal);
  const working = work();

  async function work(): Promise<void> {
    let scope: 'recent' | undefined = 'recent';
    let wait = FIRST_AFTER_MS;
    for (;;) {
      try {
        await clock.sleep(wait, stopping.signal);
      } catch {
        return;
      }
      try {
        const began = clock.now();
        await run(scope, budget);
        logger.log('info', 'catalogue brought up to date', { durationMs: clock.now() - began });
        scope = undefined;
      } catch (thrown) {
        if (stopping.signal.aborted) return;
        const { message, code } = toArchiveError(thrown);
        logger.log('error', `the catalogue is not up to date: ${message}`, { code });
      }
      wait = EVERY_MS;
    }
  }

  return {
    stop: async () => {
      stopping.abort(new ArchiveError('INTERRUPTED', 'the server is stopping'));
      await working;
      end();
    },
  };
}
