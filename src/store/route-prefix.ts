import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';

/**
 * The same archive, of which everything below `prefix` is kept in another store, under the same keys.
 *
 * What both can do, it can. Unfinished uploads are those of `store`: what is small is written in one piece.
 */
export function routePrefix(store: ObjectStore, prefix: string, other: ObjectStore): ObjectStore {
  const of = (key: string) => (key.startsWith(prefix) ? other : store);
  const bothCan = (name: keyof ObjectStore) => store[name] !== undefined && other[name] !== undefined;
  const { pin, setLegalHold, defaultLockDays, listUploads, abortUpload } = store;
  return {
    location: store.location,
    put: (key, ...how) => of(key).put(key, ...how),
    head: (key, budget) => of(key).head(key, budget),
    get: (key, budget, range) => of(key).get(key, budget, range),
    list: (keyPrefix, budget, options) => of(keyPrefix).list(keyPrefix, budget, options),
    openAhead: () => {
      store.openAhead?.();
      other.openAhead?.();
    },
    ...(bothCan('replace') && {
      replace: (expected, ...how) => called(of(expected.key).replace?.(expected, ...how)),
    }),
    ...(bothCan('replaceMetadata') && {
      replaceMetadata: (expected, ...how) => called(of(expected.key).replaceMetadata?.(expected, ...how)),
    }),
    ...present({ pin, setLegalHold, defaultLockDays, listUploads, abortUpload }),
  };
}

function called<T>(result: T | undefined): T {
  if (result === undefined) throw new TypeError('the store lost a method');
  return result;
}
