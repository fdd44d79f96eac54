import { describe, expect, it } from 'vitest';
import { tryListens } from './try-listens.ts';

describe('a store of the access log that fails, hangs or dies', () => {
  it('lets no byte of a recording out without an entry that is in the store', async () => {
    const { wrong, granted, runs } = await tryListens(36);
    expect(wrong).toEqual([]);
    expect([granted, Object.keys(runs)]).toMatchObject([6, { length: 6 }]);
  });

  it('lets none out of another instance either, which plays what this one granted', async () => {
    const { wrong, granted } = await tryListens(36, { instances: 2 });
    expect(wrong).toEqual([]);
    expect(granted).toBe(6);
  });
});
