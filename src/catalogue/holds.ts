/** Which objects are held, for the columns of holds. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { ObjectStore } from '../ports.ts';
import {
  heldKeysKey,
  HOLD_PREFIX,
  holdKey,
  holdOfKey,
  MAX_HOLD_BYTES,
  MAX_LIST_BYTES,
  parseHeldKeys,
  parseHold,
  parseRelease,
  releaseKey,
} from '../record/hold.ts';
import { getSmall } from '../record/small-object.ts';

export interface Held {
  /** Ids in order; none for what is not held. */
  holdsOf(key: string): readonly string[];
  /** Keys of objects that were held or let go by what was stored since then, epoch ms. */
  newsSince(at: number): Iterable<string>;
}

export const NOTHING_HELD: Held = { holdsOf: () => [], newsSince: () => [] };

/**
 * Reads all holds that stand. The catalogue is no evidence: signatures are `hold list`'s to check.
 *
 * @throws `HOLD_DAMAGED` where it cannot be told what is held; what the store throws.
 */
export async function readHeld(store: ObjectStore, budget: Budget): Promise<Held> {
  const held = new Map<string, string[]>();
  const changed = new Map<string, number>();
  const listed = new Map<string, number>();
  for await (const { key, lastModified } of store.list(HOLD_PREFIX, budget)) listed.set(key, lastModified);
  for (const key of [...listed.keys()].sort()) {
    const id = holdOfKey(key);
    if (id !== undefined) await readOne(id);
  }
  return {
    holdsOf: (key) => held.get(key) ?? [],
    newsSince: (at) => [...changed].filter(([, time]) => time >= at).map(([key]) => key),
  };

  async function readOne(id: string): Promise<void> {
    const hold = parseHold((await getSmall(store, holdKey(id), MAX_HOLD_BYTES, budget)) ?? '');
    if (hold === undefined || hold.id !== id) throw damaged(holdKey(id));
    const isReleased = listed.has(releaseKey(id)) && (await readRelease(id));
    const changedAt = Math.max(listed.get(holdKey(id)) ?? 0, listed.get(releaseKey(id)) ?? 0);
    for (const [index, list] of hold.lists.entries()) {
      const place = heldKeysKey(id, index + 1);
      const { body } = await store.get(place, budget);
      const keys = parseHeldKeys(await gatherBytes(body, MAX_LIST_BYTES, () => damaged(place)), list);
      if (keys === undefined) throw damaged(place);
      for (const key of keys) {
        changed.set(key, Math.max(changed.get(key) ?? 0, changedAt));
        if (!isReleased) held.set(key, [...(held.get(key) ?? []), id]);
      }
    }
  }

  async function readRelease(id: string): Promise<boolean> {
    const release = parseRelease((await getSmall(store, releaseKey(id), MAX_HOLD_BYTES, budget)) ?? '');
    return release !== undefined && release.id === id;
  }
}

function damaged(key: string): ArchiveError {
  return new ArchiveError(
    'HOLD_DAMAGED',
    `${key} is not what was written: the catalogue cannot tell what is held`,
  );
}
