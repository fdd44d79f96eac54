import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { synthesiseWav, toMulaw } from '../../packages/simulator/src/speech.ts';
import { layOutWav, wavDurationMs, type WavFormat } from '../../packages/simulator/src/wav.ts';

interface Parsed {
  riffLength: number;
  chunks: Map<string, { at: number; length: number }>;
}

/** Written against the RIFF specification, not against the code under test. */
function parseChunks(file: Buffer): Parsed {
  expect(file.toString('latin1', 0, 4)).toBe('RIFF');
  expect(file.toString('latin1', 8, 12)).toBe('WAVE');
  const chunks = new Map<string, { at: number; length: number }>();
  let at = 12;
  while (at + 8 <= file.length) {
    const length = file.readUInt32LE(at + 4);
    chunks.set(file.toString('latin1', at, at + 4), { at: at + 8, length });
    at += 8 + length + (length % 2);
  }
  return { riffLength: file.readUInt32LE(4), chunks };
}

function chunkOf(parsed: Parsed, id: string): { at: number; length: number } {
  const chunk = parsed.chunks.get(id);
  if (chunk === undefined) throw new Error(`no ${id} chunk`);
  return chunk;
}

const formats = fc.record<WavFormat>({
  encoding: fc.constantFrom('pcm16', 'mulaw'),
  channels: fc.constantFrom(1, 2),
  sampleRate: fc.constantFrom(8000, 11_025, 16_000),
});

const join = (chunks: Iterable<Uint8Array>) => Buffer.concat([...chunks]);

describe('synthetic WAV files', () => {
  it('has a header whose every length is exact', () => {
    fc.assert(
      fc.property(formats, fc.nat({ max: 70_000 }), (format, frames) => {
        const wav = synthesiseWav('call', format, frames);
        const file = join(wav.read(0, wav.bytes - 1));
        expect(file).toHaveLength(wav.bytes);
        const parsed = parseChunks(file);
        expect(parsed.riffLength).toBe(file.length - 8);

        const sampleBytes = format.encoding === 'pcm16' ? 2 : 1;
        const fmt = chunkOf(parsed, 'fmt ');
        expect(file.readUInt16LE(fmt.at)).toBe(format.encoding === 'pcm16' ? 1 : 7);
        expect(file.readUInt16LE(fmt.at + 2)).toBe(format.channels);
        expect(file.readUInt32LE(fmt.at + 4)).toBe(format.sampleRate);
        expect(file.readUInt32LE(fmt.at + 8)).toBe(format.sampleRate * sampleBytes * format.channels);
        expect(file.readUInt16LE(fmt.at + 12)).toBe(sampleBytes * format.channels);
        expect(file.readUInt16LE(fmt.at + 14)).toBe(sampleBytes * 8);

        const data = chunkOf(parsed, 'data');
        expect(data.length).toBe(frames * sampleBytes * format.channels);
        expect(data.at + data.length + (data.length % 2)).toBe(file.length);
        expect(parsed.chunks.has('fact')).toBe(format.encoding === 'mulaw');
        if (format.encoding === 'mulaw') {
          expect(fmt.length).toBe(18);
          expect(file.readUInt32LE(chunkOf(parsed, 'fact').at)).toBe(frames);
        }
        expect(wavDurationMs(file.subarray(0, 4096), file.length)).toBe(
          Math.round((frames / format.sampleRate) * 1000),
        );
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['zero', 0],
    ['unknown', 0xffff_ffff],
  ] as const)('writes %s lengths as live recorders do', (riffLength, expected) => {
    const { header } = layOutWav({ encoding: 'mulaw', channels: 1, sampleRate: 8000 }, 8000, riffLength);
    expect(header.readUInt32LE(4)).toBe(expected);
    expect(header.readUInt32LE(header.length - 4)).toBe(expected);
    expect(wavDurationMs(header, header.length + 8000)).toBe(1000);
  });

  it('writes the unknown length where the true one has more than 32 bits', () => {
    const layout = layOutWav({ encoding: 'pcm16', channels: 2, sampleRate: 48_000 }, 2 ** 31);
    expect(layout.fileBytes).toBe(44 + 2 ** 33);
    expect(layout.header.readUInt32LE(4)).toBe(0xffff_ffff);
    expect(layout.header.readUInt32LE(40)).toBe(0xffff_ffff);
  });

  it('reads the same bytes in any pieces', () => {
    const format = { encoding: 'mulaw', channels: 1, sampleRate: 8000 } as const;
    const wav = synthesiseWav('call', format, 100_001);
    const whole = join(wav.read(0, wav.bytes - 1));
    const place = fc.nat({ max: wav.bytes - 1 });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        expect(join(wav.read(first, last)).equals(whole.subarray(first, last + 1))).toBe(true);
      }),
    );
  });

  it('gives every recording a digest of its own, and the same one every time', () => {
    const digest = (identity: string) => {
      const wav = synthesiseWav(identity, { encoding: 'pcm16', channels: 1, sampleRate: 8000 }, 4000);
      return createHash('sha256')
        .update(join(wav.read(0, wav.bytes - 1)))
        .digest('hex');
    };
    const digests = new Set(Array.from({ length: 500 }, (_, index) => digest(`call ${index}`)));
    expect(digests.size).toBe(500);
    expect(digests.has(digest('call 7'))).toBe(true);
  });

  it('is audible, and not clipped', () => {
    const wav = synthesiseWav('call', { encoding: 'pcm16', channels: 1, sampleRate: 8000 }, 32_000);
    const file = join(wav.read(0, wav.bytes - 1));
    const samples = Array.from({ length: 30_000 }, (_, index) =>
      Math.abs(file.readInt16LE(2000 + index * 2)),
    );
    expect(Math.max(...samples)).toBeGreaterThan(4000);
    expect(Math.max(...samples)).toBeLessThan(32_000);
  });
});

describe('mu-law', () => {
  /** ITU-T G.711, the decoder's formula. */
  const expand = (byte: number) => {
    const bits = ~byte & 0xff;
    const magnitude = (((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7);
    return (bits & 0x80) === 0 ? magnitude - 0x84 : 0x84 - magnitude;
  };

  it.each([
    [0, 0xff],
    [-1, 0x7f],
    [32_767, 0x80],
    [-32_768, 0x00],
  ])('compresses %i to %i', (sample, expected) => {
    expect(toMulaw(sample)).toBe(expected);
  });

  it('loses no more than half a step of its segment', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32_635, max: 32_635 }), (sample) => {
        const error = Math.abs(expand(toMulaw(sample)) - sample);
        expect(error).toBeLessThanOrEqual(Math.max(4, (Math.abs(sample) + 132) / 32));
      }),
    );
  });
});
