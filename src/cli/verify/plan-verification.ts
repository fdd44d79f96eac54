import type { VerifyDepth } from '../../audit/verify-recording.ts';
import { walkArchive } from '../../audit/walk-archive.ts';
import type { StoreConfig } from '../../config/config.ts';
import type { ObjectStore } from '../../ports.ts';
import { type CommandContext, openBudget, type searchIn } from '../_context.ts';
import { planRecordings } from '../jobs/plan-recordings.ts';
import type { VerifyOptions } from './plan.ts';
import type { VerifyPlan } from './state.ts';

/** A sample, days or all of the archive, as a job. */
export async function planVerification(
  context: CommandContext,
  {
    options,
    plan: { share, seed },
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
  const { from, to, allow = [] } = options;
  const { budget, end } = openBudget(context);
  const sample = share === null ? undefined : { share, seed: seed ?? '' };
  const selection = { from, to, ...(sample === undefined ? {} : { sample }) };
  async function* keys() {
    for await (const key of walkArchive(archive, { range, sample }, budget)) yield { key };
  }
  const work = { kind: 'verify', config, archive, keys, options: { depth, allow }, selection, writes: false };
  return planRecordings(context, work, options, budget).finally(end);
}
