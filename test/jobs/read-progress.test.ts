import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { listJobs, resolveJobId } from '../../src/jobs/read-job.ts';
import { readProgress } from '../../src/jobs/read-progress.ts';
import { retryJob } from '../../src/jobs/retry-job.ts';
import { countedItems, countingKind } from './counting-kind.ts';
import { setUp } from './set-up.ts';

function look(setting: ReturnType<typeof setUp>, plan: Awaited<ReturnType<typeof setting.plan>>) {
  const store = patientStore(setting.store, setting.clock);
  return readProgress({ store, plan, budget: unlimited, now: setting.clock.now() });
}

describe('the progress of a job', () => {
  it('shows from any machine what is done, by whom, how fast, and what limits it', async () => {
    const setting = setUp();
    const { clock } = setting;
    const kind = countingKind(async ({ id }, context) => {
      context.limitedBy('download');
      await clock.sleep(600);
      return id.endsWith('5')
        ? { state: 'failed', bytes: 0, code: 'RECORDING_GONE' }
        : { state: 'done', bytes: 1_000, results: 2 };
    });
    const job = await setting.plan(kind, countedItems(2_000), { shardItems: 500 });
    expect(await look(setting, job)).toMatchObject({ state: 'waiting', left: 2_000, runners: [] });
    const running = setting.run(job.id, kind, { owner: 'serve on ops-2' });
    await clock.run(clock.sleep(7 * 60_000));
    const progress = await look(setting, job);
    expect(progress).toMatchObject({ state: 'running', shardsDone: 1, limitedBy: 'download' });
    expect(progress.done + progress.failed + progress.left).toBe(2_000);
    expect(progress.done + progress.failed).toBeGreaterThan(600);
    expect(progress.results).toBe(progress.done * 2);
    expect(progress.runners).toEqual([expect.stringMatching(/^serve on ops-2 /)]);
    expect(progress.estimate?.itemsPerMinute).toBeGreaterThan(90);
    expect(progress.estimate?.itemsPerMinute).toBeLessThan(110);
    const { best = 0, worst = 0 } = progress.estimate?.left ?? {};
    const before = clock.now();
    await clock.run(running);
    expect(clock.now() - before).toBeGreaterThan(best * 0.9);
    expect(clock.now() - before).toBeLessThan(worst * 1.1);
    expect(await look(setting, job)).toMatchObject({ state: 'finished', done: 1_800, failed: 200, left: 0 });
  });

  it('says why no runner works on it: the last runner’s error, or items that have to wait', async () => {
    const setting = setUp();
    let refused = true;
    const kind = countingKind(({ id }) =>
      refused
        ? { state: 'failed', bytes: 0, code: 'GENESYS_AUTH_REJECTED' }
        : id === 'i-1'
          ? { state: 'later', bytes: 0, code: 'MEDIA_NOT_READY' }
          : { state: 'done', bytes: 1 },
    );
    const job = await setting.plan(kind, countedItems(3));
    await setting.clock.run(setting.run(job.id, kind));
    expect(await look(setting, job)).toMatchObject({ state: 'waiting', stoppedBy: 'GENESYS_AUTH_REJECTED' });
    refused = false;
    await setting.clock.run(setting.run(job.id, kind));
    expect(await look(setting, job)).toMatchObject({ state: 'resting', done: 2, later: 1, left: 1 });
  });

  it('costs a few requests, however many items there are', async () => {
    const setting = setUp();
    const kind = countingKind();
    const job = await setting.plan(kind, countedItems(20_000));
    await setting.clock.run(setting.run(job.id, kind));
    const before = { ...setting.store.calls };
    await look(setting, job);
    expect(setting.store.calls.list - before.list).toBeLessThanOrEqual(2);
    expect(setting.store.calls.get - before.get).toBeLessThanOrEqual(1);
  });
});

describe('jobs', () => {
  it('are found by the index alone, with those whose planning was broken off', async () => {
    const setting = setUp();
    const kind = countingKind();
    const first = await setting.plan(kind, countedItems(1));
    await setting.clock.run(setting.run(first.id, kind));
    await setting.clock.run(setting.clock.sleep(60_000));
    function* breaks() {
      yield* countedItems(5);
      throw new Error('broken off');
    }
    await expect(setting.plan(kind, breaks(), { shardItems: 5 })).rejects.toThrow('broken off');
    const found = [];
    for await (const job of listJobs(patientStore(setting.store, setting.clock), unlimited)) found.push(job);
    expect(found).toMatchObject([{ id: first.id, closed: true }, { closed: true }]);
    const store = patientStore(setting.store, setting.clock);
    await expect(resolveJobId(store, found[1]?.id.slice(-6) ?? '', unlimited)).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
  });

  it('are made of what failed: the retryable items alone, or all of them', async () => {
    const setting = setUp();
    const { clock, store } = setting;
    let failing = true;
    const kind = countingKind(({ id }) => {
      const nth = Number(id.slice(2));
      if (!failing || nth % 5 !== 0) return { state: 'done', bytes: 1 };
      return { state: 'failed', bytes: 0, code: 'MEDIA_TRUNCATED', retryable: nth % 10 === 0 };
    });
    const job = await setting.plan(kind, countedItems(100), { options: { depth: 'full' }, shardItems: 30 });
    await clock.run(setting.run(job.id, kind));
    const shared = { store, plan: job, createdBy: 'a test', clock, budget: unlimited };
    const some = await retryJob({ ...shared, all: false });
    const every = await retryJob({ ...shared, all: true });
    expect(some).toMatchObject({ totals: { items: 10 }, retryOf: job.id, options: { depth: 'full' } });
    expect(every.totals.items).toBe(20);
    failing = false;
    kind.seen.clear();
    expect(await clock.run(setting.run(some.id, kind))).toMatchObject({ end: 'over', done: 10 });
    expect([...kind.seen.keys()]).toEqual(Array.from({ length: 10 }, (_, nth) => `i-${nth * 10}`));
    await expect(retryJob({ ...shared, plan: some, all: true })).rejects.toMatchObject({ code: 'JOB_EMPTY' });
  });
});
