import { describe, expect, it } from 'vitest';
import { tryListens } from '../../console/try-listens.ts';

const RUNS = 1_200;

describe('a store of the access log that fails, hangs or dies, 1,200 times', () => {
  it.each([1, 2] as const)(
    'lets no byte of a recording out without an entry that is in the store, instances: %i',
    async (instances) => {
      const { wrong, granted, runs } = await tryListens(RUNS, { instances });
      expect(wrong).toEqual([]);
      expect(granted).toBe(RUNS / 6);
      expect(Object.values(runs).every((count) => count === RUNS / 6)).toBe(true);
    },
    600_000,
  );
});
