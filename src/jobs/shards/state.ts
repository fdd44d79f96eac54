/** What is known of a shard's items while they are worked on. Pure: takes the time. */
import { present } from '../../present.ts';
import type { Outcome } from '../kind.ts';

/** An item waits this long, from the first time that it had to, ms. Then it is listed as failed, retryable. */
export const MAX_LATER_MS = 24 * 60 * 60 * 1000;
const MIN_REST_MS = 60_000;
const MAX_REST_MS = 60 * 60_000;
/** Characters of a reason. */
const MAX_REASON = 300;

export interface FailedItem {
  readonly index: number;
  readonly code: string;
  readonly reason: string;
  readonly retryable: boolean;
  readonly attempts: number;
  readonly details?: unknown;
}

export interface LaterItem {
  readonly index: number;
  /** Epoch ms of the first time that it had to wait, and of the latest. */
  readonly since: number;
  readonly tried: number;
  readonly attempts: number;
  readonly code: string;
  readonly reason: string;
}

export interface ShardCounts {
  readonly done: number;
  readonly already: number;
  readonly bytes: number;
  readonly results: number;
}

/** All that a cursor holds. Replaced, never changed. */
export interface ShardState {
  /** All items before this one are settled or wait. */
  readonly after: number;
  /** Those behind it that are, too, ascending. */
  readonly beyond: readonly number[];
  readonly counts: ShardCounts;
  readonly failed: readonly FailedItem[];
  readonly later: readonly LaterItem[];
}

export const FRESH: ShardState = {
  after: 0,
  beyond: [],
  counts: { done: 0, already: 0, bytes: 0, results: 0 },
  failed: [],
  later: [],
};

/** An outcome of the item at `index` of the shard. */
export type ItemOutcome = Outcome;

/** The state after one more outcome. An outcome of an item that is settled already changes nothing. */
export function settle(state: ShardState, outcome: ItemOutcome, now: number): ShardState {
  const { index } = outcome;
  const waiting = state.later.find((item) => item.index === index);
  if (waiting === undefined && isSeen(state, index)) return state;
  const seen = waiting === undefined ? see(state, index) : state;
  const later = seen.later.filter((item) => item.index !== index);
  const attempts = (waiting?.attempts ?? 0) + 1;
  const { code = 'UNEXPECTED' } = outcome;
  const reason = (outcome.reason ?? '').slice(0, MAX_REASON);
  if (outcome.state === 'failed') {
    const retryable = outcome.retryable ?? false;
    const item = { index, code, reason, retryable, attempts, ...present({ details: outcome.details }) };
    return { ...seen, later, failed: [...seen.failed, item] };
  }
  if (outcome.state === 'later') {
    const since = outcome.isPatient === true ? now : (waiting?.since ?? now);
    const item = { index, since, tried: now, attempts, code, reason };
    return expire({ ...seen, later: [...later, item] }, now);
  }
  const { counts } = seen;
  return {
    ...seen,
    later,
    counts: {
      ...counts,
      [outcome.state]: counts[outcome.state] + 1,
      bytes: counts.bytes + outcome.bytes,
      results: counts.results + (outcome.results ?? 0),
    },
  };
}

/** Moves items that have waited for {@link MAX_LATER_MS} to the failed ones, as retryable. */
export function expire(state: ShardState, now: number): ShardState {
  const over = state.later.filter(({ since }) => now - since >= MAX_LATER_MS);
  if (over.length === 0) return state;
  const failed = over.map(({ index, code, reason, attempts }) => ({
    index,
    code,
    reason,
    retryable: true,
    attempts,
  }));
  const later = state.later.filter((item) => !over.includes(item));
  return { ...state, later, failed: [...state.failed, ...failed] };
}

/** Indices that no outcome is known of, ascending. */
export function pendingOf(state: ShardState, size: number): number[] {
  const beyond = new Set(state.beyond);
  const pending: number[] = [];
  for (let index = state.after; index < size; index += 1) if (!beyond.has(index)) pending.push(index);
  return pending;
}

/** Items that have no outcome that lasts: pending or waiting. */
export function unsettledOf(state: ShardState, size: number): number {
  return size - settledOf(state);
}

/** Items done, found done, or failed. */
export function settledOf({ counts, failed }: ShardState): number {
  return counts.done + counts.already + failed.length;
}

/** Items that wait and may be tried again now, those that waited longest first. */
export function dueOf(state: ShardState, now: number): number[] {
  return state.later
    .filter((item) => now - item.tried >= restMs(item.attempts))
    .toSorted((a, b) => a.tried - b.tried)
    .map(({ index }) => index);
}

/** How long the shard rests until an item of it is due, ms; `undefined` when none waits. */
export function restOf(state: ShardState, now: number): number | undefined {
  if (state.later.length === 0) return undefined;
  const rests = state.later.map(({ tried, attempts }) => Math.max(0, restMs(attempts) - (now - tried)));
  // a clock that was put back must not make it rest for longer than it ever would
  return Math.min(MAX_REST_MS, ...rests);
}

/** A minute after the first attempt, then twice as long each time, an hour at most. */
export function restMs(attempts: number): number {
  return Math.min(MIN_REST_MS * 2 ** Math.min(attempts - 1, 20), MAX_REST_MS);
}

function isSeen({ after, beyond }: ShardState, index: number): boolean {
  return index < after || beyond.includes(index);
}

function see(state: ShardState, index: number): ShardState {
  const beyond = [...state.beyond, index].sort((a, b) => a - b);
  let { after } = state;
  while (beyond[0] === after) {
    beyond.shift();
    after += 1;
  }
  return { ...state, after, beyond };
}
