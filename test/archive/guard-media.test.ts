import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectContainer, looksLikeMarkup } from '../../src/archive/container.ts';
import { guardMedia, MAX_RECORDING_BYTES, type MediaFacts } from '../../src/archive/guard-media.ts';
import { ArchiveError } from '../../src/errors.ts';

function wav(dataBytes: number, riffSize = 36 + dataBytes): Buffer {
  const file = Buffer.alloc(44 + dataBytes, 7);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(riffSize >>> 0, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(dataBytes, 40);
  return file;
}

/** RF64 with the 64-bit size in its ds64 chunk (EBU Tech 3306). */
function rf64(totalBytes: bigint): Buffer {
  const file = Buffer.alloc(100);
  file.write('RF64', 0, 'latin1');
  file.writeUInt32LE(0xffff_ffff, 4);
  file.write('WAVEds64', 8, 'latin1');
  file.writeUInt32LE(28, 16);
  file.writeBigUInt64LE(totalBytes - 8n, 20);
  return file;
}

async function* pieces(file: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    if (at >= file.length) return;
    yield file.subarray(at, at + size);
    at += size;
  }
  if (at < file.length) yield file.subarray(at);
}

async function outcome(file: Uint8Array, facts: MediaFacts, sizes: readonly number[] = [file.length]) {
  const count = { bytes: 0, lengthVerified: false };
  const passed: Uint8Array[] = [];
  try {
    for await (const chunk of guardMedia(pieces(file, sizes), facts, count)) passed.push(chunk);
    return { ...count, out: Buffer.concat(passed) };
  } catch (error) {
    return error instanceof ArchiveError ? error.code : 'other';
  }
}

const open = { contentLength: undefined };

describe('guardMedia', () => {
  it('passes a whole recording on unchanged, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 300 }),
        fc.array(fc.integer({ min: 1, max: 90 })),
        fc.boolean(),
        async (dataBytes, sizes, declared) => {
          const file = wav(dataBytes);
          const result = await outcome(file, { contentLength: declared ? file.length : undefined }, sizes);
          expect(result).toEqual({ bytes: file.length, lengthVerified: true, out: file });
        },
      ),
    );
  });

  it('refuses every truncation of a file whose header states its length', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (size, part) => {
          const file = wav(size);
          // shorter than 12 bytes nothing says that it is a RIFF file
          const cut = file.subarray(0, 12 + Math.floor((file.length - 12) * part));
          expect(await outcome(cut, open)).toBe('MEDIA_TRUNCATED');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses a body that is shorter or longer than declared', async () => {
    const file = wav(100);
    expect(await outcome(file, { contentLength: 145 })).toBe('MEDIA_TRUNCATED');
    expect(await outcome(file, { contentLength: 143 })).toBe('MEDIA_TRUNCATED');
    expect(await outcome(file, { contentLength: 144 })).toHaveProperty('lengthVerified', true);
  });

  it('a declared length does not excuse a container that states more', async () => {
    const half = wav(1000).subarray(0, 500);
    expect(await outcome(half, { contentLength: 500 })).toBe('MEDIA_TRUNCATED');
  });

  it.each([0, 0xffff_ffff])(
    'takes the RIFF length %i as unknown, as live recorders write it',
    async (riffSize) => {
      const file = wav(100, riffSize);
      expect(await outcome(file, { contentLength: file.length })).toHaveProperty('lengthVerified', true);
      expect(await outcome(file, open)).toHaveProperty('lengthVerified', false);
    },
  );

  it('refuses what is shorter than the shortest header, with any declared length', async () => {
    const file = wav(100);
    for (let length = 0; length < 12; length += 1) {
      const cut = file.subarray(0, length);
      expect(await outcome(cut, { contentLength: length, durationMs: 750 })).toBe('MEDIA_TRUNCATED');
      expect(await outcome(cut, open)).toBe('MEDIA_TRUNCATED');
    }
    const unknown = Buffer.alloc(12, 1);
    expect(await outcome(unknown, { contentLength: 12 })).toHaveProperty('bytes', 12);
    for (let length = 12; length < 28; length += 1) {
      expect(await outcome(rf64(100n).subarray(0, length), { contentLength: length })).toBe(
        'MEDIA_TRUNCATED',
      );
    }
  });

  it('accepts bytes behind the end of the RIFF chunk', async () => {
    const file = Buffer.concat([wav(100), Buffer.from('LIST')]);
    expect(await outcome(file, open)).toHaveProperty('bytes', 148);
  });

  it('reads the 64-bit length of RF64', async () => {
    expect(await outcome(rf64(100n), open)).toHaveProperty('lengthVerified', true);
    expect(await outcome(rf64(5_000_000_000n), open)).toBe('MEDIA_TRUNCATED');
    expect(detectContainer(rf64(5_000_000_000n))).toEqual({ name: 'RF64', totalBytes: 5_000_000_000 });
  });

  it('leaves the length of other formats to the host', async () => {
    const ogg = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(100)]);
    expect(await outcome(ogg, open)).toHaveProperty('lengthVerified', false);
    expect(await outcome(ogg, { contentLength: 104 })).toHaveProperty('lengthVerified', true);
  });

  it.each([
    '<!DOCTYPE html><html>',
    '  \r\n<html lang="en">',
    '\ufeff<?xml version="1.0"?><Error>',
    '<Error><Code>AccessDenied',
    '<!-- x -->',
  ])('refuses markup: %s', async (text) => {
    expect(await outcome(Buffer.from(text.padEnd(200, ' x')), open)).toBe('MEDIA_NOT_AUDIO');
    expect(await outcome(Buffer.from(text), open)).toBe('MEDIA_NOT_AUDIO');
  });

  it('refuses an empty file, and a header without sound where there should be some', async () => {
    expect(await outcome(Buffer.alloc(0), open)).toBe('MEDIA_TRUNCATED');
    expect(await outcome(Buffer.alloc(0), { contentLength: 0 })).toBe('MEDIA_TRUNCATED');
    expect(await outcome(wav(0), { contentLength: 44, durationMs: 30_000 })).toBe('MEDIA_TRUNCATED');
    expect(await outcome(wav(0), { contentLength: 44, durationMs: 0 })).toHaveProperty('bytes', 44);
  });

  it('refuses what one AES-GCM message cannot hold, before a byte is read', async () => {
    expect(MAX_RECORDING_BYTES).toBe(64 * 1024 ** 3 - 32);
    expect(await outcome(wav(1), { contentLength: MAX_RECORDING_BYTES + 1 })).toBe('MEDIA_TOO_LARGE');
  });

  it('passes nothing of a page on', async () => {
    const passed: unknown[] = [];
    const page = Buffer.from('<html>'.padEnd(5000, 'x'));
    const count = { bytes: 0, lengthVerified: false };
    await expect(async () => {
      for await (const chunk of guardMedia(pieces(page, [10, 10, 10]), open, count)) passed.push(chunk);
    }).rejects.toThrow(ArchiveError);
    expect(passed).toEqual([]);
  });
});

describe('container detection', () => {
  it('never throws, for any head', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom('RIFF', 'RF64', 'BW64', ''),
        (bytes, magic) => {
          const head = Buffer.concat([Buffer.from(magic), bytes]).subarray(0, 64);
          const total = detectContainer(head)?.totalBytes;
          expect(total === undefined || total >= 8).toBe(true);
          looksLikeMarkup(head);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
