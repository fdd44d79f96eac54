import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaDecoder } from '../../src/archive/decode-media.ts';

function wave(soundBytes: number, excess = 0): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + soundBytes + excess, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(soundBytes + excess, 40);
  return Buffer.concat([header, Buffer.alloc(soundBytes, 0x55)]);
}

/** One Ogg page. @param flags 2 begins the stream, 4 ends it. */
function page(flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(28);
  header.write('OggS', 0, 'latin1');
  header.writeUInt8(flags, 5);
  header.writeUInt32LE(7, 14);
  header.writeUInt8(1, 26);
  header.writeUInt8(body.length, 27);
  return Buffer.concat([header, body]);
}

const ogg = Buffer.concat([
  page(2, Buffer.alloc(200, 1)),
  page(0, Buffer.alloc(100, 2)),
  page(4, Buffer.alloc(50, 3)),
]);
/** The end record of an archive without entries. */
const zip = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

function decode(file: Buffer, chunkBytes = file.length): string {
  const decoder = new MediaDecoder();
  for (let at = 0; at < file.length; at += chunkBytes) decoder.push(file.subarray(at, at + chunkBytes));
  const { state, format } = decoder.verdict();
  return `${state} ${format}`;
}

describe('decoding what a drill has restored', () => {
  it.each([
    ['a WAV file whose sizes agree with its bytes', wave(2_000), 'decoded wav'],
    ['a WAV file that states more than is there', wave(2_000, 400), 'doubtful wav'],
    ['an Ogg stream with its last page', ogg, 'decoded ogg'],
    ['an Ogg stream that ends within a page', ogg.subarray(0, -1), 'doubtful ogg'],
    ['an Ogg stream without its last page', ogg.subarray(0, 356), 'doubtful ogg'],
    ['a ZIP archive', zip, 'decoded zip'],
    [
      'a ZIP archive without its end',
      Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(500)]),
      'doubtful zip',
    ],
    [
      'MPEG audio, whose frames are not followed',
      Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1'), Buffer.alloc(500)]),
      'hashed media',
    ],
    ['a chat', Buffer.from(JSON.stringify([{ body: 'hello' }])), 'hashed json'],
    [
      'an AVI file, which is RIFF and not WAV',
      Buffer.concat([Buffer.from('RIFF\xf4\x01\0\0AVI ', 'latin1'), Buffer.alloc(492)]),
      'hashed media',
    ],
    ['nothing', Buffer.alloc(0), 'hashed binary'],
  ])('says of %s what could be decoded', (_name, file, verdict) => {
    expect(decode(file)).toBe(verdict);
  });

  it('comes to the same however the bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(wave(300), wave(300, 9), ogg, zip),
        fc.integer({ min: 1, max: 400 }),
        (file, bytes) => {
          expect(decode(file, bytes)).toBe(decode(file));
        },
      ),
    );
  });
});
