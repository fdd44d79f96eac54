import type { Budget } from '../../clock.ts';
import { type ArchiveError, toArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { BatchCircuit, isEndOfBudget } from '../_batch.ts';
import type { ItemFailure } from '../_conclude.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import type { DeadLetter, DeadLetterSource } from './dead-letters.ts';
import type { Destination } from './deliver.ts';

/** One pass through the messages of a queue or a file, and what became of them. */
export class Redelivery {
  readonly failures: ItemFailure[] = [];
  readonly #context: Pick<CommandContext, 'ui' | 'clock'>;
  readonly #circuit: BatchCircuit;
  /** `undefined` for a dry run. */
  readonly #destination: Destination | undefined;
  #done = 0;
  #ignored = 0;

  constructor(context: Pick<CommandContext, 'ui' | 'clock'>, destination: Destination | undefined) {
    this.#context = context;
    this.#circuit = new BatchCircuit(context.clock, context.ui);
    this.#destination = destination;
  }

  /** Messages that were tried. */
  get total(): number {
    return this.#done + this.failures.length;
  }

  /** The failure that every other message would have met as well. */
  get stoppedBy(): ArchiveError | undefined {
    return this.#circuit.stoppedBy;
  }

  /** Ends with the source, the limit or the budget, or where a failure would meet every other message. */
  async passOn(source: DeadLetterSource, limit: number, budget: Budget): Promise<void> {
    for await (const letter of source.letters(limit)) {
      if (!(await this.#waitForTurn(budget))) return;
      const end = await this.#settle(letter, budget);
      if (end === 'out-of-budget') return;
      await this.#context.ui.drained();
      if (budget.signal.aborted || this.stoppedBy !== undefined) return;
    }
  }

  /** @param verb what became of a message that was passed on. */
  tellSummary(verb: string): void {
    const { ui } = this.#context;
    const { stoppedBy } = this;
    const failed = this.failures.length;
    const dryRun = this.#destination === undefined;
    if (ui.json) {
      ui.record('summary', {
        done: dryRun ? 0 : this.#done,
        ...present({ ignored: this.#ignored > 0 ? this.#ignored : undefined }),
        found: this.total,
        failed,
        ...present({ stoppedBy: stoppedBy?.code }),
      });
      return;
    }
    if (dryRun) {
      ui.say(`dry run: ${count(this.#done, 'message')}, all left where they are`);
      return;
    }
    const why =
      stoppedBy === undefined ? '' : `; stopped because ${stoppedBy.code} would meet every other one as well`;
    const ignored = this.#ignored > 0 ? `, ${this.#ignored} of another kind` : '';
    const done = count(this.#done - this.#ignored, 'message');
    ui.say(`${done} ${verb}${ignored}, ${failed} left where they are${why}`);
  }

  /** @returns false when the budget ends first. */
  async #waitForTurn({ signal }: Budget): Promise<boolean> {
    if (!this.#circuit.isOpen) return true;
    const { pauseMs } = this.#circuit;
    // the signal is looked at below
    if (pauseMs > 0) await this.#context.clock.sleep(pauseMs, signal).catch(() => {});
    if (signal.aborted) return false;
    this.#circuit.noteProbe();
    return true;
  }

  async #settle(letter: DeadLetter, budget: Budget): Promise<'settled' | 'out-of-budget'> {
    try {
      const state = (await this.#destination?.deliver(letter, budget)) ?? 'found';
      if (this.#destination !== undefined) await letter.remove();
      this.#done += 1;
      if (state === 'ignored') this.#ignored += 1;
      this.#circuit.settle(undefined);
      this.#tellDone(letter, state);
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (budget.signal.aborted && isEndOfBudget(error)) return 'out-of-budget';
      this.#circuit.settle(error);
      this.failures.push({ error });
      this.#tellFailed(letter, error);
    }
    return 'settled';
  }

  #tellDone({ name, reason, body }: DeadLetter, state: string): void {
    const { ui } = this.#context;
    if (ui.json) ui.record('message', { state, message: name, reason, body });
    else ui.out(`${state.padEnd(8)}  ${printable(name)}  ${printable(reason)}`);
  }

  #tellFailed({ name, reason }: DeadLetter, { code, message }: ArchiveError): void {
    const { ui } = this.#context;
    if (ui.json) ui.record('failed', { message: name, reason, code, error: message });
    else ui.out(`failed    ${printable(name)}  ${printable(message)}  [${code}]  was: ${printable(reason)}`);
  }
}
