/** A run over the archive that may be ended at any time: a job beside its file, which no other machine works on. */
import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { Verified } from '../../audit/verify-archive.ts';
import type { Finding } from '../../audit/verify-recording.ts';
import { type Budget, type Clock, followAbort, sharedSignal } from '../../clock.ts';
import { ERROR_CODES } from '../../error-codes.ts';
import { ArchiveError } from '../../errors.ts';
import { outcomeOfVerification, VERIFY_JOB } from '../../job-kinds/verify.ts';
import { type KeyItem, recordingsKind } from '../../job-kinds/recordings-kind.ts';
import type { JobPlan, Outcome } from '../../jobs/kind.ts';
import { type PatientStore, patientStore } from '../../jobs/patient-store.ts';
import { planJob } from '../../jobs/plan-job.ts';
import { readPlan } from '../../jobs/read-job.ts';
import { runJob } from '../../jobs/run-job.ts';
import { itemsLeft, readSoFar } from '../../jobs/unfinished.ts';
import type { ObjectStore } from '../../ports.ts';
import { lockSpool } from '../../serve/spool-lock.ts';
import { createDirectoryStore } from '../../store/directory/directory-store.ts';
import { runnerName } from '../jobs/job-settings.ts';
import { folderOf, requireFolder } from './job-folder.ts';
import { openVerifyState, readVerifyState, type VerifyPlan, type VerifyState } from './state.ts';

const LOCK_WORDS = {
  what: 'the progress in',
  hint: 'wait for that run to end, or name another file with --resume',
};

/** What an earlier run has left behind. */
export interface EarlierRun {
  readonly startedAt: string;
  /** Recordings that are not looked at again. */
  readonly checked: number;
  readonly findings: readonly Finding[];
  /** Keys that could not be looked at. */
  readonly unseen: readonly string[];
}

export interface ResumedRun {
  readonly earlier: EarlierRun;
  /** What could not be looked at is among what `work` looks at. */
  readonly plansUnseen: boolean;
  /**
   * Works on what is left, until all of it is done or the budget is over.
   *
   * @param keys everything behind a key, in ascending order; asked once.
   * @throws what every other recording would meet as well: `STORE_*`, `KMS_*`, `OUTPUT_FAILED`.
   */
  work(
    keys: (after: string | undefined) => AsyncIterable<string>,
    one: (key: string, budget: Budget) => Promise<Verified>,
    options: { readonly concurrency: number; readonly onPlanned: (items: number) => void },
  ): Promise<void>;
  /** @param isOver the file has no more use. */
  close(isOver: boolean): Promise<void>;
}

/**
 * Opens the file of `--resume` and the job beside it, or begins them. A file of an older version, which has the progress itself, is taken
 * over: the job has what that run has left.
 *
 * @throws `USAGE` when the file is of another run, or in use; `OUTPUT_FAILED`.
 */
export async function openResumed(
  file: string,
  plan: VerifyPlan,
  clock: Clock,
  budget: Budget,
): Promise<ResumedRun> {
  const state = await openVerifyState(file, plan, clock.now());
  const folder = folderOf(file);
  await requireFolder(folder, state.progress.job);
  const stop = new AbortController();
  const lock = await lockSpool(folder, clock, (error) => stop.abort(error), LOCK_WORDS);
  const unfollow = followAbort(budget.signal, stop);
  try {
    const jobs = createDirectoryStore(folder, clock);
    const { planned, earlier } = await readEarlier(patientStore(jobs, clock), state.progress, budget);
    const run = new LocalRun({
      jobs,
      clock,
      budget: { deadline: budget.deadline, signal: sharedSignal(stop) },
      state,
    });
    return {
      earlier,
      plansUnseen: planned === undefined,
      work: (keys, one, options) => run.work({ planned, keys, one, ...options }),
      close: async (isOver) => {
        unfollow();
        await lock.release();
        if (!isOver) return;
        await rm(path.join(folder, 'jobs'), { recursive: true, force: true });
        // what another program has put there stays
        await rmdir(folder).catch(() => undefined);
        await state.remove();
      },
    };
  } catch (error) {
    unfollow();
    await lock.release();
    throw error;
  }
}

/**
 * What is left of the run of a file, for a job of all machines; `undefined` when there is no such run. Nothing of it is changed.
 *
 * @throws as {@link openResumed}.
 */
export async function readResumed(
  file: string,
  plan: VerifyPlan,
  clock: Clock,
  budget: Budget,
): Promise<
  | (EarlierRun & { left(keys: (after: string | undefined) => AsyncIterable<string>): AsyncIterable<string> })
  | undefined
> {
  const progress = await readVerifyState(file, plan);
  if (progress === undefined) return undefined;
  const store = patientStore(createDirectoryStore(folderOf(file), clock), clock);
  const { planned, earlier } = await readEarlier(store, progress, budget);
  async function* left(keys: (after: string | undefined) => AsyncIterable<string>) {
    // what could not be looked at the last time comes first
    yield* earlier.unseen;
    if (planned === undefined) yield* keys(progress?.after);
    else for await (const item of itemsLeft(store, planned, budget)) yield keyOf(item) ?? '';
  }
  return { ...earlier, left };
}

async function readEarlier(
  store: PatientStore,
  { startedAt, checked, findings, failed, job }: VerifyState['progress'],
  budget: Budget,
): Promise<{ readonly planned: JobPlan | undefined; readonly earlier: EarlierRun }> {
  const planned = job === undefined ? undefined : await readPlan(store, job, budget);
  if (planned === undefined) {
    // what a file of an older version names is planned first
    const earlier = { startedAt, checked: checked - failed.length, findings, unseen: failed };
    return { planned, earlier };
  }
  const { settled, failures } = await readSoFar(store, planned, budget);
  const found = failures.map(({ details }) => findingsOf(details));
  const unseen = failures.flatMap(({ item }, at) => (found[at]?.length === 0 ? (keyOf(item) ?? []) : []));
  return {
    planned,
    earlier: {
      startedAt,
      checked: checked - failed.length + settled - unseen.length,
      findings: [...findings, ...found.flat()],
      unseen,
    },
  };
}

/** The engine’s part of the run. */
class LocalRun {
  readonly #jobs: ObjectStore;
  readonly #clock: Clock;
  readonly #budget: Budget;
  readonly #state: VerifyState;

  constructor(parts: {
    readonly jobs: ObjectStore;
    readonly clock: Clock;
    readonly budget: Budget;
    readonly state: VerifyState;
  }) {
    this.#jobs = parts.jobs;
    this.#clock = parts.clock;
    this.#budget = parts.budget;
    this.#state = parts.state;
  }

  async work({
    planned,
    keys,
    one,
    concurrency,
    onPlanned,
  }: {
    readonly planned: JobPlan | undefined;
    readonly keys: (after: string | undefined) => AsyncIterable<string>;
    readonly one: (key: string, budget: Budget) => Promise<Verified>;
    readonly concurrency: number;
    readonly onPlanned: (items: number) => void;
  }): Promise<void> {
    const clock = this.#clock;
    const plan = planned ?? (await this.#plan(keys, onPlanned));
    if (plan === undefined) return;
    const { kind } = recordingsKind({
      name: VERIFY_JOB,
      concurrency,
      sleep: (ms, signal) => clock.sleep(ms, signal),
      open: async () => ({ one: async (key, budget) => outcomeOf(await one(key, budget)) }),
    });
    const { end, error } = await runJob({
      store: this.#jobs,
      kinds: [kind],
      id: plan.id,
      owner: runnerName('command line'),
      clock,
      budget: this.#budget,
      stay: true,
      // the lock of the folder says that the runner before this one has ended
      timing: { leaseMs: 0 },
    });
    if (end === 'stopped' && error !== undefined) {
      throw new ArchiveError(error.code, error.message, {
        details: error.details,
        hint: 'nothing is lost: put it right, and repeat the command',
      });
    }
  }

  /** @returns `undefined` when there is nothing to do, or no time for it. */
  async #plan(
    keys: (after: string | undefined) => AsyncIterable<string>,
    onPlanned: (items: number) => void,
  ): Promise<JobPlan | undefined> {
    const { failed, after } = this.#state.progress;
    async function* items(): AsyncGenerator<KeyItem, void, undefined> {
      for (const key of failed) yield { key };
      for await (const key of keys(after)) yield { key };
    }
    try {
      const plan = await planJob({
        store: this.#jobs,
        kind: { name: VERIFY_JOB },
        items: items(),
        options: {},
        createdBy: runnerName('command line'),
        clock: this.#clock,
        budget: this.#budget,
        onPlanned,
      });
      await this.#state.nameJob(plan.id);
      return plan;
    } catch (error) {
      if (this.#budget.signal.aborted) return undefined;
      if (error instanceof ArchiveError && error.code === 'JOB_EMPTY') return undefined;
      throw error;
    }
  }
}

function outcomeOf(verified: Verified): Omit<Outcome, 'index'> {
  if (verified.state === 'failed') throw verified.error;
  return outcomeOfVerification(verified.verification);
}

/** Of a failure that is none of looking. */
function findingsOf(details: unknown): readonly Finding[] {
  if (typeof details !== 'object' || details === null || !('findings' in details)) return [];
  const { findings } = details;
  return Array.isArray(findings) ? findings.filter(isFinding) : [];
}

function isFinding(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const { key, kind, code, message } = value as Record<string, unknown>;
  return (
    [key, kind, message].every((one) => typeof one === 'string') && Object.hasOwn(ERROR_CODES, String(code))
  );
}

function keyOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('key' in item)) return undefined;
  return typeof item.key === 'string' ? item.key : undefined;
}
