import { type Budget, type Clock, startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { requireReplaceable } from '../create/catalogue-place.ts';
import { type FactsDay, updateFacts } from '../create/facts.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** ms; events that were waiting come first. */
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 6 * 3_600_000;

export interface KeptFacts {
  /** Ends what is under way; a day that is not whole is fetched by the next run. */
  stop(): Promise<void>;
}

/** What one run does; replaced by tests. */
export type FactsRun = (budget: Budget) => Promise<readonly FactsDay[]>;

/**
 * Fetches the facts of days that are due every six hours. A run that fails is logged, and the next one comes; where the client may not ask at
 * all, it says so once, and no more comes.
 */
export function keepFacts(
  config: ArchiveConfig,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  run: FactsRun = async (budget) => {
    await requireReplaceable(config, { clock, logger }, budget);
    return updateFacts(config, budget, { clock, logger });
  },
): KeptFacts | undefined {
  // conversations of the tutorial's API are not those of the analytics
  if (config.catalogue.facts !== 'analytics' || config.genesys.api === 'media') return undefined;
  const stopping = new AbortController();
  const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, stopping.signal);
  const working = work();

  async function work(): Promise<void> {
    let wait = FIRST_AFTER_MS;
    for (;;) {
      try {
        await clock.sleep(wait, stopping.signal);
      } catch {
        return;
      }
      if (await runOnce()) return;
      wait = EVERY_MS;
    }
  }

  /** @returns whether this was the last run. */
  async function runOnce(): Promise<boolean> {
    try {
      const days = await run(budget);
      const written = days.filter(({ outcome }) => outcome === 'written').length;
      if (written > 0) logger.log('info', 'facts fetched', { count: written });
      for (const { day, error } of days) {
        if (error === undefined) continue;
        logger.log('error', `the facts of ${day} were not fetched: ${error.message}`, { code: error.code });
      }
      return false;
    } catch (thrown) {
      if (stopping.signal.aborted) return true;
      const { code, message } = toArchiveError(thrown);
      const isForbidden = code === 'GENESYS_FORBIDDEN';
      const what = isForbidden
        ? `no facts are kept: ${message}; give the client the permission and start again, or set ARCHIVE_FACTS=none`
        : `facts were not fetched: ${message}`;
      logger.log(isForbidden ? 'warn' : 'error', what, { code });
      return isForbidden;
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
