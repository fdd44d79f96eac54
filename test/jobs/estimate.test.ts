import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkHistory } from '../../src/jobs/estimate.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const MINUTE = 60_000;

/** Work at a steady rate that began `minutes` ago: a sample each `every` minutes. */
function steady(perMinute: number, minutes: number, every = 4): WorkHistory {
  const history = new WorkHistory(NOW);
  for (let ago = 0; ago < minutes; ago += every) {
    const span = Math.min(every, minutes - ago);
    const items = perMinute * span;
    history.add({ at: NOW - ago * MINUTE, seconds: span * 60, items, bytes: items * 100 });
  }
  return history;
}

describe('the estimate of a job', () => {
  it('says nothing before 200 items or two minutes', () => {
    const history = new WorkHistory(NOW);
    expect(history.estimate(1_000)).toBeUndefined();
    history.add({ at: NOW, seconds: 60, items: 199, bytes: 0 });
    expect(history.estimate(1_000)).toBeUndefined();
    history.add({ at: NOW, seconds: 60, items: 1, bytes: 0 });
    expect(history.estimate(1_000)?.itemsPerMinute).toBeCloseTo(200, 0);
    const slow = new WorkHistory(NOW);
    slow.add({ at: NOW, seconds: 121, items: 3, bytes: 0 });
    expect(slow.estimate(10)).toBeDefined();
  });

  it('tells a steady rate within a hundredth, and a narrow range', () => {
    for (const minutes of [3, 20, 180, 600]) {
      const { itemsPerMinute, bytesPerMinute, left } = steady(120, minutes).estimate(12_000) ?? fail();
      expect(itemsPerMinute).toBeGreaterThan(118.8);
      expect(itemsPerMinute).toBeLessThan(121.2);
      expect(bytesPerMinute).toBeCloseTo(itemsPerMinute * 100, 0);
      expect(left.likely / MINUTE).toBeCloseTo(100, -1);
      expect(left.best).toBeLessThanOrEqual(left.likely);
      expect(left.worst ?? 0).toBeLessThan(left.likely * 1.05);
    }
  });

  it('follows a change of rate by half within a quarter of an hour', () => {
    const history = steady(100, 360);
    const half = new WorkHistory(NOW + 15 * MINUTE);
    for (let ago = 15; ago < 360; ago += 5) {
      half.add({ at: NOW + (15 - ago) * MINUTE, seconds: 300, items: 500, bytes: 0 });
    }
    for (let ago = 0; ago < 15; ago += 5) {
      half.add({ at: NOW + (15 - ago) * MINUTE, seconds: 300, items: 1_500, bytes: 0 });
    }
    expect(history.estimate(1)?.itemsPerMinute).toBeCloseTo(100, 0);
    expect(half.estimate(1)?.itemsPerMinute).toBeGreaterThan(190);
    expect(half.estimate(1)?.itemsPerMinute).toBeLessThan(210);
  });

  it('is a range that always holds the likely end, and has no worst one where nothing moved for long', () => {
    const sample = fc.record({
      at: fc.integer({ min: NOW - 400 * MINUTE, max: NOW + 10 * MINUTE }),
      seconds: fc.integer({ min: 0, max: 30_000 }),
      items: fc.integer({ min: 0, max: 1_000 }),
      bytes: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(sample, { maxLength: 40 }),
        fc.integer({ min: 1, max: 1e7 }),
        (samples, itemsLeft) => {
          const history = new WorkHistory(NOW);
          for (const one of samples) history.add(one);
          const estimate = history.estimate(itemsLeft);
          if (estimate === undefined) return;
          const { best, likely, worst = Number.POSITIVE_INFINITY } = estimate.left;
          expect(best).toBeLessThanOrEqual(likely);
          expect(likely).toBeLessThanOrEqual(worst);
          expect(estimate.itemsPerMinute).toBeGreaterThan(0);
          expect(Number.isFinite(likely)).toBe(true);
        },
      ),
    );
    const stalled = new WorkHistory(NOW);
    stalled.add({ at: NOW - 300 * MINUTE, seconds: 60, items: 1_000, bytes: 0 });
    stalled.add({ at: NOW, seconds: 60, items: 1_000, bytes: 0 });
    expect(stalled.estimate(1_000)?.left.worst).toBeUndefined();
  });
});

function fail(): never {
  throw new Error('no estimate');
}
