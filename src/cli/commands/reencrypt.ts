import { reencryptRecording } from '../../rekey/reencrypt-recordings.ts';
import { createReader, openConfiguredStore, openKeySources, readTrust } from '../../create-archiver.ts';
import { chooseWrap, openWrap } from '../../envelope/key-sources.ts';
import { createResealer, requireReadable } from '../../envelope/reencrypt.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { requireSelection, runSelection, type SelectionOptions } from '../_selection.ts';

interface ReencryptOptions extends SelectionOptions {
  readonly wrap?: string;
  readonly unverified?: boolean;
  readonly target?: string;
}

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
  const store = await openConfiguredStore(config, context);
  const target = await openConfiguredStore({ ...config, store: options.target }, context);
  if (isWithin(store.location, target.location) || isWithin(target.location, store.location)) {
    throw new ArchiveError(
      'USAGE',
      'the new objects would lie within the archive they come from, or around it',
    );
  }
  const reader = await createReader(config, context);
  const trust = { ...(await readTrust(config)), unverified: options.unverified === true };
  const resealer = await openKeySources(config, async (sources) => {
    const choice = chooseWrap(options.wrap, sources);
    if (choice.kmsKeyId !== undefined) {
      throw new ArchiveError(
        'USAGE',
        'the new objects are read back, so their KMS key has to be the configured one',
        {
          hint: 'set ARCHIVE_KMS_KEY_ID, and say --wrap kms',
        },
      );
    }
    const wrapper = await openWrap(choice, sources, context);
    return createResealer(wrapper, sources.organizationId);
  });
  const { budget, end } = openBudget(context);
  try {
    await requireReadable(resealer, reader, budget);
  } finally {
    end();
  }
  const dryRun = options.dryRun === true;
  return runSelection(context, ids, options, {
    doing: 'encrypting again',
    record: 'reencryption',
    store,
    layout: config.layout,
    work: async (source, key, budget) => {
      const ports = { source, target, reader, resealer, ...trust };
      const { state, bytes, sha256, notes } = await reencryptRecording(ports, key, { dryRun }, budget);
      return { state, facts: { bytes, sha256, notes } };
    },
  });
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
