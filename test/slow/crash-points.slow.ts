import { describe, expect, it } from 'vitest';
import { type Convergence, CrashLab, type Place } from '../faults/crash-points.ts';

const PLACES: [string, Place][] = [
  ['the directory store', { kind: 'directory', bytes: 20_000, statesTime: true }],
  ['the directory store, claiming the time', { kind: 'directory', bytes: 20_000, statesTime: false }],
  ['S3 in one request', { kind: 's3', bytes: 20_000, statesTime: true }],
  ['S3 in one request, claiming the time', { kind: 's3', bytes: 20_000, statesTime: false }],
  ['S3 in three parts', { kind: 's3', bytes: 11_000_000, statesTime: true }],
  [
    'S3 in one request, with key records',
    { kind: 's3', bytes: 20_000, statesTime: true, keepsRecords: true },
  ],
  [
    'S3 in three parts, with key records',
    { kind: 's3', bytes: 11_000_000, statesTime: true, keepsRecords: true },
  ],
  [
    'the directory store, with key records',
    { kind: 'directory', bytes: 20_000, statesTime: true, keepsRecords: true },
  ],
];

async function withLab<T>(place: Place, work: (lab: CrashLab) => Promise<T>): Promise<T> {
  const lab = await CrashLab.open(place);
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

describe('crash points', () => {
  it.each(PLACES)('%s: killed before and after every effect, all converge', async (name, place) => {
    await withLab(place, async (lab) => {
      const boundaries = await lab.countBoundaries(place);
      const all: Convergence[] = [];
      const points = Array.from({ length: boundaries }, (_, index) => index + 1).values();
      const work = async () => {
        // every third redelivery is killed too, at some other boundary
        for (const at of points)
          all.push(await lab.crash(place, at, at % 3 === 0 ? ((at * 7) % boundaries) + 1 : 0));
      };
      await Promise.all([work(), work()]);
      const failed = all.filter(({ redeliveries, wrong }) => redeliveries > 2 || wrong.length > 0);
      const twice = all.filter(({ redeliveries }) => redeliveries === 2).length;
      process.stdout.write(
        `${name}: ${all.length} crash points, ${all.length - failed.length} converged, ${twice} of them after a second crash\n`,
      );
      expect(failed).toEqual([]);
      expect(all).toHaveLength(boundaries);
      expect(twice).toBeGreaterThan(3);
      // an upload that only the killed process knew of is found by its listing, never by the archive
      for (const { orphanedUploads } of all) expect(orphanedUploads).toBeLessThanOrEqual(2);
    });
  });

  it.each([PLACES[1], PLACES[4]].filter((place) => place !== undefined))(
    '%s: killed from outside at any time',
    async (_name, place) => {
      await withLab(place, async (lab) => {
        let killed = 0;
        for (let ms = 60; ms <= 600; ms += 18) {
          const outcome = await lab.killAfter(place, ms);
          expect(outcome.wrong).toEqual([]);
          if (outcome.killed) killed += 1;
        }
        expect(killed).toBeGreaterThan(3);
      });
    },
  );
});
