/** What `serve` asks the platform about days, beside its webhooks: facts, audits, requests under the GDPR. */
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { requireReplaceable } from '../create/catalogue-place.ts';
import { openFactsStore, updateAudits, updateFacts } from '../create/facts.ts';
import { describeNewRequest, openGdprRequests, watchGdprRequests } from '../create/gdpr-requests.ts';
import type { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type Repeated, repeatRun } from './repeat-run.ts';

/** ms; events that were waiting come first. */
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 6 * 3_600_000;

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
): Repeated | undefined {
  // conversations of the tutorial's API are not those of the analytics
  if (config.catalogue.facts !== 'analytics' || config.genesys.api === 'media') return undefined;
  return keepAsking(tools, { what: 'facts', instead: ', or set ARCHIVE_FACTS=none', run });
}

/** The platform's audit of recordings of days that are due. */
export function keepAudits(
  config: ArchiveConfig,
  tools: Tools,
  run: DaysRun = (budget) => updateAudits(config, budget, tools),
): Repeated | undefined {
  if (config.catalogue.audits === 'none' || config.genesys.api === 'media') return undefined;
  return keepAsking(tools, { what: 'audits', instead: ', or set ARCHIVE_AUDITS=none', run });
}

/** Tells of requests under the GDPR that are new, and does nothing else about them. */
export function keepRequests(
  config: ArchiveConfig,
  tools: Tools,
  run: DaysRun = (budget) => tellNewRequests(config, tools, budget),
): Repeated | undefined {
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
function keepAsking({ clock, logger }: Tools, { what, instead, run }: Kept): Repeated {
  return repeatRun(clock, {
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    async run(budget) {
      const days = await run(budget);
      const written = days.filter(({ outcome }) => outcome === 'written').length;
      if (written > 0) logger.log('info', `${what} fetched`, { count: written });
      for (const { day, error } of days) {
        if (error === undefined) continue;
        logger.log('error', `the ${what} of ${day} were not fetched: ${error.message}`, { code: error.code });
      }
      return undefined;
    },
    onFailure({ code, message }) {
      const isForbidden = code === 'GENESYS_FORBIDDEN';
      const told = isForbidden
        ? `no ${what} are kept: ${message}; give the client the permission and start again${instead}`
        : `${what} were not fetched: ${message}`;
      logger.log(isForbidden ? 'warn' : 'error', told, { code });
      return isForbidden ? 'last' : undefined;
    },
  });
}
