import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { findHead } from '../../src/proof/log/head.ts';
import { sealLog } from '../../src/proof/seal/seal-log.ts';
import { placeIn, sealingDays } from '../proof/log-fixture.ts';
import { plainStore } from '../proof/plain-store.ts';
import { crashEverywhere } from '../proof/seal/crash-points.ts';

describe('a seal', () => {
  it('ends in the same bytes after one death, and after two in a row, at every operation', async () => {
    const { runs, wrong } = await crashEverywhere([2, 255], 11);
    expect(wrong).toEqual([]);
    expect(runs).toBeGreaterThan(500);
  });

  it('has one history after 500 races of five sealers with different days', async () => {
    const forks: number[] = [];
    for (let round = 0; round < 500; round += 1) {
      const store = plainStore();
      const runs = await Promise.all(
        Array.from({ length: 5 }, (_, at) =>
          sealLog(placeIn(store), sealingDays([at, 1 + (round % 3)], `sealer ${at} ${round}`), unlimited),
        ),
      );
      const roots = new Set(runs.map(({ head }) => `${head.size} ${head.root.toString('hex')}`));
      const { size, root } = await findHead(placeIn(store), unlimited);
      if (roots.size !== 1 || !roots.has(`${size} ${root.toString('hex')}`)) forks.push(round);
    }
    expect(forks).toEqual([]);
  });
});
