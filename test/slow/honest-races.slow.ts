import { describe, expect, it } from 'vitest';
import { CrashLab, type Place } from '../faults/crash-points.ts';
import { raceHonestWriters } from '../faults/honest-races.ts';

/** Seconds on an idle machine; a busy one takes many times as long. */
describe('honest writers that race for one recording', { timeout: 240_000 }, () => {
  // 1,000 in `npm run test:slow`
  it('40 races of 2 to 8: no receipt is adopted, and none is without the hash of the plaintext', async () => {
    const { wrong, kinds, racers } = await raceHonestWriters(40);
    expect(wrong).toEqual([]);
    expect(Object.keys(kinds).filter((kind) => kind !== 'archived' && kind !== 'completed')).toEqual([]);
    // it would prove little if one of them had always been alone
    expect(racers).toBeGreaterThan(160);
  });

  it('40 races with key records: every object has its own, and no race pairs it with the key of another', async () => {
    const { wrong, racers } = await raceHonestWriters(40, true);
    expect(wrong).toEqual([]);
    expect(racers).toBeGreaterThan(160);
  });

  it('processes of their own, on a directory store: neither', async () => {
    const place: Place = { kind: 'directory', bytes: 20_000, statesTime: true };
    const lab = await CrashLab.open(place);
    try {
      for (const racers of [2, 3, 5, 8]) expect(await lab.race(place, racers)).toEqual([]);
    } finally {
      await lab.close();
    }
  });
});
