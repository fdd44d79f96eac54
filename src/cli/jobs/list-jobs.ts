import type { Budget } from '../../clock.ts';
import type { PatientStore } from '../../jobs/patient-store.ts';
import { listJobs, readPlan } from '../../jobs/read-job.ts';
import { type JobProgress, readProgress } from '../../jobs/read-progress.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { progressFields, settledOf } from './describe-job.ts';

/** ms after which a plan that never ended was given up. */
const PLANNING_MS = 60 * 60_000;

/** Shows the jobs that are not over, oldest first; all with `all`. @returns how many jobs there are. */
export async function showJobs(
  { ui, clock }: CommandContext,
  store: PatientStore,
  { all, budget }: { readonly all: boolean; readonly budget: Budget },
): Promise<number> {
  let over = 0;
  let shown = 0;
  for await (const { id, closed, openedAt } of listJobs(store, budget)) {
    if (closed && !all) {
      over += 1;
      continue;
    }
    const plan = await readPlan(store, id, budget);
    if (plan === undefined) {
      const state = !closed && clock.now() - openedAt < PLANNING_MS ? 'planning' : 'given up';
      // what was given up expires with the store's own rule
      if (state === 'given up' && !all) continue;
      shown += 1;
      if (ui.json) ui.record('job', { job: id, state });
      else ui.out(`${id}  ${state}`);
      continue;
    }
    shown += 1;
    const progress = await readProgress({ store, plan, budget, now: clock.now(), openShards: 4 });
    if (ui.json) ui.record('job', { ...progressFields(progress), createdAt: plan.createdAt });
    else ui.out(lineOf(progress));
    await ui.drained();
  }
  if (shown === 0)
    ui.say(over === 0 ? 'no jobs' : `no job is under way; --all lists ${count(over, 'job')} that ended`);
  else if (over > 0) ui.say(`${count(over, 'job')} more that ended: --all lists them`);
  return shown + over;
}

function lineOf(progress: JobProgress): string {
  const { plan, state, failed } = progress;
  const { items } = plan.totals;
  const settled = `${settledOf(progress)}/${items}`;
  const failures = failed > 0 ? `${failed} failed` : '';
  const name = plan.name === undefined ? '' : printable(plan.name);
  return [plan.id, state.padEnd(9), plan.kind.padEnd(9), settled.padStart(15), failures.padEnd(12), name]
    .join('  ')
    .trimEnd();
}
