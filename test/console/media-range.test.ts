import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerRange } from '../../src/console/media-range.ts';

const etag = '"one"';
const answer = (header: string | undefined, bytes = 1_000, leafBytes = 100, ifRange?: string) =>
  answerRange(header, ifRange, { bytes, leafBytes, etag });

describe('an answer to a range', () => {
  it('is cut at the end of the leaf that its first byte lies in', () => {
    expect(answer('bytes=0-')).toEqual({ status: 206, first: 0, last: 99 });
    expect(answer('bytes=99-')).toEqual({ status: 206, first: 99, last: 99 });
    expect(answer('bytes=100-')).toEqual({ status: 206, first: 100, last: 199 });
    expect(answer('bytes=950-2000')).toEqual({ status: 206, first: 950, last: 999 });
    expect(answer('bytes=10-20')).toEqual({ status: 206, first: 10, last: 20 });
    expect(answer('bytes=-50')).toEqual({ status: 206, first: 950, last: 999 });
    expect(answer('bytes=-5000')).toEqual({ status: 206, first: 0, last: 99 });
    expect(answer('BYTES= 5-6 , 90-')).toEqual({ status: 206, first: 5, last: 6 });
  });

  it('is the whole recording where no range of bytes is asked, or of another recording', () => {
    for (const header of [
      undefined,
      '',
      'bytes',
      'bytes=',
      'bytes=-',
      'bytes=5-4',
      'bytes=a-b',
      'items=0-5',
      'bytes=1-2-3',
    ])
      expect([header, answer(header)]).toEqual([header, { status: 200 }]);
    expect(answer('bytes=0-', 1_000, 100, '"other"')).toEqual({ status: 200 });
    expect(answer('bytes=0-', 1_000, 100, etag)).toMatchObject({ status: 206 });
    expect(answer(`bytes=${Array.from({ length: 50 }, (_, at) => `${at}-`).join(',')}`)).toEqual({
      status: 200,
    });
  });

  it('is 416 behind the end, also for an empty recording and for numbers that no recording has', () => {
    for (const header of ['bytes=1000-', 'bytes=-0', `bytes=${'9'.repeat(400)}-`, 'bytes=5000-,6000-'])
      expect([header, answer(header)]).toEqual([header, { status: 416 }]);
    expect(answer('bytes=0-', 0)).toEqual({ status: 416 });
  });

  it('lies within what was asked and within one leaf, and the answers of a player that asks on join to the recording', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 700 }),
        fc.nat(5_000),
        fc.option(fc.nat(6_000), { nil: undefined }),
        (bytes, leafBytes, from, length) => {
          const to = length === undefined ? undefined : from + length;
          const asked = answer(`bytes=${from}-${to ?? ''}`, bytes, leafBytes);
          if (from >= bytes) {
            expect(asked).toEqual({ status: 416 });
            return;
          }
          if (asked.status !== 206) throw new Error('no part');
          expect(asked.first).toBe(from);
          expect(asked.last).toBeLessThanOrEqual(Math.min(to ?? Infinity, bytes - 1));
          expect(Math.floor(asked.last / leafBytes)).toBe(Math.floor(from / leafBytes));
          let at = from;
          let requests = 0;
          while (at < bytes) {
            const part = answer(`bytes=${at}-`, bytes, leafBytes);
            if (part.status !== 206) throw new Error('no part');
            expect(part.first).toBe(at);
            at = part.last + 1;
            requests += 1;
          }
          expect(at).toBe(bytes);
          expect(requests).toBe(Math.floor((bytes - 1) / leafBytes) - Math.floor(from / leafBytes) + 1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
