import { createHash } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore, PutOptions } from '../../src/ports.ts';

export interface PlainStore extends ObjectStore {
  readonly objects: Map<string, { readonly stat: ObjectStat; readonly body: Buffer }>;
  /** Writes so far, of any kind. */
  readonly writes: { count: number };
  now: number;
  /** Puts bytes under a key, whatever stands there. */
  plant(key: string, body: Buffer | string): void;
  bodyOf(key: string): Buffer;
  copy(): PlainStore;
}

/** A store in memory whose conditional writes take place at one moment, for tests that seal thousands of times. */
export function plainStore(objects: PlainStore['objects'] = new Map()): PlainStore {
  const writes = { count: 0 };
  const set = (
    key: string,
    body: Buffer,
    { metadata, contentType }: Pick<PutOptions, 'metadata' | 'contentType'>,
  ) => {
    const stat: ObjectStat = {
      key,
      size: body.length,
      metadata,
      contentType,
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
      checksum: { type: 'full', sha256: createHash('sha256').update(body).digest('base64') },
      lastModified: store.now,
    };
    objects.set(key, { stat, body });
    writes.count += 1;
    return stat;
  };
  const store: PlainStore = {
    location: 'plain:',
    objects,
    writes,
    now: 0,
    async put(key, body, options) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
      if (objects.has(key)) return { outcome: 'exists' };
      return { outcome: 'stored', stat: set(key, Buffer.concat(chunks), options) };
    },
    head: (key) => Promise.resolve(objects.get(key)?.stat),
    get(key, _budget, range) {
      const found = objects.get(key);
      if (found === undefined) return Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', `no ${key}`));
      const part = found.body.subarray(range?.first ?? 0, range === undefined ? undefined : range.last + 1);
      return Promise.resolve({ stat: found.stat, body: oneChunk(part) });
    },
    async replace(expected, body, options) {
      await Promise.resolve();
      if (objects.get(expected.key)?.stat !== expected) return { outcome: 'changed' };
      return { outcome: 'replaced', stat: set(expected.key, Buffer.from(body), options) };
    },
    async *list(prefix) {
      for (const key of [...objects.keys()].filter((each) => each.startsWith(prefix)).sort()) {
        const stat = objects.get(key)?.stat;
        if (stat !== undefined) yield await Promise.resolve(stat);
      }
    },
    plant: (key, body) => {
      set(key, Buffer.from(body), { metadata: {}, contentType: 'application/octet-stream' });
    },
    bodyOf(key) {
      const found = objects.get(key);
      if (found === undefined) throw new Error(`no ${key}`);
      return found.body;
    },
    copy: () => {
      const other = plainStore(new Map(objects));
      other.now = store.now;
      return other;
    },
  };
  return store;
}

async function* oneChunk(body: Buffer) {
  yield await Promise.resolve(body);
}

/** Everything that a store holds, for comparison. */
export function contentsOf(store: PlainStore, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    [...store.objects]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, { body }]) => [key, body.toString('base64')]),
  );
}
