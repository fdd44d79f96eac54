import { describe, expect, it } from 'vitest';
import { mapAhead } from '../src/map-ahead.ts';

describe('mapAhead', () => {
  it('keeps the order, has no more than so many under way, and fails in turn', async () => {
    let now = 0;
    let most = 0;
    const slow = async (item: number) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, item % 3));
      now -= 1;
      if (item === 7) throw new Error('seven');
      return item;
    };
    async function* numbers() {
      for (let item = 0; item < 20; item += 1) yield await Promise.resolve(item);
    }
    const seen: number[] = [];
    const all = async () => {
      for await (const item of mapAhead(numbers(), 4, slow)) seen.push(item);
    };
    await expect(all()).rejects.toThrow('seven');
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('begins the next before the reader has dealt with the last, and takes no more than the reader asks for', async () => {
    const begun: number[] = [];
    const source = [0, 1, 2, 3, 4, 5].values();
    for await (const item of mapAhead(source, 2, async (one) => begun.push(one) && one)) {
      expect(begun).toEqual(Array.from({ length: item + 3 }, (_, at) => at));
      if (item === 1) break;
    }
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('closes its source when the reader leaves, once what is under way has ended', async () => {
    const events: string[] = [];
    async function* numbers() {
      try {
        for (let item = 0; ; item += 1) yield await Promise.resolve(item);
      } finally {
        events.push('closed');
      }
    }
    const work = async (item: number) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`ended ${item}`);
    };
    for await (const _ of mapAhead(numbers(), 2, work)) break;
    expect(events).toEqual(['ended 0', 'ended 1', 'ended 2', 'closed']);
  });
});
