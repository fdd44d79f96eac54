/** What a kind of job tells the engine, and what the engine tells a kind of job. */

/** Items a minute, or `yield`: as many as the platform's live traffic leaves free. */
export type Rate = 'yield' | number;

/** What holds a job back, as its kind sees it. */
export type Limit = 'genesys-rate' | 'transcoding' | 'download' | 'store' | 'idle';

/**
 * `done`: the work was done now. `already`: it had been done before. `failed`: listed with its code. `later`: not possible yet; the
 * item goes to the tail of its shard, and after 24 hours to the failed list as retryable.
 */
export type OutcomeState = 'done' | 'already' | 'failed' | 'later';

/** What became of one item. */
export interface Outcome {
  /** Position in the list that `work` was given. */
  readonly index: number;
  readonly state: OutcomeState;
  /** Bytes stored or read for it; 0 where there were none. */
  readonly bytes: number;
  /** An error code, where the item failed or has to wait. */
  readonly code?: string;
  /** One sentence without personal data. */
  readonly reason?: string;
  readonly retryable?: boolean;
  /** More of what failed, for programs: JSON, without personal data. */
  readonly details?: unknown;
  /** Of `later`: it waits for its turn among others, so that the 24 hours begin anew. */
  readonly isPatient?: boolean;
  /** Objects written, where an item is many. */
  readonly results?: number;
}

/** What the work on a list of items may ask. */
export interface WorkContext {
  /** Aborted when the work must stop now: lease lost, job paused or cancelled, time over. Items without an outcome are worked on again. */
  readonly signal: AbortSignal;
  /** The job's own options, from job.json. */
  readonly options: unknown;
  /** The newest control's rate, the job's own otherwise. May change between two calls. */
  rate(): Rate;
  /** States what the work waits for, for the progress. Say it again when it changes. */
  limitedBy(what: Limit): void;
  /** Epoch ms. */
  readonly now: () => number;
  /** The job's id, for receipts and logs. */
  readonly job: string;
}

/** One kind of job. */
export interface JobKind<Item> {
  /** `backfill`, `verify`, `rewrap`, … Lower-case letters and hyphens. */
  readonly name: string;
  /** Items that `work` is given at once, at most. Default 100. */
  readonly batchSize?: number;
  /** Reads one line of a shard. Throws where it is none. */
  parse(value: unknown): Item;
  /** Names an item in failed lists and logs: ids, no personal data. */
  nameOf(item: Item): string;
  /**
   * Works on items; idempotent, because an item may come again after a runner was killed. Yields one outcome for each item, in any
   * order, as each is known.
   *
   * An error that it throws is not an item's: the batch is tried again, and then the runner stops with that error (credentials, a
   * full disk), and the job waits for the next one.
   */
  work(items: readonly Item[], context: WorkContext): AsyncIterable<Outcome>;
}

/** A kind whose items only it knows: what lists of kinds hold. Its methods take what its own `parse` gave. */
export type AnyJobKind = JobKind<unknown>;

/** What a job was planned to do: the content of `job.json`. */
export interface JobPlan {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly kind: string;
  /** For people. */
  readonly name?: string;
  /** What was asked for, for people: days, a file's name. No personal data. */
  readonly selection?: unknown;
  /** The kind's own. */
  readonly options: unknown;
  readonly rate: Rate;
  /** The host or function that planned it. */
  readonly createdBy: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly totals: { readonly items: number; readonly shards: number };
  /** The job whose failed items it works on again. */
  readonly retryOf?: string;
}
