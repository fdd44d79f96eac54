import { createArchiver } from '../../create-archiver.ts';
import { createJobRunner } from '../../create-job-runner.ts';
import type { JobTools } from '../../job-kinds/kind-source.ts';
import { abortReason, unlimited } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { readWebhookSecrets } from '../../secrets/secret-contents.ts';
import { createSecretValues } from '../../secrets/secret-values.ts';
import { keepCatalogue } from '../../serve/keep-catalogue.ts';
import { SPOOL_RETRIES } from '../../serve/retry-plan.ts';
import { type RunningJobs, startJobs } from '../../serve/run-jobs.ts';
import { type Serving, startServing } from '../../serve/start-serving.ts';
import type { WorkerReport } from '../../serve/worker.ts';
import type { CommandContext } from '../_context.ts';
import { jobTools, runnerName } from '../jobs/job-settings.ts';
import { count, formatBytes, formatDuration, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

interface ServeCommandOptions {
  readonly port?: number;
  readonly host?: string;
  readonly spool?: string;
  readonly concurrency?: number;
  readonly attempts?: number;
  readonly grace?: number;
  readonly once?: boolean;
  readonly jobs?: number;
}

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_SPOOL = './spool';
const DEFAULT_CONCURRENCY = 4;
/** Shards of jobs at once: live calls come first. */
const DEFAULT_JOBS = 1;
/** Seconds. */
const DEFAULT_GRACE = 20;

/**
 * Serves webhooks until a signal. SIGTERM is how a service is stopped: exit code 0, because whatever is not done is in the spool.
 * With `--once` works through the spool without listening.
 */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ServeCommandOptions,
): Promise<number> {
  const { ui, clock, logger, signal } = context;
  const tools = jobTools(context);
  const config = await tools.settings('archive');
  const spool = options.spool ?? DEFAULT_SPOOL;
  const host = options.host ?? DEFAULT_HOST;
  const port = options.port ?? DEFAULT_PORT;
  const secrets = createSecretValues({ clock, logger, proxies: config.proxies });
  const archiver = await createArchiver(config, { clock, logger, secrets });
  const readSecrets = readWebhookSecrets(config.webhook, secrets);
  const startDueJobs = await openJobs(context, tools, options);
  const lost = new AbortController();
  let failures = 0;
  try {
    const serving = await startServing({
      config,
      archiver,
      webhookSecrets: config.webhook.secretArn === undefined ? undefined : () => readSecrets(unlimited),
      clock,
      logger,
      spool,
      listen: options.once === true ? undefined : { host, port },
      timeouts: { keepAliveMs: config.serveKeepAliveMs },
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      policy: { ...SPOOL_RETRIES, retries: options.attempts ?? SPOOL_RETRIES.retries },
      onReport: (report) => {
        if (report.kind === 'failed') failures += 1;
        tell(ui, report);
      },
      onLost: (error) => lost.abort(error),
    });
    announce(ui, serving, spool);
    const jobs = startDueJobs();
    const catalogue = options.once === true ? undefined : keepCatalogue(config, { clock, logger });
    const ends = [untilAborted(signal), untilAborted(lost.signal)];
    if (options.once === true) ends.push(serving.caughtUp());
    await Promise.race(ends);
    const graceMs = (options.grace ?? DEFAULT_GRACE) * 1000;
    const [left] = await Promise.all([serving.stop(graceMs), jobs?.stop(), catalogue?.stop()]);
    if (lost.signal.aborted) throw abortReason(lost.signal);
    if (left > 0) ui.say(`${count(left, 'event')} left in ${spool}: the next start takes up from there`);
    return conclude(context, { left, failures });
  } finally {
    archiver.close();
  }
}

/** Works on jobs beside the webhooks; not with `--once`, which is about the spool. */
async function openJobs(
  { clock, logger }: CommandContext,
  tools: JobTools,
  { jobs = DEFAULT_JOBS, once }: ServeCommandOptions,
): Promise<() => RunningJobs | undefined> {
  if (jobs === 0 || once === true) return () => undefined;
  const runner = await createJobRunner({ ...tools, owner: runnerName('serve') });
  return () => {
    const running = startJobs({ runner, workers: jobs, clock, logger });
    return { stop: () => running.stop().finally(() => runner.close()) };
  };
}

function conclude(
  { signal }: CommandContext,
  { left, failures }: { left: number; failures: number },
): number {
  if (signal.aborted) {
    const reason = abortReason(signal);
    if (reason.details['signal'] === 'SIGTERM') return 0;
    throw reason;
  }
  if (failures > 0) {
    throw new ArchiveError('SOME_FAILED', `${count(failures, 'event')} failed for good`, {
      hint: 'they are in the folder failed/ of the spool, each with its reason',
    });
  }
  if (left > 0) {
    throw new ArchiveError('MEDIA_NOT_READY', `${count(left, 'event')} could not be done yet`);
  }
  return 0;
}

function announce(ui: Ui, { url, foundQueued, strangers }: Serving, spool: string): void {
  for (const stranger of strangers) ui.warn(`${printable(stranger)} is no file and is left alone`);
  if (ui.json) ui.record('serving', { url: url ?? null, spool, queued: foundQueued });
  if (foundQueued > 0) ui.say(`${count(foundQueued, 'event')} found in ${spool}`);
  if (url !== undefined) ui.say(`listening on ${url}; Ctrl-C ends it`);
}

function tell(ui: Ui, report: WorkerReport): void {
  if (ui.json) {
    ui.record(report.kind === 'result' ? 'recording' : report.kind, describe(report));
    return;
  }
  switch (report.kind) {
    case 'result': {
      const { result } = report;
      if (result.state !== 'archived') return;
      const { ids, key, bytes, stored } = result;
      const what = stored ? ui.style('green', 'archived') : 'found   ';
      ui.out(`${what}  ${ids.recordingId}  ${key}  ${formatBytes(bytes)}`);
      return;
    }
    case 'again': {
      const why = report.error === undefined ? 'not ready' : `${report.error.message} [${report.error.code}]`;
      ui.say(`again in ${formatDuration(report.delayMs)}: ${printable(why)}`);
      return;
    }
    case 'failed':
      ui.warn(`moved to failed/${report.name}: ${report.error.message} [${report.error.code}]`);
      return;
    case 'stuck':
      ui.warn(`${report.name} stays in the spool: ${report.error.message} [${report.error.code}]`);
  }
}

function describe(report: WorkerReport): object {
  if (report.kind !== 'result') {
    const { kind: _, error, ...fields } = report;
    return { ...fields, ...error?.toJSON() };
  }
  const { result } = report;
  const { state, ids } = result;
  switch (state) {
    case 'archived': {
      const { key, receiptKey, bytes, stored, resumes, restarts } = result;
      return { state, ...ids, key, receiptKey, bytes, stored, resumes, restarts };
    }
    case 'not-ready':
      return { state, ...ids, status: result.status };
    case 'gone':
      return { state, ...ids, reason: result.reason };
    case 'failed':
      return { state, ...ids, ...result.error.toJSON() };
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
