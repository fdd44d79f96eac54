import { reencryptRecording } from '../../rekey/reencrypt-recordings.ts';
import { openReencrypting } from '../../job-kinds/reencrypt.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { planSelection, requireSelection, runSelection } from '../_selection.ts';
import type { ReencryptOptions } from '../options/keys.ts';

/** Encrypts recordings again, as new objects of another store. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: ReencryptOptions,
): Promise<number> {
  requireSelection(ids, options);
  if (options.target === undefined) {
    throw new ArchiveError('USAGE', 'say where the new objects go', {
      hint: '--target s3://BUCKET/PREFIX or --target file:PATH, another place than ARCHIVE_STORE',
    });
  }
  const config = await readSettings(context, 'wrap');
  const { wrap, target } = options;
  const chosen = { wrap, target, unverified: options.unverified === true };
  const { budget, end } = openBudget(context);
  const reencrypting = await openReencrypting(config, chosen, context, budget).finally(end);
  if (options.job === true) {
    const { source: archive, target: there } = reencrypting;
    // a path as it is here: runners have other working directories
    const own = { ...chosen, target: there.location };
    return planSelection(context, options, { kind: 'reencrypt', config, archive, options: own });
  }
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'encrypting again',
    record: 'reencryption',
    store: reencrypting.source,
    layout: config.layout,
    work: async (source, key, budget) => {
      const ports = { ...reencrypting, source };
      const { state, bytes, sha256, notes } = await reencryptRecording(ports, key, { dryRun }, budget);
      return { state, facts: { bytes, sha256, notes } };
    },
  });
}
