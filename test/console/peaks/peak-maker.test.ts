import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PeakMaker, POINTS_PER_SECOND, slicePeaks } from '../../../src/console/peaks/peak-maker.ts';

interface WavOptions {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  /** Stated instead of the length that the samples have. */
  readonly length?: number;
  readonly before?: Buffer;
}

function wav(
  samples: Buffer,
  { tag = 1, channels = 1, rate = 8_000, bits = 16, length, before }: WavOptions = {},
) {
  const frame = (channels * bits) / 8;
  const format = Buffer.alloc(24);
  format.write('fmt ', 0);
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(tag, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rate, 12);
  format.writeUInt32LE(rate * frame, 16);
  format.writeUInt16LE(frame, 20);
  format.writeUInt16LE(bits, 22);
  const data = Buffer.alloc(8);
  data.write('data', 0);
  data.writeUInt32LE(length ?? samples.length, 4);
  const head = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  return Buffer.concat([head, before ?? Buffer.alloc(0), format, data, samples]);
}

function peaksOf(file: Uint8Array, sizes: readonly number[] = [file.length]): Uint8Array | undefined {
  const maker = new PeakMaker();
  let at = 0;
  for (let turn = 0; at < file.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    maker.push(file.subarray(at, at + size));
    at += size;
  }
  return maker.finish();
}

/** The least and the greatest of each point, the slow way. */
function slowly(samples: readonly number[], channels: number, rate: number): number[] {
  const frames = Math.floor(samples.length / channels);
  const points = Math.ceil((frames * POINTS_PER_SECOND) / rate);
  const out: number[] = Array.from({ length: points * channels * 2 }, () => 0);
  for (let frame = 0; frame < frames; frame += 1) {
    const point = Math.floor((frame * POINTS_PER_SECOND) / rate);
    for (let channel = 0; channel < channels; channel += 1) {
      const value = (samples[frame * channels + channel] ?? 0) >> 8;
      const at = 2 * (point * channels + channel);
      out[at] = Math.min(out[at] ?? 0, value);
      out[at + 1] = Math.max(out[at + 1] ?? 0, value);
    }
  }
  return out;
}

const pointsOf = (peaks: Uint8Array | undefined) => [
  ...new Int8Array((peaks ?? new Uint8Array(8)).slice(8).buffer),
];

describe('the waveform of a WAV', () => {
  it('has the least and the greatest sample of each channel 32 times a second, for any samples in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 3_000 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(8_000, 11_025, 400, 44_100),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }),
        (values, channels, rate, sizes) => {
          const samples = values.slice(0, Math.floor(values.length / channels) * channels);
          const body = Buffer.alloc(samples.length * 2);
          for (const [at, value] of samples.entries()) body.writeInt16LE(value, at * 2);
          const peaks = peaksOf(wav(body, { channels, rate }), sizes);
          expect(Array.from((peaks ?? []).slice(0, 8))).toEqual([0x47, 0x4d, 0x50, 0x31, channels, 32, 0, 0]);
          expect(pointsOf(peaks)).toEqual(slowly(samples, channels, rate));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads µ-law, A-law and PCM of 8, 16, 24 and 32 bits, and the real tag of an extensible header', () => {
    const loudest: Readonly<Record<string, readonly [WavOptions, Buffer]>> = {
      mulaw: [{ tag: 7, bits: 8 }, Buffer.from([0xff, 0x80, 0x00])],
      alaw: [{ tag: 6, bits: 8 }, Buffer.from([0xd5, 0xaa, 0x2a])],
      pcm8: [{ bits: 8 }, Buffer.from([0x80, 0xff, 0x00])],
      pcm24: [{ bits: 24 }, Buffer.from([0, 0, 0, 0xff, 0xff, 0x7f, 0, 0, 0x80])],
      pcm32: [{ bits: 32 }, Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0x80])],
    };
    const found = Object.fromEntries(
      Object.entries(loudest).map(([name, [options, body]]) => [name, pointsOf(peaksOf(wav(body, options)))]),
    );
    expect(found).toEqual({
      mulaw: [-126, 125],
      alaw: [-126, 126],
      pcm8: [-128, 127],
      pcm24: [-128, 127],
      pcm32: [-128, 127],
    });
  });

  it('is found behind other chunks, and to the end of a file that was written as a stream', () => {
    const before = Buffer.concat([Buffer.from('LIST\x05\0\0\0', 'latin1'), Buffer.alloc(6)]);
    const body = Buffer.alloc(16_000, 0x20);
    for (const length of [0, 0xffff_ffff])
      expect(pointsOf(peaksOf(wav(body, { before, length })))).toHaveLength(64);
    expect(pointsOf(peaksOf(wav(body, { length: 8_000 })))).toHaveLength(32);
  });

  it('is none for what is no WAV of a format that it reads, and does not take more of it', () => {
    const files = [
      Buffer.from('OggS and more'),
      Buffer.alloc(40),
      wav(Buffer.alloc(100), { tag: 0x31 }),
      wav(Buffer.alloc(100), { channels: 0 }),
      wav(Buffer.alloc(100), { rate: 0 }),
      Buffer.alloc(0),
    ];
    expect(files.map((file) => peaksOf(file))).toEqual(files.map(() => undefined));
    const maker = new PeakMaker();
    maker.push(Buffer.from('OggS and more'));
    expect(maker.isWanted).toBe(false);
  });

  it('has silence in the place of what could not be read, and what follows stands where it belongs', () => {
    const body = Buffer.alloc(48_000);
    for (let at = 0; at < body.length; at += 2) body.writeInt16LE(at < 32_000 ? 0x1000 : 0x4000, at);
    const file = wav(body);
    const maker = new PeakMaker();
    maker.push(file.subarray(0, 16_001));
    maker.skip(16_000);
    maker.push(file.subarray(32_001));
    const whole = pointsOf(peaksOf(file));
    const points = pointsOf(maker.finish());
    expect(points).toHaveLength(whole.length);
    expect(points[2 * 50 + 1]).toBe(0);
    expect(points.slice(2 * 70)).toEqual(whole.slice(2 * 70));
  });
});

describe('a part of a waveform', () => {
  const body = Buffer.alloc(16_000 * 10);
  for (let at = 0; at < body.length; at += 2) body.writeInt16LE(((at * 7) % 60_000) - 30_000, at);
  const peaks = peaksOf(wav(body)) ?? new Uint8Array(0);

  it('has at most the columns that were asked for, each the least and the greatest of what it merges', () => {
    expect(slicePeaks(peaks, {})).toEqual(peaks);
    const coarse = slicePeaks(peaks, { from: 0, to: 10, columns: 40 });
    expect(coarse?.[5]).toBe(4);
    const points = pointsOf(coarse);
    expect(points).toHaveLength(2 * 40);
    const fine = pointsOf(peaks);
    for (let column = 0; column < 40; column += 1) {
      const some = fine.slice(16 * column, 16 * (column + 1));
      expect(points.slice(2 * column, 2 * column + 2)).toEqual([Math.min(...some), Math.max(...some)]);
    }
    expect(pointsOf(slicePeaks(peaks, { from: 2, to: 3 }))).toEqual(fine.slice(2 * 64, 2 * 96));
  });

  it('ends where the recording does, and is none behind it', () => {
    const beyond = slicePeaks(peaks, { from: 8, to: 1_008, columns: 4_000 });
    expect([beyond?.[5], pointsOf(beyond).length]).toEqual([4, 2 * 8]);
    expect(slicePeaks(peaks, { from: 10, to: 20 })).toBeUndefined();
  });
});
