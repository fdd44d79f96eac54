import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createJobRunner } from '../../src/create/job-runner.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { AnyJobKind } from '../../src/jobs/kind.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { silentLogger } from '../../src/log.ts';
import { startJobs } from '../../src/serve/run-jobs.ts';
import { countedItems, countingKind } from '../jobs/counting-kind.ts';
import { setUp } from '../jobs/set-up.ts';
import { recordingLogger } from '../recording-logger.ts';

/** A runner of jobs on the store of `setting`, with `kind` alone. */
function runnerOf({ store, clock }: ReturnType<typeof setUp>, kind: AnyJobKind) {
  return createJobRunner({
    store,
    clock,
    logger: silentLogger,
    owner: 'server',
    settings: () => Promise.reject(new Error('the store is given')),
    kinds: [{ name: kind.name, open: () => Promise.resolve({ kind }) }],
    signer: () => Promise.resolve(undefined),
  });
}

describe('jobs in the background of a server', () => {
  it('are found within half a minute, and worked on until they are over', async () => {
    const setting = setUp();
    const { clock } = setting;
    const kind = countingKind();
    const runner = await runnerOf(setting, kind);
    const jobs = startJobs({ runner, workers: 2, clock, logger: silentLogger });
    await clock.run(clock.sleep(5_000));
    const first = await setting.plan(kind, countedItems(2_500));
    await clock.run(clock.sleep(31_000));
    expect(setting.store.objects.has(`jobs/${first.id}/report.json`)).toBe(true);
    expect(kind.seen.size).toBe(2_500);
    await clock.run(jobs.stop());
  });

  it('are handed over when the server is stopped: the next runner goes on at once, and nothing is done twice', async () => {
    const setting = setUp();
    const { clock } = setting;
    const kind = countingKind(async (_, { signal }) => {
      await clock.sleep(1_000, signal);
      return { state: 'done', bytes: 1 };
    });
    const job = await setting.plan(kind, countedItems(300));
    const runner = await runnerOf(setting, kind);
    const jobs = startJobs({ runner, workers: 1, clock, logger: silentLogger });
    await clock.run(clock.sleep(50_500));
    const before = clock.now();
    await clock.run(jobs.stop());
    expect(clock.now() - before).toBeLessThan(10_000);
    const done = kind.seen.size;
    expect(done).toBeGreaterThan(30);
    const next = await clock.run(setting.run(job.id, kind, { owner: 'next' }));
    expect(next.end).toBe('over');
    const twice = [...kind.seen.values()].filter((times) => times > 1);
    // the one that was under way
    expect(twice.length).toBeLessThanOrEqual(1);
  });

  it('go on when the store cannot be listed for a while, and log it', async () => {
    const setting = setUp();
    const { clock, store } = setting;
    const kind = countingKind();
    const logger = recordingLogger();
    const runner = await runnerOf(setting, kind);
    store.fault = () => {
      throw new ArchiveError('STORE_DENIED', 'denied');
    };
    const jobs = startJobs({ runner, workers: 1, clock, logger });
    await clock.run(clock.sleep(60_000));
    expect(logger.lines.join('\n')).toContain('jobs cannot be looked for: denied');
    store.fault = () => undefined;
    await setting.plan(kind, countedItems(10));
    await clock.run(clock.sleep(5 * 60_000));
    expect(kind.seen.size).toBe(10);
    await clock.run(jobs.stop());
  });
});

describe('a runner without a job of its own', () => {
  it('gives each of several jobs its turns, and leaves none behind a long one', async () => {
    const setting = setUp();
    const { clock } = setting;
    const long = countingKind(async () => {
      await clock.sleep(1_000);
      return { state: 'done', bytes: 1 };
    });
    const short = { ...countingKind(), name: 'short' };
    const first = await setting.plan(long, countedItems(3_000));
    const second = await setting.plan(short, countedItems(5));
    const runner = await createJobRunner({
      store: setting.store,
      clock,
      logger: silentLogger,
      owner: 'function',
      settings: () => Promise.reject(new Error('the store is given')),
      kinds: [long, short].map((kind) => ({ name: kind.name, open: () => Promise.resolve({ kind }) })),
      signer: () => Promise.resolve(undefined),
    });
    const deadline = clock.now() + 13 * 60_000;
    const results = await clock.run(runner.runDueJobs({ deadline, signal: unlimited.signal }));
    expect(results.find(({ job }) => job === second.id)).toMatchObject({ end: 'over', done: 5 });
    expect(results.find(({ job }) => job === first.id)).toMatchObject({ end: 'deadline' });
    expect(clock.now()).toBeLessThan(deadline + 3 * 60_000);
  });

  it('leaves a job alone for which a setting is missing, and works on the others', async () => {
    const setting = setUp();
    const { clock, store } = setting;
    const kind = countingKind();
    const logger = recordingLogger();
    await planJob({
      store,
      kind: { name: 'locked' },
      items: [{}],
      options: {},
      createdBy: 'a test',
      clock,
      budget: unlimited,
    });
    await setting.plan(kind, countedItems(5));
    const runner = await createJobRunner({
      store,
      clock,
      logger,
      owner: 'function',
      settings: () => Promise.reject(new Error('the store is given')),
      kinds: [
        { name: 'locked', open: () => Promise.reject(new ArchiveError('CONFIG_INVALID', 'no key')) },
        { name: kind.name, open: () => Promise.resolve({ kind }) },
      ],
      signer: () => Promise.resolve(undefined),
    });
    const results = await clock.run(runner.runDueJobs({ signal: unlimited.signal }));
    expect(results).toMatchObject([{ end: 'over', done: 5 }]);
    expect(logger.lines).toEqual([
      expect.stringContaining('jobs of the kind locked are left to other runners: no key'),
    ]);
  });

  it('never moves keys unasked: a plan that a writer of the store has put there is left alone', async () => {
    const setting = setUp();
    const { clock, store } = setting;
    for (const name of ['rewrap', 'adopt', 'reencrypt']) {
      const options = {
        store: 'memory:',
        layout: 'date',
        wrap: 'kms:another',
        unverified: true,
        target: 'file:/tmp/x',
      };
      await planJob({
        store,
        kind: { name },
        items: [{ key: 'a' }],
        options,
        createdBy: 'a stranger',
        clock,
        budget: unlimited,
      });
    }
    const logger = recordingLogger();
    const runner = await createJobRunner({
      store,
      clock,
      logger,
      owner: 'server',
      settings: () => Promise.reject(new Error('no setting is read')),
      signer: () => Promise.resolve(undefined),
    });
    expect(await clock.run(runner.runDueJobs({ signal: unlimited.signal }))).toEqual([]);
    expect(logger.lines).toHaveLength(3);
    expect([...store.objects.keys()].filter((key) => key.includes('/leases/'))).toEqual([]);
  });
});
