import { describe, expect, it } from 'vitest';
import { meetDeadlines } from './deadline.ts';

describe('deadlines', { timeout: 240_000 }, () => {
  // 2,000 in `npm run test:slow`
  it('25 invocations with 0 to 120 s to live: none overruns, leaks an upload or loses a message', async () => {
    const { violations, outcomes } = await meetDeadlines(1, 25);
    expect(violations).toEqual([]);
    // the time has to have run out in most of them, and not in all
    expect(outcomes.returned + outcomes.thrown).toBeGreaterThan(12);
    expect(outcomes.done).toBeGreaterThan(0);
  });
});
