/** Compares what the platform says was recorded on a day with what the archive holds. Pure. */
import { canonicalId } from '../../recording/id.ts';
import type { SourceRecording } from '../../ports.ts';
import { subjectHash } from '../../record/erasure.ts';
import type { ListLine } from '../formats/list-lines.ts';
import { type ExcludedReason, EXPIRED, IS_REASON, type UnexpectedReason } from '../formats/reasons.ts';
import type { Differences } from '../formats/statement.ts';
import { present } from '../../present.ts';

/** What the archive holds under a day, by canonical recording ids. */
export interface DayHoldings {
  /** Their objects were seen, and they are not erased. */
  readonly held: ReadonlySet<string>;
  /** The platform had said that there is nothing to archive. */
  readonly terminal: ReadonlyMap<string, ExcludedReason>;
  /** Receipts promise an object that was not seen. */
  readonly lost: ReadonlySet<string>;
  /** They wait for a person's decision. */
  readonly quarantined?: ReadonlySet<string>;
  /** The same, and a rule of retention had let the objects go. */
  readonly expired?: ReadonlySet<string>;
  /** `subjectHash`es. */
  readonly erased: ReadonlySet<string>;
  /** `subjectHash`es of what this archive has deleted at the platform; absent where that was not looked up. */
  readonly deletedByUs?: ReadonlySet<string>;
  /** Held, but under another day. */
  readonly elsewhere: ReadonlySet<string>;
  /** Of deliveries that failed permanently: error codes. */
  readonly failed: ReadonlyMap<string, string>;
}

export type DayState = 'both' | 'missing' | 'pending' | 'excluded' | 'unexpected';

/** One recording, and what became of it. */
export interface Compared {
  readonly conversationId: string;
  readonly recordingId: string;
  readonly media: string;
  readonly startedAt?: number;
  readonly divisionId?: string;
  readonly state: DayState;
  readonly reason?: string;
}

export interface Comparison {
  /** Of the platform's recordings of this day. */
  readonly listed: readonly Compared[];
  /** Held here, and not listed there. */
  readonly unexpected: readonly Compared[];
}

export interface ComparedDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly source: readonly SourceRecording[];
  readonly holdings: DayHoldings;
  /** The client sees recordings of all divisions. */
  readonly seesAll: boolean;
}

/** Each recording has one state, and each state but `both` a reason of a closed list. */
export function compareDay({ day, source, holdings, seesAll }: ComparedDay): Comparison {
  const listed: Compared[] = [];
  const known = new Set<string>();
  for (const recording of source) {
    const id = canonicalId(recording.recordingId);
    if (known.has(id)) continue;
    if (isOfAnotherDay(recording, day) && !holdings.held.has(id)) continue;
    known.add(id);
    const { conversationId, media, startedAt, divisionId } = recording;
    listed.push({
      conversationId: canonicalId(conversationId),
      recordingId: id,
      media,
      ...present({ startedAt, divisionId }),
      ...judge(recording, id, holdings),
    });
  }
  const unexpected = [...holdings.held]
    .filter((id) => !known.has(id))
    .map(
      (id): Compared => ({
        conversationId: 'unknown',
        recordingId: id,
        media: 'unknown',
        state: 'unexpected',
        reason: whyUnexpected(id, { holdings, seesAll }),
      }),
    );
  return { listed, unexpected };
}

function whyUnexpected(
  id: string,
  { holdings, seesAll }: Pick<ComparedDay, 'holdings' | 'seesAll'>,
): UnexpectedReason {
  if (holdings.deletedByUs?.has(subjectHash(id)) === true) return 'deleted-by-archive';
  return seesAll ? 'gone-at-source' : 'outside-visibility';
}

function isOfAnotherDay({ startedAt }: SourceRecording, day: string): boolean {
  return startedAt !== undefined && !new Date(startedAt).toISOString().startsWith(day);
}

function judge(
  { state, reason }: SourceRecording,
  id: string,
  holdings: DayHoldings,
): { readonly state: DayState; readonly reason?: string } {
  // what was seen here counts, even if the platform says otherwise by now
  if (holdings.held.has(id)) return { state: 'both' };
  if (holdings.erased.has(subjectHash(id))) return { state: 'excluded', reason: 'erased' };
  if (holdings.quarantined?.has(id) === true) return { state: 'pending', reason: 'quarantined' };
  if (holdings.lost.has(id)) return { state: 'missing', reason: 'lost' };
  if (holdings.expired?.has(id) === true) return { state: 'excluded', reason: EXPIRED };
  if (state === 'excluded') return { state, reason: acceptable('excluded', reason, 'no-media') };
  if (holdings.elsewhere.has(id)) return { state: 'excluded', reason: 'other-day' };
  const ended = holdings.terminal.get(id);
  if (state === 'pending' && ended !== undefined) return { state: 'excluded', reason: ended };
  if (state === 'pending') return { state, reason: acceptable('pending', reason, 'uploading') };
  const code = holdings.failed.get(id);
  const failed = code === undefined ? undefined : `failed:${code}`;
  if (failed !== undefined && IS_REASON.missing(failed)) return { state: 'missing', reason: failed };
  // a receipt says that there is nothing to archive, and the platform has it: it came back, or never was gone
  if (ended !== undefined) return { state: 'missing', reason: 'failed:TERMINAL' };
  return { state: 'missing', reason: 'never-announced' };
}

function acceptable(state: 'excluded' | 'pending', reason: string | undefined, instead: string): string {
  return reason !== undefined && IS_REASON[state](reason) ? reason : instead;
}

/** Counts a comparison; the list is the caller's to add. */
export function countDifferences({ listed, unexpected }: Comparison): Omit<Differences, 'list'> {
  const counts = {
    missing: { total: 0, byReason: {} as Record<string, number> },
    pending: { total: 0, byReason: {} as Record<string, number> },
    excluded: { total: 0, byReason: {} as Record<string, number> },
    unexpected: { total: 0, byReason: {} as Record<string, number> },
  };
  const byMedia: Differences['byMedia'] = {};
  let both = 0;
  for (const { state, reason = '', media } of [...listed, ...unexpected]) {
    const ofMedia = (byMedia[media] ??= { both: 0, excluded: 0, missing: 0, pending: 0 });
    if (state !== 'unexpected') ofMedia[state] += 1;
    if (state === 'both') {
      both += 1;
      continue;
    }
    counts[state].total += 1;
    counts[state].byReason[reason] = (counts[state].byReason[reason] ?? 0) + 1;
  }
  const seen = Object.entries(byMedia).filter(([, each]) => Object.values(each).some((count) => count > 0));
  return { both, ...counts, byMedia: Object.fromEntries(seen) };
}

/** Returns a line of a list. @param nonce 32 hex digits. */
export function lineOf(compared: Compared, nonce: string): ListLine {
  const { conversationId, recordingId, media, startedAt, state, reason } = compared;
  return {
    conversation: conversationId,
    media,
    nonce,
    ...present({ reason }),
    recording: recordingId,
    ...present({ started: startedAt === undefined ? undefined : new Date(startedAt).toISOString() }),
    state,
  };
}
