import path from 'node:path';
import { type Archiver, createArchiver } from '../../create/archiver.ts';
import { createJobRunner } from '../../create/job-runner.ts';
import type { JobTools } from '../../job-kinds/kind-source.ts';
import { abortReason, type Clock, unlimited } from '../../clock.ts';
import { ARCHIVE_VARIABLE } from '../../config/archives/archive-names.ts';
import { type ArchiveConfig, listArchives } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { readWebhookSecrets } from '../../secrets/contents.ts';
import { createSecretValues } from '../../secrets/values.ts';
import { keepCatalogue } from '../../serve/keep-catalogue.ts';
import { keepAudits, keepFacts, keepRequests } from '../../serve/keep-days.ts';
import { keepRetention } from '../../serve/keep-retention.ts';
import { SPOOL_RETRIES } from '../../serve/retry-plan.ts';
import type { PipelineOptions } from '../../serve/pipeline.ts';
import { type RunningJobs, startJobs } from '../../serve/run-jobs.ts';
import { type Serving, startServingAll } from '../../serve/start-serving.ts';
import type { WorkerReport } from '../../serve/worker.ts';
import { type CommandContext, readSources } from '../_context.ts';
import { jobTools, runnerName } from '../jobs/job-settings.ts';
import { count, formatBytes, formatDuration, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { present } from '../../present.ts';
import type { ServeOptions } from '../options/archive.ts';

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_SPOOL = './spool';
const DEFAULT_CONCURRENCY = 4;
/** Shards of jobs at once: live calls come first. */
const DEFAULT_JOBS = 1;
/** Seconds. */
const DEFAULT_GRACE = 20;

/**
 * Serves webhooks until a signal. SIGTERM is how a service is stopped: exit code 0, because unfinished work is in the spool.
 * With `--once` works through the spool without listening.
 */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ServeOptions,
): Promise<number> {
  const { ui, clock, logger, signal } = context;
  const spool = options.spool ?? DEFAULT_SPOOL;
  const names = await archivesToServe(context);
  const lost = new AbortController();
  let failures = 0;
  const archives: ServedArchive[] = [];
  try {
    for (const name of names) {
      const reporting = {
        onReport: (report: WorkerReport) => {
          if (report.kind === 'failed') failures += 1;
          tell(ui, report, name);
        },
        onLost: (error: ArchiveError) => lost.abort(error),
      };
      archives.push(await openArchive({ ...context, archive: name }, options, reporting));
    }
    const { host = DEFAULT_HOST, port = DEFAULT_PORT } = options;
    const listen = options.once === true ? undefined : { host, port };
    const keepAliveMs = Math.max(0, ...archives.map(({ config }) => config.serveKeepAliveMs));
    const pipelines = archives.map(({ pipeline }) => pipeline);
    const serving = await startServingAll(pipelines, { clock, logger, listen, timeouts: { keepAliveMs } });
    announce(ui, serving, spool, names);
    const beside = archives.flatMap(({ startBeside }) => startBeside());
    const ends = [untilAborted(signal), untilAborted(lost.signal)];
    if (options.once === true) ends.push(serving.caughtUp());
    await Promise.race(ends);
    const graceMs = (options.grace ?? DEFAULT_GRACE) * 1000;
    const [left] = await Promise.all([serving.stop(graceMs), ...beside.map((running) => running?.stop())]);
    if (lost.signal.aborted) throw abortReason(lost.signal);
    if (left > 0) ui.say(`${count(left, 'event')} left in ${spool}: the next start takes up from there`);
    return conclude(context, { left, failures });
  } finally {
    for (const { archiver } of archives) archiver.close();
  }
}

interface ServedArchive {
  readonly config: ArchiveConfig;
  readonly archiver: Archiver;
  readonly pipeline: PipelineOptions;
  /** Starts what runs beside the webhooks. */
  readonly startBeside: () => (RunningJobs | undefined)[];
}

async function openArchive(
  context: CommandContext,
  options: ServeOptions,
  reporting: Pick<PipelineOptions, 'onReport' | 'onLost'>,
): Promise<ServedArchive> {
  const { clock, logger, archive: name } = context;
  const tools = jobTools(context);
  const config = await tools.settings('archive');
  const secrets = createSecretValues({ clock, logger, proxies: config.proxies });
  const archiver = await createArchiver(config, { clock, logger, secrets });
  const startDueJobs = await openJobs(context, tools, options);
  const readSecrets = readWebhookSecrets(config.webhook, secrets);
  const spool = options.spool ?? DEFAULT_SPOOL;
  return {
    config,
    archiver,
    pipeline: {
      name,
      config,
      archiver,
      webhookSecrets: config.webhook.secretArn === undefined ? undefined : () => readSecrets(unlimited),
      clock,
      logger,
      // one archive that was chosen has the folder that it has among several
      spool: name === undefined ? spool : path.join(spool, name),
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      policy: { ...SPOOL_RETRIES, retries: options.attempts ?? SPOOL_RETRIES.retries },
      ...reporting,
    },
    startBeside: () => [
      startDueJobs(),
      ...(options.once === true ? [] : keepBeside(config, { clock, logger })),
    ],
  };
}

/** What keeps itself up to date beside the webhooks; not with `--once`, which is about the spool. */
function keepBeside(config: ArchiveConfig, tools: { readonly clock: Clock; readonly logger: Logger }) {
  return [keepCatalogue, keepFacts, keepAudits, keepRequests, keepRetention].map((keep) =>
    keep(config, tools),
  );
}

/** Works on jobs beside the webhooks; not with `--once`, which is about the spool. */
async function openJobs(
  { clock, logger }: CommandContext,
  tools: JobTools,
  { jobs = DEFAULT_JOBS, once }: ServeOptions,
): Promise<() => RunningJobs | undefined> {
  if (jobs === 0 || once === true) return () => undefined;
  const runner = await createJobRunner({ ...tools, owner: runnerName('serve') });
  return () => {
    const running = startJobs({ runner, workers: jobs, clock, logger });
    return { stop: () => running.stop().finally(() => runner.close()) };
  };
}

/** The archive that was chosen, or all that the settings have; `undefined` is the only one of a file without archives. */
async function archivesToServe(context: CommandContext): Promise<readonly (string | undefined)[]> {
  const sources = await readSources(context);
  const chosen = [sources.archive, sources.env[ARCHIVE_VARIABLE]].find((name) => (name ?? '') !== '');
  if (chosen !== undefined) return [chosen];
  const names = listArchives(sources);
  return names.length === 0 ? [undefined] : names;
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
    throw new ArchiveError('SOME_FAILED', `${count(failures, 'event')} failed permanently`, {
      hint: 'they are in the folder failed/ of the spool, each with its reason',
    });
  }
  if (left > 0) {
    throw new ArchiveError('MEDIA_NOT_READY', `${count(left, 'event')} could not be done yet`);
  }
  return 0;
}

function announce(
  ui: Ui,
  { url, foundQueued, strangers }: Serving,
  spool: string,
  names: readonly (string | undefined)[],
): void {
  const archives = names.filter((name) => name !== undefined);
  for (const stranger of strangers) ui.warn(`${printable(stranger)} is not a file and is left alone`);
  if (ui.json)
    ui.record('serving', {
      url: url ?? null,
      spool,
      queued: foundQueued,
      ...(archives.length === 0 ? {} : { archives }),
    });
  if (foundQueued > 0) ui.say(`${count(foundQueued, 'event')} found in ${spool}`);
  if (url !== undefined) {
    for (const name of archives) ui.say(`archive ${name}: POST ${url}/events/${name}`);
    ui.say(`listening on ${url}; Ctrl-C ends it`);
  }
}

function tell(ui: Ui, report: WorkerReport, name: string | undefined): void {
  if (ui.json) {
    ui.record(report.kind === 'result' ? 'recording' : report.kind, {
      ...present({ archive: name }),
      ...describeWorker(report),
    });
    return;
  }
  const of = name === undefined ? '' : `${name}  `;
  switch (report.kind) {
    case 'result': {
      const { result } = report;
      if (result.state !== 'archived') return;
      const { ids, key, bytes, stored } = result;
      const what = stored ? ui.style('green', 'archived') : 'found   ';
      ui.out(`${of}${what}  ${ids.recordingId}  ${key}  ${formatBytes(bytes)}`);
      return;
    }
    case 'again': {
      const why = report.error === undefined ? 'not ready' : `${report.error.message} [${report.error.code}]`;
      ui.say(`${of}again in ${formatDuration(report.delayMs)}: ${printable(why)}`);
      return;
    }
    case 'failed':
      ui.warn(`${of}moved to failed/${report.name}: ${report.error.message} [${report.error.code}]`);
      return;
    case 'stuck':
      ui.warn(`${of}${report.name} stays in the spool: ${report.error.message} [${report.error.code}]`);
  }
}

function describeWorker(report: WorkerReport): object {
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
