import type { Clock } from '../clock.ts';

/** ms for which an event that is done is still recognised by its body. Only saves work: archiving twice changes nothing. */
export const DUPLICATE_WINDOW_MS = 15 * 60_000;
/** Of those; 100 bytes or so each. */
const MAX_DONE = 10_000;

/** Recognises the bodies of events that are queued, or were done a short while ago, by their hashes. */
export class KnownBodies {
  readonly #clock: Clock;
  /** Names in `queue/` by the hash of their body. */
  readonly #queued = new Map<string, string>();
  /** Epoch ms at which an event was done, by the hash of its body; the oldest first. */
  readonly #done = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(bodyHash: string): boolean {
    if (this.#queued.has(bodyHash)) return true;
    const doneAt = this.#done.get(bodyHash);
    return doneAt !== undefined && this.#clock.now() - doneAt < DUPLICATE_WINDOW_MS;
  }

  queue(bodyHash: string, name: string): void {
    this.#queued.set(bodyHash, name);
  }

  /** Forgets that the body is queued, if it is under this name. */
  forget(bodyHash: string, name: string): void {
    if (this.#queued.get(bodyHash) === name) this.#queued.delete(bodyHash);
  }

  finish(bodyHash: string): void {
    this.#done.delete(bodyHash);
    this.#done.set(bodyHash, this.#clock.now());
    if (this.#done.size <= MAX_DONE) return;
    const [oldest] = this.#done.keys();
    if (oldest !== undefined) this.#done.delete(oldest);
  }
}
