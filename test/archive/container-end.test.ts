import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndWatch } from '../../src/archive/container-end.ts';
import { guardMedia } from '../../src/archive/guard-media.ts';
import { ArchiveError } from '../../src/errors.ts';

async function* pieces(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

async function verdictOf(file: Uint8Array, size = 1 << 16): Promise<string> {
  const end = new EndWatch();
  const passed: Uint8Array[] = [];
  for await (const chunk of end.watch(pieces(file, size))) passed.push(chunk);
  expect(Buffer.concat(passed).equals(file)).toBe(true);
  return end.verdict();
}

// ---------------------------------------------------------------------------------------------------------------- ZIP

interface ZipOptions {
  readonly comment?: Buffer;
  readonly zip64?: boolean;
  /** Of the end record, whose place is in the large one; both when nothing is said. */
  readonly saturated?: 'size' | 'offset';
  readonly before?: Buffer;
  readonly after?: Buffer;
}

/** PKWARE APPNOTE 6.3.10, with the fields that matter here. */
function zip(
  contents: readonly Buffer[],
  { comment, zip64, saturated, before, after }: ZipOptions = {},
): Buffer {
  const entry = (signature: string, content: Buffer, fixed: number) => {
    const header = Buffer.alloc(fixed);
    header.write(signature, 0, 'latin1');
    return Buffer.concat([header, content]);
  };
  const locals = contents.map((content) => entry('PK\x03\x04', content, 30));
  const directory = Buffer.concat(contents.map(() => entry('PK\x01\x02', Buffer.from('a.txt'), 46)));
  const offset = locals.reduce((sum, { length }) => sum + length, 0);
  const end64 = Buffer.alloc(zip64 === true ? 76 : 0);
  if (zip64 === true) {
    end64.write('PK\x06\x06', 0, 'latin1');
    end64.writeBigUInt64LE(BigInt(directory.length), 40);
    end64.writeBigUInt64LE(BigInt(offset), 48);
    end64.write('PK\x06\x07', 56, 'latin1');
    end64.writeBigUInt64LE(BigInt(offset + directory.length), 64);
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt32LE(zip64 === true && saturated !== 'offset' ? 0xffff_ffff : directory.length, 12);
  end.writeUInt32LE(zip64 === true && saturated !== 'size' ? 0xffff_ffff : offset, 16);
  end.writeUInt16LE(comment?.length ?? 0, 20);
  const none = Buffer.alloc(0);
  return Buffer.concat([before ?? none, ...locals, directory, end64, end, comment ?? none, after ?? none]);
}

const noise = (bytes: number, seed = 7) => {
  const out = Buffer.alloc(bytes);
  for (let at = 0, state = seed; at < bytes; at += 1) {
    state = (state * 1_103_515_245 + 12_345) >>> 0;
    out.writeUInt8(state >>> 24, at);
  }
  return out;
};

const fakeEnd = zip([]);
const ZIPS: readonly (readonly [string, Buffer])[] = [
  ['without entries', zip([])],
  ['with two entries', zip([noise(500), deflateRawSync(noise(300))])],
  ['with a comment', zip([noise(500)], { comment: Buffer.from('of the platform') })],
  ['with the longest comment there is', zip([noise(90)], { comment: Buffer.alloc(0xffff, 32) })],
  [
    'with a comment that looks like an end',
    zip([noise(90)], { comment: Buffer.concat([fakeEnd, Buffer.from('x')]) }),
  ],
  ['with a comment that is one', zip([noise(90)], { comment: fakeEnd })],
  ['with a ZIP as its content', zip([zip([noise(200)])])],
  ['of the large kind', zip([noise(700)], { zip64: true })],
  ['of the large kind, with a comment', zip([noise(700)], { zip64: true, comment: Buffer.from('x') })],
  ['of the large kind, with only its offset large', zip([noise(700)], { zip64: true, saturated: 'offset' })],
  ['of the large kind, with only its size large', zip([noise(700)], { zip64: true, saturated: 'size' })],
  ['longer than any tail', zip([noise(200_000)])],
  [
    'longer than any tail, with the longest end there is',
    zip([noise(200_000)], { zip64: true, comment: Buffer.alloc(0xffff, 32) }),
  ],
];

describe('the end of a ZIP', () => {
  it.each(ZIPS)('%s: is found, however the file is cut into chunks', async (_, file) => {
    for (const size of [1, 3, 22, 1000, 65_536, file.length]) {
      if (size * 20_000 > file.length) expect(await verdictOf(file, size)).toBe('whole');
    }
  });

  it.each(ZIPS)('%s: is missed at every place where the file is cut', async (_, file) => {
    const step = Math.max(1, Math.floor(file.length / 60));
    const places = new Set(Array.from({ length: 70 }, (__, at) => file.length - 1 - at));
    for (let at = 4; at < file.length; at += step) places.add(at);
    for (const at of places) {
      if (at < 4) continue;
      expect([at, await verdictOf(file.subarray(0, at))]).not.toEqual([at, 'whole']);
    }
  });

  it('says "cut", not "unknown", unless what is left ends like a ZIP itself', async () => {
    const file = zip([noise(500)], { comment: Buffer.from('a comment') });
    for (let at = 4; at < file.length; at += 1) {
      expect([at, await verdictOf(file.subarray(0, at))]).toEqual([at, 'cut']);
    }
    // cut where the ZIP within ends: a second download decides
    const nested = zip([zip([noise(200)])]);
    const inner = 30 + zip([noise(200)]).length;
    expect(await verdictOf(nested.subarray(0, inner))).toBe('unknown');
    expect(await verdictOf(nested.subarray(0, inner - 1))).toBe('cut');
  });

  it.each([
    ['something behind the end', { after: Buffer.from('\r\n') }],
    ['something in front of the beginning', { before: Buffer.from('PK\x03\x04 of another') }],
  ])('%s is odd, and proves nothing', async (_, options) => {
    expect(await verdictOf(zip([noise(90)], options))).toBe('unknown');
  });

  it.each([
    ['no locator', 56, 'XXXX'],
    ['no record where the locator says', 0, 'XXXX'],
    ['a directory elsewhere than its record says', 40, 'X'],
  ])('of the large kind with %s is odd', async (_, at, text) => {
    const file = zip([noise(90)], { zip64: true });
    file.write(text, file.length - 22 - 76 + at, 'latin1');
    expect(await verdictOf(file)).toBe('unknown');
  });

  it.each([0n, 1n << 40n, (1n << 64n) - 1n])('a locator that points to %s is survived', async (offset) => {
    const file = zip([noise(90)], { zip64: true });
    file.writeBigUInt64LE(offset, file.length - 22 - 12);
    expect(await verdictOf(file)).toBe('unknown');
  });

  it('a locator that points out of what is kept of a long file is survived', async () => {
    const file = zip([noise(300_000)], { zip64: true });
    file.writeBigUInt64LE(0n, file.length - 22 - 12);
    expect(await verdictOf(file)).toBe('unknown');
  });

  it('a locator that points to something like a record in the last bytes is survived', async () => {
    const file = zip([noise(90)], { zip64: true, comment: Buffer.from('PK\x06\x06', 'latin1') });
    file.writeBigUInt64LE(BigInt(file.length - 4), file.length - 4 - 22 - 12);
    expect(await verdictOf(file)).toBe('unknown');
  });
});

describe('the end of any other file', () => {
  it.each(['', 'Og', 'PK\x03', 'ID3\x04 and so on', 'OggX', ' PK\x03\x04'])(
    'is not known: %j',
    async (text) => {
      for (const size of [1, 3, 100])
        expect(await verdictOf(Buffer.from(text, 'latin1'), size)).toBe('unknown');
    },
  );
});

// ---------------------------------------------------------------------------------------------------------------- Ogg

const FIRST = 2;
const LAST = 4;

/** RFC 3533, section 6. */
function page(serial: number, flags: number, bytes: number): Buffer {
  const lacing = [...Array.from({ length: Math.floor(bytes / 255) }, () => 255), bytes % 255];
  const header = Buffer.alloc(27);
  header.write('OggS', 0, 'latin1');
  header.writeUInt8(flags, 5);
  header.writeUInt32LE(serial, 14);
  header.writeUInt8(lacing.length, 26);
  return Buffer.concat([header, Buffer.from(lacing), noise(bytes, serial)]);
}

const stream = (serial: number) => [
  page(serial, FIRST, 19),
  page(serial, 0, 300),
  page(serial, 1, 600),
  page(serial, LAST, 0),
];
const [A, B] = [stream(1), stream(0xffff_fffe)];
const multiplexed = [A[0], B[0], A[1], B[1], A[2], A[3], B[2], B[3]].filter((one) => one !== undefined);
const OGGS: readonly (readonly [string, readonly Buffer[]])[] = [
  ['one stream', A],
  ['one page', [page(9, FIRST | LAST, 40)]],
  ['two streams at a time', multiplexed],
  ['two streams one behind the other', [...A, ...B]],
  ['the same stream twice', [...A, ...A]],
  ['streams at a time, and then another', [...multiplexed, ...stream(5)]],
];

describe('the end of an Ogg file', () => {
  it.each(OGGS)('%s: is found, however the file is cut into chunks', async (_, pages) => {
    const file = Buffer.concat(pages);
    for (const size of [1, 2, 26, 27, 28, 255, 4096]) expect(await verdictOf(file, size)).toBe('whole');
  });

  it.each(OGGS)('%s: is missed at every place where the file is cut', async (_, pages) => {
    const file = Buffer.concat(pages);
    const ends = new Set<number>();
    pages.reduce((at, { length }) => {
      ends.add(at + length);
      return at + length;
    }, 0);
    for (let at = 4; at < file.length; at += 1) {
      const verdict = await verdictOf(file.subarray(0, at), 700);
      if (ends.has(at)) expect([at, verdict]).not.toEqual([at, 'cut']);
      else expect([at, verdict]).toEqual([at, 'cut']);
    }
  });

  it('between two pages is told by the mark of the last one alone', async () => {
    for (let pages = 1; pages < A.length; pages += 1) {
      expect(await verdictOf(Buffer.concat(A.slice(0, pages)))).toBe('unknown');
    }
    for (let pages = 1; pages < multiplexed.length; pages += 1) {
      expect(await verdictOf(Buffer.concat(multiplexed.slice(0, pages)))).toBe('unknown');
    }
  });

  it.each([
    ['something behind the last page', Buffer.concat([...A, Buffer.alloc(40)])],
    ['something between two pages', Buffer.concat([page(1, FIRST, 9), Buffer.alloc(40), page(1, LAST, 9)])],
    ['pages of a version to come', Buffer.concat([page(1, FIRST, 9), page(1, LAST, 9).fill(1, 4, 5)])],
    ['a page of another name', Buffer.concat([page(1, FIRST, 9), page(1, LAST, 9).fill('X', 3, 4)])],
    ['a stream that never began', Buffer.concat([page(1, 0, 9), page(1, LAST, 9)])],
    ['a page after the last', Buffer.concat([...A, page(1, 0, 9)])],
    ['very many streams', Buffer.concat(Array.from({ length: 70 }, (_, at) => page(at, FIRST, 9)))],
  ])('%s is odd, and proves nothing', async (_, file) => {
    expect(await verdictOf(file)).toBe('unknown');
  });

  it.each([
    [64, 'whole'],
    [65, 'unknown'],
  ])('of %i streams at a time is %s', async (streams, verdict) => {
    const all = [FIRST, LAST].flatMap((flags) =>
      Array.from({ length: streams }, (_, serial) => page(serial, flags, 9)),
    );
    expect(await verdictOf(Buffer.concat(all))).toBe(verdict);
  });
});

describe('guardMedia', () => {
  async function outcome(file: Uint8Array, contentLength?: number) {
    const count = { bytes: 0, lengthVerified: false };
    try {
      for await (const _ of guardMedia(pieces(file, 1000), { contentLength }, count));
      return count.lengthVerified;
    } catch (error) {
      return error instanceof ArchiveError ? error.code : error;
    }
  }

  it.each([
    ['a ZIP', zip([noise(5000)])],
    ['an Ogg file', Buffer.concat(multiplexed)],
  ])('%s of unstated length is whole, or refused', async (_, file) => {
    expect(await outcome(file)).toBe(true);
    expect(await outcome(file.subarray(0, -1))).toBe('MEDIA_TRUNCATED');
    // where the host states the length, that is what counts
    expect(await outcome(file.subarray(0, -1), file.length - 1)).toBe(true);
  });

  it('leaves what the end does not tell to a second download', async () => {
    expect(await outcome(Buffer.concat(A.slice(0, 3)))).toBe(false);
    expect(await outcome(Buffer.concat([Buffer.from('1a45dfa3', 'hex'), noise(500)]))).toBe(false);
  });

  it('looks at no more than one byte after the other, for any bytes', async () => {
    const some = fc.oneof(
      ...['PK\x03\x04', 'PK\x05\x06', 'OggS\0\x02', 'OggS'].map((magic) => fc.constant(magic)),
    );
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        async (magic, rest, size) => {
          const file = Buffer.concat([Buffer.from(magic, 'latin1'), rest]);
          expect(['whole', 'cut', 'unknown']).toContain(await verdictOf(file, size));
          expect(await verdictOf(file, size)).toBe(await verdictOf(file));
        },
      ),
      { numRuns: 500 },
    );
  });
});
