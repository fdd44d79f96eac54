import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimely, TIMESTAMP_HEADER, TIMESTAMP_WINDOW_MS } from '../../src/events/webhook-timestamp.ts';

const NOW = Date.UTC(2026, 4, 20, 12);
const at = (seconds: number) => ({ [TIMESTAMP_HEADER]: String(seconds) });

describe('the timestamp of a webhook', () => {
  it('is optional', () => {
    expect(isTimely({}, NOW)).toBe(true);
    expect(isTimely({ [TIMESTAMP_HEADER]: undefined }, NOW)).toBe(true);
  });

  it('may be 300 seconds off, in either direction, and no second more', () => {
    const now = NOW / 1000;
    expect([-301, -300, 0, 300, 301].map((off) => isTimely(at(now + off), NOW))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('is accepted exactly within the window, at any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: -1000, max: 1000 }), (now, off) => {
        fc.pre(now + off >= 0);
        expect(isTimely(at(now + off), now * 1000)).toBe(Math.abs(off) * 1000 <= TIMESTAMP_WINDOW_MS);
      }),
    );
  });

  it.each([
    '',
    ' ',
    'now',
    '1.5',
    '-1',
    '1e9',
    `${NOW / 1000}, ${NOW / 1000}`,
    `${NOW}`,
    '2026-05-20T12:00:00Z',
  ])('is refused when it is not one number of seconds: "%s"', (text) => {
    expect(isTimely({ [TIMESTAMP_HEADER]: text }, NOW)).toBe(false);
  });

  it('is refused when it is there twice, in whatever case', () => {
    const twice = { ...at(NOW / 1000), 'X-Genesys-Archive-Timestamp': String(NOW / 1000) };
    expect(isTimely(twice, NOW)).toBe(false);
    expect(isTimely({ 'X-Genesys-Archive-Timestamp': String(NOW / 1000) }, NOW)).toBe(true);
  });
});
