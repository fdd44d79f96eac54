import { adoptRecording } from '../../rekey/adopt-recordings.ts';
import { openConfiguredStore, openKeySources, readTrust } from '../../create-archiver.ts';
import { type Adopter, createAdopter } from '../../envelope/adopt.ts';
import { chooseWrap, openWrap } from '../../envelope/key-sources.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { requireSelection, runSelection, type SelectionOptions } from '../_selection.ts';

interface AdoptOptions extends SelectionOptions {
  readonly wrap?: string;
  readonly unverified?: boolean;
}

/** Writes instruction files beside objects of the static key. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: AdoptOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const trust = { ...(await readTrust(config)), unverified: options.unverified === true };
  const adopter = await openKeySources(config, async (sources): Promise<Adopter> => {
    const { staticKey, organizationId } = sources;
    if (staticKey === undefined) {
      throw new ArchiveError('CONFIG_INVALID', 'ENCRYPTION_KEY_HEX is not set: it is the key to be wrapped');
    }
    const wrapper = await openWrap(chooseWrap(options.wrap, sources), sources, context);
    return createAdopter({ staticKey, wrapper, organizationId });
  });
  try {
    return await runSelection(context, ids, options, {
      doing: 'adopting',
      record: 'adoption',
      store,
      layout: config.layout,
      work: async (counted, key, budget) => {
        const dryRun = options.dryRun === true;
        const ports = { store: counted, adopter, ...trust };
        const adoption = await adoptRecording(ports, key, { dryRun }, budget);
        const { state, instructionKey, conversationKnown, notes } = adoption;
        return { state, facts: { instructionKey, conversationKnown, notes } };
      },
    });
  } finally {
    adopter.end();
  }
}
