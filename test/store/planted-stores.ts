import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';

/** What a store could do wrong. Each has to be noticed by the suites that stores are held to (`test/slow/planted.slow.ts`). */
export const PLANTED_STORES: Readonly<Record<string, (store: ObjectStore) => ObjectStore>> = {
  'says that it stored what stood there already': (store) => ({
    ...store,
    async put(key, body, options, budget) {
      const result = await store.put(key, body, options, budget);
      const stat = result.outcome === 'exists' ? await store.head(key, budget) : undefined;
      return stat === undefined ? result : { outcome: 'stored', stat };
    },
  }),
  'gives the last byte away': (store) => ({
    ...store,
    async get(key, budget, range) {
      const { stat, body } = await store.get(key, budget, range);
      return { stat, body: withoutLastByte(body) };
    },
  }),
  'forgets metadata': (store) => ({
    ...store,
    async head(key, budget) {
      const stat = await store.head(key, budget);
      return stat === undefined ? undefined : { ...stat, metadata: {} };
    },
  }),
  'ends a listing early': (store) => ({
    ...store,
    async *list(prefix, budget, ...more) {
      let count = 0;
      for await (const one of store.list(prefix, budget, ...more)) {
        if (++count > 4) return;
        yield one;
      }
    },
  }),
  'finds nothing where it may not look': (store) => ({
    ...store,
    async head(key, budget) {
      try {
        return await store.head(key, budget);
      } catch (error) {
        if (error instanceof ArchiveError && !error.retryable) return undefined;
        throw error;
      }
    },
  }),
};

async function* withoutLastByte(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held.subarray(0, -1);
}

/** Applies the fault that the variable `PLANTED_STORE` names; the store itself where it is not set. */
export function plant(store: ObjectStore): ObjectStore {
  const name = process.env['PLANTED_STORE'];
  if (name === undefined) return store;
  const fault = PLANTED_STORES[name];
  if (fault === undefined) throw new Error(`no planted store ${name}`);
  return fault(store);
}
