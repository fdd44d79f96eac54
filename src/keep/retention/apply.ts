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
import { partsBeside } from '../beside.ts';
import {
  type ExaminedObject,
  examineRetention,
  extendedUntil,
  lockedUntil,
  type RetentionPorts,
  taggedDays,
  thereBeside,
} from './examine.ts';
import { type DueRetention, dueRetention } from './policy.ts';

export interface AppliedRetention {
  readonly key: string;
  /**
   * Of the lock: `set`, `longer` (it is as long already), `over` (its time is over, or it has no time), `unsupported`, `by-tags` (the file
   * wants none).
   */
  readonly lock: 'set' | 'longer' | 'over' | 'unsupported' | 'by-tags' | 'absent';
  /** Of the tag: `taken-off` what is held or kept longer; `none` what nothing removes. */
  readonly tag: 'set' | 'same' | 'none' | 'taken-off' | 'unsupported' | 'absent';
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
    const done = new Map<string, AppliedRetention>();
    await forEachOf(
      examined,
      AT_ONCE,
      async (one) => {
        done.set(one.key, await applyTo(ports, one, budget));
      },
      budget.signal,
    );
    budget.signal.throwIfAborted();
    for (const { key } of examined) {
      const one = done.get(key);
      if (one !== undefined) yield one;
    }
  }
}

async function applyTo(
  ports: RetentionPorts,
  { key, state, facts, decision, isHeld }: ExaminedObject,
  budget: Budget,
): Promise<AppliedRetention> {
  if (decision === undefined || state === undefined)
    return { key, lock: 'absent', tag: 'absent', isWaiting: false };
  const due = dueRetention(decision, { at: facts.at, now: ports.clock.now() });
  const { isWaiting } = due;
  // the lock first: a tag is put only on what its lock, as it is by then, does not outlast
  const beside = await thereBeside(ports, key, budget);
  const lock = await lockAll(ports, { key, beside: beside.map((one) => one.key), due }, budget);
  const until = due.lockUntil ?? 0;
  const tag = await tagOf(ports, { key, state, isHeld, until, tagDays: due.tagDays }, budget);
  const tagged = new Set(partsBeside(key));
  for (const one of beside) {
    if (tagged.has(one.key)) await tagOf(ports, { ...one, isHeld, until, tagDays: due.tagDays }, budget);
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
}

async function tagOf(
  { versions }: RetentionPorts,
  { key, state, isHeld, until, tagDays }: Tagging,
  budget: Budget,
): Promise<AppliedRetention['tag']> {
  if (state.tags === 'not-offered') return 'unsupported';
  const known = taggedDays(state);
  const kept = Math.max(lockedUntil(state) ?? 0, extendedUntil(state) ?? 0, until);
  const outlasts = (days: number) => state.lastModified + days * DAY_MS < kept;
  const wanted = tagDays === undefined ? undefined : Math.max(tagDays, known ?? 0);
  if (wanted === undefined || isHeld || outlasts(wanted)) {
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
