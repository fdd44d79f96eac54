import { type Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { ERASURE_PREFIX, erasureOfKey, readErasure } from '../record/erasure.ts';

/** Everything that was erased, by tombstone. */
export interface Erased {
  /** Ids of tombstones by key of an object. */
  readonly objects: ReadonlyMap<string, string>;
  readonly conversations: ReadonlySet<string>;
  /** When each object’s tombstone was stored, epoch ms. */
  readonly storedAt: ReadonlyMap<string, number>;
}

export const NOTHING_ERASED: Erased = { objects: new Map(), conversations: new Set(), storedAt: new Map() };

/**
 * Reads all tombstones. One that cannot be read ends it: without it, what it erased would appear again.
 *
 * @throws `OBJECT_MALFORMED` (not retryable); what the store throws.
 */
export async function readErased(store: ObjectStore, budget: Budget): Promise<Erased> {
  const objects = new Map<string, string>();
  const conversations = new Set<string>();
  const storedAt = new Map<string, number>();
  for await (const { key, lastModified } of store.list(ERASURE_PREFIX, budget)) {
    if (erasureOfKey(key) === undefined) continue;
    const tombstone = await readErasure(store, key, budget);
    if (tombstone === undefined)
      throw new ArchiveError('STORE_UNAVAILABLE', `${key} went away while it was read`);
    for (const object of tombstone.objects) {
      objects.set(object, tombstone.id);
      storedAt.set(object, lastModified);
    }
    for (const conversation of tombstone.conversations) conversations.add(conversation);
  }
  return { objects, conversations, storedAt };
}
