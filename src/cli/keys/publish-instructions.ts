import { openConfiguredStore, openConfiguredVersions, readTrust } from '../../create/archiver.ts';
import { ArchiveError } from '../../errors.ts';
import { publishInstruction } from '../../rekey/publish-instruction.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { requireSelection, runSelection } from '../_selection.ts';
import type { MoveOptions } from '../options/rekey.ts';

/** As the options of `keys` have them. */
export type PublishOptions = Pick<MoveOptions, 'all' | 'from' | 'to' | 'concurrency' | 'dryRun'>;

/** Writes or repairs the instruction files of objects whose data keys are in key records. */
export async function publishInstructions(
  context: CommandContext,
  ids: readonly string[],
  options: PublishOptions,
): Promise<number> {
  requireSelection(ids, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const trust = await readTrust(config);
  const versions = await openConfiguredVersions(config, context);
  const { budget, end } = openBudget(context);
  const { defaultDays } = await versions.bucketLock(budget).finally(end);
  if (defaultDays !== undefined) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `${store.location} locks what is written to it: an instruction file there could not be erased`,
      { hint: "copy the objects that AWS's clients are to read to another bucket, and publish there" },
    );
  }
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'publishing',
    record: 'publication',
    store,
    layout: config.layout,
    work: async (counted, key, until) => {
      const { state, notes } = await publishInstruction({ store: counted, ...trust }, key, { dryRun }, until);
      return { state, facts: { notes } };
    },
  });
}
