/** The scheduled compaction of the catalogue: `dist/lambda/catalogue.mjs`, handler `handler`. */
import type { UpdateOptions, UpdateReport } from '../catalogue/update-catalogue.ts';
import { loadConfig } from '../config/config.ts';
import { updateCatalogue } from '../create/catalogue.ts';
import { ArchiveError } from '../errors.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';

/** ms kept back of the invocation's time: what is not done by then is the next run's. */
const RESERVE_MS = 30_000;

type Scope = NonNullable<UpdateOptions['scope']>;

const SCOPES: readonly Scope[] = ['today', 'yesterday', 'recent', 'all'];

export const handler = createScheduledHandler(RESERVE_MS, compact);

/**
 * Brings the catalogue up to date: hourly the present day, at times more, unless the event names a scope.
 *
 * @throws what the first day that failed met, after all others; `CONFIG_INVALID`, `STORE_*`, `KMS_*`.
 */
export async function compact(run: ScheduledRun): Promise<UpdateReport> {
  const { event, env, budget, clock, logger } = run;
  const scope = readScope(event);
  const config = loadConfig({ env }, 'restore');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const began = clock.now();
  let failure: ArchiveError | undefined;
  const report = await updateCatalogue(config, budget, {
    clock,
    logger,
    scope,
    onFailed: (day, error) => {
      failure ??= new ArchiveError(error.code, `the day ${day} is not up to date: ${error.message}`);
    },
  });
  logger.log(report.complete ? 'info' : 'warn', 'catalogue updated', {
    count: report.written,
    durationMs: clock.now() - began,
    state: report.complete ? 'complete' : 'incomplete',
    source: report.scope,
  });
  if (failure !== undefined) throw failure;
  return report;
}

function readScope(event: unknown): Scope | undefined {
  const scope = typeof event === 'object' && event !== null && 'scope' in event ? event.scope : undefined;
  const known = SCOPES.find((one) => one === scope);
  if (scope === undefined || known !== undefined) return known;
  throw new ArchiveError('CONFIG_INVALID', 'the event of the catalogue names no scope', {
    hint: `it is {}, or {"scope": …} with one of ${SCOPES.join(', ')}`,
  });
}
