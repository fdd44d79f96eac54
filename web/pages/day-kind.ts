/** How a day is drawn: what its counts and its statement come to. Pure. */
import type { CompletenessDay } from '../api-types.ts';

export type DayKind = 'complete' | 'provisional' | 'missing' | 'broken' | 'pending' | 'unasked' | 'empty';

/** A sign and words each: the colour only repeats them. */
export const KINDS: Readonly<Record<DayKind, { readonly sign: string; readonly words: string }>> = {
  complete: { sign: '✓', words: 'complete: sealed and verified, nothing missing' },
  provisional: { sign: '~', words: 'nothing missing so far: the statement is provisional' },
  missing: { sign: '!', words: 'recordings are missing' },
  broken: { sign: '×', words: 'the statement does not verify' },
  pending: { sign: '…', words: 'uploads are pending' },
  unasked: { sign: '?', words: 'not compared with the platform, or not checked' },
  empty: { sign: '', words: 'nothing archived, and not compared with the platform' },
};

export function kindOf({ statement, missing, pending, recorded, archived, gone }: CompletenessDay): DayKind {
  if (statement === 'broken') return 'broken';
  if (missing !== null && missing > 0) return 'missing';
  if (statement === 'none' && archived === 0 && gone === 0) return 'empty';
  // without a statement that verifies no figure of the platform counts
  if (statement === 'none' || statement === 'unchecked' || recorded === null || missing === null)
    return 'unasked';
  if (pending === null || pending > 0) return 'pending';
  return statement === 'sealed' ? 'complete' : 'provisional';
}

export interface YearSum {
  readonly archived: number;
  /** Of the days that were compared; `undefined` where none was. */
  readonly recorded: number | undefined;
  readonly missing: number;
  /** Days with recordings, and how many of those were not compared. */
  readonly days: number;
  readonly notAsked: number;
  readonly complete: number;
}

export function sumOf(days: readonly CompletenessDay[]): YearSum {
  const compared = days.filter(({ recorded }) => recorded !== null);
  const filled = days.filter((day) => kindOf(day) !== 'empty');
  const sum = (of: (day: CompletenessDay) => number | null) =>
    days.reduce((all, day) => all + (of(day) ?? 0), 0);
  return {
    archived: sum(({ archived }) => archived),
    recorded: compared.length === 0 ? undefined : sum(({ recorded }) => recorded),
    missing: sum(({ missing }) => missing),
    days: filled.length,
    notAsked: filled.filter(({ recorded }) => recorded === null).length,
    complete: days.filter((day) => kindOf(day) === 'complete').length,
  };
}
