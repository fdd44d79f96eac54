import type { Duplex } from 'node:stream';
import { BodyFraming } from '../body-framing.ts';
import { type BodySource, ConnectionProblem } from '../body-source.ts';
import { GatheredReads } from '../gathered-reads.ts';
import { MAX_HEAD_BYTES, parseResponseHead, type ResponseHead } from '../response-head.ts';

/** Bytes of a request that a TLS socket is given at a time: what it has encrypted waits in memory until it is sent. */
const WRITE_BYTES = 512 * 1024;

/** Small chunks of a chunked body are handed over together, so many bytes at a time. */
const GATHERED_BYTES = 16 * 1024;

/** Interim responses (1xx) before the final one; no honest server sends more. */
const MAX_INTERIMS = 16;

const BLANK_LINE = '\r\n\r\n';

export interface ReceivedResponse {
  readonly head: ResponseHead;
  readonly body: BodySource;
}

export interface ConnectionOptions {
  /** What bytes of a body are gathered in; `undefined` where they come by {@link Connection.receive}. */
  readonly gather: Buffer | undefined;
  /** Frees what the socket hands over once it has been copied; see {@link GatheredReads}. */
  readonly freesPieces?: boolean;
  /** Called when the response is over and the connection can take another request. */
  readonly onFree: (connection: Connection) => void;
}

/**
 * One connection of an HTTP/1.1 client: one request at a time, its response read only as fast as it is asked for. The bytes of a body
 * may be views of a buffer that the next read overwrites.
 */
export class Connection {
  readonly socket: Duplex;
  /** `undefined` where bytes come by {@link receive}, as the socket reads them. */
  readonly #reads: GatheredReads | undefined;
  /** A caller waits for bytes, or for the end of an idle connection. */
  #wanting = false;
  /** Bytes of the request that the socket has not been given yet. */
  #unsent = 0;
  /** Called when the response is over and the connection can take another request. */
  readonly #onFree: (connection: Connection) => void;
  #exchange: Exchange | undefined;
  #failure: Error | undefined;

  constructor(socket: Duplex, { gather, freesPieces = false, onFree }: ConnectionOptions) {
    this.socket = socket;
    this.#onFree = onFree;
    if (gather !== undefined) {
      this.#reads = new GatheredReads(socket, { buffer: gather, freesPieces }, this);
      return;
    }
    this.#reads = undefined;
    socket.on('error', (error) => this.end(error));
    socket.on('end', () => this.end());
    socket.on('close', () => this.end());
  }

  get isReadingBody(): boolean {
    return this.#exchange?.isReadingBody === true;
  }

  /** A request that was answered before it was sent leaves the rest of itself in the way of the next one. */
  get isUsable(): boolean {
    return !this.socket.destroyed && this.#unsent === 0 && this.socket.writableLength === 0;
  }

  /** @throws {ConnectionProblem} or the socket's own error, when there will be no response. */
  send(method: string, head: string, body: string | Uint8Array | undefined): Promise<ReceivedResponse> {
    return new Promise((resolve, reject) => {
      this.#exchange = new Exchange(this, method, resolve, reject);
      if (this.#reads !== undefined && typeof body === 'object' && body.byteLength > WRITE_BYTES) {
        this.socket.write(head, 'latin1');
        this.#writeFrom(body, 0);
      } else {
        this.socket.cork();
        this.socket.write(head, 'latin1');
        if (body !== undefined) this.socket.write(body);
        this.socket.uncork();
      }
      this.want();
    });
  }

  #writeFrom(body: Uint8Array, start: number): void {
    const end = Math.min(start + WRITE_BYTES, body.byteLength);
    this.#unsent = body.byteLength - end;
    this.socket.write(body.subarray(start, end), (error) => {
      if (this.#unsent > 0 && (error === undefined || error === null)) this.#writeFrom(body, end);
    });
  }

  /** Have the next bytes, or the end. */
  want(): void {
    this.#wanting = true;
    if (this.#reads === undefined) this.socket.resume();
    else this.#reads.resume();
  }

  /** Bytes have come. @returns false to have no more until {@link want}. */
  receive(bytes: Buffer): boolean {
    this.#wanting = false;
    if (this.#exchange !== undefined) {
      const more = this.#exchange.receive(bytes);
      // A caller that wants more while it looks at these bytes cannot resume a socket that is not paused yet.
      return more || this.#wanting;
    }
    // Bytes without a request: the next response cannot be trusted any more.
    this.socket.destroy();
    return false;
  }

  /** The response is over. */
  release(keepAlive: boolean): void {
    this.#exchange = undefined;
    // What the socket was given counts as sent a turn of the event loop later, over TLS: the pool looks again.
    if (!keepAlive || this.socket.destroyed || this.#unsent > 0) this.socket.destroy();
    else {
      this.#onFree(this);
      this.want();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  end(failure?: Error): void {
    this.#failure ??= failure;
    this.#exchange?.end(this.#failure);
    this.socket.destroy();
  }
}

/** One request and its response. */
class Exchange implements BodySource {
  complete = false;
  readonly #connection: Connection;
  readonly #method: string;
  readonly #resolve: (response: ReceivedResponse) => void;
  readonly #reject: (error: Error) => void;
  #headText = '';
  #interims = 0;
  #head: ResponseHead | undefined;
  #framing: BodyFraming | undefined;
  /** Of the read buffer, not yet understood. */
  #pending: Buffer | undefined;
  /** Made for a body in small chunks. */
  #gathered: Buffer | undefined;
  #waiter:
    | { readonly resolve: (chunk: Buffer | undefined) => void; readonly reject: (error: Error) => void }
    | undefined;
  #failure: Error | undefined;
  #ended = false;

  constructor(
    connection: Connection,
    method: string,
    resolve: (response: ReceivedResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.#connection = connection;
    this.#method = method;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isReadingBody(): boolean {
    return this.#head !== undefined;
  }

  receive(bytes: Buffer): boolean {
    if (this.#head === undefined) return this.#receiveHead(bytes);
    this.#pending = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#serve();
    return false;
  }

  #receiveHead(bytes: Buffer): boolean {
    const before = this.#headText.length;
    // What follows is the body, hundreds of kilobytes perhaps, and no text.
    const blank = bytes.subarray(0, MAX_HEAD_BYTES).indexOf(BLANK_LINE);
    this.#headText += bytes.toString('latin1', 0, blank === -1 ? MAX_HEAD_BYTES : blank + BLANK_LINE.length);
    const end = this.#headText.indexOf(BLANK_LINE, Math.max(0, before - 3));
    const size = end === -1 ? this.#headText.length + 1 : end + 4;
    if (size > MAX_HEAD_BYTES) return this.#refuse('the head of the response is too long');
    if (end === -1) return true;
    const head = parseResponseHead(this.#headText.slice(0, end), this.#method);
    if (head === undefined || head.status === 101) return this.#refuse('the response is malformed');
    const rest = bytes.subarray(end + 4 - before);
    if (head.status < 200) {
      // Interim: the final one follows (RFC 9110, section 15.2).
      this.#interims += 1;
      if (this.#interims > MAX_INTERIMS) return this.#refuse('too many interim responses');
      this.#headText = '';
      return this.#receiveHead(rest);
    }
    this.#head = head;
    this.#framing = new BodyFraming(head.framing);
    this.#pending = rest.length === 0 ? undefined : rest;
    if (this.#framing.isEmpty) this.#finish();
    this.#resolve({ head, body: this });
    // What is in the buffer must stay there until it is asked for; an empty body has let go of the connection already.
    return this.complete;
  }

  /** The next bytes of the body, valid until the next call; `undefined` after the last ones. */
  next(): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#serve();
    });
  }

  destroy(): void {
    if (!this.complete) this.#connection.destroy();
  }

  /** The connection has ended. */
  end(error: Error | undefined): void {
    if (this.complete) return;
    this.#ended = true;
    this.#failure ??= error;
    if (this.#head === undefined) {
      this.#reject(this.#failure ?? new ConnectionProblem('the connection was closed'));
      return;
    }
    this.#serve();
  }

  /** Answers the waiting reader with the bytes that have arrived. */
  #serve(): void {
    const waiter = this.#waiter;
    const framing = this.#framing;
    if (waiter === undefined || framing === undefined) return;
    while (this.#pending !== undefined && !this.complete) {
      const step = framing.step(this.#pending);
      if (step.kind === 'malformed') {
        this.#refuse('the body is malformed');
        break;
      }
      const rest = this.#pending.subarray(step.used);
      this.#pending = rest.length === 0 ? undefined : rest;
      if (step.kind === 'data') {
        this.#answer(
          framing.isInSmallChunks(step, rest) ? this.#gather(framing, step.data, rest) : step.data,
        );
        return;
      }
      if (step.kind === 'end') this.#finish();
    }
    const isEnded = this.#ended && this.#failure === undefined;
    if (this.complete || framing.isEmpty || (isEnded && framing.endsWithConnection)) {
      this.#finish();
      this.#answer(undefined);
    } else if (this.#failure !== undefined) {
      this.#waiter = undefined;
      waiter.reject(this.#failure);
    } else if (isEnded) {
      // A body that ends early is told by `complete`.
      this.#answer(undefined);
    } else {
      this.#connection.want();
    }
  }

  /** @param data of the first of some small chunks. */
  #gather(framing: BodyFraming, data: Buffer, rest: Buffer): Buffer {
    this.#gathered ??= Buffer.allocUnsafe(GATHERED_BYTES);
    const into = this.#gathered;
    data.copy(into);
    const { used, filled } = framing.gather(rest, into.subarray(data.length));
    this.#pending = used === rest.length ? undefined : rest.subarray(used);
    return into.subarray(0, data.length + filled);
  }

  #answer(chunk: Buffer | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(chunk);
  }

  #finish(): void {
    if (this.complete) return;
    this.complete = true;
    const excess = this.#pending !== undefined;
    this.#pending = undefined;
    this.#connection.release(this.#head?.keepAlive === true && !excess);
  }

  #refuse(why: string): boolean {
    this.#failure ??= new ConnectionProblem(why);
    if (this.#head === undefined) this.#reject(this.#failure);
    this.#connection.destroy();
    return false;
  }
}
