import { openConfiguredStore } from '../../create/archiver.ts';
import { moveKeys, openMoving } from '../../job-kinds/rekey.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { planSelection, requireSelection, runSelection } from '../_selection.ts';
import type { MoveOptions } from '../options/rekey.ts';

/** Moves data keys from the metadata of objects into key records. What was moved is passed over, so that any run can be ended and repeated. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: MoveOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const unverified = options.unverified === true;
  if (options.job === true) {
    const chosen = { unverified };
    return planSelection(context, options, { kind: 'rekey', config, archive: store, options: chosen });
  }
  const { budget, end } = openBudget(context);
  const moving = await openMoving(config, unverified, context, budget).finally(end);
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'moving keys',
    record: 'rekey',
    store,
    layout: config.layout,
    work: async (counted, key, until) => {
      const { state, reason, amendment, notes } = await moveKeys(
        { ...moving, store: counted },
        key,
        { dryRun },
        until,
      );
      const told = reason === undefined ? notes : [...notes, `${state}: ${reason}`];
      return { state, facts: { reason, amendment, notes: told } };
    },
  });
}
