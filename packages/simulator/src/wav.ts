/**
 * RIFF/WAVE headers of the two encodings call recorders write: 16-bit PCM and G.711 mu-law.
 * "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), chapters 2 and 3; `fact` and the
 * 18-byte `fmt ` of non-PCM formats from its 1994 update ("New Multimedia Data Types and Data Techniques").
 */
export type WavEncoding = 'pcm16' | 'mulaw';

/**
 * What stands in the length fields: the true lengths, or 0 or 0xFFFFFFFF, as recorders write that start before they know
 * how long the call will be and never seek back.
 */
export type RiffLength = 'exact' | 'zero' | 'unknown';

export interface WavFormat {
  readonly encoding: WavEncoding;
  readonly channels: 1 | 2;
  /** Frames per second, e.g. 8000 for telephony. */
  readonly sampleRate: number;
}

export interface WavLayout {
  /** Everything before the first sample. */
  readonly header: Buffer;
  /** Bytes of samples. */
  readonly dataBytes: number;
  /** 1 when the data chunk has an odd length: chunks are padded to 16 bits, the length field does not count the padding. */
  readonly padding: 0 | 1;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
}

/** Format tags of RFC 2361, appendix A. */
const FORMAT_TAG: Record<WavEncoding, number> = { pcm16: 0x0001, mulaw: 0x0007 };
const SAMPLE_BYTES: Record<WavEncoding, number> = { pcm16: 2, mulaw: 1 };
/** The length fields have 32 bits; this value stands for "unknown", and for lengths that do not fit. */
const UNKNOWN_LENGTH = 0xffff_ffff;

/** Bytes of one frame: one sample of every channel. */
export function frameBytes(format: WavFormat): number {
  return SAMPLE_BYTES[format.encoding] * format.channels;
}

export function wavHeaderBytes(encoding: WavEncoding): number {
  return encoding === 'pcm16' ? 44 : 58;
}

/** The header and the exact sizes of a file of `frames` frames. */
export function layOutWav(format: WavFormat, frames: number, riffLength: RiffLength = 'exact'): WavLayout {
  const frame = frameBytes(format);
  const dataBytes = frames * frame;
  const padding = dataBytes % 2 === 0 ? 0 : 1;
  const headerBytes = wavHeaderBytes(format.encoding);
  const fileBytes = headerBytes + dataBytes + padding;
  const declare = (length: number) => {
    if (riffLength === 'zero') return 0;
    return riffLength === 'unknown' ? UNKNOWN_LENGTH : Math.min(length, UNKNOWN_LENGTH);
  };

  const header = Buffer.alloc(headerBytes);
  let at = 0;
  const tag = (text: string) => {
    at += header.write(text, at, 'latin1');
  };
  const u16 = (value: number) => {
    at = header.writeUInt16LE(value, at);
  };
  const u32 = (value: number) => {
    at = header.writeUInt32LE(value, at);
  };
  tag('RIFF');
  u32(declare(fileBytes - 8));
  tag('WAVEfmt ');
  u32(format.encoding === 'pcm16' ? 16 : 18);
  u16(FORMAT_TAG[format.encoding]);
  u16(format.channels);
  u32(format.sampleRate);
  u32(format.sampleRate * frame);
  u16(frame);
  u16(SAMPLE_BYTES[format.encoding] * 8);
  if (format.encoding === 'mulaw') {
    u16(0); // cbSize: no further format bytes
    tag('fact');
    u32(4);
    u32(declare(frames));
  }
  tag('data');
  u32(declare(dataBytes));
  return { header, dataBytes, padding, fileBytes };
}

/** Milliseconds a WAV file plays, from its first bytes and its size; `undefined` when those bytes are not a WAV header. */
export function wavDurationMs(head: Buffer, fileBytes: number): number | undefined {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF') return undefined;
  if (head.toString('latin1', 8, 12) !== 'WAVE') return undefined;
  let byteRate = 0;
  for (let at = 12; at + 8 <= head.length; ) {
    const id = head.toString('latin1', at, at + 4);
    const length = head.readUInt32LE(at + 4);
    if (id === 'fmt ' && at + 20 <= head.length) byteRate = head.readUInt32LE(at + 16);
    if (id === 'data') {
      if (byteRate === 0) return undefined;
      const present = fileBytes - at - 8;
      const data = length === 0 || length > present ? present : length;
      return Math.round((data / byteRate) * 1000);
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}
