import { randomBytes } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { StoreConfig } from '../config/config.ts';
import { openConfiguredStore, openSigner } from './archiver.ts';
import { ArchiveError } from '../errors.ts';
import type { JobKindSource, JobTools, OpenJobKind } from '../job-kinds/kind-source.ts';
import { JOB_KINDS } from '../job-kinds/kinds.ts';
import type { AnyJobKind } from '../jobs/job-kind.ts';
import type { RunEvent, RunRequest, RunResult } from '../jobs/job-requests.ts';
import { patientStore } from '../jobs/patient-store.ts';
import { requirePlan } from '../jobs/read-job.ts';
import { type DueResult, runDueJobs } from '../jobs/run-due-jobs.ts';
import { runJob } from '../jobs/run-job.ts';
import type { ObjectStore } from '../ports.ts';
import type { ReceiptSigner } from '../record/receipt.ts';
import { createSecretValues } from '../secrets/secret-values.ts';
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
  const { clock, logger, kinds = JOB_KINDS } = options;
  const store = options.store ?? (await openJobStore(await options.settings('store'), options));
  // two processes of one host may have one process id, in containers
  const owner = `${options.owner} ${randomBytes(3).toString('hex')}`;
  const open = new Map<string, Promise<OpenJobKind | undefined>>();
  const openKind = (name: string): Promise<OpenJobKind | undefined> => {
    const known = open.get(name);
    if (known !== undefined) return known;
    const opening = kinds.find((source) => source.name === name)?.open(options) ?? Promise.resolve(undefined);
    open.set(name, opening);
    opening.catch(() => open.delete(name));
    return opening;
  };
  const refused = new Set<string>();
  const refuse = (name: string, why: string) => {
    if (!refused.has(name)) logger.log('warn', `jobs of the kind ${name} are left to other runners: ${why}`);
    refused.add(name);
    return undefined;
  };
  const findKind = async (name: string): Promise<AnyJobKind | undefined> => {
    if (kinds.find((source) => source.name === name)?.attended === true) {
      return refuse(name, 'a person starts them, with genesys-archive jobs run JOB');
    }
    try {
      return (await openKind(name))?.kind;
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'CONFIG_INVALID') throw error;
      return refuse(name, error.message);
    }
  };
  const signer = options.signer ?? openReportSigner(options);
  return {
    store,
    runDueJobs: async ({ deadline, signal, workers, onEvent }) =>
      runDueJobs({
        store,
        kindOf: findKind,
        owner,
        clock,
        budget: { deadline: deadline ?? Number.POSITIVE_INFINITY, signal },
        signer: () => signer({ deadline: Number.POSITIVE_INFINITY, signal }),
        ...present({ workers, onEvent }),
      }),
    runJob: async (request) => {
      const plan = await requirePlan(patientStore(store, clock), request.id, request.budget);
      const found = await openKind(plan.kind);
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
    close: () => {
      for (const opening of open.values()) {
        opening.then(
          (opened) => opened?.close?.(),
          () => undefined,
        );
      }
    },
  };
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
