/**
 * What the rules of a retention file say of one recording. Pure. What is not known is not taken for absent: a rule that may be for a
 * recording counts as long as the contrary is not known, and of all that count the longest applies.
 */
import { DAY_MS } from '../../recording/time.ts';
import type { RetentionAtWrite } from '../../record/keep-on-write.ts';
import {
  OTHERWISE,
  RETENTION_MEDIA,
  type RetentionMedium,
  type RetentionRule,
  type RetentionRules,
} from '../../record/retention-file.ts';

/** `undefined`: not known, or not yet. An empty list: it is known that there was none. */
export interface RetentionFacts {
  readonly media: RetentionMedium | undefined;
  readonly queues: readonly string[] | undefined;
  readonly divisions: readonly string[] | undefined;
}

export interface RetentionDecision {
  /** Names of the rules that are for the recording, or may be. */
  readonly rules: readonly string[];
  /** Whether more knowledge changes nothing. */
  readonly isCertain: boolean;
  /** Days that it must stay: the longest of what may apply. */
  readonly keepDays: number;
  /** Days that it must stay in any case. */
  readonly sureKeepDays: number;
  /** Days from which on it may go; `undefined`: nothing removes it. The longest of what may apply. */
  readonly removeDays: number | undefined;
  /** Whether more knowledge does not change `removeDays`. */
  readonly isRemovalCertain: boolean;
}

type Fit = 'yes' | 'no' | 'maybe';

export function decideRetention(rules: RetentionRules, facts: RetentionFacts): RetentionDecision {
  const sure: RetentionRule[] = [];
  const possible: RetentionRule[] = [];
  for (const rule of rules.rules) {
    const fit = fitOf(rule, facts);
    if (fit === 'yes') sure.push(rule);
    else if (fit === 'maybe') possible.push(rule);
  }
  const base = sure.length > 0 ? sure : [{ name: OTHERWISE, ...rules.otherwise }];
  const keepOf = ({ keep }: { readonly keep: number }) => keep;
  const removeOf = ({ remove = Number.POSITIVE_INFINITY }: { readonly remove?: number }) => remove;
  const keep = bounds(base.map(keepOf), possible.map(keepOf), sure.length > 0);
  const remove = bounds(base.map(removeOf), possible.map(removeOf), sure.length > 0);
  const isRemovalCertain = remove.least === remove.longest;
  return {
    rules: [...base, ...possible].map(({ name }) => name),
    isCertain: keep.least === keep.longest && isRemovalCertain,
    keepDays: keep.longest,
    sureKeepDays: keep.least,
    removeDays: Number.isFinite(remove.longest) ? remove.longest : undefined,
    isRemovalCertain,
  };
}

/** What is sure applies with what may; `otherwise` alone is displaced by any rule that turns out to be for the recording. */
function bounds(base: readonly number[], possible: readonly number[], isSure: boolean) {
  const longest = Math.max(...base, ...possible);
  const least = isSure ? Math.max(...base) : Math.min(...base, ...possible);
  return { least, longest };
}

function fitOf({ media, queues, divisions }: RetentionRule, facts: RetentionFacts): Fit {
  const fits = new Set([
    fitOfList(media, facts.media === undefined ? undefined : [facts.media]),
    fitOfList(queues, facts.queues),
    fitOfList(divisions, facts.divisions),
  ]);
  if (fits.has('no')) return 'no';
  return fits.has('maybe') ? 'maybe' : 'yes';
}

function fitOfList(wanted: readonly string[] | undefined, known: readonly string[] | undefined): Fit {
  if (wanted === undefined) return 'yes';
  if (known === undefined) return 'maybe';
  return known.some((one) => wanted.includes(one.toLowerCase())) ? 'yes' : 'no';
}

/** Days for which what is missing may still come; a day of the log waits as long for what is open. */
export const UNKNOWN_AFTER_DAYS = 35;

/** What is applied to a recording now. Times in epoch ms. */
export interface DueRetention {
  /** Until when it is locked; `undefined` where it need not stay, or that time is over. */
  readonly lockUntil: number | undefined;
  /** Days of its tag; `undefined`: it has none, and nothing removes it. */
  readonly tagDays: number | undefined;
  /** Something is not known, and may still become so: then only what is sure is applied. */
  readonly isWaiting: boolean;
}

/** @param at time of the recording. */
export function dueRetention(
  decision: RetentionDecision,
  { at, now }: { readonly at: number; readonly now: number },
): DueRetention {
  const isWaiting = !decision.isCertain && now < at + UNKNOWN_AFTER_DAYS * DAY_MS;
  const until = at + (isWaiting ? decision.sureKeepDays : decision.keepDays) * DAY_MS;
  return {
    lockUntil: until > now ? until : undefined,
    tagDays: isWaiting && !decision.isRemovalCertain ? undefined : decision.removeDays,
    isWaiting,
  };
}

/** What the archiving function applies: by what it knows at the write, which is the medium of a file and no more. */
const KNOWN_AT_WRITE = { audio: 'call', video: 'screen', other: undefined } as const;

/**
 * The rules as far as they are sure at the write; with tags, the days of those whose removal is sure. `undefined` where nothing is.
 */
export function retentionAtWrite(rules: RetentionRules): RetentionAtWrite | undefined {
  const sure = Object.entries(KNOWN_AT_WRITE).flatMap(([kind, media]) => {
    const decision = decideRetention(rules, { media, queues: undefined, divisions: undefined });
    const days =
      rules.by === 'tags'
        ? decision.isRemovalCertain
          ? decision.removeDays
          : undefined
        : decision.sureKeepDays;
    return days === undefined || days === 0 ? [] : ([[kind, days]] as const);
  });
  return sure.length === 0 ? undefined : { by: rules.by, days: Object.fromEntries(sure) };
}

/** In the form of `ARCHIVE_RETENTION_AT_WRITE`: `compliance audio=2562 video=90 other=90`. */
export function formatAtWrite({ by, days }: RetentionAtWrite): string {
  return [by, ...Object.entries(days).map(([kind, number]) => `${kind}=${number}`)].join(' ');
}

/** Every number of days that a tag may have: each has a lifecycle rule of the bucket. */
export function removalDays({ rules, otherwise }: RetentionRules): readonly number[] {
  const found = new Set([...rules, otherwise].flatMap(({ remove }) => remove ?? []));
  return [...found].toSorted((one, other) => one - other);
}

/** The medium of a row, where it is one that rules know. */
export function mediumOf(media: string | null): RetentionMedium | undefined {
  return RETENTION_MEDIA.find((medium) => medium === media);
}
