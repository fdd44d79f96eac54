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
import {
  type BucketFeatures,
  compareKeys,
  type ObjectRecord,
  type OpenUpload,
  type PartRecord,
  type UploadRecord,
} from './object-record.ts';
import { Past } from './past.ts';

export { compareKeys } from './object-record.ts';
export type * from './object-record.ts';

/** One bucket: the records of its objects and open uploads, in memory and on disk alike. One process per directory. */
export class Bucket {
  /** Whether it was made with Object Lock. */
  readonly hasObjectLock: boolean;
  readonly keepsVersions: boolean;
  readonly past = new Past();
  readonly #directory: string;
  readonly #objects = new Map<string, ObjectRecord>();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #sortedKeys: readonly string[] | undefined;

  private constructor(directory: string, has: BucketFeatures) {
    this.#directory = directory;
    this.hasObjectLock = has.objectLock === true;
    this.keepsVersions = has.versions === true;
  }

  static async open(directory: string, has: BucketFeatures = {}): Promise<Bucket> {
    const bucket = new Bucket(directory, has);
    await bucket.#recover();
    return bucket;
  }

  async #recover(): Promise<void> {
    const named = new Set<string>();
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

  version(key: string, versionId: string): ObjectRecord | undefined {
    const current = this.#objects.get(key);
    if (current !== undefined && (current.versionId ?? 'null') === versionId) return current;
    const past = this.past.of(key).find((version) => version.versionId === versionId);
    return past !== undefined && 'record' in past ? past.record : undefined;
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
  async commit(written: ObjectRecord, ifAbsent: boolean, ifMatch?: string): Promise<boolean> {
    const record =
      this.keepsVersions && written.versionId === undefined
        ? { ...written, versionId: Past.newId() }
        : written;
    return this.exclusive(`object ${record.key}`, async () => {
      if (ifMatch !== undefined && this.#objects.get(record.key)?.etag !== ifMatch) return false;
      const committed = await commitRecord(this.#path('objects', recordName(record.key)), record, ifAbsent);
      if (!committed) return false;
      const previous = this.#objects.get(record.key);
      this.#objects.set(record.key, record);
      if (previous === undefined) this.#sortedKeys = undefined;
      else await this.#bury(previous, record);
      return true;
    });
  }

  /** Keeps what something else has taken the place of, or frees what it alone needed. */
  async #bury(previous: ObjectRecord, current: ObjectRecord | undefined): Promise<void> {
    const { key, versionId } = previous;
    const isOther = versionId !== undefined && versionId !== current?.versionId;
    if (this.keepsVersions && isOther) this.past.push(key, { versionId, record: previous });
    else await this.#free(previous, current);
  }

  async #free({ key, segments }: ObjectRecord, current: ObjectRecord | undefined): Promise<void> {
    const kept = new Set([...(current?.segments ?? []).map(({ file }) => file), ...this.past.filesOf(key)]);
    await this.discard(segments.filter(({ file }) => !kept.has(file)));
  }

  /** Removes an object; where versions are kept, hides it. */
  async remove(key: string, now: number): Promise<void> {
    await this.exclusive(`object ${key}`, async () => {
      const record = this.#objects.get(key);
      if (record !== undefined) {
        await this.#forget(key);
        await this.#bury(record, undefined);
      }
      if (this.keepsVersions) this.past.push(key, { versionId: Past.newId(), hiddenAt: now });
    });
  }

  async #forget(key: string): Promise<void> {
    await removeRecord(this.#path('objects', recordName(key)));
    this.#objects.delete(key);
    this.#sortedKeys = undefined;
  }

  /** Removes one version for good; what stood below it is the current one then, where nothing stands above. */
  async removeVersion(key: string, versionId: string): Promise<void> {
    await this.exclusive(`object ${key}`, async () => {
      const current = this.#objects.get(key);
      if ((current?.versionId ?? 'null') === versionId && current !== undefined) {
        await this.#forget(key);
        await this.#free(current, undefined);
      } else {
        const taken = this.past.take(key, versionId);
        if (taken !== undefined && 'record' in taken) await this.#free(taken.record, current);
      }
      if (this.#objects.has(key)) return;
      const uncovered = this.past.takeObject(key);
      if (uncovered === undefined) return;
      await commitRecord(this.#path('objects', recordName(key)), uncovered, false);
      this.#objects.set(key, uncovered);
      this.#sortedKeys = undefined;
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
