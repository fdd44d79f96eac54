import { describe, expect, it } from 'vitest';
import { meetDeadlines } from '../faults/deadline.ts';

describe('deadlines', () => {
  it('2,000 invocations with 0 to 120 s to live: none overruns, leaks an upload or loses a message', async () => {
    const { runs, outcomes, violations } = await meetDeadlines(50_001, 2000);
    process.stdout.write(`${runs} deadlines: ${JSON.stringify(outcomes)}, ${violations.length} violations\n`);
    expect(violations).toEqual([]);
  });
});
