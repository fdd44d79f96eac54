/** The loudness of a WAV file, a piece at a time: the least and the greatest sample of each channel, 32 times a second. Pure. */
import { ALAW, MULAW } from './g711.ts';

export const POINTS_PER_SECOND = 32;
export const PEAKS_HEAD_BYTES = 8;
const MAGIC = 'GMP1';
const MAX_CHANNELS = 8;
/** Bytes before the samples; a file with more of them has no waveform. */
const MAX_HEAD_BYTES = 1024 * 1024;
/** A day. */
const MAX_POINTS = 24 * 3_600 * POINTS_PER_SECOND;
const EXTENSIBLE = 0xfffe;

interface Format {
  readonly channels: number;
  readonly rate: number;
  /** Of one sample. */
  readonly width: number;
  /** The first eight bits of the sample that begins at `at`. */
  readonly sample: (bytes: Uint8Array, at: number) => number;
}

const HIGH_MULAW = Int8Array.from(MULAW, (sample) => sample >> 8);
const HIGH_ALAW = Int8Array.from(ALAW, (sample) => sample >> 8);

/** Takes a file in pieces of any length. */
export class PeakMaker {
  #head: Uint8Array = new Uint8Array(0);
  #format: Format | undefined;
  /** Bytes of samples that follow; a stream that was not finished states none. */
  #left = 0;
  /** Bytes of a frame that has begun. */
  #rest: Uint8Array = new Uint8Array(0);
  #frames = 0;
  #points: Int8Array = new Int8Array(0);
  #length = 0;
  #refused = false;

  /** Reports whether more of the file is of use. */
  get isWanted(): boolean {
    return !this.#refused && (this.#format === undefined || this.#left > 0);
  }

  push(bytes: Uint8Array): void {
    if (!this.isWanted) return;
    if (this.#format === undefined) this.#pushHead(bytes);
    else this.#pushSamples(bytes);
  }

  /** In the place of bytes that could not be read: silence, which is as long as they were. */
  skip(bytes: number): void {
    if (this.#format === undefined) {
      this.#refused = true;
      return;
    }
    const { width, channels } = this.#format;
    const whole = Math.min(bytes, this.#left);
    this.#left -= whole;
    const frame = width * channels;
    const spanned = this.#rest.length + whole;
    this.#frames += Math.floor(spanned / frame);
    this.#rest = new Uint8Array(spanned % frame);
  }

  /** `GMP1`, channels, points a second, two zeros; then for each point and channel the least and the greatest. `undefined` for no WAV. */
  finish(): Uint8Array | undefined {
    const format = this.#format;
    if (this.#refused || format === undefined) return undefined;
    const last = Math.min(MAX_POINTS, Math.ceil((this.#frames * POINTS_PER_SECOND) / format.rate));
    this.#reach(last);
    const points = this.#points.subarray(0, last * 2 * format.channels);
    return formatPeaks({ channels: format.channels, perSecond: POINTS_PER_SECOND }, points);
  }

  #pushHead(bytes: Uint8Array): void {
    const head = new Uint8Array(this.#head.length + bytes.length);
    head.set(this.#head);
    head.set(bytes, this.#head.length);
    this.#head = head;
    const found = readHead(head);
    if (found === 'more' && head.length < MAX_HEAD_BYTES) return;
    this.#head = new Uint8Array(0);
    if (typeof found === 'string') {
      this.#refused = true;
      return;
    }
    this.#format = found.format;
    this.#left = found.length;
    this.#pushSamples(head.subarray(found.start));
  }

  #pushSamples(bytes: Uint8Array): void {
    const format = this.#format;
    if (format === undefined) return;
    const taken = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= taken.length;
    const frame = format.width * format.channels;
    const missing = this.#rest.length === 0 ? 0 : frame - this.#rest.length;
    if (taken.length < missing) {
      this.#rest = joined(this.#rest, taken);
      return;
    }
    if (missing > 0) this.#measure(format, joined(this.#rest, taken.subarray(0, missing)));
    const whole = missing + Math.floor((taken.length - missing) / frame) * frame;
    this.#measure(format, taken.subarray(missing, whole));
    this.#rest = taken.slice(whole);
  }

  /** Whole frames. */
  #measure({ channels, rate, width, sample }: Format, bytes: Uint8Array): void {
    const frames = bytes.length / (width * channels);
    let at = 0;
    for (let done = 0; done < frames; ) {
      const point = Math.floor((this.#frames * POINTS_PER_SECOND) / rate);
      if (point >= MAX_POINTS) return;
      // the frames of this point that are here
      const end = Math.ceil(((point + 1) * rate) / POINTS_PER_SECOND);
      const count = Math.min(frames - done, end - this.#frames);
      this.#reach(point + 1);
      for (let channel = 0; channel < channels; channel += 1) {
        const place = 2 * (point * channels + channel);
        let low = this.#points[place] ?? 0;
        let high = this.#points[place + 1] ?? 0;
        const step = width * channels;
        let from = at + channel * width;
        for (let frame = 0; frame < count; frame += 1, from += step) {
          const value = sample(bytes, from);
          if (value < low) low = value;
          if (value > high) high = value;
        }
        this.#points[place] = low;
        this.#points[place + 1] = high;
      }
      at += count * width * channels;
      done += count;
      this.#frames += count;
    }
  }

  /** Makes room for so many points. */
  #reach(points: number): void {
    if (points <= this.#length) return;
    const wanted = points * 2 * (this.#format?.channels ?? 1);
    if (wanted > this.#points.length) {
      const more = new Int8Array(Math.max(wanted, 2 * this.#points.length, 8_192));
      more.set(this.#points);
      this.#points = more;
    }
    this.#length = points;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

interface Head {
  readonly format: Format;
  /** Of the first sample. */
  readonly start: number;
  readonly length: number;
}

function readHead(head: Uint8Array): Head | 'more' | 'no-wav' {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 12) return 'more';
  if (nameAt(head, 0) !== 'RIFF' || nameAt(head, 8) !== 'WAVE') return 'no-wav';
  let format: Format | undefined;
  for (let at = 12; ; ) {
    if (at + 8 > head.length) return 'more';
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (nameAt(head, at) === 'data') {
      if (format === undefined) return 'no-wav';
      // what was written as a stream states no length, or the largest
      const isOpen = length === 0 || length >= 0xffff_fff0;
      return { format, start: body, length: isOpen ? Number.MAX_SAFE_INTEGER : length };
    }
    if (nameAt(head, at) === 'fmt ') {
      if (body + Math.min(length, 40) > head.length) return 'more';
      format = readFormat(view, body, length);
      if (format === undefined) return 'no-wav';
    }
    at = body + length + (length % 2);
  }
}

function readFormat(view: DataView, at: number, length: number): Format | undefined {
  if (length < 16) return undefined;
  const tag = view.getUint16(at, true);
  const real = tag === EXTENSIBLE && length >= 40 ? view.getUint16(at + 24, true) : tag;
  const channels = view.getUint16(at + 2, true);
  const rate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (channels < 1 || channels > MAX_CHANNELS || rate < POINTS_PER_SECOND || rate > 400_000) return undefined;
  const of = (width: number, sample: Format['sample']) => ({ channels, rate, width, sample });
  if (real === 7 && bits === 8) return of(1, (bytes, from) => HIGH_MULAW[bytes[from] ?? 0] ?? 0);
  if (real === 6 && bits === 8) return of(1, (bytes, from) => HIGH_ALAW[bytes[from] ?? 0] ?? 0);
  if (real !== 1) return undefined;
  if (bits === 8) return of(1, (bytes, from) => (bytes[from] ?? 0x80) - 0x80);
  if (bits !== 16 && bits !== 24 && bits !== 32) return undefined;
  const width = bits / 8;
  // the last byte of a sample is its highest
  return of(width, (bytes, from) => ((bytes[from + width - 1] ?? 0) << 24) >> 24);
}

const nameAt = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));

function formatPeaks(
  { channels, perSecond }: { readonly channels: number; readonly perSecond: number },
  points: Int8Array,
): Uint8Array {
  const bytes = new Uint8Array(PEAKS_HEAD_BYTES + points.length);
  for (let at = 0; at < MAGIC.length; at += 1) bytes[at] = MAGIC.charCodeAt(at);
  bytes[4] = channels;
  bytes[5] = perSecond;
  bytes.set(new Uint8Array(points.buffer, points.byteOffset, points.length), PEAKS_HEAD_BYTES);
  return bytes;
}

/** Reports whether these are peaks as {@link PeakMaker} makes them. */
export function isPeaks(bytes: Uint8Array): boolean {
  const channels = bytes[4] ?? 0;
  const isSized = channels > 0 && (bytes.length - PEAKS_HEAD_BYTES) % (2 * channels) === 0;
  return (
    bytes.length >= PEAKS_HEAD_BYTES &&
    nameAt(bytes, 0) === MAGIC &&
    isSized &&
    bytes[5] === POINTS_PER_SECOND
  );
}

/**
 * Peaks between two times, in at most `columns` points: as many a second as are a power of two.
 *
 * @returns `undefined` where all of it lies behind the end.
 */
export function slicePeaks(
  bytes: Uint8Array,
  {
    from = 0,
    to,
    columns = Number.POSITIVE_INFINITY,
  }: { from?: number | undefined; to?: number | undefined; columns?: number | undefined },
): Uint8Array | undefined {
  const channels = bytes[4] ?? 1;
  const all = (bytes.length - PEAKS_HEAD_BYTES) / (2 * channels);
  const first = Math.floor(from * POINTS_PER_SECOND);
  const last = Math.min(all, Math.ceil((to ?? all / POINTS_PER_SECOND) * POINTS_PER_SECOND));
  if (first >= all && all > 0) return undefined;
  let merged = 1;
  const asked = Math.ceil((to ?? all / POINTS_PER_SECOND) * POINTS_PER_SECOND) - first;
  while (merged < POINTS_PER_SECOND && asked / merged > columns) merged *= 2;
  const points = new Int8Array(
    bytes.buffer,
    bytes.byteOffset + PEAKS_HEAD_BYTES,
    bytes.length - PEAKS_HEAD_BYTES,
  );
  const length = Math.min(columns, Math.ceil(Math.max(0, last - first) / merged));
  const out = new Int8Array(length * 2 * channels);
  for (let point = 0; point < length; point += 1) {
    const end = Math.min(last, first + (point + 1) * merged);
    for (let channel = 0; channel < channels; channel += 1) {
      let [low, high] = [0, 0];
      for (let at = first + point * merged; at < end; at += 1) {
        low = Math.min(low, points[2 * (at * channels + channel)] ?? 0);
        high = Math.max(high, points[2 * (at * channels + channel) + 1] ?? 0);
      }
      out[2 * (point * channels + channel)] = low;
      out[2 * (point * channels + channel) + 1] = high;
    }
  }
  return formatPeaks({ channels, perSecond: POINTS_PER_SECOND / merged }, out);
}
