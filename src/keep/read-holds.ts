import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { ObjectStore } from '../ports.ts';
import {
  heldKeysKey,
  type Hold,
  HOLD_PREFIX,
  holdKey,
  holdOfKey,
  type HoldRelease,
  isHoldId,
  MAX_HOLD_BYTES,
  MAX_LIST_BYTES,
  parseHeldKeys,
  parseHold,
  parseRelease,
  releaseKey,
} from '../record/hold.ts';
import type { ReceiptKeys } from '../record/receipt-keys.ts';
import { getSmall } from '../record/small-object.ts';
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
  const json = isHoldId(id) ? await readSmall(store, holdKey(id), budget) : undefined;
  if (json === undefined) {
    throw new ArchiveError('HOLD_NOT_FOUND', `there is no hold ${id.slice(0, 80)} in ${store.location}`);
  }
  const hold = parseHold(json);
  if (hold === undefined || hold.id !== id)
    throw damaged(holdKey(id), 'it is not a hold in the form that holds have');
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

/** The keys that a hold holds, list by list. @throws `HOLD_DAMAGED` when a list is not the one the hold names; `STORE_*`. */
export async function* heldKeys(
  store: ObjectStore,
  hold: Hold,
  budget: Budget,
): AsyncGenerator<readonly string[], void, undefined> {
  for (const [index, list] of hold.lists.entries()) {
    const key = heldKeysKey(hold.id, index + 1);
    const bytes = await readBytes(store, key, budget);
    const keys = bytes === undefined ? undefined : parseHeldKeys(bytes, list);
    if (keys === undefined) throw damaged(key, 'it is not the list of keys that the hold names');
    yield keys;
  }
}

/**
 * Which of `keys` are held, and by which holds. Reads every list of every hold that stands, and keeps one at a time in memory.
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
      for (const key of list) if (keys.has(key)) found.set(key, [...(found.get(key) ?? []), hold.id]);
    }
  }
  return found;
}

async function readRelease(
  trust: HoldTrust,
  id: string,
  budget: Budget,
): Promise<Pick<StandingHold, 'release' | 'doubt'>> {
  const json = await readSmall(trust.store, releaseKey(id), budget);
  if (json === undefined) return { release: undefined, doubt: undefined };
  const release = parseRelease(json);
  if (release === undefined || release.id !== id) {
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

async function readSmall(store: ObjectStore, key: string, budget: Budget): Promise<string | undefined> {
  try {
    return await getSmall(store, key, MAX_HOLD_BYTES, budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED')
      throw damaged(key, 'it is too large');
    throw error;
  }
}

async function readBytes(store: ObjectStore, key: string, budget: Budget): Promise<Buffer | undefined> {
  try {
    const { body } = await store.get(key, budget);
    return await gatherBytes(body, MAX_LIST_BYTES, () => damaged(key, 'it is too large'));
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}

function damaged(key: string, why: string): ArchiveError {
  return new ArchiveError('HOLD_DAMAGED', `${key}: ${why}`);
}
