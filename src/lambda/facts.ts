/** The scheduled fetching of facts, audits and requests under the GDPR: `dist/lambda/facts.mjs`, handler `handler`. */
import { type ArchiveConfig, loadConfig } from '../config/config.ts';
import { openFactsStore, updateAudits, updateFacts } from '../create/facts.ts';
import { describeNewRequest, openGdprRequests, watchGdprRequests } from '../create/gdpr-requests.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { readField } from '../json.ts';
import { parseDay } from '../recording/time.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';
import { present } from '../present.ts';

/** ms kept back of the invocation's time: a day that is not whole by then is the next run's. */
const RESERVE_MS = 15_000;

export const handler = createScheduledHandler(RESERVE_MS, fetchFacts);

/** Days, by what became of them. */
interface DaysReport {
  readonly written: number;
  readonly fresh: number;
}

/** What a run found; that it was forbidden, or not asked, is not the same as nothing. */
export interface FactsReport extends DaysReport {
  readonly late: number;
  readonly audits: DaysReport | 'forbidden' | 'not asked';
  readonly requests: { readonly known: number; readonly new: number } | 'forbidden' | 'not asked';
}

interface Run extends ScheduledRun {
  readonly config: ArchiveConfig;
  readonly range: { readonly from?: number; readonly to?: number };
}

/**
 * Fetches what the platform knows of the conversations of days that are due, of the last two weeks or of the days that the event names; looks
 * for new requests under the GDPR; and fetches the audit of recordings of the same days. One that fails does not keep the others from their turn.
 *
 * @throws what the first that failed met, after all others; `GENESYS_*`, `STORE_*`, `KMS_*`, `CONFIG_INVALID`.
 */
export async function fetchFacts(scheduled: ScheduledRun): Promise<FactsReport> {
  const { event, env, logger } = scheduled;
  const range = readDays(event);
  const config = loadConfig({ env }, 'archive');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const run: Run = { ...scheduled, config, range };
  const failures: ArchiveError[] = [];
  const inTurn = <Result>(work: (run: Run) => Promise<Result>): Promise<Result | undefined> =>
    work(run).catch((thrown: unknown) => {
      failures.push(toArchiveError(thrown));
      return undefined;
    });
  const facts = await inTurn(runFacts);
  const requests = await inTurn(runRequests);
  const audits = await inTurn(runAudits);
  const [failure] = failures;
  if (failure !== undefined || facts === undefined || requests === undefined || audits === undefined) {
    throw failure ?? new ArchiveError('UNEXPECTED', 'a part of the run ended without a result');
  }
  return { ...facts, audits, requests };
}

async function runFacts({ config, range, budget, clock, logger }: Run) {
  const { facts } = config.catalogue;
  if (facts !== 'analytics') {
    throw new ArchiveError('CONFIG_INVALID', `ARCHIVE_FACTS=${facts} keeps no facts`, {
      hint: 'take this function out of the stack with "facts": false, or set ARCHIVE_FACTS=analytics',
    });
  }
  const days = await updateFacts(config, budget, {
    ...range,
    clock,
    logger,
    onDay: (one) => {
      const { day, outcome } = one;
      if (outcome === 'written')
        logger.log('info', `facts of ${day} written`, { count: one.conversations ?? 0 });
      if (outcome === 'late') logger.log('info', `facts of ${day} are not complete at the platform yet`);
    },
  });
  requireAll('facts', days);
  return { ...reportOf(days), late: days.filter(({ outcome }) => outcome === 'late').length };
}

async function runAudits({ config, range, budget, clock, logger }: Run): Promise<FactsReport['audits']> {
  if (config.catalogue.audits === 'none' || config.genesys.api === 'media') return 'not asked';
  try {
    const days = await updateAudits(config, budget, {
      ...range,
      clock,
      logger,
      onDay: (one) => {
        const { day, outcome } = one;
        if (outcome === 'written') logger.log('info', `audit of ${day} written`, { count: one.entries ?? 0 });
        if (outcome === 'kept')
          logger.log(
            'warn',
            `the platform has fewer audit entries of ${day} by now: the archive keeps its own`,
          );
      },
    });
    requireAll('audit', days);
    return reportOf(days);
  } catch (thrown) {
    return toldForbidden('the audit of recordings is not kept', thrown, logger);
  }
}

async function runRequests({
  config,
  budget,
  clock,
  logger,
  metrics,
}: Run): Promise<FactsReport['requests']> {
  if (config.genesys.api === 'media') return 'not asked';
  const source = openGdprRequests(config, { clock, logger });
  try {
    const store = await openFactsStore(config, { clock, logger });
    const onNew = (request: { readonly id: string; readonly type: string }) => {
      logger.log('warn', describeNewRequest(request));
      metrics.add('gdprRequests', 1);
    };
    const { requests, fresh } = await watchGdprRequests({ source, store, clock }, onNew, budget);
    return { known: requests, new: fresh.length };
  } catch (thrown) {
    return toldForbidden('requests under the GDPR are not looked for', thrown, logger);
  } finally {
    source.close();
  }
}

/** A client without the permission is told of once a run, and is no failure: facts are fetched without. @throws anything else. */
function toldForbidden(what: string, thrown: unknown, logger: ScheduledRun['logger']): 'forbidden' {
  const error = toArchiveError(thrown);
  if (error.code !== 'GENESYS_FORBIDDEN') throw error;
  const next = error.hint === undefined ? '' : `; ${error.hint}`;
  logger.log('warn', `${what}: ${error.message}${next}`, { code: error.code });
  return 'forbidden';
}

interface OneDay {
  readonly day: string;
  readonly outcome: string;
  readonly error?: ArchiveError;
}

function reportOf(days: readonly OneDay[]): DaysReport {
  const many = (outcome: string) => days.filter((one) => one.outcome === outcome).length;
  return { written: many('written'), fresh: many('fresh') };
}

/** @throws what the first day that failed met. */
function requireAll(what: string, days: readonly OneDay[]): void {
  const failed = days.find(({ error }) => error !== undefined);
  if (failed?.error === undefined) return;
  const { code, message } = failed.error;
  throw new ArchiveError(code, `the ${what} of ${failed.day} could not be fetched: ${message}`);
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
  return present({ from, to });
}
