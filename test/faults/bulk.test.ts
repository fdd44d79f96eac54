import { describe, expect, it } from 'vitest';
import { deliverInBulk } from './bulk.ts';

/** 1,000 of them in `npm run test:slow`. */
describe('200 recordings', () => {
  it('delivered 1 to 5 times each, 50 at once: exactly 200 objects, none of them ever replaced', {
    timeout: 240_000,
  }, async () => {
    const { deliveries, ...report } = await deliverInBulk(200);
    expect(deliveries).toBeGreaterThan(2 * 200);
    expect(report).toEqual({
      failures: [],
      replaced: [],
      reported: 200,
      kinds: { archive: 200, receipts: 200, links: 200 },
      leftovers: [],
    });
  });
});
