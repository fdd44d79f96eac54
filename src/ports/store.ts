/** Where what is archived is kept. */
import type { Budget } from '../clock.ts';

/** What a store knows of one object. */
export interface ObjectStat {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  readonly versionId?: string;
  readonly checksum: StoredChecksum | undefined;
  /** Epoch ms. */
  readonly lastModified: number;
}

/**
 * SHA-256 as S3 keeps it: `full` is base64 of the object's digest; `composite` is base64 of the digest of the parts'
 * digests, followed by `-` and their number. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export interface StoredChecksum {
  readonly type: 'full' | 'composite';
  readonly sha256: string;
}

export interface BodyLeaves {
  readonly leafBytes: number;
  leafDigest(index: number): Uint8Array | undefined;
}

export interface PutOptions {
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Bytes the body will have, where known; a body of another length is never stored. */
  readonly contentLength?: number;
  /**
   * SHA-256 of pieces of the body, for a store that sends the body in pieces of the same size, so that nothing is hashed twice.
   * `leafDigest` is asked for a piece once a byte behind it, or the end of the body, has been read.
   */
  readonly leaves?: BodyLeaves;
  /**
   * How the store makes sure of what it holds: by asking for it once more (`read-back`, the default), or by the checksum in its
   * answer to the write where that states one (`answer`, for small objects without metadata: one request instead of two). `answer-only` is
   * for a key that no other writer can have, and a writer that may not read: where an earlier answer was lost, what stands there is its own,
   * and `exists` says so without another request.
   */
  readonly verify?: 'read-back' | 'answer' | 'answer-only';
  /** A store that has neither locks nor tags ignores it. */
  readonly keep?: KeepOnWrite;
}

/** How long an object stays, said by the write that makes it: locked until then (epoch ms), or with a tag, `name=value`, that lifecycle rules read. */
export type KeepOnWrite =
  | { readonly lock: 'compliance' | 'governance'; readonly until: number }
  | { readonly tag: string };

export type PutResult =
  | { readonly outcome: 'stored'; readonly stat: ObjectStat }
  /** An object stood there already. It was not touched; the body may not have been read to its end. */
  | { readonly outcome: 'exists' };

/** A write that was begun. */
export interface UnfinishedUpload {
  readonly key: string;
  /** Tells uploads of one key apart. */
  readonly id: string;
  /** Epoch ms; of a file, when it was written to last. */
  readonly startedAt: number;
}

export type ReplaceResult =
  | { readonly outcome: 'replaced'; readonly stat: ObjectStat }
  /** It is not, or no longer, the object that was expected. It was not touched. */
  | { readonly outcome: 'changed' }
  /** This store cannot do that to this object, and never will. */
  | { readonly outcome: 'unsupported'; readonly reason: string };

/** `unsupported`: the bucket was made without a lock; `absent`: there is no such object. */
export type LegalHoldResult = 'set' | 'unsupported' | 'absent';

export interface ObjectSummary {
  readonly key: string;
  readonly size: number;
  readonly lastModified: number;
  /** Another one for another version, where the store's listing tells versions apart. */
  readonly etag?: string | undefined;
  /** As the store calls it, where its listing says so: `STANDARD`, `GLACIER`. */
  readonly storageClass?: string;
}

/** One version of an object, held open for reading pieces of it. */
export interface PinnedObject {
  /** Bytes. */
  readonly size: number;
  /**
   * @param end of the byte behind the last.
   * @throws `STORE_UNAVAILABLE` (retryable) when the object was replaced by then.
   */
  read(first: number, end: number): Promise<Uint8Array>;
  /** To be called at the end. */
  close(): Promise<void>;
}

export interface ListOptions {
  /** Told of what lies there and cannot be an object of this store: names that break the rule for keys, links, pipes. */
  readonly onOther?: (name: string) => void;
}

/**
 * Where objects are kept. One conformance suite (`test/store/conformance.ts`) holds every implementation to this text.
 *
 * Keys are relative to the store's own prefix, `/`-separated, of `[A-Za-z0-9._=+@:/-]`, never starting with `/`, without
 * empty, `.` or `..` segments, at most 512 bytes.
 */
export interface ObjectStore {
  /** For people: `s3://bucket/prefix`, `file:/path`. */
  readonly location: string;

  /**
   * Stores `body` under `key` only if nothing stands there (S3: `If-None-Match: *`), and verifies length and checksum of
   * what the store then holds. All or nothing: when it throws, no object, no open multipart upload and no temporary file
   * remains, and when `body` throws, that very error is thrown on. A chunk of `body` is valid until the next one is asked for:
   * its memory may then be used again or be gone, so a store copies what it keeps. A body in one piece is not to be changed before
   * this is over.
   *
   * @throws `STORE_THROTTLED`, `STORE_UNAVAILABLE`, `STORE_FULL`, `STORE_MISMATCH`, `OUT_OF_TIME` (retryable);
   *   `STORE_DENIED`, `STORE_MISSING` (not).
   */
  put(
    key: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options: PutOptions,
    budget: Budget,
  ): Promise<PutResult>;

  /** `undefined` when there is no such object. */
  head(key: string, budget: Budget): Promise<ObjectStat | undefined>;

  /**
   * Opens an object for reading. A connection that drops is an error of the iteration, never a short success.
   * @param range first and last byte, inclusive.
   * @throws `OBJECT_NOT_FOUND`, and what `put` may throw.
   */
  get(
    key: string,
    budget: Budget,
    range?: { readonly first: number; readonly last: number },
  ): Promise<{ readonly stat: ObjectStat; readonly body: AsyncIterable<Uint8Array> }>;

  /**
   * Puts another body and metadata in the place of a small object (an instruction file, never media or receipts), as long as it
   * still is `expected`. At every moment one of the two can be read. Absent where a store cannot.
   *
   * @throws what `put` may throw.
   */
  replace?(
    expected: ObjectStat,
    body: Uint8Array,
    options: PutOptions,
    budget: Budget,
  ): Promise<ReplaceResult>;

  /**
   * Puts other user metadata in the place of an object's own, as long as it still is `expected`. Its body is neither read nor
   * sent. A server may lose the object's checksum with that. Absent where a store cannot.
   *
   * @throws what `put` may throw.
   */
  replaceMetadata?(
    expected: ObjectStat,
    metadata: Readonly<Record<string, string>>,
    budget: Budget,
  ): Promise<ReplaceResult>;

  /**
   * Opens one version of an object for many small reads, where that is faster than `get` of a range each time; `undefined` when there is
   * no such object. Absent where it is not.
   *
   * @throws what `get` may throw.
   */
  readonly pin?: (key: string, budget: Budget) => Promise<PinnedObject | undefined>;

  /**
   * All objects whose key starts with `prefix`, in ascending UTF-8 byte order of their keys. Ends with an error, never early, when
   * the store does not answer with a listing of just that.
   *
   * @throws what `put` may throw.
   */
  list(prefix: string, budget: Budget, options?: ListOptions): AsyncIterable<ObjectSummary>;

  /**
   * Forbids, or allows again, that the object as it stands is removed, by any user (S3 Object Lock's legal hold). Absent where a store has
   * nothing of the kind.
   *
   * @throws what `put` may throw.
   */
  readonly setLegalHold?: (key: string, on: boolean, budget: Budget) => Promise<LegalHoldResult>;

  /**
   * Days that the store locks each new object for by itself; `undefined` where it does not. Absent where a store has nothing of the kind.
   *
   * @throws `STORE_DENIED` where it may not be seen, and what `put` may throw.
   */
  readonly defaultLockDays?: (budget: Budget) => Promise<number | undefined>;

  /** Opens a connection ahead of the first request. Sends nothing, and reports no failure. Absent where a store has no connections. */
  readonly openAhead?: () => void;

  /** What writers that were killed have left: open multipart uploads, temporary files. Also what is being written just now. */
  readonly listUploads?: (budget: Budget) => AsyncIterable<UnfinishedUpload>;

  /** Removes it permanently. Nothing happens when it is gone already, or has become an object. */
  readonly abortUpload?: (upload: UnfinishedUpload, budget: Budget) => Promise<void>;
}
