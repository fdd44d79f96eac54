import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import {
  commitRecord,
  readRecords,
  readSegments,
  recordName,
  removeRecord,
  removeSegments,
  type Segment,
  sweepSegments,
  writeSegment,
} from './files.ts';
import type { ObjectLock, ObjectRecord, OpenUpload, PartRecord, UploadRecord } from './records.ts';
import { isMarker, type OldVersion, OldVersions } from './old-versions.ts';

/** S3 lists in the order of the keys' UTF-8 bytes, which is not the order of JavaScript's UTF-16 strings. */
export const compareKeys = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export interface BucketKind {
  readonly hasObjectLock: boolean;
  /** A bucket with Object Lock always is. */
  readonly isVersioned: boolean;
  readonly defaultDays?: number | undefined;
}

const filesOf = (versions: readonly OldVersion[]): string[] =>
  versions.flatMap((version) => (isMarker(version) ? [] : version.segments.map(({ file }) => file)));

/** One bucket: the records of its objects and open uploads, in memory and on disk alike. One process per directory. */
export class Bucket {
  /** Whether it was made with Object Lock. */
  readonly hasObjectLock: boolean;
  /** Whether what is replaced or deleted stays as a version. */
  readonly isVersioned: boolean;
  /** How long each new object is locked. */
  readonly defaultDays: number | undefined;
  readonly #old: OldVersions;
  readonly #directory: string;
  readonly #objects = new Map<string, ObjectRecord>();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #sortedKeys: readonly string[] | undefined;

  private constructor(directory: string, { hasObjectLock, isVersioned, defaultDays }: BucketKind) {
    this.defaultDays = defaultDays;
    this.#directory = directory;
    this.hasObjectLock = hasObjectLock;
    this.isVersioned = isVersioned || hasObjectLock;
    this.#old = new OldVersions(this.#path('versions'));
  }

  static async open(directory: string, kind: BucketKind): Promise<Bucket> {
    const bucket = new Bucket(directory, kind);
    await bucket.#recover();
    return bucket;
  }

  async #recover(): Promise<void> {
    const named = new Set<string>();
    await this.#old.recover();
    for (const key of this.#old.keys()) for (const file of filesOf(this.#old.of(key))) named.add(file);
    const finished = new Set<string>();
    for (const record of (await readRecords(this.#path('objects'))) as ObjectRecord[]) {
      this.#objects.set(record.key, record);
      for (const { file } of record.segments) named.add(file);
      if (record.uploadId !== undefined) finished.add(record.uploadId);
    }
    for (const record of (await readRecords(this.#path('uploads'))) as UploadRecord[]) {
      if (finished.has(record.uploadId)) await removeRecord(this.#uploadPath(record.uploadId));
      else this.#uploads.set(record.uploadId, { record, parts: new Map() });
    }
    for (const part of (await readRecords(this.#path('parts'))) as PartRecord[]) {
      const upload = this.#uploads.get(part.uploadId);
      if (upload === undefined) await removeRecord(this.#partPath(part));
      else {
        upload.parts.set(part.partNumber, part);
        named.add(part.segment.file);
      }
    }
    await sweepSegments(this.#path('data'), named);
  }

  #path(...names: string[]): string {
    return path.join(this.#directory, ...names);
  }

  #uploadPath(uploadId: string): string {
    return this.#path('uploads', `${uploadId}.json`);
  }

  #partPath(part: Pick<PartRecord, 'uploadId' | 'partNumber'>): string {
    return this.#path('parts', part.uploadId, `${part.partNumber}.json`);
  }

  /** Runs what changes one key or upload one after the other. */
  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#queues.get(name) ?? Promise.resolve();
    const current = previous.then(work, work);
    this.#queues.set(name, current);
    try {
      return await current;
    } finally {
      if (this.#queues.get(name) === current) this.#queues.delete(name);
    }
  }

  object(key: string): ObjectRecord | undefined {
    return this.#objects.get(key);
  }

  /** Of a bucket with versions, newest first: the object itself, what it has replaced, and markers of deletions. */
  versions(key: string): readonly OldVersion[] {
    const current = this.#objects.get(key);
    const old = this.#old.of(key).filter(({ versionId }) => versionId !== current?.versionId);
    return [...(current === undefined ? [] : [current]), ...old.toReversed()];
  }

  /** Also of objects that a marker hides. In the order S3 lists them. */
  versionedKeys(): readonly string[] {
    return [...new Set([...this.#objects.keys(), ...this.#old.keys()])].sort(compareKeys);
  }

  /** What new objects are locked with that name no lock of their own. */
  defaultLock(now: number): ObjectLock {
    const { defaultDays } = this;
    return defaultDays === undefined
      ? {}
      : { retention: { mode: 'COMPLIANCE', until: now + defaultDays * 86_400_000 } };
  }

  /** For the next version of an object; none in a bucket without versions. */
  newVersion(): { readonly versionId?: string } {
    return this.isVersioned ? { versionId: randomUUID().replaceAll('-', '') } : {};
  }

  /** In the order S3 lists them. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#objects.keys()]
      .map((key) => [key, Buffer.from(key)] as const)
      .sort((a, b) => Buffer.compare(a[1], b[1]))
      .map(([key]) => key);
    return this.#sortedKeys;
  }

  upload(uploadId: string): OpenUpload | undefined {
    return this.#uploads.get(uploadId);
  }

  /** By key, then by age. */
  uploads(): readonly OpenUpload[] {
    return [...this.#uploads.values()].sort(
      (a, b) => compareKeys(a.record.key, b.record.key) || a.record.initiated - b.record.initiated,
    );
  }

  /** Nothing of it can be seen until a record names it: pass the result to a commit, or to {@link discard}. */
  async store(chunks: AsyncIterable<Uint8Array>): Promise<Segment> {
    return writeSegment(this.#path('data'), chunks);
  }

  async discard(segments: readonly Segment[]): Promise<void> {
    await removeSegments(this.#path('data'), segments);
  }

  /** Bytes `first` to `last`, inclusive. An object that is replaced or deleted meanwhile may break the iteration. */
  read(record: ObjectRecord, first: number, last: number): AsyncIterable<Uint8Array> {
    return readSegments(this.#path('data'), record.segments, first, last);
  }

  /**
   * @param ifMatch entity tag of the object it replaces.
   * @returns whether `record` now is the object; `false` with `ifAbsent`, when there was one already, or with another `ifMatch`.
   */
  async commit(record: ObjectRecord, ifAbsent: boolean, ifMatch?: string): Promise<boolean> {
    return this.exclusive(`object ${record.key}`, async () => {
      if (ifMatch !== undefined && this.#objects.get(record.key)?.etag !== ifMatch) return false;
      const previous = this.#objects.get(record.key);
      const stays = this.isVersioned && previous !== undefined && previous.versionId !== record.versionId;
      if (stays && ifAbsent) return false;
      if (stays) await this.#old.set(record.key, [...this.#old.of(record.key), previous]);
      const committed = await commitRecord(this.#path('objects', recordName(record.key)), record, ifAbsent);
      if (!committed) return false;
      this.#objects.set(record.key, record);
      if (previous === undefined) this.#sortedKeys = undefined;
      else if (!stays) {
        const kept = new Set(record.segments.map(({ file }) => file));
        await this.discard(previous.segments.filter(({ file }) => !kept.has(file)));
      }
      return true;
    });
  }

  async remove(key: string): Promise<void> {
    await this.exclusive(`object ${key}`, async () => {
      const record = this.#objects.get(key);
      if (record === undefined) return;
      await removeRecord(this.#path('objects', recordName(key)));
      this.#objects.delete(key);
      this.#sortedKeys = undefined;
      await this.discard(record.segments);
    });
  }

  /** Hides the object behind a marker. @returns the marker's version. */
  async hide(key: string, now: number): Promise<string> {
    const versionId = randomUUID().replaceAll('-', '');
    await this.exclusive(`object ${key}`, async () => {
      const record = this.#objects.get(key);
      const marker = { key, versionId, lastModified: now, isMarker: true } as const;
      await this.#old.set(key, [...this.#old.of(key), ...(record === undefined ? [] : [record]), marker]);
      if (record === undefined) return;
      await removeRecord(this.#path('objects', recordName(key)));
      this.#objects.delete(key);
      this.#sortedKeys = undefined;
    });
    return versionId;
  }

  /** Removes one version permanently; the one before it becomes the object where it was the newest. */
  async removeVersion(key: string, versionId: string): Promise<void> {
    await this.exclusive(`object ${key}`, async () => {
      const all = this.versions(key);
      const gone = all.find((version) => (version.versionId ?? 'null') === versionId);
      if (gone === undefined) return;
      const rest = all.filter((version) => version !== gone);
      const [newest, ...older] = rest;
      const current = newest === undefined || isMarker(newest) ? undefined : newest;
      const target = this.#path('objects', recordName(key));
      if (current === undefined) await removeRecord(target);
      else await commitRecord(target, current, false);
      await this.#old.set(key, (current === undefined ? rest : older).toReversed());
      if (current === undefined) this.#objects.delete(key);
      else this.#objects.set(key, current);
      this.#sortedKeys = undefined;
      const kept = new Set(filesOf(rest));
      if (!isMarker(gone)) await this.discard(gone.segments.filter(({ file }) => !kept.has(file)));
    });
  }

  async createUpload(record: UploadRecord): Promise<void> {
    await commitRecord(this.#uploadPath(record.uploadId), record, false);
    this.#uploads.set(record.uploadId, { record, parts: new Map() });
  }

  /** @returns `false` when the upload has ended meanwhile; the part is then gone. */
  async commitPart(part: PartRecord): Promise<boolean> {
    return this.exclusive(`upload ${part.uploadId}`, async () => {
      const upload = this.#uploads.get(part.uploadId);
      if (upload === undefined) {
        await this.discard([part.segment]);
        return false;
      }
      await commitRecord(this.#partPath(part), part, false);
      const previous = upload.parts.get(part.partNumber);
      upload.parts.set(part.partNumber, part);
      if (previous !== undefined) await this.discard([previous.segment]);
      return true;
    });
  }

  /** Ends an upload. Call inside `exclusive('upload ID')`. @param kept segments that an object now owns. */
  async dropUpload(uploadId: string, kept: readonly Segment[] = []): Promise<void> {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) return;
    this.#uploads.delete(uploadId);
    const owned = new Set(kept.map(({ file }) => file));
    await removeRecord(this.#uploadPath(uploadId));
    await rm(this.#path('parts', uploadId), { recursive: true, force: true });
    const segments = [...upload.parts.values()].map(({ segment }) => segment);
    await this.discard(segments.filter(({ file }) => !owned.has(file)));
  }
}
