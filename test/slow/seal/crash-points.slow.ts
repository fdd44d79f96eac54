import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { accessEntries } from '../../proof/access-fixture.ts';
import { ArchiveFixture, DAY } from '../../proof/archive-fixture.ts';
import { dyingStore, type Outage, placeIn, sealingDays } from '../../proof/log-fixture.ts';
import { contentsOf, type PlainStore, plainStore } from '../../proof/plain-store.ts';
import { crashEverywhere } from '../../proof/seal/crash-points.ts';

const D = '2026-03-02';

async function begun(lengths: readonly number[]): Promise<ArchiveFixture> {
  const fixture = new ArchiveFixture();
  await fixture.init();
  plant(fixture, accessEntries(D, lengths));
  return fixture;
}

function plant({ store }: ArchiveFixture, entries: ReturnType<typeof accessEntries>): void {
  for (const { key, bytes } of entries) store.plant(key, bytes);
}

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

  it('of access entries ends in the same bytes after a death at any operation, on the first night and on one with a late entry', async () => {
    const night = async (store: PlainStore, outage?: Outage) => {
      const fixture = new ArchiveFixture(store);
      fixture.now = store.now;
      const dying = dyingStore(store, outage);
      await sealDays({ ...fixture.ports(), store: dying }, {}, unlimited);
      return dying.operations();
    };
    const first = await begun([2, 1]);
    const second = await begun([2, 1]);
    first.store.now = first.now;
    await sealDays(second.ports(), {}, unlimited);
    plant(second, accessEntries(D, [1], 20));
    second.store.now = second.now + DAY;
    for (const { store } of [first, second]) {
      const whole = store.copy();
      const operations = await night(whole);
      expect(operations).toBeGreaterThan(20);
      for (let at = 1; at <= operations; at += 1) {
        for (const isDone of [false, true]) {
          const crashed = store.copy();
          await night(crashed, { at, isDone }).catch(() => undefined);
          crashed.now = whole.now;
          await night(crashed);
          expect({ at, isDone, ...contentsOf(crashed) }).toEqual({ at, isDone, ...contentsOf(whole) });
        }
      }
    }
  });
});
