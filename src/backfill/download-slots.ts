import { abortReason } from '../clock.ts';
import { canonicalId } from '../recording/id.ts';

/** How many conversations download at once. A conversation that has a slot keeps it until all of its files are archived. */
export class DownloadSlots {
  readonly #limit: number;
  readonly #held = new Set<string>();
  readonly #waiting: { readonly id: string; readonly admit: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Conversations that wait for a slot. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get used(): number {
    return this.#used;
  }

  /** @throws the signal's reason when it aborts first. */
  async take(conversationId: string, signal: AbortSignal): Promise<void> {
    const id = canonicalId(conversationId);
    // its own, from a look before this one
    if (this.#held.has(id)) return;
    if (signal.aborted) throw abortReason(signal);
    if (this.#used < this.#limit) {
      this.#hold(id);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        id,
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          this.#hold(id);
          resolve();
        },
      };
      const onAbort = () => {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(abortReason(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Gives back what a conversation has; does nothing for one that has none. */
  giveBack(conversationId: string): void {
    if (!this.#held.delete(canonicalId(conversationId))) return;
    this.#used -= 1;
    this.#waiting.shift()?.admit();
  }

  #hold(id: string): void {
    this.#held.add(id);
    this.#used += 1;
  }
}
