import { describe, expect, it } from 'vitest';
import { CrashLab, type Place } from '../faults/crash-points.ts';

/** Every boundary is a crash point in `npm run test:slow`; here a few of each kind. */
describe('crash points, a sample', { timeout: 240_000 }, () => {
  it.each<[string, Place, number]>([
    ['the directory store', { kind: 'directory', bytes: 20_000, statesTime: false }, 37],
    ['S3, in one request', { kind: 's3', bytes: 20_000, statesTime: false }, 11],
    ['S3, in three parts', { kind: 's3', bytes: 11_000_000, statesTime: true }, 13],
  ])('a process killed on its way into %s is made good by a redelivery', async (_name, place, step) => {
    const lab = await CrashLab.open(place);
    try {
      const boundaries = await lab.countBoundaries(place);
      expect(boundaries).toBeGreaterThan(25);
      for (let at = 3; at <= boundaries; at += step) {
        expect(await lab.crash(place, at)).toMatchObject({ at, redeliveries: 1, wrong: [] });
      }
      // the redelivery is killed as well
      const twice = await lab.crash(place, boundaries - 8, 5);
      expect(twice).toMatchObject({ redeliveries: 2, wrong: [] });
    } finally {
      await lab.close();
    }
  });
});
