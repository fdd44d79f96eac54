import { openConfiguredStore } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { BatchCircuit } from '../_batch.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, formatDuration, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';

interface GcOptions {
  readonly multipart?: boolean;
  readonly keys?: boolean;
  /** ms */
  readonly olderThan?: number;
  readonly dryRun?: boolean;
}

/** ms; the longest Lambda runs 15 minutes, so that a day is beyond every doubt. */
const DEFAULT_AGE_MS = 86_400_000;

/** Removes what writers that were killed have left behind: open multipart uploads, `*.partial` files. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: GcOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  if ((options.multipart === true) === (options.keys === true)) {
    throw new ArchiveError('USAGE', 'say what to clean up', {
      hint: '--multipart: what killed writers left; --keys: key records that no object has',
    });
  }
  if (options.keys === true) {
    const { sweepKeys } = await import('../_sweep-keys.ts');
    return sweepKeys(context, options);
  }
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const { listUploads, abortUpload } = store;
  if (listUploads === undefined || abortUpload === undefined) {
    throw new ArchiveError('USAGE', `${store.location} keeps nothing unfinished`);
  }
  const youngest = clock.now() - (options.olderThan ?? DEFAULT_AGE_MS);
  const dryRun = options.dryRun === true;
  const { budget, end } = openBudget(context);
  const failures: ItemFailure[] = [];
  const circuit = new BatchCircuit(clock, ui);
  let removed = 0;
  let kept = 0;
  const range = searchIn(config, {});
  const removeAll = async () => {
    for await (const upload of listUploads(budget)) {
      const { key, startedAt } = upload;
      if (startedAt > youngest) {
        kept += 1;
        continue;
      }
      const age = formatDuration(clock.now() - startedAt);
      try {
        if (!dryRun) await abortUpload(upload, budget);
        removed += 1;
        circuit.settle(undefined);
        const state = dryRun ? 'found' : 'removed';
        if (ui.json) ui.record('upload', { state, key, startedAt: new Date(startedAt).toISOString() });
        else ui.out(`${dryRun ? 'would remove' : 'removed'}  ${printable(key)}  begun ${age} ago`);
      } catch (error) {
        const failure = toArchiveError(error);
        failures.push({ error: failure });
        circuit.settle(failure);
        if (ui.json) ui.record('failed', { key, code: failure.code, message: failure.message });
        else ui.out(`failed   ${printable(key)}  ${printable(failure.message)}  [${failure.code}]`);
      }
      await ui.drained();
      // one request after the other, each with its own retries: no pause would help
      if (circuit.isOpen) break;
    }
    // nothing unfinished is as it should be, in an archive
    if (removed + kept + failures.length === 0) {
      await requireArchive(store, range, ['present', 'other-layout'], budget);
    }
  };
  try {
    await readArchive(store, removeAll);
  } finally {
    end();
  }
  if (ui.json)
    ui.record('summary', { removed: dryRun ? 0 : removed, found: removed, kept, failed: failures.length });
  else {
    const what = count(removed, 'unfinished upload');
    ui.say(`${what} ${dryRun ? 'to remove' : 'removed'}, ${kept} too young, in ${printable(store.location)}`);
  }
  return concludeItems(removed + failures.length, failures, context.signal);
}
