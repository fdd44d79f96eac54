import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginningOfDays, isDayAsked } from '../../../src/catalogue/search/query.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';

const FIRST = Date.parse('2019-12-25T00:00:00Z');
const moment = fc.integer({ min: FIRST, max: FIRST + 900 * DAY_MS });
const day = moment.map(dayOf);
const query = fc.record({ from: day, to: day, fromTime: moment, toTime: moment }, { requiredKeys: [] });

describe('the beginning of the days of a search', () => {
  it('is that of every day that is asked for', () => {
    fc.assert(
      fc.property(query, day, (asked, one) => {
        const beginning = beginningOfDays(asked);
        expect(isDayAsked(asked, one) && !one.startsWith(beginning)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [{}, ''],
    [{ from: '2026-05-15' }, ''],
    [{ from: '2026-05-15', to: '2026-05-21' }, '2026-05-'],
    [{ from: '2026-05-15', to: '2026-05-15' }, '2026-05-15'],
    [{ from: '2026-12-31', to: '2027-01-01' }, '202'],
    [{ fromTime: Date.parse('2026-05-15T10:00Z'), to: '2026-05-16' }, '2026-05-1'],
  ])('of %j is %j', (asked, beginning) => {
    expect(beginningOfDays(asked)).toBe(beginning);
  });
});
