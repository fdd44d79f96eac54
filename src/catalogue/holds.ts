/** Which objects are held, for the columns of holds. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { HOLD_PREFIX, holdKey, holdOfKey, releaseKey } from '../record/hold.ts';
import { releasedKey } from '../record/quarantine/key.ts';
import { heldKeys, readHoldObject, readReleaseObject } from '../record/read-hold.ts';

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
    const hold = await readHoldObject(store, id, budget);
    // it was listed a moment ago
    if (hold === undefined) throw new ArchiveError('HOLD_DAMAGED', `${holdKey(id)} was listed, and is gone`);
    const release = listed.has(releaseKey(id)) ? await readReleaseObject(store, id, budget) : undefined;
    const isReleased = release !== undefined && release !== 'malformed';
    const changedAt = Math.max(listed.get(holdKey(id)) ?? 0, listed.get(releaseKey(id)) ?? 0);
    for await (const list of heldKeys(store, hold, budget)) {
      // a hold on an object in quarantine holds the released one as well
      for (const key of new Set(list.flatMap((one) => [one, releasedKey(one)]))) {
        changed.set(key, Math.max(changed.get(key) ?? 0, changedAt));
        if (!isReleased) held.set(key, [...new Set([...(held.get(key) ?? []), id])]);
      }
    }
  }
}
