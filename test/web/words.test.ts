import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesText,
  clock,
  counted,
  csv,
  localText,
  parseClock,
  spanText,
  spoken,
  utcText,
} from '../../web/format.ts';
import { formatRoute, launchToken, PAGES, parseRoute } from '../../web/route.ts';

describe('times', () => {
  const at = Date.parse('2026-11-27T23:30:05.900Z');

  it('are those of UTC, with the local one beside, and its day where that is another', () => {
    expect(utcText(at)).toBe('2026-11-27 23:30:05');
    expect(localText(at, 'Europe/Berlin')).toBe('2026-11-28 00:30:05');
    expect(localText(at, 'America/New_York')).toBe('18:30:05');
  });

  it('follow summer time', () => {
    expect(localText(Date.parse('2026-07-01T10:00:00Z'), 'Europe/Berlin')).toBe('12:00:00');
  });
});

describe('lengths', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.nat(400_000), (seconds) => {
        expect(parseClock(clock(seconds))).toBe(seconds);
      }),
    );
  });

  it('are read as seconds, as a clock and with units, and as nothing else', () => {
    expect(['90', '1:30', '1m30s', '2m', '1h', '1:02:03', ' 1:30 '].map(parseClock)).toEqual([
      90, 90, 90, 120, 3600, 3723, 90,
    ]);
    expect(['', 'x', '1:60', '1:2:3:4', '-5', '1:', 'm', 'NaN', 'Infinity'].map(parseClock)).toEqual(
      Array.from({ length: 9 }, () => undefined),
    );
  });

  it('are said in words', () => {
    expect(spoken(1500)).toBe('25 minutes 0 seconds');
    expect(spoken(3661)).toBe('1 hour 1 minute 1 second');
    expect(spoken(0)).toBe('0 seconds');
  });

  it('of work are rounded to what a person plans with', () => {
    expect([30, 200, 7300, 400_000].map(spanText)).toEqual(['30 s', '3 min', '2 h 2 min', '5 days']);
  });
});

describe('figures', () => {
  it('of bytes have three digits and a unit', () => {
    expect([0, 999, 1000, 999_949, 999_950, 57_600_000].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '999.9 kB',
      '1.0 MB',
      '57.6 MB',
    ]);
  });

  it('agree with their noun', () => {
    expect([0, 1, 1234].map((count) => counted(count, 'day'))).toEqual(['0 days', '1 day', '1,234 days']);
  });
});

describe('CSV', () => {
  it('keeps commas, quotes and lines in their cell', () => {
    expect(csv([['a,b', 'say "x"', 'two\nlines', undefined, 3, false]])).toBe(
      '"a,b","say ""x""","two\nlines",,3,false\r\n',
    );
  });

  it('holds no cell that a spreadsheet takes for a formula', () => {
    for (const cell of ['=1+1', '+1', '-1', '@x', '\t=1']) expect(csv([[cell]])).toMatch(/^"?'/);
    expect(csv([[-5]])).toBe('-5\r\n');
  });
});

describe('addresses', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PAGES.filter((page) => page !== 'recordings')),
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }))),
        (page, id, pairs) => {
          const route = parseRoute(formatRoute(page, id, new URLSearchParams(pairs)));
          expect(route.page).toBe(page);
          expect(route.id).toBe(id);
          expect(route.query.toString()).toBe(new URLSearchParams(pairs).toString());
        },
      ),
    );
  });

  it('that name no page are the recordings, with their state', () => {
    expect(parseRoute('').page).toBe('recordings');
    expect(parseRoute('#/nowhere/at/all').page).toBe('recordings');
    expect(parseRoute('#/?queue=A').query.get('queue')).toBe('A');
    expect(formatRoute('recordings', '', new URLSearchParams('queue=A&direction='))).toBe('#/?queue=A');
    expect(parseRoute('#/r/%E0%A4%A').id).toBe('%E0%A4%A');
  });

  it('carry a launch token only in the form that the command prints', () => {
    const token = 'A-_0'.repeat(11);
    expect(launchToken(`#token=${token}`)).toBe(token);
    expect(launchToken('#token=short')).toBeUndefined();
    expect(launchToken(`#/r/x?token=${token}`)).toBeUndefined();
  });
});
