/** What a person keeps longer than its rule: only ever longer. */
import type { Budget } from '../../clock.ts';
import { forEachOf } from '../../for-each-of.ts';
import type { KeptState, RetentionMode } from '../../ports.ts';
import { DAY_MS } from '../../recording/time.ts';
import { REMOVAL_TAG } from '../../record/keep-on-write.ts';
import { isQuarantineKey } from '../../record/quarantine/key.ts';
import { partsBeside } from '../beside.ts';
import { extendedUntil, KEEP_TAG, lockedUntil, type RetentionPorts, thereBeside } from './examine.ts';
import { type Noting, noteRemovals } from './removal-notes.ts';

export interface Extension {
  /** The last day, epoch ms of its beginning, UTC. */
  readonly day: number;
  readonly mode: RetentionMode;
}

export interface ExtendedObject {
  readonly key: string;
  /** `tagged`: the bucket has no lock, and no rule removes it before; `longer`: it is kept longer already; `quarantined`: nothing locks it. */
  readonly outcome: 'locked' | 'tagged' | 'longer' | 'absent' | 'unsupported' | 'quarantined';
}

type ExtendPorts = Pick<RetentionPorts, 'versions' | 'store' | 'keys' | 'clock' | 'noting'>;

const AT_ONCE = 8;
const BATCH = 200;

/** In the order of the keys. @throws `STORE_*`; `STORE_DENIED` where a permission is missing. */
export async function* extendRetention(
  ports: ExtendPorts,
  keys: readonly string[],
  extension: Extension,
  budget: Budget,
): AsyncGenerator<ExtendedObject, void, undefined> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    // before any tag is read, and once more for what was noted meanwhile: what is kept longer, and gone all the same, is missing
    const until = extension.day + DAY_MS;
    await noteKept(ports, { keys: batch, until }, budget);
    const done = new Map<string, ExtendedObject>();
    await forEachOf(
      batch,
      AT_ONCE,
      async (key) => {
        done.set(key, { key, outcome: await extendOne(ports, key, extension, budget) });
      },
      budget.signal,
    );
    budget.signal.throwIfAborted();
    await noteKept(ports, { keys: batch, until, isOff: true }, budget);
    for (const key of batch) yield done.get(key) ?? { key, outcome: 'absent' };
  }
}

/** Of what is there: what its rule has let go already stays as it was noted. */
async function noteKept(
  ports: ExtendPorts,
  { keys, ...kept }: { readonly keys: readonly string[]; readonly until: number; readonly isOff?: boolean },
  budget: Budget,
): Promise<void> {
  const { noting, versions } = ports;
  if (noting === undefined) return;
  const there = new Map<string, Noting>();
  await forEachOf(keys, AT_ONCE, async (key) => {
    if ((await versions.keptState(key, budget)) !== undefined) there.set(key, { from: undefined, ...kept });
  });
  await noteRemovals(ports, noting, there, budget);
}

/** The mark against lifecycle rules comes first, so that no moment is without both. */
async function extendOne(
  { versions }: Pick<RetentionPorts, 'versions'>,
  key: string,
  { day, mode }: Extension,
  budget: Budget,
): Promise<ExtendedObject['outcome']> {
  if (isQuarantineKey(key)) return 'quarantined';
  const state = await versions.keptState(key, budget);
  if (state === undefined) return 'absent';
  const until = day + DAY_MS;
  const isLonger = Math.max(lockedUntil(state) ?? 0, extendedUntil(state) ?? 0) >= until;
  const marked = await markKept(versions, { key, state }, day, budget);
  const beside = await thereBeside({ versions }, key, budget);
  const hasTag = new Set(partsBeside(key));
  for (const one of beside) if (hasTag.has(one.key)) await markKept(versions, one, day, budget);
  const lock = await versions.retain(key, until, mode, budget);
  if (lock === 'absent') return 'absent';
  if (lock === 'unsupported')
    return isLonger ? 'longer' : marked === 'unsupported' ? 'unsupported' : 'tagged';
  for (const one of beside) await versions.retain(one.key, until, mode, budget);
  return lock === 'set' ? 'locked' : 'longer';
}

async function markKept(
  versions: RetentionPorts['versions'],
  { key, state }: { readonly key: string; readonly state: KeptState },
  day: number,
  budget: Budget,
): Promise<'marked' | 'unsupported' | 'absent'> {
  if (state.tags === 'not-offered') return 'unsupported';
  if ((extendedUntil(state) ?? 0) < day + DAY_MS) {
    const text = new Date(day).toISOString().slice(0, 10);
    const result = await versions.setTag(key, KEEP_TAG, text, budget);
    if (result === 'unsupported' || result === 'absent') return result;
  }
  await versions.setTag(key, REMOVAL_TAG, undefined, budget);
  return 'marked';
}
