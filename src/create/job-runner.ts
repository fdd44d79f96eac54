import { randomBytes } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { StoreConfig } from '../config/config.ts';
import { openConfiguredStore, openSigner } from './archiver.ts';
import { ArchiveError } from '../errors.ts';
import type { JobKindSource, JobTools, OpenJobKind } from '../job-kinds/kind-source.ts';
import { JOB_KINDS } from '../job-kinds/kinds.ts';
import type { AnyJobKind } from '../jobs/kind.ts';
import type { RunEvent, RunRequest, RunResult } from '../jobs/requests.ts';
import { patientStore } from '../jobs/patient-store.ts';
import { requirePlan } from '../jobs/read-job.ts';
import { type DueResult, runDueJobs } from '../jobs/run-due-jobs.ts';
import { runJob } from '../jobs/run-job.ts';
import type { ObjectStore } from '../ports.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { createSecretValues } from '../secrets/values.ts';
import { present } from '../present.ts';

export interface JobRunnerOptions extends JobTools {
  /** Names the runner for people: host and process id, or the function. */
  readonly owner: string;
  /** Default: all that the product has. */
  readonly kinds?: readonly JobKindSource[];
  /** Instead of the configured store. */
  readonly store?: ObjectStore;
  /** Instead of the configured one. */
  readonly signer?: (budget: Budget) => Promise<ReceiptSigner | undefined>;
}

export interface RunDueOptions {
  /** Epoch ms after which no work is begun; the work ends, and what is done is written down, when `signal` aborts. */
  readonly deadline?: number;
  readonly signal: AbortSignal;
  /** Shards at once, of each job. Default 1. */
  readonly workers?: number;
  readonly onEvent?: (event: RunEvent) => void;
}

export interface JobRunner {
  /** Where jobs are kept. */
  readonly store: ObjectStore;
  /**
   * Works on all jobs that are not over until nothing of them is free, or the time is over. What a kind cannot be made for is left to
   * other runners, and logged once.
   */
  runDueJobs(options: RunDueOptions): Promise<readonly DueResult[]>;
  /**
   * Works on one job.
   * @throws `JOB_NOT_FOUND`; `CONFIG_INVALID` where a setting of its kind is missing.
   */
  runJob(request: Pick<RunRequest, 'id' | 'budget' | 'workers' | 'stay' | 'onEvent'>): Promise<RunResult>;
  close(): void;
}

/** Where jobs are kept: `ARCHIVE_CATALOGUE`, or the archive's own store without it. Makes no request. */
export function openJobStore(
  config: StoreConfig,
  tools: Pick<JobTools, 'clock' | 'logger'>,
): Promise<ObjectStore> {
  return openConfiguredStore({ ...config, store: config.catalogue.store ?? config.store }, tools);
}

/** Wires a runner of jobs from its settings. Makes no request; keys and clients are opened when a job needs them. */
export async function createJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { clock } = options;
  const store = options.store ?? (await openJobStore(await options.settings('store'), options));
  const kinds = new OpenKinds(options);
  const signer = options.signer ?? openReportSigner(options);
  // two processes of one host may have one process id, in containers
  const owner = `${options.owner} ${randomBytes(3).toString('hex')}`;
  return {
    store,
    runDueJobs: async ({ deadline, signal, workers, onEvent }) =>
      runDueJobs({
        store,
        kindOf: (name) => kinds.findDue(name),
        owner,
        clock,
        budget: { deadline: deadline ?? Number.POSITIVE_INFINITY, signal },
        signer: () => signer({ deadline: Number.POSITIVE_INFINITY, signal }),
        ...present({ workers, onEvent }),
      }),
    runJob: async (request) => {
      const plan = await requirePlan(patientStore(store, clock), request.id, request.budget);
      const found = await kinds.open(plan.kind);
      const signs = await signer(request.budget);
      return runJob({
        ...request,
        store,
        kinds: found === undefined ? [] : [found.kind],
        owner,
        clock,
        ...present({ signer: signs }),
      });
    },
    close: () => kinds.close(),
  };
}

/** Kinds of jobs, each opened when the first job of it is found. */
class OpenKinds {
  readonly #tools: JobRunnerOptions;
  readonly #sources: readonly JobKindSource[];
  readonly #open = new Map<string, Promise<OpenJobKind | undefined>>();
  readonly #refused = new Set<string>();

  constructor(options: JobRunnerOptions) {
    this.#tools = options;
    this.#sources = options.kinds ?? JOB_KINDS;
  }

  /** `undefined` for a kind that the product does not have. @throws `CONFIG_INVALID` where a setting of it is missing. */
  open(name: string): Promise<OpenJobKind | undefined> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = this.#sourceOf(name)?.open(this.#tools) ?? Promise.resolve(undefined);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  /** `undefined` also for kinds that are left to other runners; the log says why, once. */
  async findDue(name: string): Promise<AnyJobKind | undefined> {
    if (this.#sourceOf(name)?.attended === true) {
      return this.#refuse(name, 'a person starts them, with genesys-archive jobs run JOB');
    }
    try {
      return (await this.open(name))?.kind;
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'CONFIG_INVALID') throw error;
      return this.#refuse(name, error.message);
    }
  }

  close(): void {
    for (const opening of this.#open.values()) {
      opening.then(
        (opened) => opened?.close?.(),
        () => undefined,
      );
    }
  }

  #sourceOf(name: string): JobKindSource | undefined {
    return this.#sources.find((source) => source.name === name);
  }

  #refuse(name: string, why: string): undefined {
    const { logger } = this.#tools;
    if (!this.#refused.has(name))
      logger.log('warn', `jobs of the kind ${name} are left to other runners: ${why}`);
    this.#refused.add(name);
  }
}

/** Signs reports as receipts are signed, with the same key. */
export function openReportSigner({
  clock,
  logger,
  settings,
}: JobTools): (budget: Budget) => Promise<ReceiptSigner | undefined> {
  let opened: Promise<(budget: Budget) => Promise<ReceiptSigner | undefined>> | undefined;
  return async (budget) => {
    opened ??= settings('wrap').then((config) => {
      const secrets = createSecretValues({ clock, logger, proxies: config.proxies });
      return openSigner(config, secrets, { clock, logger });
    });
    return (await opened)(budget);
  };
}
