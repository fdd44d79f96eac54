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
import type { RekeyOptions } from './options/rekey.ts';
import type { Ui } from './_ui.ts';

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
  selected: SelectionWork,
): Promise<number> {
  const { ui, clock } = context;
  const { store: plainStore, layout, doing } = selected;
  const range = searchIn({ layout }, readRange(options));
  const dryRun = options.dryRun === true;
  noteWholeDays(ui, options);
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, dryRun ? `${doing} (dry run)` : doing, {
    items: options.all === true ? undefined : ids.length,
  });
  const store = countBytes(plainStore, progress.addBytes);
  const failures: ItemFailure[] = [];
  const report = new SelectionReport(ui, selected, dryRun);
  const workOn = countWork<string>({
    ui,
    budget,
    progress,
    failures,
    work: async (idOrKey) => {
      const key = await findRecording(store, idOrKey, range, budget);
      report.tellDone(key, await selected.work(store, key, budget));
    },
    onFailure: (idOrKey, error) => report.tellFailed(idOrKey, error),
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
  report.tellSummary(batch, { done, failed: failures.length, durationMs: Math.round(elapsedMs) });
  const overriding = (code: ErrorCode) => isIntegrityFailure(code) || code === batch.stoppedBy?.code;
  return concludeItems(done, failures, context.signal, overriding);
}

/** Tells what became of each recording, and counts it. */
class SelectionReport {
  readonly #ui: Ui;
  readonly #record: string;
  readonly #store: ObjectStore;
  readonly #dryRun: boolean;
  readonly #states = new Map<string, number>();
  readonly #notes = new Map<string, number>();

  constructor(ui: Ui, { record, store }: SelectionWork, dryRun: boolean) {
    this.#ui = ui;
    this.#record = record;
    this.#store = store;
    this.#dryRun = dryRun;
  }

  tellDone(key: string, { state, facts }: Awaited<ReturnType<SelectionWork['work']>>): void {
    countOne(this.#states, state);
    if (this.#ui.json) this.#ui.record(this.#record, { key, state, dryRun: this.#dryRun, ...facts });
    else {
      this.#ui.out(`${this.#wordFor(state).padEnd(STATE_WIDTH)}  ${printable(key)}`);
      for (const note of facts?.notes ?? []) countOne(this.#notes, note);
    }
  }

  tellFailed(key: string, { code, message, retryable }: ArchiveError): void {
    const ui = this.#ui;
    if (ui.json) {
      ui.record(this.#record, { key, state: 'failed', dryRun: this.#dryRun, code, message, retryable });
      return;
    }
    const state = ui.style('red', 'failed'.padEnd(STATE_WIDTH));
    ui.out(`${state}  ${printable(key)}  ${printable(message)}  [${code}]`);
  }

  tellSummary(
    batch: BatchEnd,
    {
      done,
      failed,
      durationMs,
    }: { readonly done: number; readonly failed: number; readonly durationMs: number },
  ): void {
    const dryRun = this.#dryRun;
    if (this.#ui.json) {
      const counted = Object.fromEntries([...this.#states, ['failed', failed]]);
      this.#ui.record('summary', {
        recordings: done,
        ...counted,
        ...recordOfRest(batch),
        dryRun,
        durationMs,
      });
    } else {
      const parts = [...this.#states].map(([state, times]) => `${times} ${this.#wordFor(state)}`);
      const note = dryRun ? '; dry run: nothing was written' : '';
      const summary = [...parts, `${failed} failed`].join(', ');
      const rest = `${describeRest(batch)}${note}; ${printable(this.#store.location)}`;
      this.#ui.say(`${count(done, 'recording')}: ${summary}${rest}`);
    }
    for (const [note, times] of this.#notes) this.#ui.say(`${count(times, 'recording')}: ${printable(note)}`);
  }

  #wordFor(state: string): string {
    return this.#dryRun ? (WOULD[state] ?? state) : state;
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
