/** Which days are stated when: docs/proof.md, "When a day is final". Pure. */
import { DAY_MS, dayOf } from '../../recording/time.ts';

/** Hours after its end from which on a day can be final: the platform rewrites data for three days. */
const SETTLED_MS = 96 * 3_600_000;
/** How far the platform's data must reach beyond the end of the day. */
const MARGIN_MS = 24 * 3_600_000;
/** A day that is still open then becomes final with what is open named. */
export const MAX_OPEN_DAYS = 35;
/** Days after a day on which it is looked at again, final or not. */
const LOOKS = [14, MAX_OPEN_DAYS] as const;

/** Until the platform is asked again that could not be asked: not twice in one run. */
const AGAIN_MS = 30 * 60_000;

export const startOf = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);
export const endOf = (day: string): number => startOf(day) + DAY_MS;
export { DAY_MS, dayOf };
export const addDays = (day: string, count: number): string => dayOf(startOf(day) + count * DAY_MS);

/** Returns the days from one to another, both included. */
export function daysBetween(first: string, last: string): readonly string[] {
  const count = Math.floor((startOf(last) - startOf(first)) / DAY_MS) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => addDays(first, at));
}

export type OpenQuestion = 'pending' | 'source-late' | 'source-unavailable';

export interface DaySituation {
  readonly day: string;
  /** Epoch ms. */
  readonly now: number;
  /** Recordings that the platform does not have ready yet; `undefined` when it could not be asked. */
  readonly pending: number | undefined;
  /** Epoch ms, where the platform says it. */
  readonly dataAvailableUntil: number | undefined;
}

/** Says whether a day is final, and with which questions open. */
export function statusOf({ day, now, pending, dataAvailableUntil }: DaySituation): {
  readonly status: 'provisional' | 'final';
  readonly open?: OpenQuestion[];
} {
  const open: OpenQuestion[] = [];
  if (pending === undefined) open.push('source-unavailable');
  else {
    if (pending > 0) open.push('pending');
    if (dataAvailableUntil === undefined || dataAvailableUntil < endOf(day) + MARGIN_MS)
      open.push('source-late');
  }
  if (now < endOf(day) + SETTLED_MS) return { status: 'provisional' };
  if (open.length === 0) return { status: 'final' };
  return now >= endOf(day) + MAX_OPEN_DAYS * DAY_MS ? { status: 'final', open } : { status: 'provisional' };
}

/** What the last revision of a day says of itself. */
export interface LastLook {
  readonly day: string;
  readonly status: 'provisional' | 'final';
  /** Epoch ms at which it was made. */
  readonly at: number;
  /** The platform could not be asked, or not to the end. */
  readonly isUnavailable: boolean;
  /** Epoch ms at which a count of it was cut off last. */
  readonly cutOff: number | undefined;
}

/**
 * Lists the days whose source is asked again when the days of `fresh` are stated for the first time: those that are looked at 14 and 35
 * days later, provisional ones that may have settled, those that were stated before they had ended,
 * and, at every run, those of which the platform could not be asked, or not to the end.
 */
export function looksDue(
  fresh: readonly string[],
  known: readonly LastLook[],
  now: number,
): readonly string[] {
  const due = new Set<string>();
  for (const { day, status, at, isUnavailable, cutOff } of known) {
    if (at < endOf(day) && now >= endOf(day)) due.add(day);
    const isAgain = isUnavailable && now >= Math.max(endOf(day), at + AGAIN_MS);
    if (status === 'provisional' && isAgain) due.add(day);
    const isCutOff = cutOff !== undefined && cutOff > at && now >= cutOff + AGAIN_MS && now < cutOff + DAY_MS;
    if (isCutOff) due.add(day);
    if (fresh.length === 0) continue;
    if (status === 'provisional' && now >= endOf(day) + SETTLED_MS) due.add(day);
    if (LOOKS.some((count) => fresh.includes(addDays(day, count)))) due.add(day);
  }
  return [...due].sort();
}
