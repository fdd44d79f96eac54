/** The scheduled verification: `dist/lambda/verify.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { readVerificationEvent } from '../config/deploy/verification.ts';
import { createSampleVerifier, type VerifierReport } from '../create/verifier.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';

/** Requests of a recording that is looked at take turns waiting; more would only need memory. */
const CONCURRENCY = 8;

/** ms kept back of the invocation's time, to end what is under way and to report. */
const RESERVE_MS = 20_000;

export const handler = createScheduledHandler(RESERVE_MS, verify);

/** Verifies the sample of today. @throws `CONFIG_INVALID`, `STORE_*`, `KMS_*`; findings are reported, not thrown. */
export async function verify(run: ScheduledRun): Promise<VerifierReport> {
  const { event, env, budget, clock, logger, metrics } = run;
  const { days: rotation, depth, allow } = readVerificationEvent(event);
  const config = depth === 'full' ? loadConfig({ env }, 'restore') : loadConfig({ env }, 'store');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const began = clock.now();
  const verifier = await createSampleVerifier(config, { clock, logger });
  const options = { rotation, depth, allow: new Set(allow), concurrency: CONCURRENCY };
  const report = await verifier.verify(options, budget);
  const isDone = report.complete && report.failed === 0;
  metrics.add('sampleFindings', report.findings);
  metrics.add('sampleComplete', isDone ? 1 : 0);
  logger.log(isDone ? 'info' : 'warn', 'sample verified', {
    count: report.checked,
    bytes: report.bytes,
    durationMs: clock.now() - began,
    state: isDone ? 'complete' : 'incomplete',
  });
  return report;
}
