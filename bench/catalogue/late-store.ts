import type { ObjectStore } from '../../src/ports.ts';

/** A store whose answers come late, as those of one that is far away; it cannot hold objects open. Counts what is asked. */
export function lateStore(
  near: ObjectStore,
  ms: number,
): { readonly store: ObjectStore; readonly asked: () => number } {
  let asked = 0;
  const late = async () => {
    asked += 1;
    if (ms > 0) await new Promise((done) => setTimeout(done, ms));
  };
  const { pin: _pin, ...rest } = near;
  const store: ObjectStore = {
    ...rest,
    head: async (key, budget) => {
      await late();
      return near.head(key, budget);
    },
    put: async (key, body, options, budget) => {
      await late();
      return near.put(key, body, options, budget);
    },
    get: async (key, budget, range) => {
      await late();
      return near.get(key, budget, range);
    },
    list: async function* (prefix, budget, options) {
      let listed = 0;
      for await (const found of near.list(prefix, budget, options)) {
        if (listed % 1_000 === 0) await late();
        listed += 1;
        yield found;
      }
    },
  };
  return { store, asked: () => asked };
}
