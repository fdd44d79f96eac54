/** Failures that may not be the items'. Pure. */
import { CIRCUIT_THRESHOLD, judgeOutcome, planRest } from '../circuit.ts';
import { ERROR_CODES, isErrorCode } from '../error-codes.ts';
import { ArchiveError } from '../errors.ts';
import type { Outcome } from './kind.ts';

/**
 * Holds failures back that every other item may meet as well: a store that denies, a platform that is down. Five in a row end the runner,
 * and their items are worked on again by the next one; an item that is settled in between shows that they were the items' own.
 */
export class Suspects {
  #held: Outcome[] = [];

  has(index: number): boolean {
    return this.#held.some((outcome) => outcome.index === index);
  }

  /**
   * @returns the outcomes that are certain now.
   * @throws the failure as an error where nothing else can succeed.
   */
  judge(outcome: Outcome): readonly Outcome[] {
    const { code } = outcome;
    if (outcome.state !== 'failed' || !isErrorCode(code) || judgeOutcome({ code }) !== 'systemic') {
      return outcome.state === 'later' ? [outcome] : [...this.clear(), outcome];
    }
    const retryable = outcome.retryable ?? ERROR_CODES[code].retryable;
    this.#held.push(outcome);
    if (planRest({ code, retryable }) === 'stop' || this.#held.length >= CIRCUIT_THRESHOLD) {
      this.#held = [];
      throw new ArchiveError(code, outcome.reason ?? ERROR_CODES[code].meaning, { retryable });
    }
    return [];
  }

  /** They are the items' own: what may pass waits, the rest has failed. */
  clear(): readonly Outcome[] {
    const held = this.#held;
    this.#held = [];
    return held.map((outcome) => {
      const { code, retryable } = outcome;
      const passes = retryable ?? (isErrorCode(code) && ERROR_CODES[code].retryable);
      return passes ? { ...outcome, state: 'later' } : outcome;
    });
  }
}
