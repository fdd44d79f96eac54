/**
 * What the end of a file says about whether all of it is there, for containers that do not state their length in front: the last
 * defence where no header states it either. Keeps a tail of at most 65 KiB, regardless of the file's length.
 */

/**
 * `cut`: bytes are missing. `whole`: none are. `unknown`: the file is not as the container's specification wants it, which is no
 * proof that anything is missing.
 */
export type EndVerdict = 'whole' | 'cut' | 'unknown';

export interface EndCheck {
  /** Takes the bytes of the file in order, from the first on. */
  push(chunk: Uint8Array): void;
  /** After the last byte. */
  verdict(): EndVerdict;
}

/** Bytes that say which check fits. */
const HEAD_BYTES = 4;

/** Watches the bytes of one file go by. */
export class EndWatch {
  /** Until there are enough bytes to tell. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #check: EndCheck | undefined;

  /** The same chunks. They are not changed, and not kept. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.push(chunk);
      yield chunk;
    }
  }

  verdict(): EndVerdict {
    return this.#check?.verdict() ?? 'unknown';
  }

  push(chunk: Uint8Array): void {
    if (this.#head === undefined) {
      this.#check?.push(chunk);
      return;
    }
    const head = Buffer.concat([this.#head, chunk]);
    this.#head = head.length < HEAD_BYTES ? head : undefined;
    if (this.#head !== undefined) return;
    this.#check = checkFor(head);
    this.#check?.push(head);
  }
}

function checkFor(head: Buffer): EndCheck | undefined {
  switch (head.toString('latin1', 0, HEAD_BYTES)) {
    case 'PK\x03\x04':
    case 'PK\x05\x06':
      return new ZipEnd();
    case 'OggS':
      return new OggEnd();
    default:
      return undefined;
  }
}

/*
 * ZIP: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16. The end record is the last thing in the file, behind it only its own comment.
 */
const END_SIGNATURE = 'PK\x05\x06';
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const LOCATOR_SIGNATURE = 'PK\x06\x07';
const LOCATOR_BYTES = 20;
const END64_SIGNATURE = 'PK\x06\x06';
const END64_BYTES = 56;
const TAIL_BYTES = END_BYTES + MAX_COMMENT_BYTES + LOCATOR_BYTES + END64_BYTES;

class ZipEnd implements EndCheck {
  readonly #tail = Buffer.alloc(2 * TAIL_BYTES);
  /** Of `tail` in use. */
  #used = 0;
  #total = 0;

  push(chunk: Uint8Array): void {
    this.#total += chunk.byteLength;
    const rest = chunk.subarray(Math.max(0, chunk.byteLength - TAIL_BYTES));
    if (this.#used + rest.byteLength > this.#tail.length) {
      const kept = TAIL_BYTES - rest.byteLength;
      this.#tail.copyWithin(0, this.#used - kept, this.#used);
      this.#used = kept;
    }
    this.#tail.set(rest, this.#used);
    this.#used += rest.byteLength;
  }

  verdict(): EndVerdict {
    const tail = this.#tail.subarray(0, this.#used);
    const start = this.#total - this.#used;
    let verdict: EndVerdict = 'cut';
    // more than one place can look like an end record: a comment, or a ZIP within this one, holds what it likes
    for (let at = tail.lastIndexOf(END_SIGNATURE, -1, 'latin1'); at >= 0; ) {
      if (at + END_BYTES <= tail.length) {
        const end = at + END_BYTES + tail.readUInt16LE(at + 20);
        const fits = isConsistent(tail, at, start);
        if (fits && end === tail.length) return 'whole';
        // something behind the end record, or a directory elsewhere than it should be: odd, but all of it may be there
        if (end === tail.length || (fits && end < tail.length)) verdict = 'unknown';
      }
      at = at === 0 ? -1 : tail.lastIndexOf(END_SIGNATURE, at - 1, 'latin1');
    }
    return verdict;
  }
}

/** Reports whether the central directory ends where the end record at `at` begins. @param start of `tail` in the file. */
function isConsistent(tail: Buffer, at: number, start: number): boolean {
  const size = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  if (size !== 0xffff_ffff && offset !== 0xffff_ffff) return offset + size === start + at;
  const locator = at - LOCATOR_BYTES;
  if (locator < 0 || tail.toString('latin1', locator, locator + 4) !== LOCATOR_SIGNATURE) return false;
  const record = Number(tail.readBigUInt64LE(locator + 8)) - start;
  if (!(record >= 0) || record + END64_BYTES > locator) return false;
  if (tail.toString('latin1', record, record + 4) !== END64_SIGNATURE) return false;
  const [size64, offset64] = [tail.readBigUInt64LE(record + 40), tail.readBigUInt64LE(record + 48)];
  return offset64 + size64 === BigInt(start + record);
}

/* Ogg: RFC 3533, section 6. Pages one behind the other, each with its own length; the last one of a stream says that it is. */
const PAGE_HEADER_BYTES = 27;
const BEGINS_STREAM = 0x02;
const ENDS_STREAM = 0x04;
/** Streams that are open at a time. A recording has one or two. */
const MAX_STREAMS = 64;

class OggEnd implements EndCheck {
  /** Of the page header that is being read. */
  #header: Buffer = Buffer.alloc(0);
  /** Bytes of the page's body that are still to come. */
  #body = 0;
  /** Serial numbers of the streams that have begun and not ended. */
  readonly #open = new Set<number>();
  #lost = false;

  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.byteLength > 0 && !this.#lost) {
      const skipped = Math.min(this.#body, rest.byteLength);
      this.#body -= skipped;
      rest = this.#readHeader(rest.subarray(skipped));
    }
  }

  verdict(): EndVerdict {
    if (this.#lost) return 'unknown';
    if (this.#body > 0 || this.#header.length > 0) return 'cut';
    // not every recorder marks the last page, RFC 7845 section 3 knows such files
    return this.#open.size === 0 ? 'whole' : 'unknown';
  }

  #readHeader(chunk: Uint8Array): Uint8Array {
    const wanted = () =>
      PAGE_HEADER_BYTES + (this.#header.length < PAGE_HEADER_BYTES ? 0 : this.#header.readUInt8(26));
    let taken = 0;
    while (this.#header.length < wanted() && taken < chunk.byteLength) {
      const part = chunk.subarray(taken, taken + wanted() - this.#header.length);
      taken += part.byteLength;
      this.#header = Buffer.concat([this.#header, part]);
    }
    if (this.#header.length === wanted()) this.#beginPage();
    return chunk.subarray(taken);
  }

  #beginPage(): void {
    const header = this.#header;
    const open = this.#open;
    this.#header = Buffer.alloc(0);
    if (header.toString('latin1', 0, 4) !== 'OggS' || header.readUInt8(4) !== 0) {
      this.#lost = true;
      return;
    }
    const flags = header.readUInt8(5);
    const serial = header.readUInt32LE(14);
    if ((flags & BEGINS_STREAM) !== 0) open.add(serial);
    // a page of a stream that never began, or is over, says nothing about any end
    this.#lost = !open.has(serial) || open.size > MAX_STREAMS;
    if ((flags & ENDS_STREAM) !== 0) open.delete(serial);
    this.#body = header.subarray(PAGE_HEADER_BYTES).reduce((sum, lacing) => sum + lacing, 0);
  }
}
