import type { VerifyDepth } from '../../audit/verify-recording.ts';
import { walkArchive } from '../../audit/walk-archive.ts';
import type { StoreConfig } from '../../config/config.ts';
import type { ObjectStore } from '../../ports.ts';
import { type CommandContext, openBudget, type searchIn } from '../_context.ts';
import { planRecordings } from '../jobs/plan-recordings.ts';
import { count, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { type EarlierRun, readResumed } from './resume.ts';
import type { VerifyPlan } from './state.ts';
import { tellFinding } from './verify-run.ts';
import { present } from '../../present.ts';
import type { VerifyOptions } from '../options/read.ts';

/**
 * A sample, days or all of the archive, as a job. With `--resume` it is what an interrupted run without a job has left: that run's
 * findings are told now, and its file is of no more use.
 */
export async function planVerification(
  context: CommandContext,
  {
    options,
    plan,
    depth,
    config,
    archive,
    range,
  }: {
    readonly options: VerifyOptions;
    readonly plan: VerifyPlan;
    readonly depth: VerifyDepth;
    readonly config: StoreConfig;
    readonly archive: ObjectStore;
    readonly range: ReturnType<typeof searchIn>;
  },
): Promise<number> {
  const { from, to, allow = [], resume } = options;
  const { share, seed } = plan;
  const { budget, end } = openBudget(context);
  const earlier = resume === undefined ? undefined : await readResumed(resume, plan, context.clock, budget);
  const sample = share === null ? undefined : { share, seed: seed ?? '' };
  const selection = { from, to, ...present({ sample }) };
  const walk = (after?: string) => walkArchive(archive, { range, sample, after }, budget);
  async function* keys() {
    for await (const key of earlier?.left(walk) ?? walk()) yield { key };
  }
  if (earlier !== undefined) tellEarlier(context.ui, earlier, resume ?? '');
  const work = { kind: 'verify', config, archive, keys, options: { depth, allow }, selection, writes: false };
  return planRecordings(context, work, options, budget).finally(end);
}

function tellEarlier(ui: Ui, { startedAt, checked, findings }: EarlierRun, file: string): void {
  for (const finding of findings) tellFinding(ui, finding);
  ui.say(
    `the job takes over after ${count(checked, 'recording')} and ${count(findings.length, 'finding')} of the run begun at ${startedAt}: ${printable(file)} is not needed any more`,
  );
}
