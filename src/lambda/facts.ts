/** The scheduled fetching of facts: `dist/lambda/facts.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { updateFacts } from '../create/facts.ts';
import { ArchiveError } from '../errors.ts';
import { readField } from '../json.ts';
import { parseDay } from '../recording-time.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';
import { present } from '../present.ts';

/** ms kept back of the invocation's time: a day that is not whole by then is the next run's. */
const RESERVE_MS = 15_000;

export const handler = createScheduledHandler(RESERVE_MS, fetchFacts);

/** Days, by what became of them. */
export interface FactsReport {
  readonly written: number;
  readonly fresh: number;
  readonly late: number;
}

/**
 * Fetches what the platform knows of the conversations of days that are due, of the last two weeks or of those that the event names.
 *
 * @throws what the first day that failed met, after all others; `GENESYS_*`, `STORE_*`, `KMS_*`, `CONFIG_INVALID`.
 */
export async function fetchFacts({ event, env, budget, clock, logger }: ScheduledRun): Promise<FactsReport> {
  const range = readDays(event);
  const config = loadConfig({ env }, 'archive');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  if (config.catalogue.facts !== 'analytics') {
    throw new ArchiveError('CONFIG_INVALID', `ARCHIVE_FACTS=${config.catalogue.facts} keeps no facts`, {
      hint: 'take this function out of the stack with "facts": false, or set ARCHIVE_FACTS=analytics',
    });
  }
  const days = await updateFacts(config, budget, {
    ...range,
    clock,
    logger,
    onDay: ({ day, outcome, conversations = 0 }) => {
      if (outcome === 'written') logger.log('info', `facts of ${day} written`, { count: conversations });
      if (outcome === 'late') logger.log('info', `facts of ${day} are not complete at the platform yet`);
    },
  });
  const failed = days.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) {
    const { code, message } = failed.error;
    throw new ArchiveError(code, `the facts of ${failed.day} were not fetched: ${message}`);
  }
  const many = (outcome: string) => days.filter((one) => one.outcome === outcome).length;
  return { written: many('written'), fresh: many('fresh'), late: many('late') };
}

/** @throws `CONFIG_INVALID` for an event that names no days. */
function readDays(event: unknown): { readonly from?: number; readonly to?: number } {
  const [from, to] = ['from', 'to'].map((name) => {
    const day = readField(event, name);
    const at = typeof day === 'string' ? parseDay(day) : undefined;
    if (day === undefined || at !== undefined) return at;
    throw new ArchiveError('CONFIG_INVALID', `the event names no day as ${name}`, {
      hint: 'it is {}, or {"from": "2026-03-01", "to": "2026-03-31"}',
    });
  });
  return { ...present({ from, to }) };
}
