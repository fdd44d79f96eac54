import { admits, advanceCircuit, type CircuitOutcome, CLOSED, isOpen } from '../circuit.ts';
import type { Clock } from '../clock.ts';

/**
 * The {@link Circuit} of this process: a function that is invoked again soon runs in the same one. In a new process it is closed,
 * and opens again after as many failures.
 */
export class ConfigCircuit {
  readonly #clock: Pick<Clock, 'now' | 'random'>;
  #circuit = CLOSED;
  #underWay = 0;

  constructor(clock: Pick<Clock, 'now' | 'random'>) {
    this.#clock = clock;
  }

  /** @returns `undefined` while the circuit is open, else a callback for the outcome, called once. */
  admit(): ((outcome: CircuitOutcome) => void) | undefined {
    const clock = this.#clock;
    if (!admits(this.#circuit, clock.now(), this.#underWay)) return undefined;
    this.#underWay += 1;
    return (outcome) => {
      this.#underWay -= 1;
      this.#circuit = advanceCircuit(this.#circuit, outcome, clock.now(), clock.random());
    };
  }

  get isOpen(): boolean {
    return isOpen(this.#circuit);
  }
}
