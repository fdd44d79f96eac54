import { type Budget, unlimited } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import { forEachOf } from '../for-each-of.ts';
import {
  type Verification,
  verifyAgainstReceipt,
  type VerifyDepth,
  type VerifyPorts,
} from './verify-recording.ts';
import { walkArchive, type WalkOptions } from './walk-archive.ts';

export interface VerifyArchiveOptions extends WalkOptions {
  readonly depth: VerifyDepth;
  /** Recordings looked at at a time. */
  readonly concurrency: number;
}

/** `failed`: it could not be looked at; nothing is known of it. */
export type Verified =
  | { readonly state: 'verified'; readonly key: string; readonly verification: Verification }
  | { readonly state: 'failed'; readonly key: string; readonly error: ArchiveError };

export interface VerifyWatcher {
  /** Called for each recording, in the order they come to an end. */
  readonly onVerified: (verified: Verified) => Promise<void> | void;
  /**
   * Everything up to this key, `count` recordings of this run, has been passed to `onVerified`: where another run may go on
   * (`after`).
   */
  readonly onReached?: (key: string, count: number) => Promise<void> | void;
}

/**
 * Verifies the archive both ways: every object against its receipt, and every receipt against its object. Ends early, without an
 * error, when the budget does; what was under way then is not passed on.
 *
 * @throws `STORE_*` when the archive cannot be listed.
 */
export async function verifyArchive(
  ports: VerifyPorts,
  options: VerifyArchiveOptions,
  watcher: VerifyWatcher,
  budget: Budget = unlimited,
): Promise<void> {
  const { depth, concurrency } = options;
  const keys = walkArchive(ports.store, options, budget);
  const line = new CompletionLine();
  const verifyNext = async (key: string) => {
    const turn = line.begin(key);
    const verified = await verifyOne(ports, key, depth, budget);
    if (verified.state === 'failed' && budget.signal.aborted) return;
    await watcher.onVerified(verified);
    const reached = line.end(turn);
    if (reached !== undefined) await watcher.onReached?.(reached, line.count);
  };
  try {
    await forEachOf(keys, concurrency, verifyNext, budget.signal);
  } catch (error) {
    if (!budget.signal.aborted) throw error;
  }
}

/** One recording, with what keeps from looking at it as a value. */
export async function verifyOne(
  ports: VerifyPorts,
  key: string,
  depth: VerifyDepth,
  budget: Budget,
): Promise<Verified> {
  try {
    return { state: 'verified', key, verification: await verifyAgainstReceipt(ports, key, depth, budget) };
  } catch (error) {
    return { state: 'failed', key, error: toArchiveError(error) };
  }
}

/** Work begins in order and ends in any: how far has it ended without a gap? */
export class CompletionLine {
  /** How many have ended before the first gap. */
  count = 0;
  readonly #turns: { readonly key: string; ended: boolean }[] = [];

  begin(key: string): { readonly key: string; ended: boolean } {
    const turn = { key, ended: false };
    this.#turns.push(turn);
    return turn;
  }

  /** @returns the key up to which all has ended, when `turn` moved it. */
  end(turn: { ended: boolean }): string | undefined {
    turn.ended = true;
    let reached: string | undefined;
    while (this.#turns[0]?.ended === true) {
      reached = this.#turns.shift()?.key;
      this.count += 1;
    }
    return reached;
  }
}
