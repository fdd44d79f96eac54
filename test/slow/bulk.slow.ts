import { describe, expect, it } from 'vitest';
import { deliverInBulk } from '../faults/bulk.ts';

describe('1,000 recordings', () => {
  it('delivered 1 to 5 times each, 50 at once: exactly 1,000 objects, none of them ever replaced', {
    timeout: 240_000,
  }, async () => {
    const { deliveries, ...report } = await deliverInBulk(1000);
    expect(deliveries).toBeGreaterThan(2000);
    expect(report).toEqual({
      failures: [],
      replaced: [],
      reported: 1000,
      kinds: { archive: 1000, receipts: 1000, links: 1000 },
      leftovers: [],
    });
  });
});
