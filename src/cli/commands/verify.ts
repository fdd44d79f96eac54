import { findRecording, listRecordings } from '../../archive/find-recording.ts';
import { verifyRecording } from '../../archive/read-recording.ts';
import { createReader, openConfiguredStore } from '../../create-archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, forEachOf, openBudget, readRange, readSettings } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';

interface VerifyOptions {
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 4;

/** Decrypts and authenticates recordings and keeps nothing of them. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  if (ids.length > 0 === (options.all === true)) {
    throw new ArchiveError('USAGE', 'say what to verify', { hint: 'ids or keys of recordings, or --all' });
  }
  const range = readRange(options);
  const config = await readSettings(context, 'restore');
  const plainStore = await openConfiguredStore(config, { clock, logger });
  const reader = await createReader(config, context);
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, 'verifying', { items: options.all === true ? undefined : ids.length });
  const store = countBytes(plainStore, progress.addBytes);
  const failures: ItemFailure[] = [];
  let verifiedBytes = 0;

  const verifyOne = async (idOrKey: string) => {
    try {
      const key = await findRecording(store, idOrKey, range, budget);
      const { bytes, sha256 } = await verifyRecording({ store, reader }, key, budget);
      verifiedBytes += bytes;
      progress.itemDone();
      if (ui.json) ui.record('verified', { key, bytes, sha256 });
      else if (!ui.quiet) ui.out(`ok       ${sha256}  ${printable(key)}`);
      await ui.drained();
    } catch (thrown) {
      const error = toArchiveError(thrown);
      progress.itemFailed();
      failures.push({ error });
      const { code, message } = error;
      if (ui.json) ui.record('finding', { key: idOrKey, code, message });
      else ui.out(`${ui.style('red', 'FINDING')}  ${printable(idOrKey)}  ${printable(message)}  [${code}]`);
    }
  };
  async function* allKeys() {
    for await (const { key } of listRecordings(plainStore, range, budget)) yield key;
  }

  try {
    await forEachOf(
      options.all === true ? allKeys() : ids,
      options.concurrency ?? DEFAULT_CONCURRENCY,
      budget.signal,
      verifyOne,
    );
  } finally {
    progress.end();
    end();
  }
  const { done, failed, elapsedMs } = progress.count();
  if (ui.json) {
    ui.record('summary', {
      verified: done - failed,
      findings: failed,
      bytes: verifiedBytes,
      durationMs: Math.round(elapsedMs),
    });
  } else {
    const what = count(done - failed, 'recording');
    ui.say(
      `${what} verified (${formatBytes(verifiedBytes)}), ${count(failed, 'finding')}, in ${printable(store.location)}`,
    );
  }
  // an archive that is empty by mistake, e.g. another bucket, must not pass for one that is in order
  if (done === 0 && !context.signal.aborted)
    ui.warn(`there was nothing to verify in ${printable(store.location)}`);
  return concludeItems(done, failures, context.signal, isIntegrityFailure);
}
