/** How many records of a batch are worked on at a time. Pure. */

const MIB = 1024 * 1024;

/** What one recording holds at the most: two parts of 5 MiB on their way and one being filled, see `store/s3/put.ts`. */
const IN_FLIGHT_BYTES = 3 * 5 * MIB;

/** Buffers that were sent already wait for the collector as long as memory allows: as much again. */
const BYTES_PER_RECORDING = 2 * IN_FLIGHT_BYTES;

/** The runtime, this program and the AWS SDK, loaded. */
const RESERVED_BYTES = 160 * MIB;

/** Node's collector works harder and harder in the last fifth. */
const USABLE = 0.8;

/** Memory of the function where it is not stated: what the stack sets. */
const DEFAULT_MEMORY_MB = 512;

/** Two parts each fit into the 50 connections that the AWS SDK opens to a host. */
const MAX_AT_ONCE = 16;

/** Of one OAuth client, https://developer.genesys.cloud/organization/organization/limits: 300 requests a minute. */
const REQUESTS_PER_MINUTE = 300;

/** Look-up, a fresh link or a second look, and the reference: more than most recordings need. */
const REQUESTS_PER_RECORDING = 4;

/** ms for one record, until this process has seen one. */
const DEFAULT_RECORD_MS = 10_000;

/** ms; records that were found or ignored say little about the ones to come. */
const MIN_RECORD_MS = 2_000;

export interface BatchConditions {
  /** Records of the batch. */
  readonly records: number;
  /** `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; MiB. */
  readonly memoryMb: number | undefined;
  /** Share of the platform's rate that this process may use, in (0, 1]. */
  readonly rateShare: number;
  /** ms until nothing may be begun any more; may be infinite. */
  readonly timeLeftMs: number;
  /** ms that a record has taken on average so far; `undefined` while there was none. */
  readonly usualMs: number | undefined;
}

/**
 * As many as there is memory for, but no more than
 * - the platform's rate feeds: by Little's law, records a minute times the minutes that one takes are under way at a time, and any
 *   more only wait for their turn while their time runs;
 * - can be finished in the time left if they slow each other down to the full, for all share one processor and one connection; a
 *   process that has not archived anything yet knows nothing about that.
 *
 * @returns at least 1, and at most 16; 0 for an empty batch.
 */
export function batchConcurrency(conditions: BatchConditions): number {
  const { records, memoryMb = DEFAULT_MEMORY_MB, rateShare, timeLeftMs, usualMs } = conditions;
  const byMemory = Math.floor((memoryMb * MIB * USABLE - RESERVED_BYTES) / BYTES_PER_RECORDING);
  const recordsPerMinute = (REQUESTS_PER_MINUTE * rateShare) / REQUESTS_PER_RECORDING;
  const expectedMs = Math.max(MIN_RECORD_MS, usualMs ?? DEFAULT_RECORD_MS);
  const byRate = Math.ceil((recordsPerMinute * expectedMs) / 60_000);
  const byTime = usualMs === undefined ? MAX_AT_ONCE : Math.floor(timeLeftMs / Math.max(1, usualMs));
  return Math.min(records, Math.max(1, Math.min(byMemory, byRate, byTime, MAX_AT_ONCE)));
}
