import type { Duplex } from 'node:stream';

/** Who takes what was read. */
export interface Reader {
  /** Part of a body is what comes next. Anything else is handed over as it comes. */
  readonly isReadingBody: boolean;
  /** Bytes have come; those of a body are overwritten once more is asked for. @returns false to have no more until then. */
  receive(bytes: Buffer): boolean;
  /** Nothing more comes. */
  end(failure: Error | undefined): void;
}

/** Gives the buffer for the next read; it is told whether the last one has been dealt with. */
export type NextBuffer = (isSeen?: boolean) => Buffer;

/**
 * Gathers the bytes of a body from a socket that hands over pieces of 16 KiB, as TLS does however much has come (RFC 8446, section
 * 5.1): one turn of the event loop brings a dozen of them, and whatever is done with a piece then costs its time once for all.
 */
export class GatheredReads {
  private readonly socket: Duplex;
  private readonly reader: Reader;
  private readonly nextBuffer: NextBuffer;
  private buffer: Buffer;
  private filled = 0;
  /** What did not fit. */
  private rest: Buffer | undefined;
  private over = false;
  private failure: Error | undefined;

  /** @param nextBuffer gives the buffer to gather in next, all of one size. */
  constructor(socket: Duplex, nextBuffer: NextBuffer, reader: Reader) {
    this.socket = socket;
    this.reader = reader;
    this.nextBuffer = nextBuffer;
    this.buffer = nextBuffer(false);
    socket.pause();
    socket.on('data', (bytes: Buffer) => this.take(bytes));
    socket.on('error', (error) => this.finish(error));
    socket.on('end', () => this.finish());
    socket.on('close', () => this.finish());
  }

  /** Have more, until the reader has enough. */
  resume(): void {
    const { rest } = this;
    this.rest = undefined;
    if (rest === undefined) this.socket.resume();
    else this.take(rest);
  }

  private take(bytes: Buffer): void {
    if (this.filled === 0) {
      if (!this.reader.isReadingBody) {
        this.handOver(bytes);
        return;
      }
      this.buffer = this.nextBuffer(true);
      setImmediate(() => this.deliver());
    }
    const length = bytes.copy(this.buffer, this.filled);
    this.filled += length;
    if (length < bytes.byteLength) {
      this.rest = bytes.subarray(length);
      this.socket.pause();
    }
  }

  private deliver(): void {
    if (this.filled === 0) return;
    const bytes = this.buffer.subarray(0, this.filled);
    this.filled = 0;
    this.handOver(bytes);
    if (this.over) this.tellEnd();
  }

  private handOver(bytes: Buffer): void {
    if (this.reader.receive(bytes)) this.resume();
    else this.socket.pause();
  }

  private finish(failure?: Error): void {
    this.over = true;
    this.failure ??= failure;
    this.deliver();
    this.tellEnd();
  }

  /** What came before the end is handed over before it. */
  private tellEnd(): void {
    if (this.filled === 0 && this.rest === undefined) this.reader.end(this.failure);
  }
}
