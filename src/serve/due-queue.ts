/**
 * Items by due time: a binary heap. Pure; adding and taking cost the logarithm of what it holds, so that a spool
 * with a backlog of a day takes no longer per event than an empty one.
 */
export class DueQueue<T> {
  /** `heap[i]` is never later than its children `heap[2i + 1]` and `heap[2i + 2]`. */
  readonly #heap: { readonly at: number; readonly sequence: number; readonly item: T }[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the earliest item, epoch ms; `undefined` when empty. */
  get earliest(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(at: number, item: T): void {
    this.#heap.push({ at, sequence: this.#sequence, item });
    this.#sequence += 1;
    for (let index = this.#heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes the earliest item out, if it is due at `now`; of equal times the one that was added first. */
  takeDue(now: number): T | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.item;
  }

  #sink(): void {
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, index)) return;
      this.#swap(child, index);
      index = child;
    }
  }

  /** False without an item at `one`, true without one at `other` only. */
  #isBefore(one: number, other: number): boolean {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined) return false;
    if (second === undefined) return true;
    return first.at < second.at || (first.at === second.at && first.sequence < second.sequence);
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}
