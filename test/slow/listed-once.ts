import type { ObjectStore } from '../../src/ports.ts';

/** A store whose listing of a prefix is empty from the second time on. */
export function listedOnce(store: ObjectStore, prefix: string): ObjectStore {
  let looks = 0;
  return new Proxy(store, {
    get: (of, name) => {
      if (name !== 'list') return Reflect.get(of, name) as unknown;
      return async function* (...[given, budget]: Parameters<ObjectStore['list']>) {
        if (given === prefix && ++looks > 1) return;
        yield* of.list(given, budget);
      };
    },
  });
}
