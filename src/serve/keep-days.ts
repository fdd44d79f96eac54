/** What `serve` asks the platform about days, beside its webhooks: facts, audits, requests under the GDPR. */
import { type Budget, type Clock, startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { requireReplaceable } from '../create/catalogue-place.ts';
import { openFactsStore, updateAudits, updateFacts } from '../create/facts.ts';
import { describeNewRequest, openGdprRequests, watchGdprRequests } from '../create/gdpr-requests.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** ms; events that were waiting come first. */
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 6 * 3_600_000;

export interface KeptDays {
  /** Ends what is under way; a day that is not whole is fetched by the next run. */
  stop(): Promise<void>;
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A day that a run has looked at. */
interface LookedDay {
  readonly day: string;
  readonly outcome: string;
  readonly error?: ArchiveError;
}

/** What one run does; replaced by tests. */
export type DaysRun = (budget: Budget) => Promise<readonly LookedDay[]>;

interface Kept {
  /** In messages. */
  readonly what: string;
  /** How to have it not asked for. */
  readonly instead: string;
  readonly run: DaysRun;
}

/** Facts of days that are due; `undefined` where the settings keep none. */
export function keepFacts(
  config: ArchiveConfig,
  tools: Tools,
  run: DaysRun = async (budget) => {
    await requireReplaceable(config, tools, budget);
    return updateFacts(config, budget, tools);
  },
): KeptDays | undefined {
  // conversations of the tutorial's API are not those of the analytics
  if (config.catalogue.facts !== 'analytics' || config.genesys.api === 'media') return undefined;
  return keepAsking(tools, { what: 'facts', instead: ', or set ARCHIVE_FACTS=none', run });
}

/** The platform's audit of recordings of days that are due. */
export function keepAudits(
  config: ArchiveConfig,
  tools: Tools,
  run: DaysRun = (budget) => updateAudits(config, budget, tools),
): KeptDays | undefined {
  if (config.catalogue.audits === 'none' || config.genesys.api === 'media') return undefined;
  return keepAsking(tools, { what: 'audits', instead: ', or set ARCHIVE_AUDITS=none', run });
}

/** Tells of requests under the GDPR that are new, and does nothing else about them. */
export function keepRequests(
  config: ArchiveConfig,
  tools: Tools,
  run: DaysRun = (budget) => tellNewRequests(config, tools, budget),
): KeptDays | undefined {
  if (config.genesys.api === 'media') return undefined;
  return keepAsking(tools, { what: 'requests under the GDPR', instead: '', run });
}

async function tellNewRequests(config: ArchiveConfig, tools: Tools, budget: Budget): Promise<readonly []> {
  const source = openGdprRequests(config, tools);
  try {
    const store = await openFactsStore(config, tools);
    const onNew = (request: { readonly id: string; readonly type: string }) =>
      tools.logger.log('warn', describeNewRequest(request));
    await watchGdprRequests({ source, store, clock: tools.clock }, onNew, budget);
    return [];
  } finally {
    source.close();
  }
}

/**
 * Asks every six hours. A run that fails is logged, and the next one comes; where the client may not ask at all, that is said once, and no
 * more comes.
 */
function keepAsking({ clock, logger }: Tools, { what, instead, run }: Kept): KeptDays {
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
      if (written > 0) logger.log('info', `${what} fetched`, { count: written });
      for (const { day, error } of days) {
        if (error === undefined) continue;
        logger.log('error', `the ${what} of ${day} were not fetched: ${error.message}`, { code: error.code });
      }
      return false;
    } catch (thrown) {
      if (stopping.signal.aborted) return true;
      const { code, message } = toArchiveError(thrown);
      const isForbidden = code === 'GENESYS_FORBIDDEN';
      const told = isForbidden
        ? `no ${what} are kept: ${message}; give the client the permission and start again${instead}`
        : `${what} were not fetched: ${message}`;
      logger.log(isForbidden ? 'warn' : 'error', told, { code });
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
