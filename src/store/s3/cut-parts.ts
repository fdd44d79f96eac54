import { BufferPool } from './buffer-pool.ts';

/** A piece of a body, ready to be sent. */
export interface Part {
  /** From 1, as S3 counts. */
  readonly number: number;
  /** Valid until {@link Part.release}. */
  readonly bytes: Buffer;
  /** Nothing follows. A part that is both the first and the last is the whole body. */
  readonly last: boolean;
  /** Gives the memory back for a later part. Not to be called while a request may still read it. */
  release(): void;
}

/** Bytes of the first allocation when the length is not known; most recordings never need a whole part. */
const FIRST_BYTES = 256 * 1024;

/**
 * Cuts a body into parts of `partBytes` bytes, the last one shorter, never empty unless the body is. A full part is held back
 * until more bytes arrive, so that a body of exactly one part is known to be just that. Chunks are copied: their memory is
 * free again when the next one is asked for.
 *
 * @param expectedBytes length of the body, where known: a small one is given a small buffer.
 * @param pool where buffers come from, and go when they are released; its largest are of `partBytes` bytes or more.
 */
export async function* cutParts(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
  expectedBytes: number | undefined,
  pool = new BufferPool(partBytes, 3 * partBytes),
): AsyncGenerator<Part, void, undefined> {
  let buffer = pool.take(Math.min(expectedBytes ?? FIRST_BYTES, partBytes));
  let filled = 0;
  let number = 1;

  const cut = (last: boolean): Part => {
    const whole = buffer;
    let released = false;
    return {
      number: number++,
      bytes: whole.subarray(0, filled),
      last,
      release() {
        // Given twice, it would be two parts' at once.
        if (!released) pool.give(whole);
        released = true;
      },
    };
  };

  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      if (filled === partBytes) {
        yield cut(false);
        buffer = pool.take(partBytes);
        filled = 0;
      } else if (filled === buffer.byteLength) {
        const larger = pool.take(Math.min(partBytes, buffer.byteLength * 4));
        buffer.copy(larger, 0, 0, filled);
        pool.give(buffer);
        buffer = larger;
      }
      const length = Math.min(chunk.byteLength - taken, Math.min(buffer.byteLength, partBytes) - filled);
      buffer.set(chunk.subarray(taken, taken + length), filled);
      taken += length;
      filled += length;
    }
  }
  yield cut(true);
}
