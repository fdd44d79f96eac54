import { describe, expect, it } from 'vitest';
import type { Rate } from '../../src/jobs/kind.ts';
import { pacer } from '../../src/jobs/pace.ts';
import { virtualClock } from '../virtual-clock.ts';

describe('the pace of a job', () => {
  it('begins no more items than its rate allows, follows a new rate, and does not make up for a pause', async () => {
    const clock = virtualClock(0);
    let rate: Rate = 60;
    const pace = pacer({ rate: () => rate, now: () => clock.now() }, (ms, signal) => clock.sleep(ms, signal));
    const { signal } = new AbortController();
    const take = async (count: number) => {
      const before = clock.now();
      for (let nth = 0; nth < count; nth += 1) await clock.run(pace(signal));
      return clock.now() - before;
    };
    expect(await take(11)).toBe(10_000);
    rate = 600;
    expect(await take(11)).toBeLessThan(2_100);
    await clock.run(clock.sleep(3_600_000));
    expect(await take(11)).toBe(1_000);
    rate = 'yield';
    expect(await take(1_000)).toBe(0);
  });
});
