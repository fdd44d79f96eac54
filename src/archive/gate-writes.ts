import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';

/**
 * The same store, whose writes wait for `allowed`, and are not begun when it throws. Reading does not wait.
 *
 * @param allowed asked before each write; cheap once it is settled.
 */
export function gateWrites(store: ObjectStore, allowed: (budget: Budget) => Promise<unknown>): ObjectStore {
  const [plainReplace, plainExchange] = [store.replace?.bind(store), store.replaceMetadata?.bind(store)];
  const replace: typeof plainReplace =
    plainReplace &&
    (async (expected, body, options, budget) => {
      await allowed(budget);
      return plainReplace(expected, body, options, budget);
    });
  const replaceMetadata: typeof plainExchange =
    plainExchange &&
    (async (expected, metadata, budget) => {
      await allowed(budget);
      return plainExchange(expected, metadata, budget);
    });
  return {
    location: store.location,
    head: (key, budget) => store.head(key, budget),
    get: (key, budget, range) => store.get(key, budget, range),
    list: (prefix, budget, options) => store.list(prefix, budget, options),
    put: async (key, body, options, budget) => {
      try {
        await allowed(budget);
      } catch (error) {
        await discard(body);
        throw error;
      }
      return store.put(key, body, options, budget);
    },
    ...present({ replace, replaceMetadata, listUploads: store.listUploads, abortUpload: store.abortUpload }),
  };
}

/** A generator that was never started frees nothing when it is closed: the download behind it would stay open. */
async function discard(body: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
  if (body instanceof Uint8Array) return;
  try {
    for await (const _ of body) break;
  } catch {
    // what the body fails with says less than why it is not wanted
  }
}
