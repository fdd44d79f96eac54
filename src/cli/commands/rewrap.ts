import { type Rewrap, rewrapRecording } from '../../archive/rewrap-recordings.ts';
import { openConfiguredStore, openKeySources } from '../../create-archiver.ts';
import { chooseWrap, openUnwrappers, openWrap } from '../../envelope/key-sources.ts';
import { createRewrapper } from '../../envelope/rewrap.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { requireSelection, runSelection, type SelectionOptions } from '../_selection.ts';

interface RewrapOptions extends SelectionOptions {
  readonly wrap?: string;
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
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'rewrapping',
    record: 'rewrap',
    store,
    layout: config.layout,
    work: async (_, key, budget) => {
      const { state, placement, reason }: Rewrap = await rewrapRecording(
        { store, rewrapper },
        key,
        { dryRun },
        budget,
      );
      return { state, facts: { placement, reason } };
    },
  });
}
