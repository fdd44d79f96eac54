import { describe, expect, it } from 'vitest';
import { archiveAroundMidnight } from '../faults/day-boundaries.ts';

const CASES = 10_000;

describe('one key per recording', () => {
  it(`${CASES} times around midnight, leap days and time zones, however late and wherever it is tried again`, {
    timeout: 240_000,
  }, async () => {
    const { stats, wrong } = await archiveAroundMidnight(CASES);
    expect(wrong).toEqual([]);
    expect(Object.values(stats).every((count) => count > CASES / 4)).toBe(true);
  });
});
