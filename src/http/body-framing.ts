import type { Framing } from './response-head.ts';

/** Characters of a chunk's size line with its extensions, and of all trailers together. */
const MAX_LINE_BYTES = 1024;
const MAX_TRAILER_BYTES = 16 * 1024;

/** Bytes. Chunks that are shorter are handed over together: each hand-over costs as much as the work on some kilobytes. */
const SMALL_CHUNK_BYTES = 4096;

/** So few bytes are copied faster one by one than by a call. */
const TINY_BYTES = 48;

/** One step through the bytes of a connection. */
export type Step =
  /** The next bytes of the body, a view of what was given; `used` bytes of it are done with. */
  | { readonly kind: 'data'; readonly data: Buffer; readonly used: number }
  | { readonly kind: 'more'; readonly used: number }
  /** The body is whole; bytes behind `used` belong to something else. */
  | { readonly kind: 'end'; readonly used: number }
  | { readonly kind: 'malformed' };

/** Tells the bytes of one body from what frames it (RFC 9112, sections 6 and 7). Copies nothing. */
export class BodyFraming {
  readonly #kind: Framing['kind'];
  /** Bytes of the body, or of the current chunk, that are still to come. */
  #left: number;
  #state: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  #line = '';
  #trailers = 0;

  constructor(framing: Framing) {
    this.#kind = framing.kind;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
  }

  /** The connection has ended here: is the body whole? */
  get endsWithConnection(): boolean {
    return this.#kind === 'close';
  }

  /** Nothing more is needed, not even a byte. */
  get isEmpty(): boolean {
    return this.#kind === 'none' || (this.#kind === 'length' && this.#left === 0);
  }

  step(bytes: Buffer): Step {
    if (this.isEmpty) return { kind: 'end', used: 0 };
    if (bytes.length === 0) return { kind: 'more', used: 0 };
    if (this.#kind === 'close') return { kind: 'data', data: bytes, used: bytes.length };
    if (this.#kind === 'length') return this.#take(bytes, 0);
    return this.#stepChunked(bytes);
  }

  #take(bytes: Buffer, from: number): Step {
    const data = bytes.subarray(from, from + this.#left);
    this.#left -= data.length;
    return { kind: 'data', data, used: from + data.length };
  }

  /** Reports whether `data` is a small chunk, with more of the body behind it. */
  isInSmallChunks({ data }: { readonly data: Buffer }, rest: Buffer): boolean {
    return this.#kind === 'chunked' && data.length <= SMALL_CHUNK_BYTES && rest.length > 0;
  }

  /**
   * Copies what comes next into `into`, as long as it is the data of small chunks: a body in chunks of one byte would be handed over
   * byte by byte otherwise. What it stops at is for {@link step}. Takes 30 CPU seconds for a gigabyte in chunks of one byte.
   */
  gather(bytes: Buffer, into: Buffer): { readonly used: number; readonly filled: number } {
    let at = 0;
    let filled = 0;
    while (at < bytes.length && this.#line === '') {
      if (this.#state === 'data') {
        const length = Math.min(this.#left, bytes.length - at, into.length - filled);
        if (length === 0 || this.#left > SMALL_CHUNK_BYTES) break;
        if (length > TINY_BYTES) bytes.copy(into, filled, at, at + length);
        else for (let one = 0; one < length; one += 1) into[filled + one] = bytes[at + one] ?? 0;
        at += length;
        filled += length;
        this.#left -= length;
        if (this.#left === 0) this.#state = 'data-end';
      } else if (this.#state === 'data-end') {
        if (bytes[at] !== CR || bytes[at + 1] !== LF) break;
        this.#state = 'size';
        at += 2;
      } else {
        const used = this.#state === 'size' ? this.#readChunkLine(bytes, at) : 0;
        if (used === 0) break;
        at += used;
      }
    }
    return { used: at, filled };
  }

  /**
   * Reads the line in front of a chunk, which begins at `from`. RFC 9112, section 7.1, with one deviation (*):
   *
   *     chunk-line = *"0" 1*12HEXDIG BWS(*) [ ";" *( HTAB / SP / VCHAR / obs-text ) ] CRLF
   *
   * (*) The RFC has white space before ";" only (section 7.1.1). Servers that keep room for a size of a fixed width fill it up with
   * blanks or tabs. That cannot be read in two ways: the size ends at the first of them, and nothing but an extension or CRLF follows.
   * Extensions are not interpreted.
   *
   * Refused, because two readers could disagree about where the body ends: a size without digits, with a sign, a prefix or blanks in
   * front; two words; more than 12 significant digits; CR, LF or another control character in the line; a line that ends in LF alone;
   * anything but CRLF behind the data of a chunk.
   *
   * @returns its length with CRLF; 0 when it is not all there, or malformed.
   */
  #readChunkLine(bytes: Buffer, from: number): number {
    let size = 0;
    let at = from;
    for (; ; at += 1) {
      const digit = hexDigit(bytes[at]);
      if (digit === -1) break;
      size = size * 16 + digit;
      if (size > MAX_CHUNK_BYTES) return 0;
    }
    if (at === from) return 0;
    while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
    if (bytes[at] === SEMICOLON) while (isExtension(bytes[at])) at += 1;
    const isLine = bytes[at] === CR && bytes[at + 1] === LF && at - from < MAX_LINE_BYTES;
    if (!isLine) return 0;
    this.#beginChunk(size);
    return at + 2 - from;
  }

  #beginChunk(size: number): void {
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'data';
  }

  #stepChunked(bytes: Buffer): Step {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const step = this.#take(bytes, at);
        if (this.#left === 0) this.#state = 'data-end';
        return step;
      }
      const end = bytes.indexOf(0x0a, at);
      this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end);
      if (this.#line.length > MAX_LINE_BYTES) return { kind: 'malformed' };
      at = end === -1 ? bytes.length : end + 1;
      if (end === -1) break;
      if (!this.#line.endsWith('\r')) return { kind: 'malformed' };
      const line = this.#line.slice(0, -1);
      this.#line = '';
      if (this.#state === 'size') {
        if (this.#readChunkLine(Buffer.from(`${line}\r\n`, 'latin1'), 0) === 0) return { kind: 'malformed' };
      } else if (this.#state === 'data-end') {
        if (line !== '') return { kind: 'malformed' };
        this.#state = 'size';
      } else {
        if (line === '') return { kind: 'end', used: at };
        this.#trailers += line.length;
        if (this.#trailers > MAX_TRAILER_BYTES) return { kind: 'malformed' };
      }
    }
    return { kind: 'more', used: at };
  }
}

const [TAB, LF, CR, SPACE, SEMICOLON, DELETE] = [0x09, 0x0a, 0x0d, 0x20, 0x3b, 0x7f];
/** Bytes: 12 hexadecimal digits. */
const MAX_CHUNK_BYTES = 2 ** 48 - 1;

/** @returns -1 for what is none. */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** HTAB, SP, VCHAR or obs-text. */
function isExtension(byte = 0): boolean {
  return byte === TAB || (byte >= SPACE && byte !== DELETE);
}
