import { describe, expect, it } from 'vitest';
import { forEachOf } from '../src/for-each-of.ts';

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('forEachOf', () => {
  it('does the work for every item once, and never for more than are allowed at a time', async () => {
    const done: number[] = [];
    let underWay = 0;
    let most = 0;
    await forEachOf(Array.from({ length: 20 }).keys(), 3, async (item) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await pause();
      underWay -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 20 }).keys()]);
    expect(most).toBe(3);
  });

  it('takes no more items after a failure, and throws it once the others have ended', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      await pause();
      if (item === 1) throw new Error('the second');
      await pause();
      ended.push(item);
    };
    await expect(forEachOf([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('the second');
    expect(begun).toEqual([0, 1]);
    expect(ended).toEqual([0]);
  });

  it('takes no more items once the signal is aborted, and closes their source', async () => {
    const abort = new AbortController();
    let isClosed = false;
    async function* items() {
      try {
        for (let item = 0; ; item += 1) yield await Promise.resolve(item);
      } finally {
        isClosed = true;
      }
    }
    const done: number[] = [];
    const work = async (item: number) => {
      await pause();
      done.push(item);
      if (item === 3) abort.abort();
    };
    await forEachOf(items(), 2, work, abort.signal);
    expect(done.length).toBeLessThanOrEqual(5);
    expect(isClosed).toBe(true);
  });
});
