import { toArchiveError } from '../errors.ts';

/** Bytes that are written at one end and read at the other, no faster than they are read. */
export class Outpour implements AsyncIterableIterator<Uint8Array, undefined> {
  #waiting: { readonly bytes: Uint8Array; readonly taken: () => void } | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #closed = false;
  #error: Error | undefined;

  /**
   * Runs `work` until it has written its first bytes.
   *
   * @throws what `work` throws until then; what it throws later is thrown to the reader.
   */
  static async begin(work: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>): Promise<Outpour> {
    const pour = new Outpour();
    const running = work((bytes) => pour.#write(bytes)).then(
      () => pour.#end(undefined),
      (error: unknown) => pour.#end(toArchiveError(error)),
    );
    await Promise.race([running, pour.#ready()]);
    if (pour.#error !== undefined && pour.#waiting === undefined) throw pour.#error;
    return pour;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#ready();
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting.taken();
      return { done: false, value: waiting.bytes };
    }
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  /** The reader has gone: what writes is told so by its next write. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#closed = true;
    this.#waiting?.taken();
    this.#waiting = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #ready(): Promise<void> {
    if (this.#waiting !== undefined || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new Error('the reader has gone');
    if (bytes.length === 0) return;
    await new Promise<void>((taken) => {
      this.#waiting = { bytes, taken };
      this.#wake?.();
    });
  }

  #end(error: Error | undefined): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }
}
