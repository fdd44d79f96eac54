import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectContainer } from '../../src/archive/container.ts';
import { RiffStructure } from '../../src/archive/riff-structure.ts';

function chunk(id: string, content: Uint8Array, size = content.length, isPadded = true): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, content, Buffer.alloc(isPadded ? content.length % 2 : 0)]);
}

const FMT = chunk('fmt ', Buffer.alloc(16, 1));
const sound = (bytes: number) => Buffer.alloc(bytes, 0x55);

/** @param excess of the RIFF size over the truth. */
function wav(chunks: readonly Buffer[], excess = 0): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return Buffer.concat([chunk('RIFF', Buffer.alloc(0), body.length + excess), body]);
}

function rf64(dataBytes: number, { riff = 0, data = 0, size32 = 0xffff_ffff } = {}): Buffer {
  const sizes = Buffer.alloc(28);
  const rest = Buffer.concat([FMT, chunk('data', sound(dataBytes), size32)]);
  sizes.writeBigUInt64LE(BigInt(4 + 36 + rest.length + riff), 0);
  sizes.writeBigUInt64LE(BigInt(dataBytes + data), 8);
  const form = chunk('RF64', Buffer.alloc(0), 0xffff_ffff);
  return Buffer.concat([form, Buffer.from('WAVE'), chunk('ds64', sizes), rest]);
}

function verdictOf(file: Buffer, pieces: readonly number[] = []): string {
  const structure = new RiffStructure();
  let at = 0;
  for (const piece of [...pieces, file.length]) {
    structure.push(file.subarray(at, at + piece));
    at = Math.min(file.length, at + piece);
  }
  return structure.verdict(detectContainer(file.subarray(0, 64))?.totalBytes).verdict;
}

const LIST = chunk('LIST', Buffer.alloc(26, 1));

describe('the sizes of a WAV file', () => {
  it.each<[string, Buffer, string]>([
    ['both right', wav([FMT, chunk('data', sound(1000))]), 'whole'],
    [
      'a chunk in front of the sound',
      wav([LIST, FMT, chunk('JUNK', sound(4000)), chunk('data', sound(9))]),
      'whole',
    ],
    [
      'chunks behind the sound',
      wav([FMT, chunk('data', sound(1001)), LIST, chunk('bext', sound(603))]),
      'whole',
    ],
    ['padding that is written and not counted', wav([FMT, chunk('data', sound(1001))], -1), 'whole'],
    ['padding that is neither', wav([FMT, chunk('data', sound(1001), 1001, false)]), 'whole'],
    [
      'padding that is counted and not written',
      wav([FMT, chunk('data', sound(1001), 1001, false)], 1),
      'doubtful',
    ],
    ['the RIFF size that of the file', wav([FMT, chunk('data', sound(1000))], 8), 'doubtful'],
    ['the RIFF size much too large', wav([FMT, chunk('data', sound(1000))], 500), 'overstated'],
    [
      'the RIFF size much too large, with chunks behind',
      wav([FMT, chunk('data', sound(10)), LIST], 500),
      'overstated',
    ],
    ['the RIFF size too small', wav([FMT, chunk('data', sound(1000))], -500), 'open'],
    ['the RIFF size that of a header alone', wav([FMT, chunk('data', sound(1000), 0)], -1000), 'open'],
    ['a header alone', wav([FMT, chunk('data', sound(0))]), 'open'],
    ['a header alone, of more sound', wav([FMT, chunk('data', sound(0), 5000)]), 'cut'],
    ['the data size too large', wav([FMT, chunk('data', sound(1000), 5000)]), 'doubtful'],
    ['both too large', wav([FMT, chunk('data', sound(1000), 1008)], 8), 'cut'],
    ['both too large, and different', wav([FMT, chunk('data', sound(1000), 2000)], 500), 'cut'],
    [
      'the RIFF size too small, the data size too large',
      wav([FMT, chunk('data', sound(1000), 2000)], -10),
      'overstated',
    ],
    ['the data size too small', wav([FMT, chunk('data', sound(1000), 500)]), 'open'],
    [
      'a chunk behind the sound that is not all there',
      wav([FMT, chunk('data', sound(10)), LIST.subarray(0, 30)], 4),
      'cut',
    ],
    [
      'the RIFF size a placeholder',
      wav([FMT, chunk('data', sound(0), 100), sound(100)], 0x7fff_ff00),
      'doubtful',
    ],
    [
      'the RIFF size a placeholder, the data size too large',
      wav([FMT, chunk('data', sound(9), 100)], 0x7fff_ff00),
      'cut',
    ],
    ['no chunks at all', wav([Buffer.alloc(300, 5)]), 'whole'],
    ['no chunks at all, and one byte too few', wav([Buffer.alloc(300, 5)], 1), 'cut'],
    ['those of RF64', rf64(1000), 'whole'],
    ['those of RF64, the larger one too large', rf64(1000, { riff: 500 }), 'overstated'],
    ['those of RF64, the smaller one too large', rf64(1000, { data: 500 }), 'doubtful'],
    ['those of RF64, both too large', rf64(1000, { data: 500, riff: 500 }), 'cut'],
    ['those of RF64, the larger one too small', rf64(1000, { riff: -500 }), 'open'],
    ['RF64 with a size of its own for the sound', rf64(1000, { data: 500, size32: 1000 }), 'whole'],
    ['no WAV file', Buffer.from('OggS'.padEnd(300)), 'open'],
  ])('%s: %#', (_, file, verdict) => {
    expect(verdictOf(file)).toBe(verdict);
  });

  it('are read the same however the file is cut into pieces', () => {
    const files = [
      wav([LIST, FMT, chunk('data', sound(101)), LIST]),
      rf64(100),
      wav([FMT, chunk('data', sound(99))], 7),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(fc.integer({ min: 0, max: 60 })), (file, pieces) => {
        expect(verdictOf(file, pieces)).toBe(verdictOf(file));
      }),
    );
  });

  it('never prove a file that is cut', () => {
    for (const file of [wav([LIST, FMT, chunk('data', sound(101)), LIST]), rf64(100)]) {
      for (let length = 12; length < file.length; length += 1) {
        expect([length, verdictOf(file.subarray(0, length))]).toEqual([
          length,
          // the sound is all there: only the host can say that nothing follows it
          expect.stringMatching(/^(?:cut|overstated)$/),
        ]);
      }
    }
  });

  it('are survived, with any name and size, and thousands of chunks are not followed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('RIFF', 'RF64', 'BW64'),
        fc.uint8Array({ maxLength: 200 }),
        (name, rest) => {
          const file = Buffer.concat([
            Buffer.from(`${name}\x10\0\0\0WAVE`, 'latin1'),
            Buffer.from('data'),
            rest,
          ]);
          expect(verdictOf(file)).toMatch(/^(?:whole|open|doubtful|overstated|cut)$/);
        },
      ),
      { numRuns: 1000 },
    );
    const tiny = Buffer.concat(Array.from({ length: 5000 }, () => chunk('tiny', Buffer.alloc(0))));
    expect(verdictOf(wav([FMT, chunk('data', sound(10)), tiny]))).toBe('open');
  });
});
