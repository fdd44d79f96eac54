/** Bytes; shorter buffers are cheap to make. */
const MIN_KEPT_BYTES = 64 * 1024;

/**
 * Buffers that are used again, by all writes of one store: making one of a megabyte costs as much as encrypting it, and the garbage
 * collector lets dozens of them pile up. Sizes are powers of two times 64 KiB, up to the size of a part.
 */
export class BufferPool {
  readonly #largest: number;
  readonly #mostBytes: number;
  readonly #kept = new Map<number, Buffer[]>();
  #keptBytes = 0;

  /**
   * @param largest bytes of the largest buffer.
   * @param mostBytes bytes that are kept for later, at most.
   */
  constructor(largest: number, mostBytes: number) {
    this.#largest = largest;
    this.#mostBytes = mostBytes;
  }

  /** At least `bytes` long, unless that is more than the largest; what it holds is anything. */
  take(bytes: number): Buffer {
    if (bytes < MIN_KEPT_BYTES) return Buffer.allocUnsafeSlow(Math.max(1, bytes));
    const size = this.#sizeFor(bytes);
    const found = this.#kept.get(size)?.pop();
    if (found === undefined) return Buffer.allocUnsafeSlow(size);
    this.#keptBytes -= size;
    return found;
  }

  /** Takes a buffer back; the giver must not use it after this. */
  give(buffer: Buffer): void {
    const size = buffer.byteLength;
    if (size < MIN_KEPT_BYTES || size !== this.#sizeFor(size) || this.#keptBytes + size > this.#mostBytes)
      return;
    const kept = this.#kept.get(size) ?? [];
    kept.push(buffer);
    this.#kept.set(size, kept);
    this.#keptBytes += size;
  }

  #sizeFor(bytes: number): number {
    let size = MIN_KEPT_BYTES;
    while (size < bytes && size < this.#largest) size *= 2;
    return Math.min(size, this.#largest);
  }
}
