import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { ObjectStat, ObjectStore, PinnedObject } from '../ports.ts';

/**
 * Opens one version of an object for reading pieces; `undefined` when there is no such object. A store that cannot hold it open is asked
 * for each piece, and what comes of another version is refused.
 */
export async function openPinned(
  store: ObjectStore,
  key: string,
  /** From a listing; of an object that was replaced since, it is wrong. */
  listed: { readonly size: number; readonly etag?: string | undefined } | undefined,
  budget: Budget,
): Promise<PinnedObject | undefined> {
  if (store.pin !== undefined) return store.pin(key, budget);
  const known = listed ?? (await store.head(key, budget));
  if (known === undefined) return undefined;
  let version: ObjectStat | undefined;
  return {
    size: known.size,
    close: () => Promise.resolve(),
    read: async (first, end) => {
      const { stat, body } = await store.get(key, budget, { first, last: end - 1 });
      if (
        stat.size !== known.size ||
        (version !== undefined && !isSame(version, stat)) ||
        !isSame(known, stat)
      ) {
        for await (const rest of body) if (rest.byteLength >= 0) break;
        throw replaced(key);
      }
      version = stat;
      const bytes = await gatherBytes(body, end - first, () => replaced(key));
      if (bytes.byteLength !== end - first) throw replaced(key);
      return bytes;
    },
  };
}

function isSame(known: { readonly etag?: string | undefined }, found: ObjectStat): boolean {
  return known.etag === undefined || found.etag === undefined || known.etag === found.etag;
}

function replaced(key: string): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', 'a file of the catalogue was replaced while it was read', {
    details: { key },
  });
}
