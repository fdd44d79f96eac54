import { describe, expect, it } from 'vitest';
import {
  addDays,
  daysBetween,
  endOf,
  type LastLook,
  looksDue,
  MAX_OPEN_DAYS,
  startOf,
  statusOf,
} from '../../../src/proof/day/calendar.ts';

const D = '2026-03-02';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const END = Date.parse('2026-03-03T00:00:00Z');

describe('days', () => {
  it('begin and end at midnight, UTC, and are counted over the ends of months and leap years', () => {
    expect([startOf(D), endOf(D)]).toEqual([END - DAY, END]);
    expect(addDays('2028-02-28', 2)).toBe('2028-03-01');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
    expect(daysBetween('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(daysBetween(D, D)).toEqual([D]);
    expect(daysBetween('2026-03-03', D)).toEqual([]);
    expect(daysBetween('2026-03-09', D)).toEqual([]);
  });
});

describe('a day is final', () => {
  const status = (change: Partial<Parameters<typeof statusOf>[0]>) =>
    statusOf({ day: D, now: END + 96 * HOUR, pending: 0, dataAvailableUntil: END + DAY, ...change });

  it('96 hours after its end, when the platform has the 24 hours behind it and nothing is pending', () => {
    expect(status({})).toEqual({ status: 'final' });
    expect(status({ now: END + 96 * HOUR - 1 })).toEqual({ status: 'provisional' });
    expect(status({ dataAvailableUntil: END + DAY - 1 })).toEqual({ status: 'provisional' });
    expect(status({ dataAvailableUntil: undefined })).toEqual({ status: 'provisional' });
    expect(status({ pending: 1 })).toEqual({ status: 'provisional' });
    expect(status({ pending: undefined })).toEqual({ status: 'provisional' });
  });

  it('after 35 days in any case, with what is open named', () => {
    const late = END + MAX_OPEN_DAYS * DAY;
    expect(MAX_OPEN_DAYS).toBe(35);
    expect(status({ now: late, pending: 1 })).toEqual({ status: 'final', open: ['pending'] });
    expect(status({ now: late - 1, pending: 1 })).toEqual({ status: 'provisional' });
    expect(status({ now: late, pending: 1, dataAvailableUntil: undefined })).toEqual({
      status: 'final',
      open: ['pending', 'source-late'],
    });
    // what could not be asked has no end of its data either
    expect(status({ now: late, pending: undefined, dataAvailableUntil: undefined })).toEqual({
      status: 'final',
      open: ['source-unavailable'],
    });
    expect(status({ now: late })).toEqual({ status: 'final' });
  });
});

describe('a day is looked at again', () => {
  const look = (change: Partial<LastLook> = {}): LastLook => ({
    day: D,
    status: 'final',
    at: END + 3 * HOUR,
    isUnavailable: false,
    cutOff: undefined,
    ...change,
  });
  const due = (now: number, change: Partial<LastLook> = {}, fresh: readonly string[] = []) =>
    looksDue(fresh, [look(change)], now).length > 0;

  it('once it has ended, when it was stated before', () => {
    expect(due(END, { at: END - 1 })).toBe(true);
    expect(due(END - 1, { at: END - 2 })).toBe(false);
    expect(due(END, { at: END })).toBe(false);
  });

  it('half an hour after the platform could not be asked, as long as it is provisional', () => {
    const at = END + 3 * HOUR;
    const failed = { status: 'provisional', isUnavailable: true } as const;
    expect(due(at + 30 * 60_000, failed)).toBe(true);
    expect(due(at + 30 * 60_000 - 1, failed)).toBe(false);
    expect(due(at + 30 * 60_000, { ...failed, isUnavailable: false })).toBe(false);
    expect(due(at + 30 * 60_000, { ...failed, status: 'final' })).toBe(false);
    // not while the day has not ended
    expect(due(END - 1, { ...failed, at: END - 2 * HOUR })).toBe(false);
  });

  it('half an hour after its count was cut off, for a day', () => {
    const cutOff = END + 5 * HOUR;
    expect(due(cutOff + 30 * 60_000, { cutOff })).toBe(true);
    expect(due(cutOff + 30 * 60_000 - 1, { cutOff })).toBe(false);
    expect(due(cutOff + DAY - 1, { cutOff })).toBe(true);
    expect(due(cutOff + DAY, { cutOff })).toBe(false);
    // it has been stated since
    expect(due(cutOff + HOUR, { cutOff, at: cutOff })).toBe(false);
    expect(due(cutOff + HOUR, { cutOff, at: cutOff + 1 })).toBe(false);
  });

  it('with the first statement of another day: when it may have settled, and 14 and 35 days later', () => {
    const fresh = daysBetween('2026-03-10', '2026-03-12');
    expect(due(END + 96 * HOUR, { status: 'provisional' }, fresh)).toBe(true);
    expect(due(END + 96 * HOUR - 1, { status: 'provisional' }, fresh)).toBe(false);
    expect(due(END + 96 * HOUR, { status: 'provisional' })).toBe(false);
    expect(due(END + 96 * HOUR, {}, fresh)).toBe(false);
    for (const days of [14, 35]) {
      const on = addDays(D, days);
      const now = END + 40 * DAY;
      expect(due(now, {}, daysBetween(on, on))).toBe(true);
      expect(due(now, {}, daysBetween(addDays(on, -3), on))).toBe(true);
      expect(due(now, {}, daysBetween(on, addDays(on, 3)))).toBe(true);
      expect(due(now, {}, daysBetween(addDays(on, 1), addDays(on, 3)))).toBe(false);
      expect(due(now, {}, daysBetween(addDays(on, -3), addDays(on, -1)))).toBe(false);
    }
  });

  it('each once, in the order of the calendar', () => {
    const later = look({ day: '2026-03-03', at: END - 1, status: 'provisional', isUnavailable: true });
    const known = [later, look({ at: END - 2, status: 'provisional', isUnavailable: true })];
    expect(looksDue(daysBetween(D, '2026-06-01'), known, END + 60 * DAY)).toEqual([D, '2026-03-03']);
  });
});
