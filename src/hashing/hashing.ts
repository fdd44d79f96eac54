import { createHash } from 'node:crypto';
import { type BodyHashing, type Hashing, hashInPlace, MediaRestart, type NextBuffer } from '../ports.ts';
import { HashThread } from './hash-thread.ts';
import { LAYOUT } from './hash-worker.ts';

/** Bytes. A body alone in the process gains nothing from a thread unless it is longer: reading, hashing and sending wait for each other. */
const LONG_BODY = 5 * 1024 * 1024;

/** Bytes. For a shorter body the thread costs more than it saves. docs/decisions/012 */
const SHORT_BODY = 512 * 1024;

/** Bytes that wait for the thread; with more, hashing something here is faster than waiting for it there. docs/decisions/012 */
const BUSY_BACKLOG = 1024 * 1024;

/** Bytes and jobs that may wait before whoever brings more has to; each job of a download holds the buffer of one read. */
const MOST_BACKLOG = 12 * 1024 * 1024;
const MOST_PENDING = 8;

/** Buffers of one size that are kept for later, read or not. */
const MOST_SPARE = MOST_PENDING + 8;

/** Bytes; as many as are read of a download at a time, so that both use the same buffers. */
const COPY_BYTES = 512 * 1024;

/** Bodies that are hashed in the thread at once; the others are hashed in place. Their ends must fit in the ring of jobs. */
const MOST_BODIES = 100;

/**
 * Hashing for a process that may use `processors` processors: with fewer than two, everything in place. Otherwise a thread beside
 * the program takes what it can keep up with, and the program hashes the rest, so that both are busy.
 */
export function createHashing(processors: number): Hashing {
  return processors < 2 ? inPlace : new ThreadedHashing(new HashThread());
}

const inPlace: Hashing = {
  begin: hashInPlace,
  allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
  readBuffers: (bytes) => {
    const buffer = Buffer.allocUnsafeSlow(bytes);
    return () => buffer;
  },
  close: () => {},
};

/** Exported for its tests, which choose the thread. */
export class ThreadedHashing implements Hashing {
  private readonly thread: HashThread;
  /** Begun and not closed. */
  private bodies = 0;
  private bodiesInThread = 0;
  /** Buffers of reads, by their size, that are not the current one of any connection; the thread may still read some. */
  private readonly spare = new Map<number, Buffer[]>();

  constructor(thread: HashThread) {
    this.thread = thread;
  }

  begin(bytes: number | undefined): BodyHashing {
    this.bodies += 1;
    const { thread } = this;
    const isWorthIt = bytes === undefined || bytes > (this.bodies > 1 ? SHORT_BODY : LONG_BODY);
    const hasThread = isWorthIt && thread.start();
    const isForThread = hasThread && this.bodiesInThread < MOST_BODIES && this.isKeepingUp();
    const body = isForThread ? this.beginInThread() : hashInPlace();
    let open = true;
    return {
      plaintext: body.plaintext,
      hashPiece: hasThread ? (piece) => this.hashPiece(piece) : undefined,
      close: () => {
        if (!open) return;
        open = false;
        this.bodies -= 1;
        body.close();
      },
    };
  }

  allocate(bytes: number): Buffer {
    return this.thread.memory.allocate(bytes);
  }

  readBuffers(bytes: number): NextBuffer {
    let last: Buffer | undefined;
    let current: Buffer | undefined;
    return (isSeen = false) => {
      if (isSeen && current !== undefined && !this.thread.memory.isRead(current)) return current;
      // Nobody may have looked at the current one yet; the one before it has been dealt with, except by the thread.
      if (last !== undefined) this.keep(last);
      last = current;
      current = this.takeSpare(bytes);
      return current;
    };
  }

  close(): void {
    this.thread.close();
  }

  /** To be closed once. */
  private beginInThread(): BodyHashing {
    const { thread } = this;
    const stream = thread.openStream();
    this.bodiesInThread += 1;
    let ended = false;
    return {
      plaintext: {
        update: (chunk) => {
          this.hand(stream, chunk);
          const isTooMuch = thread.pending >= MOST_PENDING || thread.backlog > MOST_BACKLOG;
          return isTooMuch ? thread.pause() : undefined;
        },
        digest: async () => {
          ended = true;
          try {
            return await thread.digest(stream);
          } catch {
            throw new MediaRestart('the thread that hashed it has ended');
          }
        },
      },
      hashPiece: undefined,
      close: () => {
        if (!ended) thread.forget(stream);
        this.bodiesInThread -= 1;
      },
    };
  }

  private isKeepingUp(): boolean {
    return this.thread.backlog <= BUSY_BACKLOG && this.thread.pending < LAYOUT.RING / 2;
  }

  /** Chunks of other memory, such as the first of a download whose head came alone, are copied. */
  private hand(stream: number, chunk: Uint8Array): void {
    const { thread } = this;
    if (thread.memory.placeOf(chunk) !== undefined) {
      thread.update(stream, chunk);
      return;
    }
    for (let at = 0; at < chunk.byteLength; ) {
      const copy = this.takeSpare(COPY_BYTES);
      const piece = chunk.subarray(at, at + copy.byteLength);
      copy.fill(piece, 0, piece.byteLength);
      thread.update(stream, copy.subarray(0, piece.byteLength));
      this.keep(copy);
      at += piece.byteLength;
    }
  }

  private async hashPiece(piece: Uint8Array): Promise<Buffer> {
    const { thread } = this;
    const isForThread = thread.start() && thread.memory.placeOf(piece) !== undefined && this.isKeepingUp();
    if (isForThread) {
      try {
        return await thread.digestOf(piece);
      } catch {
        // The piece is still there.
      }
    }
    return createHash('sha256').update(piece).digest();
  }

  /** A buffer that nobody reads, the one that was used last if possible: it is still in the processor's cache. */
  private takeSpare(bytes: number): Buffer {
    const spare = this.spare.get(bytes) ?? [];
    const index = spare.findLastIndex((buffer) => !this.thread.memory.isRead(buffer));
    const [found] = index === -1 ? [] : spare.splice(index, 1);
    return found ?? this.allocate(bytes);
  }

  private keep(buffer: Buffer): void {
    const spare = this.spare.get(buffer.byteLength) ?? [];
    if (spare.length < MOST_SPARE) spare.push(buffer);
    this.spare.set(buffer.byteLength, spare);
  }
}
