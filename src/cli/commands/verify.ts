import { openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { type CommandContext, noteWholeDays, readRange, readSettings, searchVersions } from '../_context.ts';
import { checkOutput } from '../file-target.ts';
import { makePlan, requireSense } from '../verify/plan.ts';
import { planVerification } from '../verify/plan-verification.ts';
import { verifyHere } from '../verify/verify-here.ts';
import type { VerifyOptions } from '../options/read.ts';

/** Compares recordings with their receipts, as deep as asked, and keeps nothing of them. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  requireSense(ids, options);
  const days = readRange(options);
  noteWholeDays(ui, options);
  // before the work, which may take hours, and not after it
  if (options.report !== undefined) await checkOutput(options.report, { force: true });
  const depth = options.depth ?? 'full';
  const full = depth === 'full' ? await readSettings(context, 'restore') : undefined;
  const config = full ?? (await readSettings(context, 'store'));
  const trust = await readTrust(config);
  const range = searchVersions(config, days, { keys: trust.keys, version: options.objectVersion });
  const archive = await openConfiguredStore(config, { clock, logger });
  const plan = await makePlan(options, depth, archive.location, range.layout.source);
  return options.job === true
    ? planVerification(context, { options, plan, depth, config, archive, range })
    : verifyHere(context, { ids, options, plan, depth, config, full, trust, archive, range });
}
