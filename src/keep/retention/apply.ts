/**
 * Applies what the rules say to objects that are there: locks, and the tags that lifecycle rules read. A lock is never shortened, a tag
 * never made earlier, and what is held has no tag. May be repeated and broken off anywhere.
 */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { forEachOf } from '../../for-each-of.ts';
import type { KeptState } from '../../ports.ts';
import { DAY_MS } from '../../recording/time.ts';
import { MIN_LOCK_MS, REMOVAL_TAG } from '../../record/keep-on-write.ts';
import { isQuarantineKey } from '../../record/quarantine/key.ts';
import { partsBeside } from '../beside.ts';
import {
  type ExaminedObject,
  examineRetention,
  extendedUntil,
  lockedUntil,
  removalAfter,
  type RetentionPorts,
  taggedDays,
  thereBeside,
} from './examine.ts';
import { type DueRetention, dueRetention } from './policy.ts';
import { type Noting, noteRemovals, readNoted } from './removal-notes.ts';
import { heldAmong } from '../read-holds.ts';

export interface AppliedRetention {
  readonly key: string;
  /**
   * Of the lock: `set`, `longer` (it is as long already), `over` (its time is over, or it has no time), `unsupported`, `by-tags` (the file
   * wants none), `quarantined` (nothing locks what waits for a decision).
   */
  readonly lock: 'set' | 'longer' | 'over' | 'unsupported' | 'by-tags' | 'absent' | 'quarantined';
  /** Of the tag: `taken-off` what is held or kept longer; `none` what nothing removes. */
  readonly tag: 'set' | 'same' | 'none' | 'taken-off' | 'unsupported' | 'absent' | 'quarantined';
  /** Something is not known yet: only what is sure is applied. */
  readonly isWaiting: boolean;
}

const AT_ONCE = 8;
/** Objects that are examined before the first of them is changed. */
const BATCH = 200;

/** @throws as `examineRetention`; `STORE_DENIED` where a permission is missing. */
export async function* applyRetention(
  ports: RetentionPorts,
  keys: readonly string[],
  budget: Budget,
): AsyncGenerator<AppliedRetention, void, undefined> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const examined: ExaminedObject[] = [];
    for await (const one of examineRetention(ports, keys.slice(at, at + BATCH), budget)) examined.push(one);
    // what is noted is what is done: both by one look at the clock
    const now = ports.clock.now();
    const tagged = await noteBefore(ports, { examined, now }, budget);
    const held = tagged.length === 0 ? new Map() : await heldAmong(ports, new Set(tagged), budget);
    const seen = examined.map((one) => (held.has(one.key) ? { ...one, isHeld: true } : one));
    if (held.size > 0) await noteBefore(ports, { examined: seen, now }, budget);
    const done = new Map<string, AppliedRetention>();
    await forEachOf(
      seen,
      AT_ONCE,
      async (one) => {
        done.set(one.key, await applyTo(ports, { ...one, now }, budget));
      },
      budget.signal,
    );
    budget.signal.throwIfAborted();
    await settleTags(ports, { tagged, seen, done }, budget);
    for (const { key } of examined) {
      const one = done.get(key);
      if (one !== undefined) yield one;
    }
  }
}

async function applyTo(
  ports: RetentionPorts,
  {
    key,
    state,
    facts,
    decision,
    isHeld,
    extendedUntil: extended = 0,
    now,
  }: ExaminedObject & { readonly now: number },
  budget: Budget,
): Promise<AppliedRetention> {
  if (isQuarantineKey(key)) return { key, lock: 'quarantined', tag: 'quarantined', isWaiting: false };
  if (decision === undefined || state === undefined)
    return { key, lock: 'absent', tag: 'absent', isWaiting: false };
  const due = dueRetention(decision, { at: facts.at, now });
  const { isWaiting } = due;
  // the lock first: a tag is put only on what its lock, as it is by then, does not outlast
  const beside = await thereBeside(ports, key, budget);
  const lock = await lockAll(ports, { key, beside: beside.map((one) => one.key), due }, budget);
  const until = Math.max(due.lockUntil ?? 0, extended);
  const tagging = { isHeld, until, tagDays: due.tagDays, now };
  const tag = await tagOf(ports, { key, state, ...tagging }, budget);
  const tagged = new Set(partsBeside(key));
  for (const one of beside) {
    if (tagged.has(one.key)) await tagOf(ports, { ...one, ...tagging }, budget);
  }
  return { key, lock, tag, isWaiting };
}

async function lockAll(
  { versions, rules, clock }: RetentionPorts,
  {
    key,
    beside,
    due: { lockUntil },
  }: { readonly key: string; readonly beside: readonly string[]; readonly due: DueRetention },
  budget: Budget,
): Promise<AppliedRetention['lock']> {
  if (rules === undefined || rules.by === 'tags') return 'by-tags';
  if (lockUntil === undefined || lockUntil < clock.now() + MIN_LOCK_MS) return 'over';
  const result = await versions.retain(key, lockUntil, rules.by, budget);
  if (result === 'unsupported' || result === 'absent') return result;
  for (const one of beside) await versions.retain(one, lockUntil, rules.by, budget);
  return result === 'shorter' ? 'longer' : 'set';
}

interface Tagging {
  readonly key: string;
  readonly state: KeptState;
  readonly isHeld: boolean;
  /** Of the lock that was just set, epoch ms. */
  readonly until: number;
  readonly tagDays: number | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** Until when lock and extension keep it, epoch ms. */
const kept = ({ state, until }: Pick<Tagging, 'state' | 'until'>): number =>
  Math.max(lockedUntil(state) ?? 0, extendedUntil(state) ?? 0, until);

/** Days of the tag that an object is to have; `undefined`: none. A lock or an extension that is over keeps nothing. Pure. */
function daysOfTag({ state, isHeld, until, tagDays, now }: Omit<Tagging, 'key'>): number | undefined {
  const wanted = tagDays === undefined ? undefined : Math.max(tagDays, taggedDays(state) ?? 0);
  const last = kept({ state, until });
  const isKeptLonger = wanted !== undefined && last > now && state.lastModified + wanted * DAY_MS < last;
  return isHeld || isKeptLonger ? undefined : wanted;
}

/**
 * Writes down what the tags of a batch will say, before any of them does. Holds are read once more after that: who places a hold reads the
 * notes after it, so that of the two at least one sees the other.
 *
 * @returns keys of what gets a tag.
 */
async function noteBefore(
  ports: RetentionPorts,
  { examined, now }: { readonly examined: readonly ExaminedObject[]; readonly now: number },
  budget: Budget,
): Promise<readonly string[]> {
  const removals = new Map<string, Noting>();
  for (const { key, state, facts, decision, isHeld, extendedUntil: extended = 0 } of examined) {
    // what may be held, and cannot be seen to be, is refused below
    if (decision === undefined || state === undefined || state.legalHold === 'forbidden') continue;
    if (state.tags === 'not-offered') continue;
    const { lockUntil = 0, tagDays } = dueRetention(decision, { at: facts.at, now });
    const until = Math.max(lockUntil, extended);
    const days = daysOfTag({ state, isHeld, until, tagDays, now });
    // what a lock or an extension kept meanwhile is not let go before that was over
    const from = days === undefined ? undefined : Math.max(removalAfter(state, days), kept({ state, until }));
    removals.set(key, { from, until: undefined });
  }
  if (ports.noting !== undefined) await noteRemovals(ports, ports.noting, removals, budget);
  return [...removals].flatMap(([key, { from }]) => (from === undefined ? [] : [key]));
}

async function tagOf(
  { versions }: RetentionPorts,
  tagging: Tagging,
  budget: Budget,
): Promise<AppliedRetention['tag']> {
  const { key, state } = tagging;
  if (state.tags === 'not-offered') return 'unsupported';
  const wanted = daysOfTag(tagging);
  if (wanted === undefined) {
    const result = await versions.setTag(key, REMOVAL_TAG, undefined, budget);
    return result === 'set' ? 'taken-off' : result === 'same' ? 'none' : result;
  }
  if (state.legalHold === 'forbidden') {
    throw new ArchiveError(
      'STORE_DENIED',
      `whether a legal hold is on ${key} cannot be seen: it gets no tag`,
      {
        hint: 'grant s3:GetObjectLegalHold: what may be held must not be removed',
        details: { key },
      },
    );
  }
  return versions.setTag(key, REMOVAL_TAG, String(wanted), budget);
}

interface Batch {
  readonly seen: readonly ExaminedObject[];
  /** What got a tag. */
  readonly tagged: readonly string[];
  readonly done: Map<string, AppliedRetention>;
}

/**
 * S3 sets tags under no condition, all of them at once, so the notes decide once the tags are set: an object that a person extended, or that
 * another application found to be held, is noted as kept by now, and its tag goes again. What bears no tag any more is noted last, for who
 * places a hold is told of what may bear one.
 */
async function settleTags(
  ports: RetentionPorts,
  { seen, tagged, done }: Batch,
  budget: Budget,
): Promise<void> {
  const { noting, versions } = ports;
  const wanted = new Set(tagged);
  const doubtful = seen.filter(({ key, mayBear }) => mayBear || wanted.has(key));
  if (noting === undefined || doubtful.length === 0) return;
  const keys = doubtful.map(({ key }) => key);
  const noted = await readNoted(ports, noting.dayOf, keys, budget);
  const kept = doubtful.filter(({ key, extendedUntil: seenUntil = 0 }) => {
    const known = noted.get(key);
    // a note of an extension that was not read before the own one is older than that, and stands all the same
    return known !== undefined && (known.from === undefined || (known.until ?? 0) > seenUntil);
  });
  const none = { from: undefined, until: undefined };
  await noteRemovals(ports, noting, new Map(kept.map(({ key }) => [key, none])), budget);
  const off = new Map<string, Noting>();
  for (const { key } of kept) {
    const before = done.get(key);
    if (before === undefined) continue;
    if (before.tag === 'set' || before.tag === 'same') {
      for (const one of [key, ...partsBeside(key)])
        await versions.setTag(one, REMOVAL_TAG, undefined, budget);
      done.set(key, { ...before, tag: 'taken-off' });
    }
    off.set(key, { ...none, isOff: true });
  }
  await noteRemovals(ports, noting, off, budget);
}
