/** Who may work on a shard. Pure: no clock, no store. */

/** Times of the engine, ms. Tests shorten them. */
export interface JobTiming {
  /** A lease without a sign of life ends after this. */
  readonly leaseMs: number;
  /** Its owner renews it after this. Well below the half, so that two failed renewals do no harm. */
  readonly renewMs: number;
  /** How often controls are looked at, the cursor is written and the lease is thought of. */
  readonly beatMs: number;
  /** How long work under way may go on once the job is paused. */
  readonly pauseGraceMs: number;
  /** How long the last writes may take once the work has to stop. */
  readonly closingMs: number;
  /** How often a runner that stays looks for something to do. */
  readonly lookMs: number;
}

export const JOB_TIMING: JobTiming = {
  leaseMs: 5 * 60_000,
  renewMs: 100_000,
  beatMs: 10_000,
  pauseGraceMs: 10_000,
  closingMs: 20_000,
  lookMs: 15_000,
};

/** What a listing and the newest lease of a shard say. */
export interface LeaseSight {
  readonly turn: number;
  /** Given back by its owner: may be taken once it has rested. */
  readonly released: boolean;
  /** ms that a shard given back has to rest. */
  readonly restMs: number;
  /** The store's time of the newest object of this turn, epoch ms: the lease itself or a cursor. */
  readonly lastSign: number;
}

export interface LeaseQuestion {
  /** `undefined`: no turn was ever taken. */
  readonly sight: LeaseSight | undefined;
  /** The store's time now, as an own write has told it; `undefined` when nothing was written yet. */
  readonly storeNow: number | undefined;
  /** ms for which this runner itself has seen `sight` unchanged. */
  readonly unchangedMs: number;
  readonly leaseMs: number;
}

export type LeaseAnswer = { readonly take: number } | { readonly waitMs: number };

/**
 * Reports whether the next turn may be taken. Two times of different clocks are never compared: the age of a lease is the difference of
 * two times of the store, or what this runner has watched itself. A clock that is wrong, a runner's or the store's, can make a
 * lease end early or late: then items are worked on again, none is lost.
 */
export function judgeLease({ sight, storeNow, unchangedMs, leaseMs }: LeaseQuestion): LeaseAnswer {
  if (sight === undefined) return { take: 1 };
  const lasts = sight.released ? sight.restMs : leaseMs;
  const age = Math.max(unchangedMs, storeNow === undefined ? 0 : storeNow - sight.lastSign);
  return age >= lasts ? { take: sight.turn + 1 } : { waitMs: lasts - age };
}

/** Must the owner take the next turn, so that others see that it lives? Any gap that others may have judged is longer than this. */
export function mustRenew(lastSignAt: number, now: number, { renewMs }: JobTiming): boolean {
  // a clock that was put back tells nothing: renew
  return now - lastSignAt >= renewMs || now < lastSignAt;
}
