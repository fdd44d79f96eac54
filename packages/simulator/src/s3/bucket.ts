import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { SimulatorError } from '../simulator-error.ts';
import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
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

/** What a client says about an object besides its bytes. */
export interface ObjectDescription {
  /** User metadata, names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Content-Type, Cache-Control and the like, to be sent back as they came. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectRecord extends ObjectDescription {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Epoch ms. */
  readonly lastModified: number;
  readonly checksum?: Checksum & { readonly type: 'FULL_OBJECT' | 'COMPOSITE' };
  /** One file per part of a multipart upload: completing it copies nothing. */
  readonly segments: readonly (Segment & { readonly checksum?: string })[];
  /** S3 Object Lock: while it is on, the object cannot be removed. */
  readonly legalHold?: boolean;
  /** The multipart upload it came from: after a crash between commit and clean-up, that upload is over. */
  readonly uploadId?: string;
}

export interface UploadRecord extends ObjectDescription {
  readonly uploadId: string;
  readonly key: string;
  readonly initiated: number;
  /** Every part must then carry this checksum. */
  readonly algorithm?: ChecksumAlgorithm;
}

export interface PartRecord {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly segment: Segment;
  readonly checksum?: Checksum;
}

export interface OpenUpload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

/** S3 lists in the order of the keys' UTF-8 bytes, which is not the order of JavaScript's UTF-16 strings. */
export const compareKeys = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** One bucket: the records of its objects and open uploads, in memory and on disk alike. One process per directory. */
export class Bucket {
  /** Whether it was made with Object Lock. */
  readonly hasObjectLock: boolean;
  readonly #directory: string;
  readonly #objects = new Map<string, ObjectRecord>();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #sortedKeys: readonly string[] | undefined;

  private constructor(directory: string, hasObjectLock: boolean) {
    this.#directory = directory;
    this.hasObjectLock = hasObjectLock;
  }

  static async open(directory: string, hasObjectLock = false): Promise<Bucket> {
    const bucket = new Bucket(directory, hasObjectLock);
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
      const committed = await commitRecord(this.#path('objects', recordName(record.key)), record, ifAbsent);
      if (!committed) return false;
      const previous = this.#objects.get(record.key);
      this.#objects.set(record.key, record);
      if (previous === undefined) this.#sortedKeys = undefined;
      else {
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

/** @throws SimulatorError for a bucket name S3 would not accept. */
export async function openBuckets(options: {
  readonly dir: string;
  readonly buckets: readonly string[];
  readonly lockedBuckets?: readonly string[];
}): Promise<ReadonlyMap<string, Bucket>> {
  const buckets = new Map<string, Bucket>();
  const { lockedBuckets = [] } = options;
  for (const name of new Set([...options.buckets, ...lockedBuckets])) {
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new SimulatorError(`not a valid bucket name: ${JSON.stringify(name)}`);
    }
    const directory = path.join(options.dir, name);
    await mkdir(directory, { recursive: true });
    buckets.set(name, await Bucket.open(directory, lockedBuckets.includes(name)));
  }
  return buckets;
}
