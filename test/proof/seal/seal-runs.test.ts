import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { sealLog, type SealSteps } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { dyingStore, ORIGIN, placeIn, sealingDays } from '../log-fixture.ts';
import { contentsOf, type PlainStore, plainStore } from '../plain-store.ts';

const { keys } = placeIn(plainStore());

async function sealed(days: readonly number[], word?: string): Promise<PlainStore> {
  const store = plainStore();
  await sealLog(placeIn(store), sealingDays(days, word), unlimited);
  return store;
}

/** A store in which the seals of `whole` are staged, and none of them is finished. */
async function staging(whole: PlainStore, froms: readonly number[]): Promise<PlainStore> {
  const store = await sealed([3]);
  for (const from of froms) store.plant(keys.seal(from), whole.bodyOf(keys.seal(from)));
  return store;
}

describe('a run of the sealer', () => {
  it('counts what it staged itself, and tells each seal that came to its end', async () => {
    const sizes: number[] = [];
    const steps: SealSteps = { ...sealingDays([3, 0, 2]), onSealed: ({ size }) => void sizes.push(size) };
    const { staged, finished, head } = await sealLog(placeIn(plainStore()), steps, unlimited);
    expect([staged, finished, head.size, sizes]).toEqual([3, 0, 8, [4, 5, 8]]);
  });

  it('counts what another run had staged, and goes on with its own', async () => {
    const whole = await sealed([3, 0, 2, 1]);
    const store = await staging(whole, [4, 5]);
    const sizes: number[] = [];
    const steps: SealSteps = { ...sealingDays([3, 0, 2, 1]), onSealed: ({ size }) => void sizes.push(size) };
    const { staged, finished, head } = await sealLog(placeIn(store), steps, unlimited);
    expect([staged, finished, head.size, sizes]).toEqual([1, 2, 10, [5, 8, 10]]);
    expect(contentsOf(store)).toEqual(contentsOf(whole));
  });

  it('counts a seal of which another was faster as that one’s', async () => {
    const store = await sealed([3]);
    const other = store.copy();
    await sealLog(placeIn(other), sealingDays([3, 5], 'another'), unlimited);
    const steps = sealingDays([3, 1]);
    const gather: SealSteps['gather'] = (head, last, budget) => {
      // it is staged between the look and the write
      if (head.size === 4) store.plant(keys.seal(4), other.bodyOf(keys.seal(4)));
      return steps.gather(head, last, budget);
    };
    const { staged, finished, head } = await sealLog(placeIn(store), { ...steps, gather }, unlimited);
    expect([staged, finished, head.size]).toEqual([0, 1, 10]);
    expect(contentsOf(store)).toEqual(contentsOf(other));
  });

  it('leaves the rest to others after ten that were faster', async () => {
    const store = await sealed([3]);
    let gathered = 0;
    const steps = sealingDays([3, 1]);
    const losing: ObjectStore = {
      ...store,
      put: (key, ...rest) =>
        key === keys.seal(4) ? Promise.resolve({ outcome: 'exists' }) : store.put(key, ...rest),
    };
    const run = await sealLog(
      { ...placeIn(store), store: losing },
      {
        ...steps,
        gather: (head, last, budget) => {
          gathered += 1;
          return steps.gather(head, last, budget);
        },
      },
      unlimited,
    );
    expect([gathered, run.staged, run.finished, run.head.size]).toEqual([10, 0, 0, 4]);
  });

  it('writes no pointer in a log that is empty and stays so', async () => {
    const store = plainStore();
    const run = await sealLog(placeIn(store), sealingDays([]), unlimited);
    expect([run.head.size, run.head.note, [...store.objects.keys()]]).toEqual([0, undefined, []]);
  });

  it('names who knows more than the store, how much, and who knows another root', async () => {
    const store = await sealed([3]);
    const whole = await sealed([3, 0, 2]);
    store.plant(keys.seal(4), whole.bodyOf(keys.seal(4)));
    const known = (views: Awaited<ReturnType<SealSteps['recall']>>) =>
      failure(
        sealLog(placeIn(store), { ...sealingDays([3]), recall: () => Promise.resolve(views) }, unlimited),
      );
    const before = contentsOf(store);
    const shorter = await known([{ size: 6, known: 'tsa x' }]);
    expect([shorter.message, shorter.details]).toEqual([
      `the log ${ORIGIN} has 5 entries here, and a checkpoint of 6 is known to tsa x`,
      { here: 5, elsewhere: 6 },
    ]);
    const other = await known([
      { size: 5, known: 'a' },
      { size: 4, root: Buffer.alloc(32), known: 'witness w' },
    ]);
    expect(other.message).toBe(
      `the log ${ORIGIN} has another root at 4 entries than the checkpoint that witness w knows`,
    );
    expect(contentsOf(store)).toEqual(before);
  });

  it('that died after it had staged is made up by the next, which counts it as finished', async () => {
    const store = await sealed([3]);
    let at = 0;
    let died = false;
    while (!died || !store.objects.has(keys.seal(4))) {
      at += 1;
      const dying = dyingStore(store, { at, isDone: true });
      died = await sealLog(placeIn(dying), sealingDays([3, 2]), unlimited).then(
        () => false,
        () => true,
      );
      if (at > 60) throw new Error('it never died there');
    }
    const { staged, finished } = await sealLog(placeIn(store), sealingDays([3, 2]), unlimited);
    expect([staged, finished]).toEqual([0, 1]);
    expect(contentsOf(store)).toEqual(contentsOf(await sealed([3, 2])));
  });
});
