import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlausibleTime, parseDay, parseRecordingTime } from '../../src/recording/time.ts';

describe('parseRecordingTime', () => {
  it.each([
    ['2024-05-20T14:32:10.000Z', '2024-05-20T14:32:10.000Z'],
    ['2024-05-20T14:32:10Z', '2024-05-20T14:32:10.000Z'],
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
    ['2099-12-31T23:59:59.999Z', '2099-12-31T23:59:59.999Z'],
    ['2024-05-20T14:32Z', '2024-05-20T14:32:00.000Z'],
    ['2024-05-20T14:32:10.5Z', '2024-05-20T14:32:10.500Z'],
    ['2024-05-20T14:32:10.123456789Z', '2024-05-20T14:32:10.123Z'],
    ['2023-08-29T23:19:04.873+0000', '2023-08-29T23:19:04.873Z'],
    ['2024-05-20T00:30:00+01:00', '2024-05-19T23:30:00.000Z'],
    ['2024-05-20T23:30:00-0330', '2024-05-21T03:00:00.000Z'],
  ])('%s', (text, expected) => {
    expect(parseRecordingTime(text)).toBe(Date.parse(expected));
  });

  it.each([1_649_237_504_949, 1_649_237_504_949.7])('epoch milliseconds %d', (at) => {
    expect(parseRecordingTime(at)).toBe(1_649_237_504_949);
  });

  it.each([
    ['without a zone', '2024-05-20T14:32:10'],
    ['a day alone', '2024-05-20'],
    ['no day of the calendar', '2024-02-30T00:00:00Z'],
    ['not a leap year', '2023-02-29T00:00:00Z'],
    ['hour 25', '2024-05-20T25:00:00Z'],
    ['before 2000', '1999-12-31T23:59:59.999Z'],
    ['before 2000 once in UTC', '2000-01-01T00:30:00+01:00'],
    ['after 2099', '2100-01-01T00:00:00Z'],
    ['seconds for milliseconds', 1_649_237_504],
    ['microseconds', 1_649_237_504_949_000],
    ['digits in a string', '1649237504949'],
    ['RFC 2822', 'Mon, 20 May 2024 14:32:10 GMT'],
    ['NaN', Number.NaN],
    ['infinite', Infinity],
    ['null', null],
    ['a Date', new Date(1_649_237_504_949)],
    ['an array', ['2024-05-20T14:32:10Z']],
    ['long', `2024-05-20T14:32:10.${'0'.repeat(100_000)}Z`],
  ])('is undefined: %s', (_, value) => {
    expect(parseRecordingTime(value)).toBeUndefined();
  });

  it('reads every plausible time back, in any zone, and never gives an implausible one', () => {
    const times = fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2099, 11, 30) });
    const zones = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(times, zones, (at, zone) => {
        const local = new Date(at + zone * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(zone);
        const two = (n: number) => String(n).padStart(2, '0');
        const text = `${local}${zone < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        expect(parseRecordingTime(text)).toBe(at);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const at = parseRecordingTime(value);
        expect(at === undefined || isPlausibleTime(at)).toBe(true);
      }),
    );
  });
});

describe('parseDay', () => {
  it('is midnight in UTC', () => {
    expect(parseDay('2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  });

  it.each(['2023-02-29', '2024-2-9', '2024-02-29T00:00:00Z', '', 'today', '1999-12-31', '2100-01-01'])(
    '%j is no day',
    (text) => {
      expect(parseDay(text)).toBeUndefined();
    },
  );
});
