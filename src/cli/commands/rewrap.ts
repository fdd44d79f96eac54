import { type Rewrap, rewrapRecording } from '../../rekey/rewrap-recordings.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { openRewrapping } from '../../job-kinds/rewrap.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { planSelection, requireSelection, runSelection } from '../_selection.ts';
import type { RekeyOptions } from '../options/rekey.ts';

/** Moves data keys under another wrapping key. What is under it already is passed over, so that any run can be ended and repeated. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: RekeyOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const { budget, end } = openBudget(context);
  const chosen = { wrap: options.wrap, unverified: options.unverified === true };
  const rewrapping = await openRewrapping(config, chosen, context, budget).finally(end);
  if (options.job === true) {
    return planSelection(context, options, { kind: 'rewrap', config, archive: store, options: chosen });
  }
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'rewrapping',
    record: 'rewrap',
    store,
    layout: config.layout,
    work: async (_, key, budget) => {
      const ports = { store, ...rewrapping };
      const rewrapped: Rewrap = await rewrapRecording(ports, key, { dryRun }, budget);
      const { state, placement, reason, amendment, notes } = rewrapped;
      return { state, facts: { placement, reason, amendment, notes } };
    },
  });
}
