import { openJobStore, openReportSigner } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import { addControl, type Wish } from '../../jobs/control.ts';
import type { JobPlan, Rate } from '../../jobs/kind.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import { requirePlan, resolveJobId } from '../../jobs/read-job.ts';
import { type JobProgress, readProgress } from '../../jobs/read-progress.ts';
import { writeReport } from '../../jobs/report.ts';
import { listFailures, retryJob } from '../../jobs/retry-job.ts';
import type { ObjectStore } from '../../ports.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { type CommandContext, openBudget, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';
import { progressFields, shortId, showJob } from '../jobs/describe-job.ts';
import { concludeJob, type FollowedJob, isOver, watchJob } from '../jobs/follow-job.ts';
import { jobTools, runnerName } from '../jobs/job-settings.ts';
import { showJobs } from '../jobs/list-jobs.ts';
import { runAllHere, runJobHere } from '../jobs/run-here.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';
import { present } from '../../present.ts';
import type { JobsOptions } from '../options/jobs.ts';

type JobAction = ActionOf<'jobs'>;

/** The options that each action has. */
const OPTIONS_OF: Readonly<Record<JobAction, readonly (keyof JobsOptions)[]>> = {
  list: ['all', 'allArchives'],
  show: ['wait'],
  watch: [],
  pause: [],
  resume: ['rate'],
  cancel: [],
  failed: [],
  retry: ['all', 'name', 'rate', 'wait', 'workers'],
  run: ['workers', 'once', 'allArchives'],
};

/** Looks after jobs. None of its actions keeps a runner from working, but pause and cancel. */
export async function run(
  context: CommandContext,
  [word = '', typed]: readonly string[],
  options: JobsOptions,
): Promise<number> {
  const { ui, clock } = context;
  const action = requireAction('jobs', word);
  requireSense(action, typed, options);
  if (action === 'run' && typed === undefined) return runAllHere(context, options);
  const tools = jobTools(context);
  const config = await tools.settings('store');
  const jobs = await openJobStore(config, tools);
  const store = patientStore(jobs, clock);
  const { budget, end } = openBudget(context);
  try {
    if (action === 'list') {
      const archive = await openConfiguredStore(config, tools);
      await readArchive(archive, async () => {
        const found = await showJobs(context, store, { all: options.all === true, budget });
        // no job is an answer of an archive; of another place it is none
        if (found === 0) await requireArchive(archive, searchIn(config), ['present', 'other-layout'], budget);
      });
      return 0;
    }
    const id = await resolveJobId(store, typed ?? '', budget);
    const plan = await requirePlan(store, id, budget);
    const job = { store, plan, budget };
    switch (action) {
      case 'show':
        if (options.wait !== true) {
          showJob(ui, await readProgress({ ...job, now: clock.now() }));
          return 0;
        }
        await untilOver(context, job, true);
        return await concludeJob(context, job);
      case 'watch':
        await untilOver(context, job, false);
        return await concludeJob(context, job);
      case 'failed':
        return await showFailures(context, job);
      case 'retry':
        return await retry(context, jobs, job, options);
      case 'run':
        return await runJobHere(context, plan, options);
      case 'pause':
      case 'resume':
      case 'cancel':
        return await change(context, job, WISHES[action], options.rate);
    }
  } finally {
    end();
  }
}

const WISHES = { pause: 'pause', resume: 'run', cancel: 'cancel' } as const;

function requireSense(known: JobAction, job: string | undefined, options: JobsOptions): void {
  if (job === undefined && known !== 'list' && known !== 'run') {
    throw new ArchiveError('USAGE', `jobs ${known} needs a job`, {
      hint: 'genesys-archive jobs list shows their ids',
    });
  }
  if (job !== undefined && known === 'list') {
    throw new ArchiveError('USAGE', 'jobs list takes no job', {
      hint: 'genesys-archive jobs show JOB shows one',
    });
  }
  const foreign = Object.keys(options).find((name) => !OPTIONS_OF[known].includes(name as keyof JobsOptions));
  if (foreign !== undefined) {
    const flag = foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const hint =
      flag === 'rate' ? { hint: 'genesys-archive jobs resume JOB --rate N changes it while it runs' } : {};
    throw new ArchiveError('USAGE', `--${flag} does not go with jobs ${known}`, hint);
  }
  if (options.allArchives === true && job !== undefined) {
    throw new ArchiveError('USAGE', 'a job belongs to one archive, and --all-archives asks for all');
  }
  if (known === 'retry' && options.workers !== undefined && options.wait !== true) {
    throw new ArchiveError('USAGE', '--workers goes with jobs retry --wait');
  }
}

/** A job without runners is not waited for without a word. */
async function untilOver(context: CommandContext, job: FollowedJob, quietly: boolean): Promise<JobProgress> {
  const { ui, clock } = context;
  const progress = await readProgress({ ...job, now: clock.now() });
  if (!isOver(progress) && progress.runners.length === 0) {
    ui.say(`no runner works on job ${job.plan.id} now: ${adviceFor(progress)}`);
  }
  return watchJob(context, job, quietly);
}

function adviceFor({ state, plan }: JobProgress): string {
  const id = shortId(plan.id);
  if (state === 'paused') return `it is paused; genesys-archive jobs resume ${id} lets it go on`;
  if (state === 'resting') return 'the rest of it has to wait';
  return `genesys-archive jobs run ${id} does, on any machine`;
}

async function change(
  context: CommandContext,
  job: FollowedJob,
  wish: Wish,
  rate: Rate | undefined,
): Promise<number> {
  const { ui, clock } = context;
  const { store, plan, budget } = job;
  const before = await readProgress({ ...job, now: clock.now() });
  if (before.state === 'finished' || (before.state === 'cancelled' && wish !== 'cancel')) {
    throw new ArchiveError('JOB_CHANGED', `job ${plan.id} is over: it was ${before.state}`, {
      hint: `genesys-archive jobs show ${shortId(plan.id)} shows how it ended`,
    });
  }
  await addControl({ store, clock, budget }, plan, {
    wish,
    by: runnerName('command line'),
    ...present({ rate }),
  });
  // runners that are at work report themselves, when they have ended
  if (wish === 'cancel' && before.runners.length === 0) {
    await writeReport({
      store,
      plan,
      state: 'cancelled',
      clock,
      budget,
      signer: await openReportSigner(jobTools(context))(budget),
    });
  }
  const after = await readProgress({ ...job, now: clock.now() });
  if (ui.json) ui.record('job', progressFields(after));
  else ui.out(`${plan.id}  ${after.state}`);
  ui.say(consequence(wish, after));
  return 0;
}

function consequence(wish: Wish, { runners, plan }: JobProgress): string {
  const at = count(runners.length, 'runner');
  if (wish === 'cancel')
    return runners.length === 0 ? 'nothing more is done' : `${at} will end within seconds`;
  if (wish === 'pause')
    return runners.length === 0 ? 'no runner was at work' : `${at} will pause within a minute`;
  return runners.length === 0
    ? `no runner is at work: genesys-archive jobs run ${shortId(plan.id)}`
    : `${at} at work`;
}

async function showFailures({ ui, clock }: CommandContext, job: FollowedJob): Promise<number> {
  const { store, plan, budget } = job;
  let shown = 0;
  for await (const { name, code, reason, retryable, attempts } of listFailures(store, plan.id, budget)) {
    shown += 1;
    if (ui.json) ui.record('failed', { job: plan.id, item: name, code, reason, retryable, attempts });
    else
      ui.out(
        `${printable(name)}  ${code}  ${retryable ? 'retryable' : 'final'}  ${printable(reason)}`.trimEnd(),
      );
    await ui.drained();
  }
  const { failed } = await readProgress({ ...job, now: clock.now(), openShards: 64 });
  if (failed > shown) ui.say(`${failed - shown} more in shards that are not finished: listed when they are`);
  else if (shown === 0) ui.say('nothing has failed');
  return 0;
}

async function retry(
  context: CommandContext,
  jobs: ObjectStore,
  { plan, budget, store }: FollowedJob,
  { all = false, name, rate, wait = false, workers }: JobsOptions,
): Promise<number> {
  const { ui, clock } = context;
  const progress = await readProgress({ store, plan, budget, now: clock.now(), openShards: 0 });
  if (!isOver(progress)) {
    throw new ArchiveError('JOB_CHANGED', `job ${plan.id} is not over`, {
      hint: `wait for it: genesys-archive jobs watch ${shortId(plan.id)}`,
    });
  }
  const planned = await planRetry();
  if (ui.json) {
    const { id, totals } = planned;
    ui.record('planned', { job: id, kind: planned.kind, ...totals, retryOf: plan.id });
  } else ui.out(planned.id);
  ui.say(`${count(planned.totals.items, 'item')} of ${plan.id} planned again`);
  if (wait) return runJobHere(context, planned, present({ workers }));
  ui.say(`any runner works on it: genesys-archive jobs run ${shortId(planned.id)}`);
  return 0;

  async function planRetry(): Promise<JobPlan> {
    try {
      return await retryJob({
        store: jobs,
        plan,
        all,
        ...present({ name, rate }),
        createdBy: runnerName('command line'),
        clock,
        budget,
      });
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'JOB_EMPTY') throw error;
      const what = all || progress.failed === 0 ? 'no failed items' : 'no failed items that may succeed now';
      throw new ArchiveError('JOB_EMPTY', `job ${plan.id} has ${what}`, {
        hint: all || progress.failed === 0 ? 'nothing has to be done' : '--all takes the others as well',
      });
    }
  }
}
