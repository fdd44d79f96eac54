/** Works on jobs with this process. */
import { abortReason } from '../../clock.ts';
import { createJobRunner } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import type { JobKindSource } from '../../job-kinds/kind-source.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import type { RunEvent, RunResult } from '../../jobs/requests.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { shortId } from './describe-job.ts';
import { concludeJob, watchWhile } from './follow-job.ts';
import { jobTools, runnerName } from './job-settings.ts';
import { present } from '../../present.ts';

export interface RunHereOptions {
  readonly workers?: number;
  /** Ends when nothing is free. */
  readonly once?: boolean;
  /** Kinds instead of all that there are: one that a person has confirmed. */
  readonly kinds?: readonly JobKindSource[];
}

/**
 * Works on a job until it is over, or nothing of it is free with `once`, and shows progress.
 *
 * @returns the exit code 0.
 * @throws what ended the work: `INTERRUPTED`, the error of a runner that stopped, `SOME_FAILED`.
 */
export async function runJobHere(
  context: CommandContext,
  plan: JobPlan,
  { workers, once = false, kinds }: RunHereOptions,
): Promise<number> {
  const { ui, clock, signal } = context;
  const tools = jobTools(context);
  const runner = await createJobRunner({
    ...tools,
    owner: runnerName('command line'),
    ...present({ kinds }),
  });
  const { budget, end } = openBudget(context);
  // who runs it must see what it does: a plan is an object like others
  ui.say(`${plan.kind} job ${plan.id}: ${printable(JSON.stringify(plan.options))}`);
  try {
    const store = patientStore(runner.store, clock);
    const running = runner.runJob({
      id: plan.id,
      budget,
      stay: !once,
      ...present({ workers }),
      onEvent: (event) => tellEvent(context, event),
    });
    const result = await watchWhile(context, { store, plan, budget }, running);
    if (signal.aborted) throw interrupted(context, plan);
    switch (result.end) {
      case 'over':
      case 'cancelled':
        return await concludeJob(context, { store, plan });
      case 'other-kind':
        throw new ArchiveError('USAGE', `this version works on no jobs of the kind ${plan.kind}`);
      case 'stopped':
        throw stoppedBy(result, plan);
      case 'busy':
      case 'deadline':
      case 'interrupted':
      case 'paused':
      case 'resting':
        ui.say(`${describeResult(result)}; ${REASONS[result.end]}`);
        return 0;
    }
  } finally {
    end();
    runner.close();
  }
}

/** Works on all jobs that are not over until nothing of them is free. */
export async function runAllHere(context: CommandContext, { workers }: RunHereOptions): Promise<number> {
  const { ui, signal } = context;
  const runner = await createJobRunner({ ...jobTools(context), owner: runnerName('command line') });
  try {
    const results = await runner.runDueJobs({
      signal,
      ...present({ workers }),
      onEvent: (event) => tellEvent(context, event),
    });
    if (results.length === 0) ui.say('no job has anything for this machine to do');
    for (const result of results) {
      const { job, error, ...fields } = result;
      if (ui.json) ui.record('run', { job, ...fields, ...present({ error }) });
      else
        ui.out(
          `${job}  ${describeResult(result)}  ${error === undefined ? result.end : printable(`stopped: ${error.message} [${error.code}]`)}`,
        );
    }
    if (signal.aborted) throw abortReason(signal);
    const failed = results.find(({ error }) => error !== undefined)?.error;
    if (failed !== undefined)
      throw new ArchiveError(failed.code, failed.message, { details: failed.details });
    return 0;
  } finally {
    runner.close();
  }
}

const REASONS: Readonly<Record<'paused' | 'busy' | 'resting' | 'deadline' | 'interrupted', string>> = {
  paused: 'the job is paused: jobs resume lets it go on',
  busy: 'what is left is with other runners',
  resting: 'what is left has to wait',
  deadline: 'the time is over',
  interrupted: 'interrupted',
};

function tellEvent({ ui, logger }: CommandContext, { what, job, shard, item, code }: RunEvent): void {
  if (what === 'item-failed') {
    if (ui.json) ui.record('failed', { job, item, code });
    else ui.out(`${ui.style('red', 'FAILED ')}  ${printable(item ?? '')}  [${code ?? 'UNEXPECTED'}]`);
    return;
  }
  logger.log('debug', `job ${job}: ${what}${shard === undefined ? '' : ` (shard ${shard})`}`);
}

function interrupted({ signal, ui }: CommandContext, plan: JobPlan): ArchiveError {
  ui.say(
    `job ${plan.id} goes on with its other runners, or with: genesys-archive jobs run ${shortId(plan.id)}`,
  );
  return abortReason(signal);
}

function stoppedBy({ error }: RunResult, plan: JobPlan): ArchiveError {
  const { code = 'UNEXPECTED', message = 'the runner stopped', details = {} } = error ?? {};
  return new ArchiveError(code, message, {
    details,
    hint: `nothing is lost: put it right, then genesys-archive jobs run ${shortId(plan.id)}`,
  });
}

function describeResult({ done, already, failed, bytes }: RunResult): string {
  return `${count(done, 'item')} done here, ${already} found done, ${failed} failed, ${formatBytes(bytes)}`;
}
