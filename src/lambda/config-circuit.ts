/** Failures of the configuration in a row after which nothing is tried for a while. */
export const CIRCUIT_THRESHOLD = 5;
/** ms */
export const COOL_DOWN_MS = 60_000;

/** How one piece of work ended, as far as the configuration goes; `unknown`: it says nothing about it. */
export type CircuitOutcome = 'sound' | 'configuration' | 'unknown';

/**
 * Bad credentials, a denied key or a missing bucket fail every message alike. After a few in a row none is tried until a cool-down
 * has passed, and then one at a time, until one succeeds: each attempt would cost a request to the platform and bring the message
 * closer to its dead-letter queue. Lives as long as the process; pure but for its own state.
 */
export class ConfigCircuit {
  private failures = 0;
  /** Epoch ms; `undefined` while the circuit is closed. */
  private openUntil: number | undefined;
  private probing = false;

  /** @returns `undefined` when nothing is to be tried, else what to tell the outcome to. */
  admit(now: number): ((outcome: CircuitOutcome, now: number) => void) | undefined {
    if (this.openUntil === undefined) return (outcome, at) => this.settle(outcome, at);
    if (this.probing || now < this.openUntil) return undefined;
    this.probing = true;
    return (outcome, at) => {
      this.probing = false;
      this.settle(outcome, at);
    };
  }

  get isOpen(): boolean {
    return this.openUntil !== undefined;
  }

  private settle(outcome: CircuitOutcome, now: number): void {
    if (outcome === 'sound') {
      this.failures = 0;
      this.openUntil = undefined;
    } else if (outcome === 'configuration') {
      this.failures += 1;
      if (this.failures >= CIRCUIT_THRESHOLD) this.openUntil = now + COOL_DOWN_MS;
    }
  }
}
