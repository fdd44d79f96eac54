/**
 * Compares the sizes that a WAV file states, of its RIFF chunk and of its data chunk, with the bytes that arrived.
 * docs/decisions/003-length-of-a-recording.md has the table of cases.
 */

/**
 * `whole`: the sizes agree with the bytes. `open`: they state nothing, or less than arrived. `doubtful`: they state more, but are
 * placeholders, or contradict each other by a few bytes. `overstated`: one of them states more, and the other one contradicts it.
 * `cut`: the file states that more is to come.
 */
export interface RiffVerdict {
  readonly verdict: 'whole' | 'open' | 'doubtful' | 'overstated' | 'cut';
  /** The whole file by the size that was not met; with `overstated` and `cut`. */
  readonly totalBytes: number;
}

/** Of a RIFF size that counts its own header, or a padding byte that was not written. */
const MAX_MISCOUNTED_BYTES = 8;

/** Identifier, size and form type of RIFF, RF64 and BW64; identifier and size of every chunk. */
const FORM_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** The 64-bit sizes of the RIFF and the data chunk, at the beginning of a `ds64` chunk (EBU Tech 3306, section 3). */
const SIZES64_BYTES = 16;

/** A recording has a dozen; more are not followed. */
const MAX_CHUNKS = 4096;

const CHUNK_ID = /^[\x20-\x7e]{4}$/;

/** `0` and 2^32 − 1 mean "not known yet". */
const isOpen = (size: number) => size === 0 || size === 0xffff_ffff || size > Number.MAX_SAFE_INTEGER - 64;

/**
 * Recorders that cannot seek write the largest size they can think of: 0x7fffffff, 0x7ffff024 and 0x7ffff000 (sox), 0x80000024,
 * 0xffffffdb and others close to 2^31 or 2^32.
 */
const isPlaceholder = (size: number) =>
  (size >= 0x7fff_0000 && size <= 0x8000_ffff) || (size >= 0xffff_0000 && size < 0xffff_ffff);

/** Watches the bytes of one file. Of what is not WAV nothing is kept. */
export class RiffStructure {
  #total = 0;
  #header: Buffer = Buffer.alloc(0);
  #wanted = FORM_BYTES;
  /** Bytes to pass over before the next header. */
  #skip = 0;
  #state: 'form' | 'sizes64' | 'chunk' | 'stopped' = 'form';
  /** Of a `ds64` chunk. */
  #dataSize64: number | undefined;
  #dataSize: number | undefined;
  #dataStart = 0;
  /** Of a `ds64` chunk with its padding. */
  #sizes64Bytes = 0;
  #chunks = 0;
  /** Bytes behind the current chunk that only fill it up to an even length. */
  #padding = 0;

  push(chunk: Uint8Array): void {
    this.#total += chunk.byteLength;
    if (this.#state === 'stopped') return;
    for (let at = 0; at < chunk.byteLength; ) {
      const skipped = Math.min(this.#skip, chunk.byteLength - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === chunk.byteLength) return;
      const taken = chunk.subarray(at, at + this.#wanted - this.#header.length);
      this.#header = Buffer.concat([this.#header, taken]);
      at += taken.byteLength;
      if (this.#header.length < this.#wanted) return;
      const header = this.#header;
      this.#header = Buffer.alloc(0);
      this.#wanted = CHUNK_HEADER_BYTES;
      this.#read(header, this.#total - chunk.byteLength + at);
    }
  }

  /** @param statedBytes of the whole file, by its RIFF size; `undefined` where that is open. */
  verdict(statedBytes: number | undefined): RiffVerdict {
    const total = this.#total;
    const dataSize = this.#dataSize;
    const dataStart = this.#dataStart;
    const says = (verdict: RiffVerdict['verdict'], totalBytes = total) => ({ verdict, totalBytes });
    const hasData = dataSize !== undefined;
    const isDataOpen = hasData && isOpen(dataSize) && (dataSize > 0 || total > dataStart);
    const dataEnd = hasData && !isDataOpen ? dataStart + dataSize : undefined;
    const isUnmet = (end: number | undefined, size: number) =>
      end !== undefined && end > total && isPlaceholder(size);
    const isRiffPlaceholder = isUnmet(statedBytes, (statedBytes ?? 0) - CHUNK_HEADER_BYTES);
    const isDataPlaceholder = isUnmet(dataEnd, dataSize ?? 0);
    // a RIFF size that covers no sound is that of a header whose sizes were never filled in
    const isUsable = statedBytes !== undefined && !(hasData && statedBytes <= dataStart);
    const riffExcess = isUsable && !isRiffPlaceholder ? statedBytes - total : undefined;
    const dataExcess = dataEnd !== undefined && !isDataPlaceholder ? dataEnd - total : undefined;
    const isRiffExact =
      riffExcess === 0 || (riffExcess === -1 && statedBytes !== undefined && statedBytes % 2 === 1);

    if (riffExcess !== undefined && riffExcess > 0) {
      if (dataExcess !== undefined && dataExcess > 0) return says('cut', statedBytes);
      const isSmall = riffExcess <= MAX_MISCOUNTED_BYTES;
      if (this.#isAtChunkEnd) return isSmall ? says('doubtful') : says('overstated', statedBytes);
      const isUnconfirmed = hasData && dataExcess === undefined;
      return isUnconfirmed && isSmall ? says('doubtful') : says('cut', statedBytes);
    }
    if (dataExcess !== undefined && dataExcess > 0) {
      const isDoubtful = isRiffExact || dataExcess <= MAX_MISCOUNTED_BYTES;
      if (isDoubtful) return says('doubtful');
      // the RIFF size is wrong in any case, so the data size proves little
      const isBroken = statedBytes !== undefined && statedBytes < total;
      return says(isBroken ? 'overstated' : 'cut', dataEnd);
    }
    if (isRiffPlaceholder || isDataPlaceholder) return says('doubtful');
    return isRiffExact && (!hasData || this.#isAtChunkEnd) ? says('whole') : says('open');
  }

  /** The data chunk and all behind it is there; the padding byte of the last chunk need not be. */
  get #isAtChunkEnd(): boolean {
    const state = this.#state;
    const header = this.#header;
    const skip = this.#skip;
    const dataSize = this.#dataSize;
    return state === 'chunk' && dataSize !== undefined && header.length === 0 && skip <= this.#padding;
  }

  #read(header: Buffer, position: number): void {
    const id = header.toString('latin1', 0, 4);
    if (this.#state === 'form') {
      const isWave = /^(?:RIFF|RF64|BW64)$/.test(id) && header.toString('latin1', 8, 12) === 'WAVE';
      this.#state = isWave ? 'chunk' : 'stopped';
      return;
    }
    if (this.#state === 'sizes64') {
      this.#dataSize64 = Number(header.readBigUInt64LE(8));
      this.#skip = this.#sizes64Bytes - SIZES64_BYTES;
      this.#state = 'chunk';
      return;
    }
    this.#chunks += 1;
    const stated = header.readUInt32LE(4);
    if (!CHUNK_ID.test(id) || this.#chunks > MAX_CHUNKS) {
      this.#state = 'stopped';
      return;
    }
    this.#padding = stated % 2;
    this.#skip = stated + this.#padding;
    if (id === 'ds64' && this.#dataSize === undefined && stated >= SIZES64_BYTES) {
      this.#state = 'sizes64';
      this.#wanted = SIZES64_BYTES;
      this.#sizes64Bytes = this.#skip;
      this.#skip = 0;
      return;
    }
    if (id !== 'data' || this.#dataSize !== undefined) return;
    const size = stated === 0xffff_ffff ? (this.#dataSize64 ?? stated) : stated;
    this.#dataSize = size;
    this.#dataStart = position;
    this.#padding = size % 2;
    this.#skip = size + this.#padding;
    if (isOpen(size)) this.#state = 'stopped';
  }
}
