import { createHash } from 'node:crypto';
import { frameBytes, layOutWav, type RiffLength, type WavFormat } from './wav.ts';

/**
 * Something that sounds like speech behind a wall, at any offset, without ever holding a recording: a few
 * seconds are computed once per format, and every recording reads them in a loop from a place of its own.
 */

/** Seconds of sound in the loop. Not a whole number, so that its length divides no usual part or buffer size. */
const LOOP_SECONDS = 4.13;
/** Bytes at the start that belong to one recording only, so that no two recordings have the same digest. */
const LEAD_BYTES = 512;

const loops = new Map<string, Buffer>();

function loopOf(format: WavFormat): Buffer {
  const key = `${format.encoding}/${format.channels}/${format.sampleRate}`;
  const known = loops.get(key);
  if (known !== undefined) return known;
  const loop = computeLoop(format);
  loops.set(key, loop);
  return loop;
}

function computeLoop(format: WavFormat): Buffer {
  const frames = Math.round(format.sampleRate * LOOP_SECONDS);
  const loop = Buffer.alloc(frames * frameBytes(format));
  let at = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    const t = frame / format.sampleRate;
    for (let channel = 0; channel < format.channels; channel += 1) {
      const sample = speak(t, channel, frame);
      at = format.encoding === 'pcm16' ? loop.writeInt16LE(sample, at) : loop.writeUInt8(toMulaw(sample), at);
    }
  }
  return loop;
}

/** One 16-bit sample: a wavering voice of a few harmonics, in syllables, with breath noise. Channels take turns. */
function speak(t: number, channel: number, frame: number): number {
  const pitch = (channel === 0 ? 118 : 205) * (1 + 0.06 * Math.sin(2 * Math.PI * 0.7 * t + channel));
  const phase = 2 * Math.PI * pitch * t;
  const voice =
    Math.sin(phase) + 0.6 * Math.sin(2 * phase) + 0.45 * Math.sin(5 * phase) + 0.2 * Math.sin(11 * phase);
  const syllable = Math.max(0, Math.sin(2 * Math.PI * 3.4 * t + channel)) ** 1.5;
  const turn = 0.15 + 0.85 * Math.max(0, Math.sin(2 * Math.PI * (t / LOOP_SECONDS) + channel * Math.PI));
  const noise = hashToUnit(frame * 2 + channel) - 0.5;
  return Math.round(5200 * turn * (syllable * voice + 0.12 * noise));
}

/** A well-mixed value in [0, 1) for every integer (the finaliser of MurmurHash3). */
function hashToUnit(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** 16-bit linear to mu-law: ITU-T G.711 table 2a, in the segment form of Sun Microsystems' public g711.c. */
export function toMulaw(sample: number): number {
  const bias = 0x84;
  const magnitude = Math.min(Math.abs(sample), 32_635) + bias;
  const segment = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = (magnitude >> (segment + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | mantissa) & 0xff;
}

export interface SyntheticWav {
  /** Bytes of the whole file. */
  readonly bytes: number;
  /** The bytes from `first` to `last`, inclusive. The chunks are views of shared memory: read only. */
  read(first: number, last: number): Generator<Uint8Array, void, undefined>;
}

/** A WAV file that exists only while it is read. Equal arguments give equal bytes, in any process. */
export function synthesiseWav(
  identity: string,
  format: WavFormat,
  frames: number,
  riffLength: RiffLength = 'exact',
): SyntheticWav {
  const layout = layOutWav(format, frames, riffLength);
  const loop = loopOf(format);
  const frame = frameBytes(format);
  const digest = createHash('sha256').update(identity).digest();
  const start = (digest.readUInt32LE(0) % (loop.length / frame)) * frame;
  const lead = Buffer.alloc(Math.min(LEAD_BYTES, layout.dataBytes));
  for (let at = 0; at < lead.length; at += 1) {
    const noise = (digest[at % digest.length] ?? 0) ^ (hashToUnit(at) * 256);
    lead[at] = format.encoding === 'pcm16' ? (at % 2 === 0 ? noise : 0) : 0xe0 | (noise & 0x9f);
  }
  const prefix = Buffer.concat([layout.header, lead]);
  const end = layout.fileBytes - layout.padding;

  return {
    bytes: layout.fileBytes,
    *read(first, last) {
      const stop = Math.min(last + 1, layout.fileBytes);
      let at = first;
      if (at < Math.min(prefix.length, stop)) {
        yield prefix.subarray(at, Math.min(prefix.length, stop));
        at = Math.min(prefix.length, stop);
      }
      while (at < Math.min(end, stop)) {
        const inLoop = (start + (at - prefix.length)) % loop.length;
        const length = Math.min(loop.length - inLoop, Math.min(end, stop) - at);
        yield loop.subarray(inLoop, inLoop + length);
        at += length;
      }
      if (at < stop) yield Buffer.alloc(stop - at);
    },
  };
}
