import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { addControl } from '../../src/jobs/control.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { finishedShards } from '../../src/jobs/shards/finished.ts';
import type { ShardDone } from '../../src/jobs/keys.ts';
import { countedItems, countingKind } from './counting-kind.ts';
import { jsonAt, setUp, skewed, START } from './set-up.ts';

const MINUTE = 60_000;

async function shardsOf(setting: ReturnType<typeof setUp>, id: string): Promise<ShardDone[]> {
  const found: ShardDone[] = [];
  for await (const shard of finishedShards(patientStore(setting.store, setting.clock), id, unlimited))
    found.push(shard);
  return found;
}

const control = ({ store, clock }: ReturnType<typeof setUp>) => ({
  store: patientStore(store, clock),
  clock,
  budget: unlimited,
});

describe('a job', () => {
  it('works on each item once, and states in one report what it came to', async () => {
    const setting = setUp();
    const kind = countingKind(({ id }) =>
      id.endsWith('7')
        ? { state: 'failed', bytes: 0, code: 'RECORDING_GONE', reason: 'gone', retryable: false }
        : { state: id.endsWith('1') ? 'already' : 'done', bytes: 10 },
    );
    const job = await setting.plan(kind, countedItems(2_340), { name: 'a year' });
    const result = await setting.clock.run(setting.run(job.id, kind));
    expect(result).toEqual({ end: 'over', done: 1_872, already: 234, failed: 234, bytes: 21_060 });
    expect([...kind.seen.values()]).toEqual(Array.from({ length: 2_340 }, () => 1));
    expect(jsonAt(setting.store, `jobs/${job.id}/report.json`)).toMatchObject({
      type: 'job-report',
      state: 'finished',
      job: { id: job.id, kind: 'count', name: 'a year', planned: { items: 2_340, shards: 3 } },
      totals: { done: 1_872, already: 234, failed: 234, left: 0, failures: { RECORDING_GONE: 234 } },
    });
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'over', done: 0 });
  });

  it('is worked on by several runners at once, none of which takes what another holds', async () => {
    const setting = setUp();
    const kind = countingKind(async () => {
      await setting.clock.sleep(200);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(800), { shardItems: 50 });
    const runners = ['a', 'b', 'c', 'd'].map((owner) => setting.run(job.id, kind, { owner }));
    const results = await setting.clock.run(Promise.all(runners));
    expect(results.map(({ done }) => done)).toEqual([200, 200, 200, 200]);
    expect(results.some(({ end }) => end === 'over')).toBe(true);
    expect([...kind.seen.values()].every((times) => times === 1)).toBe(true);
    expect(setting.store.objects.has(`jobs/${job.id}/report.json`)).toBe(true);
  });

  it('keeps its leases when the clocks of its runners differ by ten minutes either way', async () => {
    const setting = setUp();
    const kind = countingKind(async () => {
      await setting.clock.sleep(9_000);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(300), { shardItems: 50 });
    const lost: string[] = [];
    const runners = [-10 * MINUTE, 0, 10 * MINUTE].map((offset) =>
      setting.run(job.id, kind, {
        clock: skewed(setting.clock, offset),
        owner: `runner ${offset}`,
        stay: true,
        onEvent: ({ what }) => {
          if (what === 'lost-lease') lost.push(what);
        },
      }),
    );
    await setting.clock.run(Promise.all(runners));
    expect(lost).toEqual([]);
    expect([...kind.seen.values()].every((times) => times === 1)).toBe(true);
  });

  it('is handed over at once by a runner that is told to end, and nothing is done twice', async () => {
    const setting = setUp();
    const ending = new AbortController();
    const kind = countingKind(async ({ id }, { signal }) => {
      if (id === 'i-60') ending.abort(new ArchiveError('INTERRUPTED', 'SIGTERM'));
      await setting.clock.sleep(100, signal);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(200));
    const budget = { deadline: Number.POSITIVE_INFINITY, signal: ending.signal };
    const first = await setting.clock.run(setting.run(job.id, kind, { budget }));
    expect(first).toMatchObject({ end: 'interrupted', done: 60 });
    const before = setting.clock.now();
    const second = await setting.clock.run(setting.run(job.id, kind));
    expect(second).toMatchObject({ end: 'over', done: 140 });
    expect(setting.clock.now() - before).toBeLessThan(20_000);
    expect(kind.seen.get('i-60')).toBe(2);
    expect([...kind.seen.values()].filter((times) => times > 1)).toHaveLength(1);
  });

  it('begins nothing after the deadline', async () => {
    const setting = setUp();
    const kind = countingKind(async () => {
      await setting.clock.sleep(1_000);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan({ ...kind, batchSize: 10 }, countedItems(100));
    const budget = { ...unlimited, deadline: START + 25_000 };
    const result = await setting.clock.run(setting.run(job.id, { ...kind, batchSize: 10 }, { budget }));
    expect(result).toMatchObject({ end: 'deadline', done: 30 });
  });

  it('is taken over from a runner that has died five minutes after its last sign of life', async () => {
    const setting = setUp();
    const kind = countingKind();
    const hangs = {
      ...kind,
      work: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }),
    };
    const job = await setting.plan(kind, countedItems(10));
    // its process is gone: its clock stands still
    const stopped = { ...setting.clock, sleep: () => new Promise<never>(() => undefined) };
    void setting.run(job.id, hangs, { owner: 'dead', clock: stopped });
    await setting.clock.run(setting.clock.sleep(1_000));
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'busy', done: 0 });
    const before = setting.clock.now();
    expect(await setting.clock.run(setting.run(job.id, kind, { stay: true }))).toMatchObject({
      end: 'over',
      done: 10,
    });
    expect(setting.clock.now() - before).toBeGreaterThan(4 * MINUTE);
    expect(setting.clock.now() - before).toBeLessThan(6 * MINUTE);
  });

  it('is left by a runner that slept so long that another has taken its shard', async () => {
    const setting = setUp();
    let asleep = false;
    const kind = countingKind();
    const sleepy = countingKind(async ({ id }) => {
      if (id === 'i-5') {
        asleep = true;
        await setting.clock.sleep(20 * MINUTE);
      }
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(50));
    const frozen = {
      ...setting.clock,
      // a suspended machine: its timers do not fire either
      sleep: async (ms: number, signal?: AbortSignal) =>
        setting.clock.sleep(asleep ? Math.max(ms, 20 * MINUTE) : ms, signal),
    };
    const first = setting.run(job.id, sleepy, { owner: 'suspended', clock: frozen });
    const second = setting.run(job.id, kind, { owner: 'other', stay: true });
    const [suspended, other] = await setting.clock.run(Promise.all([first, second]));
    // what the suspended one had written down is not done again
    expect(other).toMatchObject({ end: 'over', done: 45 });
    expect(suspended.end).toBe('over');
    expect(await shardsOf(setting, job.id)).toMatchObject([{ done: 50, failed: 0 }]);
  });

  it('keeps a shard whose one item takes hours', async () => {
    const setting = setUp();
    const kind = countingKind(async () => {
      await setting.clock.sleep(90 * MINUTE);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(3));
    const runners = ['a', 'b'].map((owner) => setting.run(job.id, kind, { owner, stay: true }));
    await setting.clock.run(Promise.all(runners));
    expect([...kind.seen.values()]).toEqual([1, 1, 1]);
  });

  it('says that nothing is left for this runner where it does not know the kind', async () => {
    const setting = setUp();
    const kind = countingKind();
    const job = await setting.plan(kind, countedItems(1));
    expect(await setting.run(job.id, { ...kind, name: 'other' })).toMatchObject({ end: 'other-kind' });
    await expect(setting.run('20260101t0000-aaaaaa', kind)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});

describe('a job under control', () => {
  it('pauses between two batches, and goes on where it was', async () => {
    const setting = setUp();
    const kind = countingKind(async ({ id }) => {
      if (id === 'i-150') await addControl(control(setting), job, { wish: 'pause', by: 'a test' });
      await setting.clock.sleep(100);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(1_000));
    const first = await setting.clock.run(setting.run(job.id, kind));
    expect(first.end).toBe('paused');
    expect(first.done).toBeGreaterThanOrEqual(200);
    expect(first.done).toBeLessThan(500);
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'paused', done: 0 });
    await addControl(control(setting), job, { wish: 'run', by: 'a test' });
    const second = await setting.clock.run(setting.run(job.id, countingKind()));
    expect(first.done + second.done).toBe(1_000);
  });

  it('breaks off a batch that goes on for longer than ten seconds after the pause', async () => {
    const setting = setUp();
    const kind = countingKind(async ({ id }, { signal }) => {
      if (id === 'i-1') await addControl(control(setting), job, { wish: 'pause', by: 'a test' });
      if (id === 'i-2') await setting.clock.sleep(60 * MINUTE, signal);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(5));
    const before = setting.clock.now();
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'paused', done: 2 });
    expect(setting.clock.now() - before).toBeLessThan(40_000);
  });

  it('waits through a pause where the runner stays', async () => {
    const setting = setUp();
    const kind = countingKind();
    const job = await setting.plan(kind, countedItems(5));
    await addControl(control(setting), job, { wish: 'pause', by: 'a test' });
    const running = setting.run(job.id, kind, { stay: true });
    const resumed = setting.clock
      .sleep(10 * MINUTE)
      .then(() => addControl(control(setting), job, { wish: 'run', by: 'a test' }));
    const [result] = await setting.clock.run(Promise.all([running, resumed]));
    expect(result).toMatchObject({ end: 'over', done: 5 });
  });

  it('ends permanently when it is cancelled, and reports what was done', async () => {
    const setting = setUp();
    const kind = countingKind(async ({ id }, { signal }) => {
      if (id === 'i-120') await addControl(control(setting), job, { wish: 'cancel', by: 'a test' });
      await setting.clock.sleep(1_000, signal);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(1_000));
    const result = await setting.clock.run(setting.run(job.id, kind));
    expect(result.end).toBe('cancelled');
    expect(jsonAt(setting.store, `jobs/${job.id}/report.json`)).toMatchObject({
      state: 'cancelled',
      totals: { done: result.done, left: 1_000 - result.done },
    });
    await expect(addControl(control(setting), job, { wish: 'run', by: 'a test' })).rejects.toMatchObject({
      code: 'JOB_CHANGED',
    });
  });

  it('tells the work a new rate while it is under way', async () => {
    const setting = setUp();
    const rates = new Set<unknown>();
    const kind = countingKind(async ({ id }, context) => {
      rates.add(context.rate());
      if (id === 'i-3') await addControl(control(setting), job, { rate: 30, by: 'a test' });
      await setting.clock.sleep(5_000);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(20), { rate: 90 });
    await setting.clock.run(setting.run(job.id, kind));
    expect([...rates]).toEqual([90, 30]);
  });

  it('gives two people who change it at once a control each', async () => {
    const setting = setUp();
    const job = await setting.plan(countingKind(), countedItems(1));
    await Promise.all([
      addControl(control(setting), job, { rate: 30, by: 'one' }),
      addControl(control(setting), job, { wish: 'pause', by: 'other' }),
    ]);
    const newest = jsonAt(setting.store, `jobs/${job.id}/control/000002.json`);
    expect(newest).toMatchObject({ wish: 'pause', rate: 30 });
  });
});
