import { createHash } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore } from '../../src/ports.ts';

export type StoreStep = 'put' | 'get' | 'list' | 'put-lost';

export interface JobStore extends ObjectStore {
  readonly objects: Map<string, { readonly body: Buffer; readonly lastModified: number }>;
  /** Called before each step, and after a put that is to look lost. Throws to make it fail. */
  fault: (step: StoreStep, key: string) => void;
  /** Calls of each kind. */
  readonly calls: Record<'put' | 'get' | 'list', number>;
}

/** A store of one process that knows put-if-absent, get and list only, with a clock of its own, and fails on demand. */
export function jobStore(clock: Pick<Clock, 'now'>): JobStore {
  const objects: JobStore['objects'] = new Map();
  const refuse = (what: string) => () => {
    throw new Error(`the engine must not ${what}`);
  };
  const statOf = (key: string): ObjectStat => {
    const found = objects.get(key);
    if (found === undefined) throw new ArchiveError('OBJECT_NOT_FOUND', `no ${key}`);
    return {
      key,
      size: found.body.length,
      metadata: {},
      contentType: undefined,
      etag: createHash('md5').update(found.body).digest('hex'),
      checksum: undefined,
      lastModified: found.lastModified,
    };
  };
  const store: JobStore = {
    location: 'memory:',
    objects,
    fault: () => undefined,
    calls: { put: 0, get: 0, list: 0 },
    async put(key, body) {
      await Promise.resolve();
      store.calls.put += 1;
      store.fault('put', key);
      if (!(body instanceof Uint8Array)) throw new Error('bodies of the engine are small');
      if (objects.has(key)) return { outcome: 'exists' };
      objects.set(key, { body: Buffer.from(body), lastModified: clock.now() });
      store.fault('put-lost', key);
      return { outcome: 'stored', stat: statOf(key) };
    },
    head: refuse('use head'),
    async get(key) {
      await Promise.resolve();
      store.calls.get += 1;
      store.fault('get', key);
      const stat = statOf(key);
      const body = objects.get(key)?.body ?? Buffer.alloc(0);
      return {
        stat,
        body: (async function* () {
          yield await Promise.resolve(body);
        })(),
      };
    },
    async *list(prefix) {
      store.calls.list += 1;
      store.fault('list', prefix);
      for (const key of [...objects.keys()].filter((name) => name.startsWith(prefix)).sort()) {
        yield await Promise.resolve(statOf(key));
      }
    },
  };
  return store;
}

/** What a store says when it cannot be reached. */
export function storeUnavailable(): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', 'the store does not answer');
}
