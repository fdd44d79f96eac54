import { type Rewrap, rewrapRecording } from '../../rekey/rewrap-recordings.ts';
import { openAmending, openConfiguredStore, openKeySources } from '../../create-archiver.ts';
import { chooseWrap, openUnwrappers, openWrap } from '../../envelope/key-sources.ts';
import { createRewrapper } from '../../envelope/rewrap.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { requireSelection, runSelection, type SelectionOptions } from '../_selection.ts';

interface RewrapOptions extends SelectionOptions {
  readonly wrap?: string;
  readonly unverified?: boolean;
}

/** Moves data keys under another wrapping key. What is under it already is passed over, so that any run can be ended and repeated. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: RewrapOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const rewrapper = await openKeySources(config, async (sources) => {
    const wrapper = await openWrap(chooseWrap(options.wrap, sources), sources, context);
    const unwrappers = await openUnwrappers(sources, context);
    return createRewrapper({ wrapper, unwrappers, organizationId: sources.organizationId });
  });
  const { budget, end } = openBudget(context);
  const amending = await openAmending(config, context, budget).finally(end);
  const checking = { ...amending, unverified: options.unverified === true };
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'rewrapping',
    record: 'rewrap',
    store,
    layout: config.layout,
    work: async (_, key, budget) => {
      const ports = { store, rewrapper, ...checking };
      const rewrapped: Rewrap = await rewrapRecording(ports, key, { dryRun }, budget);
      const { state, placement, reason, amendment, notes } = rewrapped;
      return { state, facts: { placement, reason, amendment, notes } };
    },
  });
}
