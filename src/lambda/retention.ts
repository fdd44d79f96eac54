/** The scheduled application of rules of retention: `dist/lambda/retention.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { applyToDays, RETENTION_AGES, type RetentionRun } from '../create/retention.ts';
import { ArchiveError } from '../errors.ts';
import { readField } from '../json.ts';
import { DAY_MS, parseDay } from '../recording/time.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';

/** ms kept back of the invocation's time: what is not done by then is the next run's. */
const RESERVE_MS = 30_000;
/** Days that an event may name. */
const MAX_DAYS = 400;

export const handler = createScheduledHandler(RESERVE_MS, applyRules);

/** What a run has done; `days` is how many it looked at. */
export type RetentionReport = RetentionRun & { readonly days: number };

/**
 * Applies the rules that the event has to the days whose queues may have become known, or to the days that it names. May be repeated and
 * broken off anywhere: nothing is made shorter.
 *
 * @throws what the first day that failed met, after all others; `RETENTION_FILE_INVALID`, `CONFIG_INVALID`, `STORE_*`.
 */
export async function applyRules({
  event,
  env,
  budget,
  clock,
  logger,
}: ScheduledRun): Promise<RetentionReport> {
  const retentionFile = readRules(event);
  const config = { ...loadConfig({ env }, 'wrap'), retentionFile };
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const began = clock.now();
  const days = readDays(event) ?? RETENTION_AGES.map((age) => (Math.floor(began / DAY_MS) - age) * DAY_MS);
  const run = await applyToDays(config, days, budget, { clock, logger });
  logger.log('info', 'retention applied', {
    count: run.objects,
    durationMs: clock.now() - began,
    state: run.waiting > 0 ? 'waiting' : 'complete',
  });
  return { ...run, days: days.length };
}

/** The text of the rules, as a retention file has them. */
function readRules(event: unknown): string {
  const rules = readField(event, 'rules');
  if (typeof rules === 'object' && rules !== null) return JSON.stringify(rules);
  throw new ArchiveError('CONFIG_INVALID', 'the event has no rules of retention', {
    hint: 'it is {"rules": {…}}, with what a retention file has; add "from" and "to" for other days than those that are due',
  });
}

/** Midnights, epoch ms; `undefined` where the event names no days. */
function readDays(event: unknown): readonly number[] | undefined {
  const named = ['from', 'to'].map((name) => readField(event, name));
  if (named.every((day) => day === undefined)) return undefined;
  const [from, to] = named.map((day) => (typeof day === 'string' ? parseDay(day) : undefined));
  const length = from === undefined || to === undefined ? 0 : (to - from) / DAY_MS + 1;
  if (from !== undefined && length >= 1 && length <= MAX_DAYS)
    return Array.from({ length }, (_, at) => from + at * DAY_MS);
  throw new ArchiveError('CONFIG_INVALID', 'the event names no days, or more than 400', {
    hint: 'it has "from" and "to" as in {"rules": {…}, "from": "2026-03-01", "to": "2026-03-31"}',
  });
}
