import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { detectContainer, looksLikeMarkup } from '../../src/archive/container.ts';
import { guardMedia, MAX_RECORDING_BYTES, type MediaFacts } from '../../src/archive/guard-media.ts';
import { ArchiveError } from '../../src/errors.ts';

/** A file of `bytes` bytes that states nothing about its length. */
const plain = (bytes: number) => Buffer.alloc(bytes, 1);

function riff(bytes: number, size: number): Buffer {
  const file = plain(bytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(size, 4);
  return file;
}

function rf64(bytes: number, size: bigint, name = 'RF64', chunk = 'ds64'): Buffer {
  const file = plain(bytes);
  file.write(name, 0, 'latin1');
  file.write(chunk, 12, 'latin1');
  if (bytes >= 28) file.writeBigUInt64LE(size, 20);
  return file;
}

/** What the guard said, or the size of each chunk that it passed on. */
async function guard(
  chunks: readonly Uint8Array[],
  facts: Partial<MediaFacts> = {},
): Promise<string | number[]> {
  async function* source() {
    yield* chunks;
  }
  const passed: number[] = [];
  try {
    const count = { bytes: 0, lengthVerified: false };
    for await (const chunk of guardMedia(source(), { contentLength: undefined, ...facts }, count)) {
      passed.push(chunk.byteLength);
    }
    return passed;
  } catch (error) {
    return error instanceof ArchiveError ? `${error.code} ${error.message}` : String(error);
  }
}

describe('what the guard says', () => {
  it.each<[string, readonly Uint8Array[], Partial<MediaFacts>, string]>([
    ['nothing', [], {}, 'the recording is empty'],
    ['too few for any format', [plain(11)], {}, '11 bytes are no recording'],
    ['fewer than declared', [plain(100)], { contentLength: 101 }, '100 of the declared 101 bytes arrived'],
    ['more than declared', [plain(100)], { contentLength: 99 }, 'more than the declared 99 bytes arrived'],
    [
      'fewer than its header states',
      [riff(100, 93)],
      {},
      '100 of the 101 bytes that its own header states arrived',
    ],
    [
      'what does not end as it begins',
      [Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), plain(96)])],
      {},
      'its last bytes are not the end of such a file',
    ],
    ['too few for a second', [plain(99)], { durationMs: 1000 }, '99 bytes cannot hold 1000 ms'],
  ])('%s', async (_name, chunks, facts, why) => {
    expect(await guard(chunks, facts)).toBe(`MEDIA_TRUNCATED the recording is not whole: ${why}`);
  });

  it('stops at the first byte too many', async () => {
    const chunks = [plain(64), plain(64), plain(64)];
    expect(await guard(chunks, { contentLength: 128 })).toMatch(/more than the declared 128/);
    expect(await guard(chunks, { contentLength: 192 })).toEqual([64, 64, 64]);
  });

  it.each<[string, readonly Uint8Array[], Partial<MediaFacts>]>([
    ['a second in 100 bytes', [plain(100)], { durationMs: 1000 }],
    ['less than a second in 12', [plain(12)], { durationMs: 999 }],
    ['a header that is met exactly', [riff(100, 92)], {}],
    ['bytes behind the end of the header', [riff(100, 91)], {}],
  ])('passes %s', async (_name, chunks, facts) => {
    expect(await guard(chunks, facts)).toEqual(chunks.map(({ byteLength }) => byteLength));
  });

  it('a page', async () => {
    expect(await guard([Buffer.from('<html>'.padEnd(80))])).toBe(
      'MEDIA_NOT_AUDIO the media host sent a web page or XML document, not a recording',
    );
  });

  it('what is larger than one AES-GCM message, before a byte is read or when it turns out', async () => {
    const told = `MEDIA_TOO_LARGE the recording is larger than ${MAX_RECORDING_BYTES} bytes`;
    expect(await guard([plain(64)], { contentLength: MAX_RECORDING_BYTES + 1 })).toBe(told);
    expect(await guard([plain(64)], { contentLength: MAX_RECORDING_BYTES })).toMatch(/^MEDIA_TRUNCATED/);
    const length = { value: MAX_RECORDING_BYTES - 63 };
    // nobody has 64 GiB to spare: a chunk that only says that it is large
    const huge = Object.defineProperty(plain(0), 'byteLength', { get: () => length.value });
    expect(await guard([plain(64), huge])).toBe(told);
    length.value -= 1;
    expect(await guard([plain(64), huge])).toEqual([64, MAX_RECORDING_BYTES - 64]);
  });

  it('holds back the first 64 bytes, and nothing after them', async () => {
    expect(await guard([plain(10), plain(53), plain(1), plain(5)])).toEqual([64, 5]);
    expect(await guard([plain(64), plain(1)])).toEqual([64, 1]);
    expect(await guard([plain(30), plain(33)])).toEqual([63]);
  });
});

describe('containers', () => {
  it.each<[string, Buffer, number | undefined]>([
    ['RIFF', riff(64, 1000), 1008],
    ['RIFF', riff(64, 0), undefined],
    ['RIFF', riff(64, 0xffff_ffff), undefined],
    ['RF64', rf64(64, 1000n), 1008],
    ['BW64', rf64(64, 1000n, 'BW64'), 1008],
    ['RF64', rf64(64, 0n), undefined],
    ['RF64', rf64(64, BigInt(Number.MAX_SAFE_INTEGER) - 8n), Number.MAX_SAFE_INTEGER],
    ['RF64', rf64(64, BigInt(Number.MAX_SAFE_INTEGER) - 7n), undefined],
    ['RF64', rf64(64, 1000n, 'RF64', 'junk'), undefined],
    ['RF64', rf64(28, 1000n), 1008],
    ['RF64', rf64(27, 1000n), 28],
  ])('%s %#', (name, head, totalBytes) => {
    expect(detectContainer(head)).toEqual({ name, totalBytes });
  });

  it.each([plain(64), rf64(64, 1000n, 'XY64'), riff(11, 5).subarray(0, 11), rf64(64, 1000n).subarray(0, 11)])(
    'none: %#',
    (head) => {
      expect(detectContainer(head)).toBeUndefined();
    },
  );

  it.each([
    ['<html>', true],
    ['\ufeff  <!-- comment -->', true],
    ['RIFF <html>', false],
    ['<wave>', false],
    ['a\ufeff<html>', false],
  ])('%j is markup: %s', (text, expected) => {
    expect(looksLikeMarkup(Buffer.from(text))).toBe(expected);
  });

  it('skips blanks of any number before markup, as a reader of text would', () => {
    const blank = fc.constantFrom(...Array.from('\t\n\v\f\r \u00a0\u0085\u001f'));
    const tag = fc.constantFrom(
      '<!DOCTYPE html>',
      '<HTML>',
      '<?xml ',
      '<Error>',
      '<error',
      '<!--',
      '<wave>',
      'RIFF',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('', '\u00ef\u00bb\u00bf'),
        fc.array(blank, { maxLength: 20 }),
        tag,
        (mark, blanks, start) => {
          const text = blanks.join('') + start;
          const asText = /^<(!doctype|html|head|body|script|\?xml|error>|!--)/i.test(text.trimStart());
          expect(looksLikeMarkup(Buffer.from(mark + text, 'latin1'))).toBe(asText);
        },
      ),
    );
  });

  it('reads of a large first chunk no more than a tag', () => {
    const head = Buffer.alloc(1024 * 1024, 'x');
    const read = vi.spyOn(head, 'toString');
    expect(looksLikeMarkup(head)).toBe(false);
    for (const [, start = 0, end = head.length] of read.mock.calls) expect(end - start).toBeLessThan(32);
    expect(read).toHaveBeenCalled();
  });
});
