import type { Budget } from '../../clock.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStore, UnfinishedUpload } from '../../ports.ts';
import { BatchCircuit } from '../_batch.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, formatDuration, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';
import type { GcOptions } from '../options/archive.ts';

/** ms; the longest Lambda runs 15 minutes, so that a day is beyond every doubt. */
const DEFAULT_AGE_MS = 86_400_000;

/** Removes what writers that were killed have left behind: open multipart uploads, `*.partial` files. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: GcOptions,
): Promise<number> {
  const { clock, logger } = context;
  if ((options.multipart === true) === (options.keys === true)) {
    throw new ArchiveError('USAGE', 'say what to clean up', {
      hint: '--multipart: what killed writers left; --keys: key records that no object has',
    });
  }
  if (options.keys === true) {
    const { sweepKeys } = await import('../keys/sweep-keys.ts');
    return sweepKeys(context, options);
  }
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const { location, listUploads, abortUpload } = store;
  if (listUploads === undefined || abortUpload === undefined) {
    throw new ArchiveError('USAGE', `${location} keeps nothing unfinished`);
  }
  const { budget, end } = openBudget(context);
  const clearing = new Clearing(context, { location, listUploads, abortUpload }, options);
  try {
    await readArchive(store, async () => {
      const found = await clearing.removeAll(budget);
      // nothing unfinished is as it should be, in an archive
      if (found === 0) await requireArchive(store, searchIn(config, {}), ['present', 'other-layout'], budget);
    });
  } finally {
    end();
  }
  clearing.tellSummary();
  const { removed, failures } = clearing;
  return concludeItems(removed + failures.length, failures, context.signal);
}

type StoreOfUploads = Required<Pick<ObjectStore, 'location' | 'listUploads' | 'abortUpload'>>;

/** One pass through what is unfinished in a store. */
class Clearing {
  /** In a dry run: what would be. */
  removed = 0;
  readonly failures: ItemFailure[] = [];
  #kept = 0;
  readonly #context: Pick<CommandContext, 'ui' | 'clock'>;
  readonly #store: StoreOfUploads;
  readonly #dryRun: boolean;
  /** Epoch ms. */
  readonly #youngest: number;
  readonly #circuit: BatchCircuit;

  constructor(context: CommandContext, store: StoreOfUploads, { olderThan, dryRun }: GcOptions) {
    const { ui, clock } = context;
    this.#context = context;
    this.#store = store;
    this.#dryRun = dryRun === true;
    this.#youngest = clock.now() - (olderThan ?? DEFAULT_AGE_MS);
    this.#circuit = new BatchCircuit(clock, ui);
  }

  /** @returns how many unfinished uploads there are, the young ones included. */
  async removeAll(budget: Budget): Promise<number> {
    const { listUploads, abortUpload } = this.#store;
    for await (const upload of listUploads(budget)) {
      if (upload.startedAt > this.#youngest) {
        this.#kept += 1;
        continue;
      }
      await this.#settle(upload, () => abortUpload(upload, budget));
      await this.#context.ui.drained();
      // one request after the other, each with its own retries: no pause would help
      if (this.#circuit.isOpen) break;
    }
    return this.removed + this.#kept + this.failures.length;
  }

  tellSummary(): void {
    const { ui } = this.#context;
    const { removed, failures } = this;
    const kept = this.#kept;
    const dryRun = this.#dryRun;
    if (ui.json) {
      ui.record('summary', { removed: dryRun ? 0 : removed, found: removed, kept, failed: failures.length });
      return;
    }
    const what = `${count(removed, 'unfinished upload')} ${dryRun ? 'to remove' : 'removed'}`;
    ui.say(`${what}, ${kept} too young, in ${printable(this.#store.location)}`);
  }

  async #settle({ key, startedAt }: UnfinishedUpload, abort: () => Promise<void>): Promise<void> {
    const { ui, clock } = this.#context;
    const age = formatDuration(clock.now() - startedAt);
    try {
      if (!this.#dryRun) await abort();
      this.removed += 1;
      this.#circuit.settle(undefined);
      const state = this.#dryRun ? 'found' : 'removed';
      if (ui.json) ui.record('upload', { state, key, startedAt: new Date(startedAt).toISOString() });
      else ui.out(`${this.#dryRun ? 'would remove' : 'removed'}  ${printable(key)}  begun ${age} ago`);
    } catch (error) {
      const failure = toArchiveError(error);
      this.failures.push({ error: failure });
      this.#circuit.settle(failure);
      if (ui.json) ui.record('failed', { key, code: failure.code, message: failure.message });
      else ui.out(`failed   ${printable(key)}  ${printable(failure.message)}  [${failure.code}]`);
    }
  }
}
