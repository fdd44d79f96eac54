import type { Clock } from '../../clock.ts';
import { canonicalId } from '../../recording/id.ts';

/** ms after which a place is free again that was never given back: the platform has not brought the recording back. */
const MAX_PLACE_MS = 24 * 3_600_000;

/** Conversations that are remembered to wait; others cost a look each. */
const MAX_DEFERRED = 200_000;

/**
 * How many recordings a process has the platform bring back from its archive at once. Each takes hours; asked for all at once, those that
 * come first would have gone again before the last one was fetched.
 */
export class RestoreWave {
  readonly #limit: number;
  readonly #clock: Clock;
  /** By recording, when its place was taken. */
  readonly #places = new Map<string, number>();
  readonly #deferred = new Set<string>();

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Takes a place, or reports that all are taken. A recording that has one keeps it. */
  enter(recordingId: string, conversationId: string): boolean {
    const id = canonicalId(recordingId);
    if (this.#places.has(id)) return true;
    if (this.#isFull()) {
      if (this.#deferred.size < MAX_DEFERRED) this.#deferred.add(canonicalId(conversationId));
      return false;
    }
    this.#places.set(id, this.#clock.now());
    this.#deferred.delete(canonicalId(conversationId));
    return true;
  }

  /** Counts a recording that is being brought back already, by another runner or a person. */
  count(recordingId: string): void {
    const id = canonicalId(recordingId);
    if (!this.#places.has(id)) this.#places.set(id, this.#clock.now());
  }

  /** It is back, or never will be. */
  leave(recordingId: string): void {
    this.#places.delete(canonicalId(recordingId));
  }

  /** Reports whether a look at the conversation would only find again that there is no place for it. */
  mustWait(conversationId: string): boolean {
    return this.#deferred.has(canonicalId(conversationId)) && this.#isFull();
  }

  #isFull(): boolean {
    if (this.#places.size < this.#limit) return false;
    const since = this.#clock.now() - MAX_PLACE_MS;
    for (const [id, at] of this.#places) if (at <= since) this.#places.delete(id);
    return this.#places.size >= this.#limit;
  }
}
