/** Until when objects must and may stay, by all that keeps them. Looks, and changes nothing. */
import type { Budget, Clock } from '../../clock.ts';
import { forEachOf } from '../../for-each-of.ts';
import type { KeptState, VersionedStore } from '../../ports.ts';
import { DAY_MS, parseDay } from '../../recording/time.ts';
import { REMOVAL_TAG } from '../../record/keep-on-write.ts';
import type { RetentionRules } from '../../record/retention-file.ts';
import { lockedBeside } from '../beside.ts';
import { type HoldTrust, heldAmong } from '../read-holds.ts';
import { decideRetention, type RetentionDecision, type RetentionFacts } from './policy.ts';
import { readNoted, type Removals, type RemovalNoting } from './removal-notes.ts';

/** What is known of one recording. */
export interface RecordingFacts extends RetentionFacts {
  /** Time of the recording, epoch ms; where only its day is known, the end of that. */
  readonly at: number;
}

export interface RetentionPorts extends HoldTrust {
  readonly versions: VersionedStore;
  /** `undefined`: there is no retention file. */
  readonly rules: RetentionRules | undefined;
  /** Has it written down from when on rules may remove what they tag; nothing is, without it. */
  readonly noting?: RemovalNoting | undefined;
  /** An answer for every key. */
  readonly factsOf: (keys: readonly string[], budget: Budget) => Promise<ReadonlyMap<string, RecordingFacts>>;
  readonly clock: Clock;
}

/** Tag with the day until which a person extended an object, `YYYY-MM-DD`: no rule removes it before. */
export const KEEP_TAG = 'archive-keep-until';

/** Times in epoch ms. */
export interface ExaminedObject {
  readonly key: string;
  /** `undefined`: the object is not there. */
  readonly state: KeptState | undefined;
  readonly facts: RecordingFacts;
  /** Until when a person keeps it, by its tag or by what was written down of it. */
  readonly extendedUntil: number | undefined;
  /** It was noted that a rule may remove it, and not since then that its tag is off. */
  readonly mayBear: boolean;
  /** `undefined` without a retention file. */
  readonly decision: RetentionDecision | undefined;
  /** Ids of the holds that stand on it. */
  readonly heldBy: readonly string[];
  readonly isHeld: boolean;
  /** The latest of lock, extension and rule; `undefined` where none of them binds. A hold has no end, and is not in it. */
  readonly mustUntil: number | undefined;
  /** When its rule lets it go; never before `mustUntil`; `undefined` where nothing does. */
  readonly mayUntil: number | undefined;
  /** When a lifecycle rule of the bucket removes it, by its tag; `undefined` without a tag, `unknown` where tags may not be read. */
  readonly removedAt: number | 'unknown' | undefined;
}

/** Objects whose holds are looked up with one reading of all lists. */
const BATCH = 1_000;
const AT_ONCE = 8;

/** In the order of the keys. @throws `HOLD_DAMAGED`, `STORE_*`, what `factsOf` throws. */
export async function* examineRetention(
  ports: RetentionPorts,
  keys: readonly string[],
  budget: Budget,
): AsyncGenerator<ExaminedObject, void, undefined> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const held = await heldAmong(ports, new Set(batch), budget);
    const facts = await ports.factsOf(batch, budget);
    const noted: Removals =
      ports.noting === undefined ? new Map() : await readNoted(ports, ports.noting.dayOf, batch, budget);
    const states = new Map<string, KeptState | undefined>();
    await forEachOf(
      batch,
      AT_ONCE,
      async (key) => {
        states.set(key, await ports.versions.keptState(key, budget));
      },
      budget.signal,
    );
    budget.signal.throwIfAborted();
    for (const key of batch) {
      const known = facts.get(key);
      if (known === undefined) continue;
      const state = states.get(key);
      const kept = Math.max(extendedUntil(state) ?? 0, noted.get(key)?.until ?? 0) || undefined;
      yield describeKept(ports, {
        key,
        state,
        facts: known,
        heldBy: held.get(key) ?? [],
        extendedUntil: kept,
        mayBear: noted.get(key)?.mayBear === true,
      });
    }
  }
}

/** Pure but for the time. */
export function describeKept(
  { rules, clock }: Pick<RetentionPorts, 'rules' | 'clock'>,
  {
    key,
    state,
    facts,
    heldBy,
    extendedUntil: extended,
    mayBear,
  }: Pick<ExaminedObject, 'key' | 'state' | 'facts' | 'heldBy' | 'extendedUntil' | 'mayBear'>,
): ExaminedObject {
  const now = clock.now();
  const decision = rules && decideRetention(rules, facts);
  const later = (...times: readonly (number | undefined)[]) => {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const bound = later(lockedUntil(state), extended, decision && facts.at + decision.keepDays * DAY_MS);
  const mustUntil = bound !== undefined && bound > now ? bound : undefined;
  const ruled = decision?.removeDays === undefined ? undefined : facts.at + decision.removeDays * DAY_MS;
  return {
    key,
    state,
    facts,
    extendedUntil: extended,
    mayBear,
    decision,
    heldBy,
    isHeld: heldBy.length > 0 || state?.legalHold === 'on',
    mustUntil,
    mayUntil: ruled === undefined ? undefined : later(ruled, mustUntil),
    removedAt: removalOf(state),
  };
}

export function lockedUntil(state: KeptState | undefined): number | undefined {
  return typeof state?.retention === 'object' ? state.retention.until : undefined;
}

/** The end of the day that a person named. */
export function extendedUntil(state: KeptState | undefined): number | undefined {
  const day = typeof state?.tags === 'object' ? parseDay(state.tags[KEEP_TAG] ?? '') : undefined;
  return day === undefined ? undefined : day + DAY_MS;
}

/** What stands beside an object, receipt included, with what keeps it. */
export async function thereBeside(
  { versions }: Pick<RetentionPorts, 'versions'>,
  key: string,
  budget: Budget,
): Promise<readonly { readonly key: string; readonly state: KeptState }[]> {
  const found = await Promise.all(
    lockedBeside(key).map(async (beside) => ({
      key: beside,
      state: await versions.keptState(beside, budget),
    })),
  );
  return found.flatMap(({ key: beside, state }) => (state === undefined ? [] : [{ key: beside, state }]));
}

/** Days of the tag that lifecycle rules read. */
export function taggedDays(state: KeptState): number | undefined {
  const value = typeof state.tags === 'object' ? state.tags[REMOVAL_TAG] : undefined;
  return value !== undefined && /^[1-9]\d{0,4}$/.test(value) ? Number(value) : undefined;
}

/**
 * Lifecycle rules count from the write of a version, and round up to the next midnight, UTC.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
function removalOf(state: KeptState | undefined): ExaminedObject['removedAt'] {
  if (state === undefined) return undefined;
  if (state.tags === 'forbidden') return 'unknown';
  const days = taggedDays(state);
  return days === undefined ? undefined : removalAfter(state, days);
}

/** When a lifecycle rule removes an object with a tag of so many days, epoch ms. */
export function removalAfter({ lastModified }: Pick<KeptState, 'lastModified'>, days: number): number {
  return (Math.floor(lastModified / DAY_MS) + days + 1) * DAY_MS;
}

/** Reports whether its rule would remove it by then (epoch ms). What is held, bound, or may be and cannot be seen, is never expired. */
export function isExpired({ state, isHeld, mustUntil, mayUntil }: ExaminedObject, by: number): boolean {
  if (state === undefined || isHeld || mayUntil === undefined || mayUntil > by) return false;
  if (state.legalHold === 'forbidden' || state.retention === 'forbidden') return false;
  return mustUntil === undefined || mustUntil <= by;
}
