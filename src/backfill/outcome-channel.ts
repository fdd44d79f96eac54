import type { Outcome } from '../jobs/kind.ts';
import { present } from '../present.ts';

/** Outcomes of work that goes on side by side, in the order in which they become known. */
export class OutcomeChannel {
  readonly #ready: Outcome[] = [];
  #wake: () => void = () => undefined;
  #end: { readonly error?: unknown } | undefined;

  push(outcome: Outcome): void {
    if (this.#end !== undefined) return;
    this.#ready.push(outcome);
    this.#wake();
  }

  /** @param error thrown to the reader after the outcomes that are already there. */
  end(error?: unknown): void {
    this.#end ??= present({ error });
    this.#wake();
  }

  async *read(): AsyncGenerator<Outcome, void, undefined> {
    for (;;) {
      for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) yield next;
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
