import { unlimited } from '../../../src/clock.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { dyingStore, type Outage, placeIn, sealingDays } from '../log-fixture.ts';
import { contentsOf, type PlainStore, plainStore } from '../plain-store.ts';

export interface CrashReport {
  readonly runs: number;
  /** Crash points after which the store did not end in the same bytes. */
  readonly wrong: readonly string[];
}

/**
 * Lets a sealer die at every operation, before and after it; and each repair as well, at operations `stride` apart. Then a healthy
 * sealer runs, and everything that the store holds is compared with a run that nothing disturbed.
 */
export async function crashEverywhere(days: readonly number[], stride: number): Promise<CrashReport> {
  const seal = (store: PlainStore, outage?: Outage) =>
    sealLog(placeIn(dyingStore(store, outage)), sealingDays(days), unlimited);
  const counting = dyingStore(plainStore(), undefined);
  await sealLog(placeIn(counting), sealingDays(days), unlimited);
  const whole = plainStore();
  await seal(whole);
  const expected = JSON.stringify(contentsOf(whole));
  const wrong: string[] = [];
  let runs = 0;
  const check = async (store: PlainStore, name: string) => {
    await seal(store);
    runs += 1;
    if (JSON.stringify(contentsOf(store)) !== expected) wrong.push(name);
  };
  for (let at = 1; at <= counting.operations(); at += 1) {
    for (const isDone of [false, true]) {
      const crashed = plainStore();
      await seal(crashed, { at, isDone }).catch(() => undefined);
      await check(crashed.copy(), `${at} ${isDone}`);
      for (let second = 1 + (at % stride); second < counting.operations(); second += stride) {
        const again = crashed.copy();
        // a repair that is shorter than this ends well, and there is nothing to see after it
        const ended = await seal(again, { at: second, isDone: !isDone }).then(
          () => true,
          () => false,
        );
        await check(again, `${at} ${isDone}, then ${second}`);
        if (ended) break;
      }
    }
  }
  return { runs, wrong };
}
