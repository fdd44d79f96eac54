import { describe, expect, it } from 'vitest';
import { archiveServed, type BodyEnd, type Served, type WavSizes, wavOf } from './scripted-host.ts';

const SOUND = 64_000;
const PLACEHOLDERS = [
  0x7fff_ffff, 0x7fff_f024, 0x7fff_f000, 0x8000_0024, 0x8000_0000, 0xffff_fffe, 0xffff_ffdb, 0xffff_fff7,
];

const wav = (sizes: WavSizes, end: BodyEnd): Served => ({
  body: wavOf(SOUND, sizes),
  end,
  type: 'audio/wav',
});
const cut = (sizes: WavSizes, bytes: number, end: BodyEnd): Served => ({
  body: wavOf(SOUND, sizes).subarray(0, bytes),
  end,
  type: 'audio/wav',
});
const FRAMED = ['length', 'chunked'] as const;

describe('a recording whose header is wrong', () => {
  it.each([0, 1, 4, 20, 35, 36, 37, 44, 100, 4088, 19_000, 19_991])(
    'and states a RIFF size of %i: is not archived where the connection was cut once',
    async (riff) => {
      for (const data of [SOUND, 0, 0xffff_ffff]) {
        const whole = wav({ riff, data }, 'close');
        const first = cut({ riff, data }, 20_000, 'close');
        expect(await archiveServed([first, whole])).toMatchObject({
          archived: { restarts: 1, length: 'second-download' },
        });
      }
    },
  );

  it.each([36, 0x23, 4088])(
    'and states a RIFF size of %i: is refused while its data chunk states that more is to come and no two downloads agree',
    async (riff) => {
      expect(await archiveServed([cut({ riff }, 20_000, 'close')])).toMatchObject({
        code: 'MEDIA_TRUNCATED',
      });
      const cuts = [20_000, 30_000, 25_000, 21_000, 40_000, 41_000, 9000, 9001, 50, 51, 700, 800].map(
        (bytes) => cut({ riff, data: 0 }, bytes, 'close'),
      );
      expect(await archiveServed([...cuts])).toMatchObject({ code: 'MEDIA_TRUNCATED' });
    },
  );

  it.each([1, 2, 4, 8])(
    'and states a RIFF size %i too large: is archived when two downloads agree',
    async (more) => {
      const sizes = { riff: 36 + SOUND + more };
      for (const end of FRAMED) {
        expect(await archiveServed([wav(sizes, end)])).toMatchObject({
          archived: { length: 'framing+second-download', restarts: 0 },
          downloads: 2,
        });
      }
      expect(await archiveServed([wav(sizes, 'close')])).toMatchObject({
        archived: { length: 'second-download' },
      });
      expect(await archiveServed([wav({ ...sizes, data: 0xffff_ffff }, 'length')])).toMatchObject({
        archived: { length: 'framing+second-download' },
      });
    },
  );

  it('is refused while two downloads of the length that the host states differ', async () => {
    const sizes = { riff: 36 + SOUND + 8 };
    const body = wavOf(SOUND, sizes);
    body.writeUInt8(1, 50_000);
    const other = { body, end: 'length', type: 'audio/wav' } as const;
    const served = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? wav(sizes, 'length') : other));
    expect(await archiveServed(served)).toMatchObject({
      code: 'MEDIA_TRUNCATED',
      message:
        'the recording contradicts the length that the media host states, and two downloads differ (64044 and 64044 bytes)',
    });
  });

  it.each([9, 36, 44, 1000, SOUND])(
    'and states a RIFF size %i too large: is archived by the host’s length and two downloads, never without a length',
    async (more) => {
      const sizes = { riff: 36 + SOUND + more };
      for (const end of FRAMED) {
        expect(await archiveServed([wav(sizes, end)])).toMatchObject({
          archived: { length: 'framing+second-download' },
        });
      }
      expect(await archiveServed([wav(sizes, 'close')])).toMatchObject({ code: 'MEDIA_TRUNCATED' });
      expect(await archiveServed([wav(sizes, 'cut')])).toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
    },
  );

  it.each(PLACEHOLDERS)(
    'and holds the placeholder %i: is archived when two downloads agree',
    async (size) => {
      for (const sizes of [
        { riff: size },
        { riff: size, data: size },
        { data: size },
        { riff: 0, data: size },
      ]) {
        for (const end of FRAMED) {
          expect(await archiveServed([wav(sizes, end)])).toMatchObject({
            archived: { length: 'framing+second-download' },
            downloads: 2,
          });
        }
        expect(await archiveServed([wav(sizes, 'close')])).toMatchObject({
          archived: { length: 'second-download' },
        });
        expect(await archiveServed([cut(sizes, 20_000, 'close'), wav(sizes, 'close')])).toMatchObject({
          archived: { restarts: 1 },
        });
      }
    },
  );

  it.each([
    { data: SOUND + 1 },
    { data: SOUND + 8 },
    { data: SOUND + 5000 },
    { riff: 4088, data: SOUND + 44 },
  ])('and states %j: is archived by the host’s length and two downloads', async (sizes) => {
    expect(await archiveServed([wav(sizes, 'length')])).toMatchObject({
      archived: { length: 'framing+second-download' },
    });
  });

  it.each([0, 0xffff_ffff])(
    'and leaves its sizes open with %i: needs only the host’s length',
    async (size) => {
      const sizes = { riff: size, data: size };
      const outcome = await archiveServed([wav(sizes, 'length')]);
      expect(outcome).toMatchObject({ archived: { restarts: 0 }, downloads: 1 });
      expect(outcome.archived).not.toHaveProperty('length');
      expect(await archiveServed([wav(sizes, 'chunked')])).toMatchObject({
        archived: { length: 'framing+second-download' },
      });
    },
  );
});

describe('a recording whose header is right', () => {
  const chunk = (id: string, bytes: number) => {
    const header = Buffer.alloc(8);
    header.write(id, 'latin1');
    header.writeUInt32LE(bytes, 4);
    return Buffer.concat([header, Buffer.alloc(bytes + (bytes % 2), 0x20)]);
  };

  it('needs one download, with anything behind its data and any end of its body', async () => {
    const behind = Buffer.concat([chunk('LIST', 27), chunk('bext', 602), chunk('id3 ', 0)]);
    for (const end of ['length', 'chunked', 'close'] as const) {
      for (const sizes of [{}, { behind }]) {
        const outcome = await archiveServed([wav(sizes, end)]);
        expect(outcome.downloads).toBe(1);
        expect(outcome.archived).not.toHaveProperty('length');
      }
    }
  });

  it('is refused wherever it is cut, also when the host states the length of what is left', async () => {
    const behind = chunk('LIST', 26);
    for (const bytes of [43, 44, 45, 4088, 64_043, 64_044, 64_045, 64_052, 64_077]) {
      for (const end of ['length', 'close'] as const) {
        if (end === 'length' && bytes === 64_044) continue;
        const outcome = await archiveServed([cut({ behind }, bytes, end)]);
        expect({ bytes, end, code: outcome.code }).toEqual({ bytes, end, code: 'MEDIA_TRUNCATED' });
      }
    }
  });

  it('and has something else behind it, without a length of the host: is downloaded twice', async () => {
    const junk = Buffer.concat([wavOf(SOUND), Buffer.from('junk behind the end')]);
    const served = { body: junk, end: 'close', type: 'audio/wav' } as const;
    expect(await archiveServed([served])).toMatchObject({
      archived: { length: 'second-download' },
      downloads: 2,
    });
    const framed = await archiveServed([{ ...served, end: 'length' }]);
    expect(framed).toMatchObject({ downloads: 1 });
  });
});
