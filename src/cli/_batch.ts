import { advanceCircuit, type Circuit, CLOSED, isOpen, judgeOutcome, planRest } from '../circuit.ts';
import type { Budget, Clock } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import type { ItemFailure } from './_conclude.ts';
import { count, formatDuration } from './_format.ts';
import type { Progress } from './_progress.ts';
import type { Ui } from './_ui.ts';

/** Items that are still tried, one at a time, after many in a row have failed alike. */
const MAX_PROBES = 3;

export interface BatchOptions {
  readonly concurrency: number;
  readonly clock: Clock;
  readonly ui: Pick<Ui, 'say'>;
  readonly budget: Budget;
}

/** How a batch came to its end. */
export interface BatchEnd {
  /** The failure that every other item would have met as well: the rest was not tried. */
  readonly stoppedBy: ArchiveError | undefined;
  /** Begun, and ended by the budget before they were done. */
  readonly interrupted: number;
  /** Never begun; `undefined` where it is not known how many there are. */
  readonly notTried: number | undefined;
}

/**
 * Does `work` for every item, `concurrency` at a time. Failures in a row that every other item would meet as well open the circuit that
 * `serve` and the function have. Then the list ends: at once where only an operator can mend the cause, else after a few probes.
 * Probes are taken from the far end of a list, so that many of one kind at its beginning do not keep the others back for ever.
 *
 * @param work reports by itself, and returns what it failed with. It must not throw.
 */
export async function workThrough<T>(
  items: readonly T[] | AsyncIterable<T>,
  { concurrency, clock, ui, budget: { signal } }: BatchOptions,
  work: (item: T) => Promise<ArchiveError | undefined>,
): Promise<BatchEnd> {
  const queue = openQueue(items);
  const breaker = new BatchCircuit(clock, ui);
  const running = new Set<Promise<void>>();
  let interrupted = 0;
  const workOn = async (item: T) => {
    const error = await work(item);
    if (signal.aborted && isEndOfBudget(error)) interrupted += 1;
    else breaker.settle(error);
  };
  try {
    while (!signal.aborted && breaker.stoppedBy === undefined) {
      const probing = breaker.isOpen;
      if (running.size >= (probing ? 1 : concurrency)) {
        await Promise.race(running);
        continue;
      }
      if (breaker.pauseMs > 0) {
        // the signal is looked at above
        await clock.sleep(breaker.pauseMs, signal).catch(() => {});
        continue;
      }
      const next = await queue.take(probing);
      if (next === undefined) break;
      if (probing) breaker.noteProbe();
      const job: Promise<void> = workOn(next.item).finally(() => running.delete(job));
      running.add(job);
    }
  } finally {
    await Promise.all(running);
    await queue.close();
  }
  return { stoppedBy: breaker.stoppedBy, interrupted, notTried: queue.left() };
}

export interface CountedWork<T> {
  readonly ui: Pick<Ui, 'drained'>;
  readonly budget: Budget;
  readonly progress: Pick<Progress, 'itemDone' | 'itemFailed'>;
  readonly failures: ItemFailure[];
  /** Does one item, and tells what became of it. */
  readonly work: (item: T) => Promise<void>;
  readonly onFailure: (item: T, error: ArchiveError) => void;
}

/** For {@link workThrough}: counts each item. What the end of the budget has stopped is no failure of the item. */
export function countWork<T>({
  ui,
  budget,
  progress,
  failures,
  work,
  onFailure,
}: CountedWork<T>): (item: T) => Promise<ArchiveError | undefined> {
  return async (item) => {
    try {
      await work(item);
      progress.itemDone();
      await ui.drained();
      return undefined;
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (budget.signal.aborted && isEndOfBudget(error)) return error;
      progress.itemFailed();
      failures.push({ error });
      onFailure(item, error);
      await ui.drained();
      return error;
    }
  };
}

/** When to give up a list that is worked through once. */
export class BatchCircuit {
  readonly #clock: Clock;
  readonly #ui: Pick<Ui, 'say'>;
  #circuit: Circuit = CLOSED;
  #probes = 0;
  #stoppedBy: ArchiveError | undefined;

  constructor(clock: Clock, ui: Pick<Ui, 'say'>) {
    this.#clock = clock;
    this.#ui = ui;
  }

  get isOpen(): boolean {
    return isOpen(this.#circuit);
  }

  /** ms until another item may be tried. */
  get pauseMs(): number {
    return Math.max(0, this.#circuit.openUntil - this.#clock.now());
  }

  get stoppedBy(): ArchiveError | undefined {
    return this.#stoppedBy;
  }

  /** An item is tried while the circuit is open. */
  noteProbe(): void {
    this.#probes += 1;
  }

  /** @param error what one item failed with. */
  settle(error: ArchiveError | undefined): void {
    const before = this.#circuit;
    const outcome = judgeOutcome(error);
    const now = this.#clock.now();
    this.#circuit = advanceCircuit(before, outcome, now, this.#clock.random());
    if (!isOpen(this.#circuit)) this.#probes = 0;
    if (!isOpen(this.#circuit) || outcome !== 'systemic' || error === undefined) return;
    const plan = planRest(error);
    if (plan === 'stop' || this.#probes >= MAX_PROBES) this.#stoppedBy ??= error;
    else if (plan === 'probe') this.#circuit = { ...this.#circuit, openUntil: 0 };
    else if (this.#circuit !== before) {
      const { failures, openUntil } = this.#circuit;
      this.#ui.say(
        `${count(failures, 'failure')} in a row, last ${error.code}: waiting ${formatDuration(openUntil - now)} before the next is tried`,
      );
    }
  }
}

/** Why and how far a batch was not done, for its summary: `; stopped: …`. Empty when all of it was done. */
export function describeRest({ stoppedBy, interrupted, notTried }: BatchEnd): string {
  const parts = interrupted > 0 ? [`${interrupted} interrupted`] : [];
  if (notTried === undefined) parts.push('the rest not tried');
  else if (notTried > 0) parts.push(`${notTried} not tried`);
  if (stoppedBy !== undefined && notTried !== 0) {
    parts.push(`stopped because ${stoppedBy.code} would meet every other one as well`);
  }
  return parts.map((part) => `, ${part}`).join('');
}

/** The same for a JSON summary. */
export function recordOfRest({ stoppedBy, interrupted, notTried }: BatchEnd): object {
  return {
    ...(interrupted > 0 ? { interrupted } : {}),
    ...(notTried === 0 ? {} : { notTried: notTried ?? null }),
    ...present({ stoppedBy: stoppedBy?.code }),
  };
}

/** Reports whether a failure says only that the time was up or Ctrl-C was pressed: the end of the command says that once. */
export function isEndOfBudget(error: ArchiveError | undefined): boolean {
  return error?.code === 'INTERRUPTED' || error?.code === 'OUT_OF_TIME';
}

interface Queue<T> {
  /** @param fromEnd of a list whose end is known. */
  take(fromEnd: boolean): Promise<{ readonly item: T } | undefined>;
  left(): number | undefined;
  close(): Promise<void>;
}

function openQueue<T>(items: readonly T[] | AsyncIterable<T>): Queue<T> {
  if (!(Symbol.asyncIterator in items)) {
    let first = 0;
    let end = items.length;
    return {
      take: (fromEnd) => {
        if (first >= end) return Promise.resolve(undefined);
        const at = fromEnd ? (end -= 1) : first++;
        return Promise.resolve({ item: items[at] as T });
      },
      left: () => end - first,
      close: () => Promise.resolve(),
    };
  }
  const source = items[Symbol.asyncIterator]();
  let ended = false;
  return {
    async take() {
      const next = await source.next();
      ended = next.done === true;
      return next.done === true ? undefined : { item: next.value };
    },
    left: () => (ended ? 0 : undefined),
    async close() {
      if (!ended) await source.return?.();
    },
  };
}
