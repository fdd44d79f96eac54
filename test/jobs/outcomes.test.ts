import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { readFailures } from '../../src/jobs/failed-list.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { finishedShards } from '../../src/jobs/shards/finished.ts';
import { countedItems, countingKind } from './counting-kind.ts';
import { setUp } from './set-up.ts';

const HOUR = 3_600_000;

async function failuresOf(setting: ReturnType<typeof setUp>, id: string) {
  const store = patientStore(setting.store, setting.clock);
  const all = [];
  for await (const shard of finishedShards(store, id, unlimited))
    all.push(...(await readFailures(store, id, shard, unlimited)));
  return all;
}

describe('what a kind says of its items', () => {
  it('tries an item that has to wait again at the tail of its shard, and lists it as retryable after a day', async () => {
    const setting = setUp();
    const order: string[] = [];
    const kind = countingKind(({ id }) => {
      order.push(id);
      return id === 'i-1'
        ? { state: 'later', bytes: 0, code: 'MEDIA_NOT_READY', reason: 'transcoding' }
        : { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(4));
    const before = setting.clock.now();
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'resting', done: 3 });
    expect(await setting.clock.run(setting.run(job.id, kind, { stay: true }))).toMatchObject({
      end: 'over',
      failed: 1,
    });
    expect(order.slice(0, 5)).toEqual(['i-0', 'i-1', 'i-2', 'i-3', 'i-1']);
    expect(setting.clock.now() - before).toBeGreaterThan(23 * HOUR);
    expect(setting.clock.now() - before).toBeLessThan(26 * HOUR);
    expect(kind.seen.get('i-1')).toBeLessThan(40);
    const [failure, ...others] = await failuresOf(setting, job.id);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      name: 'i-1',
      code: 'MEDIA_NOT_READY',
      reason: 'transcoding',
      retryable: true,
      item: { id: 'i-1' },
    });
    expect(failure?.attempts).toBe(kind.seen.get('i-1'));
  });

  it('never lets a shard with waiting items keep others from being worked on', async () => {
    const setting = setUp();
    const kind = countingKind(({ id }) =>
      id === 'i-0' ? { state: 'later', bytes: 0, code: 'MEDIA_NOT_READY' } : { state: 'done', bytes: 1 },
    );
    const job = await setting.plan(kind, countedItems(30), { shardItems: 10 });
    const before = setting.clock.now();
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'resting', done: 29 });
    expect(setting.clock.now() - before).toBeLessThan(30_000);
  });

  it('lists the one item whose work throws, and goes on with the others of its batch', async () => {
    const setting = setUp();
    const kind = countingKind(({ id }) => {
      if (id === 'i-3') throw new TypeError('a fault of the kind');
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(10));
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({
      end: 'over',
      done: 9,
      failed: 1,
    });
    expect(await failuresOf(setting, job.id)).toMatchObject([
      { name: 'i-3', code: 'UNEXPECTED', retryable: true },
    ]);
  });

  it.each([
    [
      'throws',
      (): never => {
        throw new ArchiveError('GENESYS_AUTH_REJECTED', 'refused');
      },
    ],
    [
      'gives as an outcome',
      () => ({ state: 'failed', bytes: 0, code: 'GENESYS_AUTH_REJECTED', reason: 'refused' }) as const,
    ],
  ])(
    'stops at credentials that are refused, which the work %s, without failing an item',
    async (_how, refuse) => {
      const setting = setUp();
      let refused = true;
      const kind = countingKind(({ id }) =>
        refused && id !== 'i-0' ? refuse() : { state: 'done', bytes: 1 },
      );
      const job = await setting.plan(kind, countedItems(10));
      const result = await setting.clock.run(setting.run(job.id, kind, { stay: true }));
      expect(result).toMatchObject({
        end: 'stopped',
        done: 1,
        failed: 0,
        error: { code: 'GENESYS_AUTH_REJECTED', message: 'refused' },
      });
      refused = false;
      expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({
        end: 'over',
        done: 9,
        failed: 0,
      });
    },
  );

  it('stops after five items in a row that met a service that is down, and works on them again later', async () => {
    const setting = setUp();
    let down = true;
    const kind = countingKind(() =>
      down
        ? { state: 'failed', bytes: 0, code: 'GENESYS_UNAVAILABLE', retryable: true }
        : { state: 'done', bytes: 1 },
    );
    const job = await setting.plan(kind, countedItems(50));
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({
      end: 'stopped',
      failed: 0,
      error: { code: 'GENESYS_UNAVAILABLE' },
    });
    expect(kind.seen.size).toBe(5);
    down = false;
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({
      end: 'over',
      done: 50,
      failed: 0,
    });
  });

  it('lists items of a division that is forbidden as failed when others succeed in between', async () => {
    const setting = setUp();
    const kind = countingKind(({ id }) =>
      Number(id.slice(2)) % 3 === 0
        ? { state: 'failed', bytes: 0, code: 'GENESYS_FORBIDDEN' }
        : { state: 'done', bytes: 1 },
    );
    const job = await setting.plan(kind, countedItems(30));
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({
      end: 'over',
      done: 20,
      failed: 10,
    });
  });

  it('tries a batch again that met a short outage', async () => {
    const setting = setUp();
    let outages = 2;
    const kind = countingKind(({ id }) => {
      if (id === 'i-4' && outages > 0) {
        outages -= 1;
        throw new ArchiveError('GENESYS_UNAVAILABLE', 'down');
      }
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(10));
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'over', done: 10 });
    expect(kind.seen.get('i-3')).toBe(1);
    expect(kind.seen.get('i-4')).toBe(3);
  });

  it('lists items as failed of which the work says nothing, and takes no notice of outcomes of no item', async () => {
    const setting = setUp();
    const kind = countingKind();
    const silent: typeof kind = {
      ...kind,
      async *work(items) {
        yield await Promise.resolve({ index: 7, state: 'done', bytes: 1 } as const);
        yield { index: items.length, state: 'done', bytes: 1 };
        yield { index: -1, state: 'done', bytes: 1 };
        yield { index: 7, state: 'failed', bytes: 0, code: 'UNEXPECTED' };
      },
    };
    const job = await setting.plan(silent, countedItems(10));
    expect(await setting.clock.run(setting.run(job.id, silent))).toMatchObject({
      end: 'over',
      done: 1,
      failed: 9,
    });
  });

  it('ends within seconds when its work does not listen to the signal', async () => {
    const setting = setUp();
    const ending = new AbortController();
    const kind = countingKind(async ({ id }) => {
      if (id === 'i-2') {
        ending.abort(new ArchiveError('INTERRUPTED', 'SIGTERM'));
        await new Promise<never>(() => undefined);
      }
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(10));
    const before = setting.clock.now();
    const budget = { deadline: Number.POSITIVE_INFINITY, signal: ending.signal };
    expect(await setting.clock.run(setting.run(job.id, kind, { budget }))).toMatchObject({
      end: 'interrupted',
      done: 2,
    });
    expect(setting.clock.now() - before).toBeLessThan(15_000);
    const rest = await setting.clock.run(setting.run(job.id, countingKind()));
    expect(rest).toMatchObject({ end: 'over', done: 8 });
  });
});
