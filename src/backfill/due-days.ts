/** What is fetched day by day: which days are due, newest first, and what becomes of each. Facts and audits share it. */
import type { Budget, Clock } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import { DAY_MS, dayOf } from '../recording/time.ts';
import { endsTheWork } from './outcome.ts';
import { daysOf } from './sources/days.ts';

/** Days that a nightly run looks back: what failed for a week is caught up with. */
export const LOOK_BACK_DAYS = 14;

/**
 * Reports whether a day is due: at its end, and again at each of the further stages, for the platform goes on with its data. Pure.
 *
 * @param stages ms after the end of the day.
 * @param day epoch ms of its midnight, UTC.
 * @param writtenAt epoch ms at which it was stored last.
 */
export function isDayDue(
  stages: readonly number[],
  day: number,
  writtenAt: number | undefined,
  now: number,
): boolean {
  const end = day + DAY_MS;
  return stages.some((stage) => end + stage <= now && (writtenAt ?? 0) < end + stage);
}

/** A day that was not stored: it is `fresh`, the platform has not all of it, or it failed, and the other days go on. */
export interface PassedDay {
  readonly day: string;
  readonly outcome: 'fresh' | 'late' | 'failed';
  readonly error?: ArchiveError;
}

export interface DueDaysOptions<Day> {
  /** Epoch ms of the midnights of the first and the last day, UTC; the last days where it is not said. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Also days that are fresh. */
  readonly anew?: boolean;
  readonly onDay?: (day: Day | PassedDay) => void;
}

export interface DueDaysPorts<Day> {
  readonly clock: Clock;
  readonly stages: readonly number[];
  /** Epoch ms at which a day was stored last. */
  writtenAt(day: string, budget: Budget): Promise<number | undefined>;
  /** Whether the platform has all of a day. */
  isComplete?(at: number, budget: Budget): Promise<boolean>;
  fetch(at: number, budget: Budget): Promise<Day>;
}

/** The days that a run looks at, newest first. Pure. */
export function daysInReach(
  { from, to }: Pick<DueDaysOptions<unknown>, 'from' | 'to'>,
  now: number,
): readonly number[] {
  const last = to ?? Math.floor(now / DAY_MS) * DAY_MS - DAY_MS;
  return daysOf(from ?? last - (LOOK_BACK_DAYS - 1) * DAY_MS, last);
}

/**
 * Fetches the days that are due, newest first. Harmless to end at any point: a day is stored as a whole, or not at all.
 *
 * @throws what every other day would meet as well: `GENESYS_AUTH_REJECTED`, `GENESYS_FORBIDDEN`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`.
 */
export async function fetchDueDays<Day>(
  ports: DueDaysPorts<Day>,
  { anew = false, onDay = () => undefined, ...range }: DueDaysOptions<Day>,
  budget: Budget,
): Promise<readonly (Day | PassedDay)[]> {
  const { clock, stages } = ports;
  const days: (Day | PassedDay)[] = [];
  for (const at of daysInReach(range, clock.now())) {
    const day = dayOf(at);
    const writtenAt = await ports.writtenAt(day, budget);
    let one: Day | PassedDay;
    if (!anew && !isDayDue(stages, at, writtenAt, clock.now())) one = { day, outcome: 'fresh' };
    else if ((await ports.isComplete?.(at, budget)) === false) one = { day, outcome: 'late' };
    else one = await attempt(() => ports.fetch(at, budget), day, budget);
    days.push(one);
    onDay(one);
  }
  return days;
}

async function attempt<Day>(work: () => Promise<Day>, day: string, budget: Budget): Promise<Day | PassedDay> {
  try {
    return await work();
  } catch (thrown) {
    const error = toArchiveError(thrown);
    if (budget.signal.aborted || error.code === 'OUT_OF_TIME' || endsTheWork(error)) throw error;
    if (error.code === 'GENESYS_FORBIDDEN' || error.code.startsWith('STORE_')) throw error;
    return { day, outcome: 'failed', error };
  }
}
