import { findRecording, listRecordings } from '../archive/find-recording.ts';
import type { Budget } from '../clock.ts';
import type { LayoutConfig } from '../config/config.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from './_conclude.ts';
import { type CommandContext, forEachOf, openBudget, readRange, searchIn } from './_context.ts';
import { count, printable } from './_format.ts';
import { countBytes, startProgress } from './_progress.ts';

/** Options of every command that does one thing to many recordings. */
export interface SelectionOptions {
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly concurrency?: number;
  readonly dryRun?: boolean;
}

export interface SelectionWork {
  /** e.g. `adopting`. */
  readonly doing: string;
  /** Type of the JSON line of one recording. */
  readonly record: string;
  readonly store: ObjectStore;
  /** Of the store. */
  readonly layout: LayoutConfig;
  /** @returns a word for what became of it, and what else the JSON line says. */
  readonly work: (
    store: ObjectStore,
    key: string,
    budget: Budget,
  ) => Promise<{ readonly state: string; readonly facts?: { readonly notes?: readonly string[] } & object }>;
}

const DEFAULT_CONCURRENCY = 4;

/** @throws `USAGE` when it is not clear which recordings are meant. */
export function requireSelection(ids: readonly string[], { all }: SelectionOptions): void {
  if (ids.length > 0 === (all === true)) {
    const message =
      all === true
        ? 'recordings are named, and --all says every one: it cannot be both'
        : 'say which recordings are meant';
    throw new ArchiveError('USAGE', message, { hint: 'ids or keys of recordings, or --all' });
  }
}

/** Does `work` to each of the recordings, tells what became of each, and concludes with an exit code. */
export async function runSelection(
  context: CommandContext,
  ids: readonly string[],
  options: SelectionOptions,
  { doing, record, store: plainStore, layout, work }: SelectionWork,
): Promise<number> {
  const { ui } = context;
  const range = searchIn({ layout }, readRange(options));
  const dryRun = options.dryRun === true;
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, dryRun ? `${doing} (dry run)` : doing, {
    items: options.all === true ? undefined : ids.length,
  });
  const store = countBytes(plainStore, progress.addBytes);
  const failures: ItemFailure[] = [];
  const states = new Map<string, number>();
  const notes = new Map<string, number>();

  const workOn = async (idOrKey: string) => {
    try {
      const key = await findRecording(store, idOrKey, range, budget);
      const { state, facts } = await work(store, key, budget);
      states.set(state, (states.get(state) ?? 0) + 1);
      progress.itemDone();
      if (ui.json) ui.record(record, { key, state, dryRun, ...facts });
      else {
        ui.out(`${state.padEnd(13)}  ${printable(key)}`);
        for (const note of facts?.notes ?? []) {
          notes.set(note, (notes.get(note) ?? 0) + 1);
        }
      }
    } catch (thrown) {
      const error = toArchiveError(thrown);
      progress.itemFailed();
      failures.push({ error });
      const { code, message, retryable } = error;
      if (ui.json) ui.record(record, { key: idOrKey, state: 'failed', dryRun, code, message, retryable });
      else
        ui.out(
          `${ui.style('red', 'failed'.padEnd(13))}  ${printable(idOrKey)}  ${printable(message)}  [${code}]`,
        );
    }
    await ui.drained();
  };
  async function* allKeys() {
    for await (const { key } of listRecordings(plainStore, range, budget)) yield key;
  }
  try {
    const chosen = options.all === true ? allKeys() : ids;
    await forEachOf(chosen, options.concurrency ?? DEFAULT_CONCURRENCY, budget.signal, workOn);
  } finally {
    progress.end();
    end();
  }
  const { done, elapsedMs } = progress.count();
  const counted = Object.fromEntries([...states, ['failed', failures.length]]);
  if (ui.json)
    ui.record('summary', { recordings: done, ...counted, dryRun, durationMs: Math.round(elapsedMs) });
  else {
    const parts = Object.entries(counted).map(([state, times]) => `${times} ${state}`);
    const note = dryRun ? '; nothing was written' : '';
    ui.say(`${count(done, 'recording')}: ${parts.join(', ')}${note}; ${printable(plainStore.location)}`);
  }
  for (const [note, times] of notes) ui.say(`${count(times, 'recording')}: ${printable(note)}`);
  if (done === 0 && !context.signal.aborted)
    ui.warn(`there are no recordings in ${printable(plainStore.location)}`);
  return concludeItems(done, failures, context.signal, isIntegrityFailure);
}
