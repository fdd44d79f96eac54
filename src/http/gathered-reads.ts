import type { Duplex } from 'node:stream';
import { giveBack } from '../memory.ts';

/** Who takes what was read. */
export interface Reader {
  /** Part of a body is what comes next. Anything else is handed over as it comes. */
  readonly isReadingBody: boolean;
  /** Bytes have come; those of a body are overwritten once more is asked for. @returns false to have no more until then. */
  receive(bytes: Buffer): boolean;
  /** Nothing more comes. */
  end(failure: Error | undefined): void;
}

export interface GatheringOptions {
  /** What bytes of a body are gathered in, and handed over from. */
  readonly buffer: Buffer;
  /**
   * Frees each piece of a body once it has been copied. Only for a socket whose pieces have their memory to themselves and have no
   * other reader, such as one of our own `tls.connect`: left to the garbage collector, they have V8 look through the whole heap over
   * and over, for they count as memory outside of it (docs/decisions/010).
   */
  readonly freesPieces: boolean;
}

/** What did not fit in the buffer: `bytes` are the end of `piece`. */
interface Rest {
  readonly bytes: Buffer;
  readonly piece: Buffer;
}

/**
 * Gathers the bytes of a body from a socket that hands over pieces of 16 KiB, as TLS does however much has come (RFC 8446, section
 * 5.1): one turn of the event loop brings a dozen of them, and work per piece is then paid once for all of them.
 */
export class GatheredReads {
  readonly #socket: Duplex;
  readonly #reader: Reader;
  readonly #buffer: Buffer;
  readonly #freesPieces: boolean;
  #filled = 0;
  #rest: Rest | undefined;
  #over = false;
  #failure: Error | undefined;

  constructor(socket: Duplex, { buffer, freesPieces }: GatheringOptions, reader: Reader) {
    this.#socket = socket;
    this.#reader = reader;
    this.#buffer = buffer;
    this.#freesPieces = freesPieces;
    socket.pause();
    socket.on('data', (piece: Buffer) => this.#take(piece, piece));
    socket.on('error', (error) => this.#finish(error));
    socket.on('end', () => this.#finish());
    socket.on('close', () => this.#finish());
  }

  /** Have more, until the reader has enough. */
  resume(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest === undefined) this.#socket.resume();
    else this.#take(rest.bytes, rest.piece);
  }

  /** @param bytes all of `piece`, or its end. */
  #take(bytes: Buffer, piece: Buffer): void {
    if (this.#filled === 0) {
      if (!this.#reader.isReadingBody) {
        this.#handOver(bytes);
        return;
      }
      setImmediate(() => this.#deliver());
    }
    const length = bytes.copy(this.#buffer, this.#filled);
    this.#filled += length;
    if (length < bytes.byteLength) {
      this.#rest = { bytes: bytes.subarray(length), piece };
      this.#socket.pause();
    } else if (this.#freesPieces) giveBack(piece);
  }

  #deliver(): void {
    if (this.#filled === 0) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    this.#handOver(bytes);
    if (this.#over) this.#tellEnd();
  }

  #handOver(bytes: Buffer): void {
    if (this.#reader.receive(bytes)) this.resume();
    else this.#socket.pause();
  }

  #finish(failure?: Error): void {
    this.#over = true;
    this.#failure ??= failure;
    this.#deliver();
    this.#tellEnd();
  }

  /** What came before the end is handed over before it. */
  #tellEnd(): void {
    if (this.#filled === 0 && this.#rest === undefined) this.#reader.end(this.#failure);
  }
}
