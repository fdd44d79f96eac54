import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { finishedShards } from '../../src/jobs/shards/finished.ts';
import { countedItems, countingKind } from './counting-kind.ts';
import { type StoreStep, storeUnavailable } from './job-store.ts';
import { jsonAt, killedAt, setUp, START } from './set-up.ts';

const ITEMS = 130;
const plainly = { shardItems: 70 };

/** Plans and runs a job of two shards, some items of which fail or wait. */
function someFail(waited = new Set<string>()) {
  return countingKind(({ id }) => {
    if (id.endsWith('9')) return { state: 'failed', bytes: 0, code: 'RECORDING_GONE', retryable: false };
    if (!id.endsWith('8') || waited.has(id)) return { state: 'done', bytes: 1 };
    waited.add(id);
    return { state: 'later', bytes: 0, code: 'MEDIA_NOT_READY' };
  });
}

async function total(setting: ReturnType<typeof setUp>, id: string) {
  const sum = { done: 0, failed: 0 };
  for await (const { done, failed } of finishedShards(
    patientStore(setting.store, setting.clock),
    id,
    unlimited,
  )) {
    sum.done += done;
    sum.failed += failed;
  }
  return sum;
}

/** Steps that a job takes when nothing fails. */
async function stepsOfOneRun(): Promise<number> {
  const setting = setUp();
  let steps = 0;
  setting.store.fault = () => {
    steps += 1;
  };
  const job = await setting.plan(someFail(), countedItems(ITEMS), plainly);
  await setting.clock.run(setting.run(job.id, someFail(), { stay: true }));
  return steps;
}

describe('a job on a store that fails', () => {
  it('converges when the store fails twice in a row at any step, also after a write that it has done', async () => {
    const steps = await stepsOfOneRun();
    expect(steps).toBeGreaterThan(30);
    for (let nth = 1; nth <= steps; nth += 1) {
      const setting = setUp();
      let step = 0;
      const failing = new Map<string, number>();
      setting.store.fault = (what: StoreStep, key: string) => {
        step += 1;
        const name = `${what} ${key}`;
        if (step === nth) failing.set(name, 2);
        const left = failing.get(name) ?? 0;
        if (left === 0) return;
        failing.set(name, left - 1);
        throw storeUnavailable();
      };
      const job = await setting.plan(someFail(), countedItems(ITEMS), plainly);
      const kind = someFail();
      const result = await setting.clock.run(setting.run(job.id, kind, { stay: true }));
      expect({ nth, ...result }).toMatchObject({ nth, end: 'over', done: 117, failed: 13 });
      // no lease was waited for: a write whose answer was lost is known again as an own one
      expect(setting.clock.now() - START).toBeLessThan(4 * 60_000);
      expect(await total(setting, job.id)).toEqual({ done: 117, failed: 13 });
      expect(kind.seen.size).toBe(ITEMS);
      // once, and those that had to wait twice
      expect([...kind.seen.values()].reduce((sum, times) => sum + times, 0)).toBe(ITEMS + 13);
    }
    process.stdout.write(`two store failures in a row at each of ${steps} steps: all converged\n`);
  });

  it('misses nothing when its runner is killed at any step, and does at most 100 items again for each kill', async () => {
    const steps = await stepsOfOneRun();
    let repeated = 0;
    for (let nth = 1; nth <= steps; nth += 1) {
      const setting = setUp();
      const job = await setting.plan(someFail(), countedItems(ITEMS), plainly);
      const waited = new Set<string>();
      const [first, second] = [someFail(waited), someFail(waited)];
      const { store, dead } = killedAt(setting.store, nth);
      const running = setting.run(job.id, first, { store, owner: 'killed' });
      await setting.clock.run(Promise.race([running, dead]));
      const result = await setting.clock.run(setting.run(job.id, second, { stay: true, owner: 'next' }));
      expect({ nth, ...result }).toMatchObject({ nth, end: 'over' });
      expect(await total(setting, job.id)).toEqual({ done: 117, failed: 13 });
      const missed = Array.from(countedItems(ITEMS)).filter(
        ({ id }) => !first.seen.has(id) && !second.seen.has(id),
      );
      expect(missed).toEqual([]);
      const again = [...second.seen.keys()].filter((id) => first.seen.has(id) && !waited.has(id)).length;
      expect(again).toBeLessThanOrEqual(100);
      repeated += again;
    }
    process.stdout.write(
      `killed at each of ${steps} steps: 0 missed, ${(repeated / steps).toFixed(1)} items again for each kill\n`,
    );
  });

  it('leaves no job behind when planning is broken off, and says so to those who look', async () => {
    const setting = setUp();
    function* breaks() {
      yield* countedItems(150);
      throw new ArchiveError('GENESYS_UNAVAILABLE', 'the listing broke off');
    }
    await expect(setting.plan(countingKind(), breaks(), plainly)).rejects.toMatchObject({
      code: 'GENESYS_UNAVAILABLE',
    });
    expect([...setting.store.objects.keys()].filter((key) => key.endsWith('job.json'))).toEqual([]);
  });

  it('makes no job without items', async () => {
    const setting = setUp();
    await expect(setting.plan(countingKind(), [])).rejects.toMatchObject({ code: 'JOB_EMPTY' });
    expect(setting.store.objects.size).toBe(0);
  });

  it('ends with the error when the store denies, and is worked on again by the next runner', async () => {
    const setting = setUp();
    const job = await setting.plan(countingKind(), countedItems(200));
    setting.store.fault = (what, key) => {
      if (what === 'put' && key.includes('/cursor/')) throw new ArchiveError('STORE_DENIED', 'denied');
    };
    const result = await setting.clock.run(setting.run(job.id, countingKind()));
    expect(result).toMatchObject({ end: 'stopped', error: { code: 'STORE_DENIED' } });
    setting.store.fault = () => undefined;
    expect(await setting.clock.run(setting.run(job.id, countingKind(), { stay: true }))).toMatchObject({
      end: 'over',
    });
  });
});

describe('a job whose objects are damaged', () => {
  it('works on the shards that are sound, and then names the one that is not', async () => {
    const setting = setUp();
    const job = await setting.plan(countingKind(), countedItems(300), { shardItems: 100 });
    const key = `jobs/${job.id}/shards/000001.ndjson.gz`;
    setting.store.objects.set(key, { body: Buffer.from('not gzip'), lastModified: 0 });
    const result = await setting.clock.run(setting.run(job.id, countingKind(), { stay: true }));
    expect(result).toMatchObject({ end: 'stopped', done: 200, error: { code: 'OBJECT_MALFORMED' } });
    expect(result.error?.message).toContain(key);
  });

  it('lists a line that is no item as failed, by its number', async () => {
    const setting = setUp();
    const strange = { ...countingKind(), parse: (value: unknown) => value as { id: string } };
    const job = await setting.plan(strange, [{ id: 'a' }, { no: 1 }, { id: 'b' }] as { id: string }[]);
    const result = await setting.clock.run(setting.run(job.id, countingKind()));
    expect(result).toMatchObject({ end: 'over', done: 2, failed: 1 });
    expect(jsonAt(setting.store, `jobs/${job.id}/report.json`)).toMatchObject({
      totals: { failures: { OBJECT_MALFORMED: 1 } },
    });
  });

  it('works on items again whose cursor cannot be read', async () => {
    const setting = setUp();
    const ending = new AbortController();
    const kind = countingKind(async ({ id }, { signal }) => {
      if (id === 'i-120') ending.abort(new ArchiveError('INTERRUPTED', 'SIGTERM'));
      await setting.clock.sleep(10, signal);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(200));
    const budget = { deadline: Number.POSITIVE_INFINITY, signal: ending.signal };
    await setting.clock.run(setting.run(job.id, kind, { budget }));
    const cursors = [...setting.store.objects.keys()].filter((key) => key.includes('/cursor/'));
    expect(cursors.length).toBeGreaterThan(0);
    for (const key of cursors) setting.store.objects.set(key, { body: Buffer.from('{'), lastModified: 0 });
    expect(await setting.clock.run(setting.run(job.id, kind))).toMatchObject({ end: 'over', done: 200 });
  });
});
