/**
 * How much of the rate budget of an OAuth client a backfill may use while live archiving uses the same client. The platform counts
 * the requests of all clients (`inin-ratelimit-count`), a process knows its own: the difference is what the others send. No counter of ours
 * is kept anywhere. Pure but for {@link createYieldingBudget}.
 */
import { abortReason, type Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { type RateBudget, type RateReport, REQUESTS_PER_MINUTE } from './rate-budget.ts';

/** Requests a minute, or `yield`. */
export type YieldRate = 'yield' | number;

/** Requests a minute that are sent however much the others send: else a backfill would never learn that they have stopped. */
export const MIN_YIELD_RATE = 6;

/** Of the allowed requests, what a backfill and the others together may use. */
const USED_SHARE = 0.9;

/** What the others send may grow by a quarter before the next answer tells. */
const GROWTH = 1.25;

/** Of the allowed requests, what is used where answers do not state how many the others send. */
const BLIND_SHARE = 0.45;

/** The platform's window, ms. */
const WINDOW_MS = 60_000;

/** Part of a window after which what the others have sent so far tells their rate by itself. */
const MIN_SEEN_PART = 0.25;

/** Longest pause, ms. */
const MAX_PAUSE_MS = 180_000;

/** The platform states the rest of its window in whole seconds, ms. */
const ROUNDING_MS = 1_500;

/** A rate that is changed from outside is in force after this time, ms. */
const MAX_SLEEP_MS = 5_000;

/** What a process knows of the budget that it shares. */
export interface YieldState {
  /** Requests that the platform allows in a window. */
  readonly allowed: number;
  /** Epoch ms at which the platform's window began. */
  readonly windowStart: number;
  /** Own requests of the last two windows, epoch ms, ascending. */
  readonly sentAt: readonly number[];
  /** Requests of all others in the window, as the newest answer tells; `undefined` until one does. */
  readonly others: number | undefined;
  /** Requests of all others in the window before; `undefined` where that is not known. */
  readonly othersBefore: number | undefined;
  /** Epoch ms before which nothing is sent. */
  readonly pausedUntil: number;
}

export function startYielding(now: number, allowed = REQUESTS_PER_MINUTE): YieldState {
  return {
    allowed,
    windowStart: now,
    sentAt: [],
    others: undefined,
    othersBefore: undefined,
    pausedUntil: 0,
  };
}

/** The same at a later time: a window that is over makes place for a new one. */
export function rollWindow(state: YieldState, now: number): YieldState {
  const windows = Math.floor((now - state.windowStart) / WINDOW_MS);
  if (windows <= 0) return state;
  const windowStart = state.windowStart + windows * WINDOW_MS;
  return beginWindow(state, windowStart, windows === 1);
}

/** @param follows false where a window lies between, of which nothing is known. */
function beginWindow(state: YieldState, windowStart: number, follows: boolean): YieldState {
  const end = state.windowStart + WINDOW_MS;
  return {
    ...state,
    windowStart,
    others: undefined,
    othersBefore: follows ? othersByEnd(state, Math.min(windowStart, end)) : undefined,
  };
}

/** Requests that the others will have sent by the end of the window; `undefined` when nothing tells. */
function othersByEnd({ others, othersBefore, windowStart }: YieldState, now: number): number | undefined {
  if (others === undefined) return othersBefore;
  const part = Math.min(1, Math.max(0, (now - windowStart) / WINDOW_MS));
  const atThisRate = part >= MIN_SEEN_PART ? others / part : others;
  // the rest of the window at the rate of the one before
  const atRateBefore = others + (othersBefore ?? 0) * (1 - part);
  return Math.max(atThisRate, atRateBefore);
}

/** Requests this process may send in the window: `max(6, 0.9 × allowed − 1.25 × others)`, others as they will be at its end. */
export function quotaOf(state: YieldState, rate: YieldRate, now: number): number {
  const { allowed } = state;
  if (rate !== 'yield') return Math.max(1, Math.min(Math.floor(rate), allowed));
  const others = othersByEnd(state, now);
  const room = others === undefined ? BLIND_SHARE * allowed : USED_SHARE * allowed - GROWTH * others;
  return Math.max(Math.min(MIN_YIELD_RATE, allowed), Math.floor(room));
}

/**
 * How long the next request has to wait, ms; 0 when it may be sent. Requests are spread over the window: sent at once, they would
 * leave nothing to the others for the rest of it.
 */
export function timeUntilNextYielding(given: YieldState, rate: YieldRate, now: number): number {
  const state = rollWindow(given, now);
  const { pausedUntil, sentAt, windowStart, others = 0, allowed } = state;
  const quota = quotaOf(state, rate, now);
  const own = ownIn(state, windowStart, now);
  const isFull = own >= quota || own + others >= allowed;
  const full = isFull ? windowStart + WINDOW_MS : 0;
  const interval = WINDOW_MS / quota;
  // late by what calls took to come, it may catch up, but not all at once
  const last = sentAt.at(-1) ?? Number.NEGATIVE_INFINITY;
  const spread = Math.max(last + interval / 2, windowStart + own * interval);
  return Math.max(0, Math.ceil(Math.max(pausedUntil, full, spread) - now));
}

function ownIn({ sentAt }: YieldState, from: number, to: number): number {
  return sentAt.filter((at) => at >= from && at <= to).length;
}

/** One request is sent. */
export function noteSent(state: YieldState, now: number): YieldState {
  const rolled = rollWindow(state, now);
  return { ...rolled, sentAt: [...rolled.sentAt.filter((at) => at > now - 2 * WINDOW_MS), now] };
}

/** Takes in what an answer said of the budget. */
export function noteReport(
  state: YieldState,
  { allowed, count, resetMs }: RateReport,
  now: number,
): YieldState {
  let next = rollWindow(state, now);
  if (allowed !== undefined && allowed > 0) next = { ...next, allowed };
  if (count === undefined) return next;
  next = alignWindow(next, resetMs, now);
  const others = Math.max(0, count - ownIn(next, next.windowStart, now));
  next = { ...next, others };
  return count >= next.allowed && resetMs !== undefined ? notePause(next, resetMs, now) : next;
}

/** The platform says, in whole seconds, when its window ends: ours becomes that one. */
function alignWindow(state: YieldState, resetMs: number | undefined, now: number): YieldState {
  if (resetMs === undefined || resetMs <= 0 || resetMs > WINDOW_MS) return state;
  const start = now + resetMs - WINDOW_MS;
  const shift = start - state.windowStart;
  if (Math.abs(shift) <= ROUNDING_MS) return state;
  return shift > WINDOW_MS / 2 ? beginWindow(state, start, true) : { ...state, windowStart: start };
}

/** Nothing is sent for that long, ms. */
export function notePause(state: YieldState, ms: number, now: number): YieldState {
  const until = now + Math.min(ms, MAX_PAUSE_MS);
  return until > state.pausedUntil ? { ...state, pausedUntil: until } : state;
}

export interface YieldingBudget extends RateBudget {
  /** Takes in a limit that was read from the platform. */
  allow(perMinute: number): void;
  /** Requests a minute it would send now. */
  quota(): number;
  /** Requests sent since it was made. */
  sent(): number;
  /** Calls that wait for their turn now. */
  waiting(): number;
}

/**
 * The budget of a backfill: calls wait here, first come, first served, until the others leave room.
 *
 * @param rate asked before each request, so that it can be changed while the work goes on.
 */
export function createYieldingBudget({
  clock,
  rate,
}: {
  readonly clock: Clock;
  readonly rate: () => YieldRate;
}): YieldingBudget {
  let state = startYielding(clock.now());
  let sent = 0;
  let waiting = 0;
  let queue: Promise<void> = Promise.resolve();

  const waitForTurn: RateBudget['acquire'] = async (budget) => {
    for (;;) {
      if (budget.signal.aborted) throw abortReason(budget.signal);
      const now = clock.now();
      const waitMs = timeUntilNextYielding(state, rate(), now);
      if (waitMs === 0) {
        state = noteSent(state, now);
        sent += 1;
        return;
      }
      if (now + waitMs >= budget.deadline) {
        const message = 'the rate that live archiving leaves has no room for this call before its deadline';
        throw new ArchiveError('GENESYS_THROTTLED', message, { details: { waitMs } });
      }
      // an answer that comes meanwhile may shorten or lengthen the wait
      await clock.sleep(Math.min(waitMs, MAX_SLEEP_MS), budget.signal);
    }
  };

  return {
    acquire(budget) {
      waiting += 1;
      const turn = queue
        .then(() => waitForTurn(budget))
        .finally(() => {
          waiting -= 1;
        });
      queue = turn.catch(() => undefined);
      return turn;
    },
    observe(report) {
      state = noteReport(state, report, clock.now());
    },
    pause(ms) {
      state = notePause(state, ms, clock.now());
    },
    allow(perMinute) {
      if (perMinute > 0) state = { ...state, allowed: perMinute };
    },
    quota: () => quotaOf(rollWindow(state, clock.now()), rate(), clock.now()),
    sent: () => sent,
    waiting: () => waiting,
  };
}
