/** The scheduled restore drills: `dist/lambda/drill.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { readDrillEvent } from '../config/deploy/drill.ts';
import { createDriller } from '../create/drill.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';
import { present } from '../present.ts';

/** ms kept back of the invocation's time, to report. A drill that is cut off is made by the next run. */
const RESERVE_MS = 20_000;

export const handler = createScheduledHandler(RESERVE_MS, drill);

export type DrillRun =
  | { readonly state: 'not-due'; readonly ageDays: number }
  | {
      readonly state: 'drilled';
      readonly report: string;
      readonly drawn: number;
      readonly restored: number;
      readonly failed: number;
      readonly erased: number;
      readonly unknown: number;
    };

/**
 * Drills when the last drill is old enough. Started each day, so that one that failed is made up the next day.
 *
 * @throws `CONFIG_INVALID`, `LOG_*`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`; findings are reported, not thrown.
 */
export async function drill(run: ScheduledRun): Promise<DrillRun> {
  const { event, env, budget, clock, logger, metrics } = run;
  const { sample, everyDays } = readDrillEvent(event);
  const config = loadConfig({ env }, 'restore');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const began = clock.now();
  const driller = await createDriller(config, { clock, logger });
  const ageDays = await driller.ageDays(budget);
  if (ageDays !== undefined && ageDays < everyDays) {
    metrics.add('drillCurrent', 1);
    logger.log('info', `the last restore drill is ${ageDays} days old`, { state: 'not-due' });
    return { state: 'not-due', ageDays };
  }
  const { report, key, outcome } = await driller.run(
    {
      count: sample,
      onRecording: ({ result, problem }, object) => {
        if (result === 'restored' || result === 'erased' || result === 'expired') return;
        logger.log('error', `the restore drill: ${object ?? 'a receipt of the log'} is ${result}`, {
          ...present({ key: object, code: problem?.code }),
          state: result,
        });
      },
    },
    budget,
  );
  const { drawn, restored, failed, erased, unknown, bytes } = report.counts;
  metrics.add('drillFindings', failed);
  metrics.add('drillCurrent', unknown === 0 ? 1 : 0);
  logger.log(
    unknown === 0 ? 'info' : 'warn',
    outcome === 'stored' ? `restore drill ${key}` : 'restore drill',
    {
      count: drawn,
      bytes,
      durationMs: clock.now() - began,
      state: unknown === 0 ? 'complete' : 'incomplete',
    },
  );
  return { state: 'drilled', report: key, drawn, restored, failed, erased, unknown };
}
