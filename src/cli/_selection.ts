import { findRecording, listRecordings } from '../audit/find-recording.ts';
import type { Budget } from '../clock.ts';
import type { LayoutConfig } from '../config/config.ts';
import { ArchiveError, type ErrorCode } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { countWork, describeRest, recordOfRest, type BatchEnd, workThrough } from './_batch.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from './_conclude.ts';
import { type CommandContext, noteWholeDays, openBudget, readRange, searchIn } from './_context.ts';
import { count, printable } from './_format.ts';
import { readArchive, requireArchive } from './_nothing-found.ts';
import { countBytes, startProgress } from './_progress.ts';
import { type PlannedWork, planRecordings, requireJobSense } from './jobs/plan-recordings.ts';
import type { RekeyOptions } from './specs/rekey-options.ts';

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
/** What a dry run says instead: nothing of it has happened. */
const WOULD: Readonly<Record<string, string>> = {
  adopted: 'would adopt',
  rewrapped: 'would rewrap',
  reencrypted: 'would reencrypt',
  moved: 'would move',
  published: 'would publish',
  repaired: 'would repair',
};
const STATE_WIDTH = 15;

/** @throws `USAGE` when it is not clear which recordings are meant. */
export function requireSelection(ids: readonly string[], options: RekeyOptions): void {
  const { all } = options;
  requireJobSense(ids, options);
  if (ids.length > 0 === (all === true)) {
    const message =
      all === true
        ? 'recordings are named, and --all says every one: it cannot be both'
        : 'say which recordings are meant';
    throw new ArchiveError('USAGE', message, { hint: 'ids or keys of recordings, or --all' });
  }
}

/** Makes a job of a command that changes every recording, or all of some days. */
export async function planSelection(
  context: CommandContext,
  options: RekeyOptions,
  { kind, config, archive, options: own }: Pick<PlannedWork, 'kind' | 'config' | 'archive' | 'options'>,
): Promise<number> {
  const range = searchIn(config, readRange(options));
  const { from, to } = options;
  const { budget, end } = openBudget(context);
  const keys = () => listRecordings(archive, range, budget);
  const work = { kind, config, archive, keys, options: own, selection: { from, to }, writes: true };
  return planRecordings(context, work, options, budget).finally(end);
}

/** Does `work` to each of the recordings, tells what became of each, and concludes with an exit code. */
export async function runSelection(
  context: CommandContext,
  ids: readonly string[],
  options: RekeyOptions,
  { doing, record, store: plainStore, layout, work }: SelectionWork,
): Promise<number> {
  const { ui, clock } = context;
  const range = searchIn({ layout }, readRange(options));
  const dryRun = options.dryRun === true;
  noteWholeDays(ui, options);
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, dryRun ? `${doing} (dry run)` : doing, {
    items: options.all === true ? undefined : ids.length,
  });
  const store = countBytes(plainStore, progress.addBytes);
  const failures: ItemFailure[] = [];
  const states = new Map<string, number>();
  const notes = new Map<string, number>();

  const wordFor = (state: string) => (dryRun ? (WOULD[state] ?? state) : state);
  const workOn = countWork<string>({
    ui,
    budget,
    progress,
    failures,
    work: async (idOrKey) => {
      const key = await findRecording(store, idOrKey, range, budget);
      const { state, facts } = await work(store, key, budget);
      states.set(state, (states.get(state) ?? 0) + 1);
      if (ui.json) ui.record(record, { key, state, dryRun, ...facts });
      else {
        ui.out(`${wordFor(state).padEnd(STATE_WIDTH)}  ${printable(key)}`);
        for (const note of facts?.notes ?? []) notes.set(note, (notes.get(note) ?? 0) + 1);
      }
    },
    onFailure: (idOrKey, { code, message, retryable }) => {
      if (ui.json) ui.record(record, { key: idOrKey, state: 'failed', dryRun, code, message, retryable });
      else
        ui.out(
          `${ui.style('red', 'failed'.padEnd(STATE_WIDTH))}  ${printable(idOrKey)}  ${printable(message)}  [${code}]`,
        );
    },
  });
  async function* allKeys() {
    for await (const { key } of listRecordings(plainStore, range, budget)) yield key;
  }
  let batch: BatchEnd;
  try {
    const chosen = options.all === true ? allKeys() : ids;
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    batch = await readArchive(plainStore, () =>
      workThrough(chosen, { concurrency, clock, ui, budget }, workOn),
    );
    if (progress.count().done === 0 && !context.signal.aborted)
      await requireArchive(plainStore, range, [], budget);
  } finally {
    progress.end();
    end();
  }
  const { done, elapsedMs } = progress.count();
  const counted = Object.fromEntries([...states, ['failed', failures.length]]);
  if (ui.json) {
    const durationMs = Math.round(elapsedMs);
    ui.record('summary', { recordings: done, ...counted, ...recordOfRest(batch), dryRun, durationMs });
  } else {
    const parts = [...states].map(([state, times]) => `${times} ${wordFor(state)}`);
    const note = dryRun ? '; dry run: nothing was written' : '';
    const summary = [...parts, `${failures.length} failed`].join(', ');
    ui.say(
      `${count(done, 'recording')}: ${summary}${describeRest(batch)}${note}; ${printable(plainStore.location)}`,
    );
  }
  for (const [note, times] of notes) ui.say(`${count(times, 'recording')}: ${printable(note)}`);
  const overriding = (code: ErrorCode) => isIntegrityFailure(code) || code === batch.stoppedBy?.code;
  return concludeItems(done, failures, context.signal, overriding);
}
