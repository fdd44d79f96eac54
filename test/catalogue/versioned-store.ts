import { createHash } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore, PutOptions } from '../../src/ports.ts';

export interface VersionedStore extends ObjectStore {
  readonly objects: Map<string, { readonly stat: ObjectStat; readonly body: Buffer }>;
  /** Every body that was ever stored, as a bucket with versions keeps them. */
  readonly versions: { readonly key: string; readonly body: Buffer }[];
  readonly calls: { readonly name: string; readonly key: string }[];
  /** Asked before and after each call; a rejection is what the call ends with. */
  fault: ((when: 'before' | 'after', name: string, key: string) => Promise<void> | void) | undefined;
  remove(key: string): void;
}

/** A store in memory with conditional writes, whose clock is a counter. */
export function versionedStore(location = 'memory:'): VersionedStore {
  const objects: VersionedStore['objects'] = new Map();
  const versions: VersionedStore['versions'] = [];
  const calls: VersionedStore['calls'] = [];
  let serial = 0;
  const write = (key: string, body: Buffer, { metadata, contentType }: PutOptions): ObjectStat => {
    serial += 1;
    const stat: ObjectStat = {
      key,
      size: body.length,
      metadata,
      contentType,
      etag: `"${serial}"`,
      checksum: { type: 'full', sha256: createHash('sha256').update(body).digest('base64') },
      lastModified: Date.now(),
    };
    objects.set(key, { stat, body });
    versions.push({ key, body });
    return stat;
  };
  const store: VersionedStore = {
    location,
    objects,
    versions,
    calls,
    fault: undefined,
    remove: (key) => objects.delete(key),
    put: (key, body, options) =>
      calling('put', key, async () => {
        if (objects.has(key)) return { outcome: 'exists' as const };
        const chunks: Uint8Array[] = [];
        for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
        if (objects.has(key)) return { outcome: 'exists' as const };
        return { outcome: 'stored' as const, stat: write(key, Buffer.concat(chunks), options) };
      }),
    replace: (expected, body, options) =>
      calling('replace', expected.key, () => {
        if (objects.get(expected.key)?.stat.etag !== expected.etag) return { outcome: 'changed' as const };
        return { outcome: 'replaced' as const, stat: write(expected.key, Buffer.from(body), options) };
      }),
    head: (key) => calling('head', key, () => objects.get(key)?.stat),
    get: (key, _budget, range) =>
      calling('get', key, () => {
        const found = objects.get(key);
        if (found === undefined) throw new ArchiveError('OBJECT_NOT_FOUND', `no ${key}`);
        const { stat, body } = found;
        return { stat, body: pieces(body.subarray(range?.first ?? 0, (range?.last ?? body.length) + 1)) };
      }),
    async *list(prefix) {
      await calling('list', prefix, () => undefined);
      for (const key of [...objects.keys()].sort()) {
        const found = objects.get(key);
        if (found === undefined || !key.startsWith(prefix)) continue;
        const { size, etag, lastModified } = found.stat;
        yield await Promise.resolve({ key, size, etag, lastModified, storageClass: 'STANDARD' });
      }
    },
  };
  async function calling<T>(name: string, key: string, work: () => T | Promise<T>): Promise<T> {
    calls.push({ name, key });
    await store.fault?.('before', name, key);
    const result = await work();
    await store.fault?.('after', name, key);
    return result;
  }
  return store;
}

async function* pieces(body: Buffer) {
  for (let at = 0; at < body.length; at += 65_521)
    yield await Promise.resolve(body.subarray(at, at + 65_521));
}
