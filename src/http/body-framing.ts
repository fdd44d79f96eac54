import type { Framing } from './response-head.ts';

/** Characters of a chunk's size line with its extensions, and of all trailers together. */
const LONGEST_LINE = 1024;
const LONGEST_TRAILERS = 16 * 1024;

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
  private readonly kind: Framing['kind'];
  /** Bytes of the body, or of the current chunk, that are still to come. */
  private left: number;
  private state: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  private line = '';
  private trailers = 0;

  constructor(framing: Framing) {
    this.kind = framing.kind;
    this.left = framing.kind === 'length' ? framing.bytes : 0;
  }

  /** The connection has ended here: is the body whole? */
  get endsWithConnection(): boolean {
    return this.kind === 'close';
  }

  /** Nothing more is needed, not even a byte. */
  get isEmpty(): boolean {
    return this.kind === 'none' || (this.kind === 'length' && this.left === 0);
  }

  step(bytes: Buffer): Step {
    if (this.isEmpty) return { kind: 'end', used: 0 };
    if (bytes.length === 0) return { kind: 'more', used: 0 };
    if (this.kind === 'close') return { kind: 'data', data: bytes, used: bytes.length };
    if (this.kind === 'length') return this.take(bytes, 0);
    return this.stepChunked(bytes);
  }

  private take(bytes: Buffer, from: number): Step {
    const data = bytes.subarray(from, from + this.left);
    this.left -= data.length;
    return { kind: 'data', data, used: from + data.length };
  }

  private stepChunked(bytes: Buffer): Step {
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'data') {
        const step = this.take(bytes, at);
        if (this.left === 0) this.state = 'data-end';
        return step;
      }
      const end = bytes.indexOf(0x0a, at);
      this.line += bytes.toString('latin1', at, end === -1 ? bytes.length : end);
      if (this.line.length > LONGEST_LINE) return { kind: 'malformed' };
      at = end === -1 ? bytes.length : end + 1;
      if (end === -1) break;
      if (!this.line.endsWith('\r')) return { kind: 'malformed' };
      const line = this.line.slice(0, -1);
      this.line = '';
      if (this.state === 'size') {
        const [, size] = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(line) ?? [];
        if (size === undefined) return { kind: 'malformed' };
        this.left = Number.parseInt(size, 16);
        this.state = this.left === 0 ? 'trailers' : 'data';
      } else if (this.state === 'data-end') {
        if (line !== '') return { kind: 'malformed' };
        this.state = 'size';
      } else {
        if (line === '') return { kind: 'end', used: at };
        this.trailers += line.length;
        if (this.trailers > LONGEST_TRAILERS) return { kind: 'malformed' };
      }
    }
    return { kind: 'more', used: at };
  }
}
