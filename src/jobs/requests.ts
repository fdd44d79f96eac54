/** What `planJob` and `runJob` are asked, and what they answer. */
import type { Budget, Clock } from '../clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import type { ErrorDetails } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import type { JobTiming } from './lease-policy.ts';
import type { AnyJobKind, JobKind, JobPlan, Rate } from './kind.ts';

export interface PlanRequest<Item> {
  /** Where jobs are kept: `ARCHIVE_CATALOGUE`, the archive's own store by default. */
  readonly store: ObjectStore;
  /** Planning needs its name only. */
  readonly kind: Pick<JobKind<Item>, 'name'>;
  /** In the order of the work. Read once, never held: one shard at a time. */
  readonly items: AsyncIterable<Item> | Iterable<Item>;
  /** The kind's own. Written to job.json: no secrets, no personal data. */
  readonly options: unknown;
  /** For people. */
  readonly name?: string;
  /** What was asked for, for people: days, a file's name. No personal data. */
  readonly selection?: unknown;
  /** Default `yield`. */
  readonly rate?: Rate;
  /** The host or function that plans. */
  readonly createdBy: string;
  readonly retryOf?: string;
  /** Items of a shard, 1 to 1,000: fewer where one item is hours of work. Default 1,000. */
  readonly shardItems?: number;
  readonly clock: Clock;
  readonly budget: Budget;
  /** Told after each shard how many items have been planned. */
  readonly onPlanned?: (items: number) => void;
}

export interface RunRequest {
  readonly store: ObjectStore;
  /** A job of a kind that is not among them is left to other runners. */
  readonly kinds: readonly AnyJobKind[];
  /** The whole id. */
  readonly id: string;
  /** Names the runner for people: a host and a process id, a function's name. The engine makes it unique. */
  readonly owner: string;
  readonly clock: Clock;
  /** Nothing new is begun after its deadline. Its signal ends the work within seconds; what is done by then is kept. */
  readonly budget: Budget;
  /** Signs the report. */
  readonly signer?: ReceiptSigner;
  /** Shards that are worked on at once. Default 1. */
  readonly workers?: number;
  /** Stays while the job is paused, resting or with other runners, until it is over. Default: ends when nothing is free. */
  readonly stay?: boolean;
  /** Other times than the engine's own, for tests. */
  readonly timing?: Partial<JobTiming>;
  /** Told of what happens, for a log: no personal data. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** What a runner tells. */
export interface RunEvent {
  readonly what:
    | 'took'
    | 'checkpoint'
    | 'finished-shard'
    | 'lost-lease'
    | 'retrying'
    | 'item-failed'
    | 'over';
  readonly job: string;
  readonly shard?: number;
  readonly item?: string;
  readonly code?: string;
  readonly done?: number;
  readonly failed?: number;
  readonly bytes?: number;
}

/** Why a runner ended. */
export type RunEnd =
  /** All items are settled, and the report is written. */
  | 'over'
  | 'cancelled'
  | 'paused'
  /** What is left is with other runners. */
  | 'busy'
  /** What is left has to wait. */
  | 'resting'
  /** The deadline came. */
  | 'deadline'
  /** The signal came. */
  | 'interrupted'
  /** The kind is not among those that this runner knows. */
  | 'other-kind'
  /** Work threw an error that other items would meet as well. */
  | 'stopped';

export interface RunResult {
  readonly end: RunEnd;
  /** Items that this runner settled, and their bytes. */
  readonly done: number;
  readonly already: number;
  readonly failed: number;
  readonly bytes: number;
  /** Where it was `stopped`. */
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };
}

/** A job as planned: the answer of `planJob`. */
export type PlannedJob = JobPlan;
