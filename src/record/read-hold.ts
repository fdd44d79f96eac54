/** Reads the objects of a hold. It checks no signature: `keep/read-holds.ts` does. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { ObjectStore } from '../ports.ts';
import {
  heldKeysKey,
  type Hold,
  holdKey,
  type HoldRelease,
  MAX_HOLD_BYTES,
  MAX_LIST_BYTES,
  parseHeldKeys,
  parseHold,
  parseRelease,
  releaseKey,
} from './hold.ts';
import { getSmall } from './small-object.ts';

/**
 * A hold as it was written; `undefined` when there is no such hold.
 *
 * @throws `HOLD_DAMAGED` when what stands in its place is none; `STORE_*`.
 */
export async function readHoldObject(
  store: ObjectStore,
  id: string,
  budget: Budget,
): Promise<Hold | undefined> {
  const json = await readSmall(store, holdKey(id), budget);
  if (json === undefined) return undefined;
  const hold = parseHold(json);
  if (hold !== undefined && hold.id === id) return hold;
  throw damaged(holdKey(id), 'it is not a hold in the form that holds have');
}

/**
 * The release of a hold; `undefined` without one, and `malformed` for what stands in its place and is none.
 *
 * @throws `HOLD_DAMAGED` when that is too large to be one; `STORE_*`.
 */
export async function readReleaseObject(
  store: ObjectStore,
  id: string,
  budget: Budget,
): Promise<HoldRelease | 'malformed' | undefined> {
  const json = await readSmall(store, releaseKey(id), budget);
  if (json === undefined) return undefined;
  const release = parseRelease(json);
  return release !== undefined && release.id === id ? release : 'malformed';
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
