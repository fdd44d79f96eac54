/** Whether a recording may be deleted at the source, and on which day. Pure: takes what was found and the time. */
import { DAY_MS } from '../../recording/time.ts';
import { isByUs, type SourceDeletion } from '../../record/source-deletion.ts';
import type { Protection, SourceStanding } from '../../ports.ts';

/** What the plan asks for besides what always has to be. */
export interface DeletionRules {
  /** The archive's copy is compared with a new download. */
  readonly compare: boolean;
  /** The operator states that the archive's client has always got recordings unredacted. */
  readonly statedUnredacted: boolean;
  readonly wantsContext: boolean;
  readonly wantsTranscript: boolean;
  /** Days between the act and the deletion. */
  readonly graceDays: number;
  /** Days that a drill counts. */
  readonly drillDays: number;
  /** Epoch ms at which the plan was made: what was taken back since is not set again by it. */
  readonly plannedAt: number;
}

export interface CopyFacts {
  /**
   * `verified`: each file of the recording is there, decrypts, and is what its receipt states. `partial`: a file of it is missing.
   * `unproven`: there is no receipt of the attempt that stored it. `quarantined`: a file of it waits for a person's decision.
   */
  readonly objects:
    | 'verified'
    | 'partial'
    | 'unproven'
    | 'damaged'
    | 'missing'
    | 'erased'
    | 'quarantined'
    | 'other-recording';
  readonly comparison: 'same' | 'different' | 'partial' | 'unavailable' | 'not-asked';
  /** The client that compared gets recordings unredacted. */
  readonly seesUnredacted: 'yes' | 'no' | 'unknown' | 'not-asked';
  readonly context: 'kept' | 'missing' | 'damaged' | 'not-asked';
  readonly transcript: 'kept' | 'none' | 'forbidden' | 'missing' | 'damaged' | 'not-asked';
}

export interface DrillFacts {
  /** Epoch ms of the day of the last drill that counts; `undefined` without one. */
  readonly at: number | undefined;
  readonly restored: number;
  readonly failed: number;
}

export interface DeletionFacts {
  readonly copy: CopyFacts;
  readonly heldBy: readonly string[];
  readonly protection: Protection;
  readonly source: SourceStanding;
  readonly drill: DrillFacts;
  readonly last: SourceDeletion | undefined;
}

/** Why a recording is left at the source. In the order in which they are told. */
export const DELETION_REFUSALS = [
  'missing',
  'erased',
  'quarantined',
  'other-recording',
  'damaged',
  'unproven',
  'partial',
  'different',
  'not-compared',
  'maybe-redacted',
  'context-missing',
  'transcript-missing',
  'held',
  'protected',
  'protection-unknown',
  'drill-missing',
  'drill-failed',
  'source-unknown',
  'not-available',
  'export-pending',
  'own-date',
  'taken-back',
  'date-removed',
] as const;
export type DeletionRefusal = (typeof DELETION_REFUSALS)[number];

export type DeletionVerdict =
  /** A date may be set. */
  | { readonly state: 'allowed'; readonly deleteDate: string }
  /** The date that we set stands. */
  | { readonly state: 'already'; readonly deleteDate: string }
  | { readonly state: 'gone'; readonly answer: 'DELETED' | 'not-found'; readonly byUs: boolean }
  | { readonly state: 'refused'; readonly reasons: readonly DeletionRefusal[] };

export function judgeDeletion(facts: DeletionFacts, rules: DeletionRules, now: number): DeletionVerdict {
  const { source, last } = facts;
  const deleteDate = deleteDateOf(now, rules.graceDays);
  if (source.state === 'gone') {
    return { state: 'gone', answer: source.answer, byUs: isByUs(last, now) };
  }
  const stated = source.state === 'listed' ? source.dates.deleteDate : undefined;
  const isOurs = isSameDay(stated, last?.deleteDate);
  if (last?.step === 'marked' && isOurs && stated !== undefined) {
    return { state: 'already', deleteDate: stated };
  }
  const reasons = new Set<DeletionRefusal>([
    ...copyRefusals(facts.copy, rules),
    ...drillRefusals(facts.drill, rules, now),
  ]);
  if (facts.heldBy.length > 0) reasons.add('held');
  if (facts.protection === 'protected') reasons.add('protected');
  if (facts.protection === 'unknown') reasons.add('protection-unknown');
  for (const reason of sourceRefusals(source, deleteDate, last?.step === 'marking' && isOurs))
    reasons.add(reason);
  const isTakenBack = last?.step === 'cancelled' || last?.step === 'cancelling';
  if (isTakenBack && Date.parse(last.times.issued) >= rules.plannedAt) reasons.add('taken-back');
  if (last?.step === 'marked' && !isOurs) reasons.add('date-removed');
  if (reasons.size === 0) return { state: 'allowed', deleteDate };
  return { state: 'refused', reasons: DELETION_REFUSALS.filter((reason) => reasons.has(reason)) };
}

/** The first midnight, UTC, that is the grace away: the platform may leave the time of day out, and must not come sooner for it. */
export function deleteDateOf(now: number, graceDays: number): string {
  return new Date(Math.ceil((now + graceDays * DAY_MS) / DAY_MS) * DAY_MS).toISOString();
}

/** Reports whether the platform's date is the day that we set. */
export function isSameDay(stated: string | undefined, ours: string | undefined): boolean {
  if (stated === undefined || ours === undefined) return false;
  return Math.floor(Date.parse(stated) / DAY_MS) === Math.floor(Date.parse(ours) / DAY_MS);
}

function copyRefusals(copy: CopyFacts, rules: DeletionRules): readonly DeletionRefusal[] {
  const { objects, comparison } = copy;
  // nothing else was looked at then
  if (objects !== 'verified' && objects !== 'partial') return [objects];
  const reasons: DeletionRefusal[] = objects === 'partial' ? [objects] : [];
  if (comparison === 'different') reasons.push('different');
  else if (comparison === 'partial') reasons.push('partial');
  else if (rules.compare && comparison !== 'same') reasons.push('not-compared');
  const isCompared = comparison === 'same' && copy.seesUnredacted === 'yes';
  if (!isCompared && !rules.statedUnredacted) reasons.push('maybe-redacted');
  if (rules.wantsContext && copy.context !== 'kept') reasons.push('context-missing');
  const isTranscribed = copy.transcript === 'kept' || copy.transcript === 'none';
  if (rules.wantsTranscript && !isTranscribed) reasons.push('transcript-missing');
  return reasons;
}

function drillRefusals(drill: DrillFacts, rules: DeletionRules, now: number): readonly DeletionRefusal[] {
  const isRecent = drill.at !== undefined && now - drill.at <= rules.drillDays * DAY_MS && drill.at <= now;
  if (!isRecent || (drill.failed === 0 && drill.restored === 0)) return ['drill-missing'];
  return drill.failed > 0 ? ['drill-failed'] : [];
}

/** @param isBegun the date that stands there is one that we began to set. */
function sourceRefusals(
  source: SourceStanding,
  deleteDate: string,
  isBegun: boolean,
): readonly DeletionRefusal[] {
  if (source.state !== 'listed') return ['source-unknown'];
  const reasons: DeletionRefusal[] = [];
  // to touch the dates of one that is in the platform's own archive may have it brought back
  if (source.fileState !== 'AVAILABLE') reasons.push('not-available');
  if (source.exportPending) reasons.push('export-pending');
  const stated = source.dates.deleteDate;
  // the platform deletes it by itself, and not later: to set another date would keep it
  if (stated !== undefined && !isBegun && Date.parse(stated) <= Date.parse(deleteDate))
    reasons.push('own-date');
  return reasons;
}
