import { ArchiveError, toArchiveError } from '../errors.ts';
import type { RunEnd, RunRequest, RunResult } from './requests.ts';
import { closedKey } from './keys.ts';
import { patientStore } from './patient-store.ts';
import { requirePlan } from './read-job.ts';
import { writeReport } from './report.ts';
import { Run } from './run-context.ts';
import { ShardFinder } from './shards/finder.ts';
import { workShard } from './work-shard.ts';

const NOTHING = { done: 0, already: 0, failed: 0, bytes: 0 };

/**
 * Works on a job until it is over, the time is, or nothing of it is free. Any number of runners may do so at once, on any machines;
 * each may be killed at any moment.
 *
 * @throws `JOB_NOT_FOUND`, `OBJECT_MALFORMED` for a plan that cannot be read, `STORE_*` where the job cannot be looked at.
 *   What ends the work later is the result's `error`.
 */
export async function runJob(request: RunRequest): Promise<RunResult> {
  const { clock, budget, kinds } = request;
  const store = patientStore(request.store, clock);
  const plan = await requirePlan(store, request.id, budget);
  if ((await store.get(closedKey(plan.id), budget)) !== undefined) return { end: 'over', ...NOTHING };
  const kind = kinds.find(({ name }) => name === plan.kind);
  if (kind === undefined) return { end: 'other-kind', ...NOTHING };
  const run = new Run(request, plan, kind);
  const unfollow = run.follow();
  try {
    await run.refreshControl();
    const finder = new ShardFinder(run);
    const workers = Array.from({ length: Math.max(1, request.workers ?? 1) }, () =>
      work(run, finder, request.stay ?? false),
    );
    const [end = 'over'] = (await Promise.all(workers)).toSorted((a, b) => RANK[a] - RANK[b]);
    if (end === 'over' || end === 'cancelled') {
      const state = end === 'over' ? 'finished' : 'cancelled';
      await writeReport({ store, plan, state, clock, budget: run.io, signer: request.signer });
      run.tell({ what: 'over' });
    }
    return { end, ...run.counts, ...failureOf(run) };
  } catch (error) {
    run.fail(toArchiveError(error));
    return { end: run.mayNot() ?? 'stopped', ...run.counts, ...failureOf(run) };
  } finally {
    unfollow();
  }
}

/** Of workers that ended differently, the first of these tells how the runner did. */
const RANK: Readonly<Record<RunEnd, number>> = {
  stopped: 0,
  interrupted: 1,
  deadline: 2,
  cancelled: 3,
  paused: 4,
  over: 5,
  busy: 6,
  resting: 7,
  'other-kind': 8,
};

function failureOf({ failure }: Run): Pick<RunResult, 'error'> {
  if (failure === undefined) return {};
  const { code, message, details } = failure;
  return { error: { code, message, details } };
}

async function work(run: Run, finder: ShardFinder, stay: boolean): Promise<RunEnd> {
  let broken: ArchiveError | undefined;
  for (;;) {
    try {
      const cause = run.mayNot();
      if (cause === 'paused' && stay) {
        await run.clock.sleep(run.timing.lookMs, run.signal);
        await run.refreshControl();
        continue;
      }
      if (cause !== undefined) return cause;
      const found = await finder.find();
      if ('end' in found) {
        if (found.end === 'over' || !stay || broken !== undefined) {
          if (broken === undefined) return found.end;
          run.fail(broken);
          return 'stopped';
        }
        await run.clock.sleep(Math.min(found.waitMs, run.timing.lookMs), run.signal);
        await run.refreshControl();
        continue;
      }
      const { lease } = found;
      run.tell({ what: 'took', shard: lease.shard });
      broken = (await workOn(run, finder, lease)) ?? broken;
      await run.refreshControl();
    } catch (error) {
      if (run.signal.aborted) return run.mayNot() ?? 'interrupted';
      run.fail(toArchiveError(error));
      return 'stopped';
    }
  }
}

/** @returns what makes this shard one that cannot be worked on. @throws what makes it all. */
async function workOn(
  run: Run,
  finder: ShardFinder,
  lease: Parameters<typeof workShard>[1],
): Promise<ArchiveError | undefined> {
  const { shard } = lease;
  try {
    const end = await workShard(run, lease);
    if (end.how === 'finished') finder.left(shard, 'finished');
    else finder.left(shard, 'given-back', end.how === 'resting' ? end.restMs : 0);
    return undefined;
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    // the other shards are sound
    finder.left(shard, 'given-back', Number.POSITIVE_INFINITY);
    return error;
  }
}
