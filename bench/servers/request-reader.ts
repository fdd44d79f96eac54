/** As much of HTTP/1.1 as the servers of the benchmark need: one request after another, bodies of a stated length. */

/** Bytes of a body that are kept for the answer; longer ones are counted and dropped. */
const KEPT_BODY = 64 * 1024;
/** The list of parts that completes a multipart upload is longer: up to 10,000 parts of about 200 bytes each. */
const KEPT_POST = 4 * 1024 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
const END_OF_HEAD = '\r\n\r\n';

export interface WireRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body as `content-length` states them. */
  readonly bodyBytes: number;
  /** The body, where it is short enough to be kept; else empty. */
  body: Buffer;
}

export interface RequestHandler {
  /** The client waits for a `100 Continue` before it sends the body. */
  expectsContinue(): void;
  /** Head and body have arrived. */
  request(request: WireRequest): void;
  /** What came is none of the above; the connection is of no further use. */
  refuse(): void;
}

/** Cuts the bytes of one connection into requests. The buffers it is fed may be reused as soon as `feed` returns. */
export class RequestReader {
  readonly #handler: RequestHandler;
  #head: Buffer = Buffer.alloc(0);
  #current: WireRequest | undefined;
  #missing = 0;
  #kept: Buffer[] = [];
  #broken = false;

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  feed(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#broken && rest.length > 0) {
      rest = this.#current === undefined ? this.#readHead(rest) : this.#readBody(this.#current, rest);
    }
  }

  #readHead(chunk: Buffer): Buffer {
    const begun = this.#head.length;
    const bytes = begun === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) this.#refuse();
      this.#head = Buffer.from(bytes);
      return Buffer.alloc(0);
    }
    const request = parseHead(bytes.toString('latin1', 0, end));
    if (request === undefined) {
      this.#refuse();
      return Buffer.alloc(0);
    }
    this.#head = Buffer.alloc(0);
    this.#current = request;
    this.#missing = request.bodyBytes;
    this.#kept = [];
    if (request.headers['expect'] !== undefined) this.#handler.expectsContinue();
    if (this.#missing === 0) this.#finish(request);
    return bytes.subarray(end + END_OF_HEAD.length);
  }

  #readBody(request: WireRequest, chunk: Buffer): Buffer {
    const piece = chunk.length <= this.#missing ? chunk : chunk.subarray(0, this.#missing);
    const limit = request.method === 'POST' ? KEPT_POST : KEPT_BODY;
    if (request.bodyBytes <= limit) this.#kept.push(Buffer.from(piece));
    this.#missing -= piece.length;
    if (this.#missing === 0) this.#finish(request);
    return chunk.subarray(piece.length);
  }

  #finish(request: WireRequest): void {
    this.#current = undefined;
    if (this.#kept.length > 0) request.body = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#handler.request(request);
  }

  #refuse(): void {
    this.#broken = true;
    this.#handler.refuse();
  }
}

function parseHead(text: string): WireRequest | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const [method, target, version] = first.split(' ');
  if (method === undefined || target === undefined || version !== 'HTTP/1.1') return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const length = headers['content-length'] ?? '0';
  if (!/^\d{1,15}$/.test(length)) return undefined;
  return { method, target, headers, bodyBytes: Number(length), body: Buffer.alloc(0) };
}

export type Headers = Readonly<Record<string, string | number | undefined>>;

/** Status line and headers; what is `undefined` is left out. */
export function formatHead(status: number, headers: Headers): string {
  let text = `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Refused'}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/** A whole answer with a short body. */
export function formatAnswer(status: number, headers: Headers = {}, body = ''): string {
  return formatHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }) + body;
}
