import { createHash } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore } from '../../src/ports.ts';

export interface MapStore extends ObjectStore {
  readonly objects: Map<string, { readonly stat: ObjectStat; readonly body: Buffer }>;
  /** Ranges asked for, the latest last; `undefined` for a whole object. */
  readonly reads: { readonly key: string; readonly first: number | undefined }[];
  /** Replaces the body behind everybody's back. */
  tamper(key: string, change: (body: Buffer) => void): void;
}

/** An object store of one process, for tests that read tens of thousands of times. Bodies come in pieces of odd length. */
export function mapStore(): MapStore {
  const objects: MapStore['objects'] = new Map();
  const reads: MapStore['reads'] = [];
  async function* pieces(body: Buffer) {
    for (let at = 0; at < body.length; at += 1021) yield await Promise.resolve(body.subarray(at, at + 1021));
  }
  return {
    location: 'map:',
    objects,
    reads,
    async put(key, body, { metadata, contentType }) {
      if (objects.has(key)) return { outcome: 'exists' };
      const chunks: Uint8Array[] = [];
      for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
      const bytes = Buffer.concat(chunks);
      const stat: ObjectStat = {
        key,
        size: bytes.length,
        metadata,
        contentType,
        etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
        checksum: { type: 'full', sha256: createHash('sha256').update(bytes).digest('base64') },
        lastModified: 0,
      };
      objects.set(key, { stat, body: bytes });
      return { outcome: 'stored', stat };
    },
    head: (key) => Promise.resolve(objects.get(key)?.stat),
    get: (key, _, range) => {
      const found = objects.get(key);
      if (found === undefined) return Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', key));
      reads.push({ key, first: range?.first });
      const { stat, body } = found;
      return Promise.resolve({
        stat,
        body: pieces(body.subarray(range?.first ?? 0, (range?.last ?? body.length) + 1)),
      });
    },
    async *list(prefix) {
      for (const key of [...objects.keys()].sort()) {
        const stat = objects.get(key)?.stat;
        if (stat !== undefined && key.startsWith(prefix)) yield await Promise.resolve(stat);
      }
    },
    tamper(key, change) {
      const found = objects.get(key);
      if (found === undefined) throw new Error(`no ${key}`);
      const body = Buffer.from(found.body);
      change(body);
      objects.set(key, { stat: { ...found.stat, size: body.length }, body });
    },
  };
}
