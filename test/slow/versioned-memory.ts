import { createHash } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore, ObjectVersion, PutOptions, VersionedStore } from '../../src/ports.ts';

interface Stored {
  readonly stat: ObjectStat;
  readonly body: Buffer;
  readonly versionId: string;
  /** Of this version. */
  readonly tags: Map<string, string>;
}

/** A store in memory that keeps every version until it is removed, quick to list below a folder. */
export class VersionedMemory {
  /** Of each key, the newest first. */
  readonly all = new Map<string, Stored[]>();
  readonly #folders = new Map<string, Set<string>>();
  #serial = 0;
  /** Awaited before each operation; what it throws ends the operation before anything is done. */
  before: (name: string, key: string) => Promise<void> | undefined = () => undefined;

  /** Epoch ms. */
  now: () => number = Date.now;
  /** A lock that keeps versions of some keys from removal. */
  isLocked: (key: string) => boolean = () => false;

  readonly store: ObjectStore = {
    location: 'memory:',
    put: async (key, body, options) => {
      await this.before('put', key);
      if (this.all.has(key)) return { outcome: 'exists' };
      const chunks: Uint8Array[] = [];
      for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
      await this.before('commit', key);
      if (this.all.has(key)) return { outcome: 'exists' };
      return { outcome: 'stored', stat: this.#write(key, Buffer.concat(chunks), options) };
    },
    replace: async (expected, body, options) => {
      await this.before('replace', expected.key);
      const { key, etag } = expected;
      if (this.#current(key)?.stat.etag !== etag) return { outcome: 'changed' };
      return { outcome: 'replaced', stat: this.#write(key, Buffer.from(body), options) };
    },
    head: async (key) => {
      await this.before('head', key);
      return this.#current(key)?.stat;
    },
    get: async (key, _budget, range) => {
      await this.before('get', key);
      const found = this.#current(key);
      if (found === undefined) throw new ArchiveError('OBJECT_NOT_FOUND', `no ${key}`);
      const { stat, body } = found;
      return { stat, body: once(body.subarray(range?.first ?? 0, (range?.last ?? body.length) + 1)) };
    },
    list: (prefix) => this.#list(prefix),
  };

  readonly versions: VersionedStore = {
    location: 'memory:',
    versions: (prefix) => this.#versions(prefix),
    lockOf: ({ key, versionId }) => {
      const metadata = this.all.get(key)?.find((one) => one.versionId === versionId)?.stat.metadata ?? {};
      return Promise.resolve({ legalHold: false, retainUntil: undefined, metadata });
    },
    remove: async ({ key, versionId }) => {
      await this.before('remove', key);
      if (this.isLocked(key)) return 'locked';
      // without the name of a version all of them, as where there are no versions
      const left = (this.all.get(key) ?? []).filter(
        (one) => versionId !== undefined && one.versionId !== versionId,
      );
      if (left.length > 0) this.all.set(key, left);
      else {
        this.all.delete(key);
        this.#folders.get(folderOf(key))?.delete(key);
      }
      return 'removed';
    },
    retain: () => Promise.resolve('unsupported'),
    keptState: async (key) => {
      await this.before('keptState', key);
      const found = this.#current(key);
      if (found === undefined) return undefined;
      const tags = Object.fromEntries(found.tags);
      const { lastModified } = found.stat;
      return { retention: 'not-offered', legalHold: 'not-offered', tags, lastModified };
    },
    // as S3 does it: all tags are read, and then written, under no condition
    setTag: async (key, name, value) => {
      await this.before('readTags', key);
      const read = this.#current(key);
      if (read === undefined) return 'absent';
      const tags = new Map(read.tags);
      if (tags.get(name) === value) return 'same';
      if (value === undefined) tags.delete(name);
      else tags.set(name, value);
      await this.before('writeTags', key);
      const found = this.#current(key);
      if (found === undefined) return 'absent';
      found.tags.clear();
      for (const [one, given] of tags) found.tags.set(one, given);
      return 'set';
    },
    bucketLock: () => Promise.resolve({ lock: 'none', defaultDays: undefined }),
    abortUploads: () => Promise.resolve(0),
  };

  tagsOf(key: string): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#current(key)?.tags ?? []);
  }

  /** Every version of an object goes, by whatever hand. */
  take(key: string): void {
    this.all.delete(key);
    this.#folders.get(folderOf(key))?.delete(key);
  }

  #current(key: string): Stored | undefined {
    return this.all.get(key)?.[0];
  }

  #write(key: string, body: Buffer, { metadata, contentType }: PutOptions): ObjectStat {
    this.#serial += 1;
    const stat: ObjectStat = {
      key,
      size: body.length,
      metadata,
      contentType,
      etag: `"${this.#serial}"`,
      checksum: { type: 'full', sha256: createHash('sha256').update(body).digest('base64') },
      lastModified: this.now(),
    };
    const versionId = String(this.#serial);
    this.all.set(key, [{ stat, body, versionId, tags: new Map() }, ...(this.all.get(key) ?? [])]);
    const folder = this.#folders.get(folderOf(key)) ?? new Set();
    this.#folders.set(folderOf(key), folder.add(key));
    return stat;
  }

  #keys(prefix: string): readonly string[] {
    const own = folderOf(prefix);
    const folders = [...this.#folders].filter(([name]) => name === own || name.startsWith(prefix));
    return folders.flatMap(([, keys]) => [...keys].filter((key) => key.startsWith(prefix))).sort();
  }

  async *#list(prefix: string) {
    await this.before('list', prefix);
    for (const key of this.#keys(prefix)) {
      const found = this.#current(key);
      if (found === undefined) continue;
      const { size, etag, lastModified } = found.stat;
      yield { key, size, etag, lastModified, storageClass: 'STANDARD' };
    }
  }

  async *#versions(prefix: string): AsyncGenerator<ObjectVersion, void, undefined> {
    await this.before('versions', prefix);
    for (const key of this.#keys(prefix)) {
      for (const [index, { stat, versionId }] of (this.all.get(key) ?? []).entries()) {
        const { size, lastModified } = stat;
        yield { key, versionId, isLatest: index === 0, isMarker: false, size, lastModified };
      }
    }
  }
}

const folderOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);

async function* once(body: Buffer) {
  yield await Promise.resolve(body);
}
