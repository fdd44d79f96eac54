import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { readProgress } from '../../src/jobs/read-progress.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { type SimulatedS3, useSimulatedS3 } from '../store/simulated-s3.ts';
import { countedItems, countingKind } from './counting-kind.ts';

let s3: SimulatedS3;
beforeAll(async () => {
  s3 = await useSimulatedS3();
});
afterAll(() => s3.close());

describe('a job on S3', () => {
  it('is worked on by runners that know only the bucket, each item once, and is seen from another', async () => {
    const kind = countingKind(async () => {
      await systemClock.sleep(1);
      return { state: 'done', bytes: 1 };
    });
    const shared = { store: s3.store, clock: systemClock, budget: unlimited };
    const plan = await planJob({
      ...shared,
      kind,
      items: countedItems(330),
      options: {},
      createdBy: 'a test',
      shardItems: 60,
    });
    const runners = ['a', 'b', 'c'].map((owner) =>
      runJob({ ...shared, kinds: [kind], id: plan.id, owner, stay: true, timing: { lookMs: 200 } }),
    );
    const results = await Promise.all(runners);
    expect(results.map(({ end }) => end)).toEqual(['over', 'over', 'over']);
    expect(results.filter(({ done }) => done > 0).length).toBeGreaterThan(1);
    expect([...kind.seen.values()]).toEqual(Array.from({ length: 330 }, () => 1));
    const store = patientStore(s3.store, systemClock);
    const progress = await readProgress({ store, plan, budget: unlimited, now: Date.now() });
    expect(progress).toMatchObject({ state: 'finished', done: 330, left: 0 });
    const report = await store.getJson(`jobs/${plan.id}/report.json`, unlimited);
    expect(report).toMatchObject({ state: 'finished', totals: { done: 330 } });
  });
});
