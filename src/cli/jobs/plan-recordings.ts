/** Makes a job of work on many recordings, instead of doing it here and now. */
import type { Budget } from '../../clock.ts';
import type { StoreConfig } from '../../config/config.ts';
import { openJobStore } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import type { KeyItem } from '../../job-kinds/recordings-kind.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import { planJob } from '../../jobs/plan-job.ts';
import type { ObjectStore } from '../../ports.ts';
import { createLayout } from '../../record/layout.ts';
import { type CommandContext, noteWholeDays } from '../_context.ts';
import { count, formatBytes } from '../_format.ts';
import { shortId } from './describe-job.ts';
import { runnerName } from './job-settings.ts';
import { runJobHere } from './run-here.ts';
import type { JOB_OPTIONS } from '../options/shared.ts';
import type { OptionsOf } from '../options/option-types.ts';
import { present } from '../../present.ts';

/** Options of every command that can make a job. */
export interface JobOptions extends OptionsOf<typeof JOB_OPTIONS> {
  /** How many recordings the plan has, as its dry run says. Of commands that write. */
  readonly yes?: number;
}

/** Above this a job that writes wants to be told how many it is about. */
const MAX_ITEMS_WITHOUT_YES = 10_000;

/** @throws `USAGE` for options that only a job has, or that a job cannot have. */
export function requireJobSense(
  ids: readonly string[],
  options: JobOptions & { readonly concurrency?: number },
  notForJobs: Readonly<Record<string, unknown>> = {},
): void {
  const { job = false, wait = false, workers } = options;
  if (!job) {
    const only = {
      '--wait': options.wait,
      '--rate': options.rate,
      '--name': options.name,
      '--yes': options.yes,
    };
    const named = Object.entries({ ...only, '--workers': workers }).find(([, value]) => value !== undefined);
    if (named !== undefined) throw new ArchiveError('USAGE', `${named[0]} goes with --job`);
    return;
  }
  if (ids.length > 0)
    throw new ArchiveError('USAGE', '--job goes with --all: it is for a whole archive, or days of it');
  if (workers !== undefined && !wait) throw new ArchiveError('USAGE', '--workers goes with --job --wait');
  const foreign = Object.entries({ '--concurrency': options.concurrency, ...notForJobs }).find(
    ([, value]) => value !== undefined,
  );
  if (foreign !== undefined) throw new ArchiveError('USAGE', `${foreign[0]} does not go with --job`);
}

export interface PlannedWork {
  /** `verify`, `rewrap`, … */
  readonly kind: string;
  readonly config: StoreConfig;
  readonly archive: ObjectStore;
  /** The keys, and the bytes of their objects where the listing says so. Called twice where the job writes. */
  readonly keys: () => AsyncIterable<{ readonly key: string; readonly size?: number }>;
  /** The kind's own, besides store and layout. */
  readonly options: object;
  readonly selection: object;
  readonly writes: boolean;
}

/**
 * Plans the job, and works on it with `--wait`.
 *
 * @throws `JOB_EMPTY` when there are no such recordings; `USAGE` when it would write to many without `--yes` and their number.
 */
export async function planRecordings(
  context: CommandContext,
  work: PlannedWork,
  options: JobOptions & { readonly dryRun?: boolean; readonly from?: string; readonly to?: string },
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  noteWholeDays(ui, options);
  if (work.writes || options.dryRun === true) {
    const sum = await addUp(work);
    if (sum.recordings === 0) throw nothingToDo(work);
    if (options.dryRun === true) {
      if (ui.json) ui.record('plan', { kind: work.kind, ...sum, dryRun: true });
      else ui.out(`${work.kind}  ${count(sum.recordings, 'recording')}  ${formatBytes(sum.bytes)}`);
      ui.say('dry run: nothing was planned');
      return 0;
    }
    requireYes(work, sum.recordings, options.yes);
  }
  const plan = await planKeys(context, work, options, budget);
  const { id, totals } = plan;
  if (ui.json) ui.record('planned', { job: id, kind: work.kind, ...totals });
  else ui.out(id);
  ui.say(`${count(totals.items, 'recording')} in ${count(totals.shards, 'shard')} planned as job ${id}`);
  if (options.wait === true) {
    return runJobHere(context, plan, present({ workers: options.workers }));
  }
  ui.say(
    `any runner works on it: genesys-archive jobs run ${shortId(id)}; jobs watch ${shortId(id)} shows it`,
  );
  return 0;
}

async function planKeys(
  context: CommandContext,
  work: PlannedWork,
  { name, rate }: JobOptions,
  budget: Budget,
): Promise<JobPlan> {
  const { ui, clock } = context;
  const { keys, kind, config, archive, selection } = work;
  async function* items(): AsyncGenerator<KeyItem, void, undefined> {
    for await (const { key } of keys()) yield { key };
  }
  try {
    return await planJob({
      store: await openJobStore(config, context),
      kind: { name: kind },
      items: items(),
      options: { store: archive.location, layout: createLayout(config.layout).source, ...work.options },
      ...present({ name }),
      selection,
      rate: rate ?? config.jobRate,
      createdBy: runnerName('command line'),
      clock,
      budget,
      onPlanned: (planned) => ui.status(`planning: ${planned}`),
    });
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'JOB_EMPTY') throw nothingToDo(work);
    throw error;
  } finally {
    ui.status(undefined);
  }
}

async function addUp({ keys }: PlannedWork): Promise<{ recordings: number; bytes: number }> {
  const sum = { recordings: 0, bytes: 0 };
  for await (const { size = 0 } of keys()) {
    sum.recordings += 1;
    sum.bytes += size;
  }
  return sum;
}

function requireYes({ kind }: PlannedWork, recordings: number, yes: number | undefined): void {
  if (yes === undefined ? recordings <= MAX_ITEMS_WITHOUT_YES : yes === recordings) return;
  throw new ArchiveError(
    yes === undefined ? 'USAGE' : 'JOB_CHANGED',
    yes === undefined
      ? `the ${kind} job would write to ${recordings} recordings`
      : `the ${kind} job has ${recordings} recordings now, not ${yes}`,
    { hint: `say --yes ${recordings} if that is what you mean` },
  );
}

function nothingToDo({ kind, archive }: PlannedWork): ArchiveError {
  return new ArchiveError('JOB_EMPTY', `no recordings for a ${kind} job in ${archive.location}`, {
    hint: 'check --from and --to (days in UTC), ARCHIVE_STORE and ARCHIVE_LAYOUT; genesys-archive list shows what is there',
  });
}
