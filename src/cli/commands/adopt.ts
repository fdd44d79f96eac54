import { adoptRecording } from '../../rekey/adopt-recordings.ts';
import { openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { openAdopter } from '../../job-kinds/adopt.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { planSelection, requireSelection, runSelection } from '../_selection.ts';
import type { RekeyOptions } from '../options/rekey.ts';

/** Writes instruction files beside objects of the static key. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: RekeyOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const trust = { ...(await readTrust(config)), unverified: options.unverified === true };
  const adopter = await openAdopter(config, options.wrap, context);
  try {
    if (options.job === true) {
      const chosen = { wrap: options.wrap, unverified: options.unverified === true };
      return await planSelection(context, options, {
        kind: 'adopt',
        config,
        archive: store,
        options: chosen,
      });
    }
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
