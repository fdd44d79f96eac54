import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import {
  type Hold,
  HOLD_PREFIX,
  holdKey,
  holdOfKey,
  type HoldRelease,
  isHoldId,
  releaseKey,
} from '../record/hold.ts';
import { heldKeys, readHoldObject, readReleaseObject } from '../record/read-hold.ts';
import { releasedKey } from '../record/quarantine/key.ts';
import type { ReceiptKeys } from '../record/receipt/keys.ts';
import { checkStoredSignature } from '../record/stored-signature.ts';

export interface HoldTrust {
  readonly store: ObjectStore;
  /** That holds and releases are signed with; none where the archive signs nothing. */
  readonly keys: ReceiptKeys;
}

/**
 * A hold and whether it still stands. It stands unless a release is there that can be trusted: who may write to the bucket must not be
 * able to end it.
 */
export interface StandingHold {
  readonly hold: Hold;
  /** Of the hold itself; `unsigned` where it bears no signature. */
  readonly signature: 'valid' | 'unsigned' | 'not-valid' | 'not-asked';
  readonly release: HoldRelease | undefined;
  /** There is something in the place of a release that does not end the hold, and why. */
  readonly doubt: string | undefined;
}

/**
 * @throws `HOLD_NOT_FOUND` when there is no such hold; `HOLD_DAMAGED` when what stands in its place is none; `STORE_*`.
 */
export async function readHold(trust: HoldTrust, id: string, budget: Budget): Promise<StandingHold> {
  const { store } = trust;
  const hold = isHoldId(id) ? await readHoldObject(store, id, budget) : undefined;
  if (hold === undefined) {
    throw new ArchiveError('HOLD_NOT_FOUND', `there is no hold ${id.slice(0, 80)} in ${store.location}`);
  }
  const signature = await judge(trust, hold, holdKey(id), budget);
  const { release, doubt } = await readRelease(trust, id, budget);
  return { hold, signature, release, doubt };
}

/** All holds, oldest first. @throws as {@link readHold}. */
export async function* listHolds(
  trust: HoldTrust,
  budget: Budget,
): AsyncGenerator<StandingHold, void, undefined> {
  for await (const { key } of trust.store.list(HOLD_PREFIX, budget)) {
    const id = holdOfKey(key);
    if (id !== undefined) yield await readHold(trust, id, budget);
  }
}

/**
 * Which of `keys` are held, and by which holds. A hold on an object in quarantine holds the released one as well. Reads every list of every hold that stands, and keeps one at a time in memory.
 *
 * @throws `HOLD_DAMAGED` where it cannot be told: what may be held must be left alone.
 */
export async function heldAmong(
  trust: HoldTrust,
  keys: ReadonlySet<string>,
  budget: Budget,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for await (const { hold, release } of listHolds(trust, budget)) {
    if (release !== undefined) continue;
    for await (const list of heldKeys(trust.store, hold, budget)) {
      for (const key of new Set(list.flatMap((one) => [one, releasedKey(one)])))
        if (keys.has(key)) found.set(key, [...new Set([...(found.get(key) ?? []), hold.id])]);
    }
  }
  return found;
}

async function readRelease(
  trust: HoldTrust,
  id: string,
  budget: Budget,
): Promise<Pick<StandingHold, 'release' | 'doubt'>> {
  const release = await readReleaseObject(trust.store, id, budget);
  if (release === undefined) return { release: undefined, doubt: undefined };
  if (release === 'malformed') {
    return { release: undefined, doubt: 'what stands in the place of its release is none' };
  }
  const signature = await judge(trust, release, releaseKey(id), budget);
  return signature === 'valid' || signature === 'not-asked'
    ? { release, doubt: undefined }
    : {
        release: undefined,
        doubt: `its release is ${signature === 'unsigned' ? 'unsigned' : 'not validly signed'}`,
      };
}

async function judge(
  trust: HoldTrust,
  statement: Hold | HoldRelease,
  place: string,
  budget: Budget,
): Promise<StandingHold['signature']> {
  if (trust.keys.size === 0) return 'not-asked';
  if (statement.signature === undefined) return 'unsigned';
  return (await checkStoredSignature(trust, statement, place, budget)) === 'valid' ? 'valid' : 'not-valid';
}
