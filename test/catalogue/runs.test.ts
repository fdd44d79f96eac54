import { describe, expect, it } from 'vitest';
import { asOfDay } from '../../src/catalogue/runs.ts';

const RUNS = {
  today: '2026-03-10T14:00:00.000Z',
  yesterday: '2026-03-10T12:00:00.000Z',
  recent: '2026-03-10T02:00:00.000Z',
  all: '2026-03-08T03:00:00.000Z',
};

describe('as of when the rows of a day are', () => {
  it.each([
    ['2026-03-10', RUNS.today],
    // a day that had not begun
    ['2026-03-11', RUNS.today],
    ['2026-03-09', RUNS.yesterday],
    ['2026-03-08', RUNS.recent],
    ['2026-02-04', RUNS.recent],
    ['2026-02-03', RUNS.all],
    ['', RUNS.all],
  ])('%j', (day, time) => {
    expect(asOfDay(RUNS, day)).toBe(Date.parse(time));
  });

  it('is not known where no run has looked at it', () => {
    const { today, recent } = RUNS;
    expect(asOfDay({}, '2026-03-10')).toBeUndefined();
    expect(asOfDay({ today }, '2026-03-09')).toBeUndefined();
    expect(asOfDay({ today, recent }, '2026-02-03')).toBeUndefined();
  });
});
