/**
 * The ports of the heart (`archive/`). Adapters (`genesys/`, `envelope/`, `store/`) implement them and import nothing from
 * each other. All byte streams are async iterables of chunks; no method ever takes or returns a whole recording.
 */
import type { Budget } from './clock.ts';
import type { ConversationFacts, FileFacts } from './recording-facts.ts';

// ---------------------------------------------------------------------------------------------- what is to be archived

/** One event, understood; `dialect` says which API of the platform can answer it. */
export type ArchiveRequest = MediaRequest | RecordingsRequest;

/** The tutorial's dialect: one recording (`mediaId`) of one interaction. */
export interface MediaRequest {
  readonly dialect: 'media';
  readonly mediaId: string;
  readonly interactionId: string;
  /** Epoch ms (UTC) stated by the event itself, so that every redelivery states the same; absent when it states none. */
  readonly occurredAt?: number;
}

/** The published dialect: a conversation has ended, and may have any number of recordings, each of any number of files. */
export interface RecordingsRequest {
  readonly dialect: 'recordings';
  readonly conversationId: string;
  /**
   * Epoch ms (UTC) at which the conversation, or a participant's part in it, ended, as the event states it. Different events of
   * one conversation state different times: it decides how long to wait, never where an object is kept.
   */
  readonly endedAt?: number;
  /** Only this recording of the conversation. */
  readonly recordingId?: string;
}

/** Who a recording is. Bound into the archive's object and write-back; never a phone number or a name. */
export interface RecordingIds {
  readonly recordingId: string;
  readonly conversationId: string;
  /** Set when one recording has several files, e.g. one per audio channel. */
  readonly channel?: string;
}

/** One downloadable file of a recording. `url` is a secret: it carries a signature. */
export interface MediaItem {
  readonly ids: RecordingIds;
  readonly url: string;
  /** e.g. `audio`. */
  readonly mediaType?: string;
  readonly durationMs?: number;
  /** Epoch ms (UTC) of the recording as the platform states it. */
  readonly recordedAt?: number;
  readonly file?: FileFacts;
  readonly conversation?: ConversationFacts;
}

/** A recording that exists, or may yet appear, and has no file for now. */
export interface PendingRecording {
  /** `undefined` when it is not known yet which recordings there will be. */
  readonly recordingId: string | undefined;
  /** The platform's own word for the state, in lower case, e.g. `uploading`, `transcoding`. */
  readonly status: string;
  readonly retryAfterMs: number;
}

/** A recording that will not be archived by asking again. */
export interface TerminalRecording {
  readonly ids: RecordingIds;
  readonly reason: 'deleted' | 'error' | 'archived' | 'overdue' | 'forbidden';
  /** The platform's own word for the state, in lower case. */
  readonly status: string;
  /**
   * True when the platform itself can never have the file again (`deleted`, `error`): the receipt may say so for good. False
   * when it was only given up on (`overdue`), may not be seen (`forbidden`), or has to be brought back first (`archived`).
   */
  readonly permanent: boolean;
  /** What somebody could do about it. */
  readonly hint?: string;
  readonly file?: FileFacts;
  readonly conversation?: ConversationFacts;
}

export type Resolution =
  /**
   * `items` can be archived now. The request is done only when `pending` is empty; until then it has to be delivered again, after
   * the longest `retryAfterMs` of them, and the files that are archived by then are found in the archive. All three lists are
   * empty for a conversation that was not recorded.
   */
  | {
      readonly state: 'ready';
      readonly items: readonly MediaItem[];
      readonly pending?: readonly PendingRecording[];
      readonly terminal?: readonly TerminalRecording[];
    }
  | { readonly state: 'not-ready'; readonly status: string; readonly retryAfterMs: number }
  | { readonly state: 'gone'; readonly reason: string };

/** Asks the platform where the media of a request is. "Not ready" and "gone" are values, not errors. */
export interface MediaResolver {
  /** @throws `GENESYS_*` errors; see `docs/errors.md` for which are retryable. */
  resolve(request: ArchiveRequest, budget: Budget): Promise<Resolution>;
}

/** A download that has begun. */
export interface MediaStream {
  /** Bytes of the whole file as the host declares them; `undefined` for a close-delimited or chunked response. */
  readonly contentLength: number | undefined;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  /**
   * The bytes of the file from first to last, once. Dropped connections are resumed inside; an iteration that completes
   * has delivered exactly `contentLength` bytes where that is known.
   *
   * @throws `MEDIA_*` errors. {@link MediaRestart} when the bytes already delivered may belong to another version.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How often the connection was resumed so far. */
  readonly resumes: () => number;
}

/**
 * Thrown through {@link MediaStream.chunks}: start over from byte 0 with a fresh cipher. Not an error anyone outside the
 * archive use case sees.
 */
export class MediaRestart extends Error {
  override readonly name = 'MediaRestart' as const;
}

export interface MediaOpener {
  /**
   * Begins the download.
   * @param refresh asks the platform for a new signed URL of the same file; called when the current one is refused.
   */
  open(item: MediaItem, refresh: () => Promise<MediaItem>, budget: Budget): Promise<MediaStream>;
}

/** Writes the archive reference back to the platform, idempotently by value. */
export interface ReferenceWriter {
  /** @throws `INTERACTION_NOT_FOUND`, `GENESYS_*`. */
  write(ids: RecordingIds, reference: ArchiveReference, budget: Budget): Promise<void>;
}

export interface ArchiveReference {
  readonly key: string;
  /** Epoch ms. */
  readonly archivedAt: number;
  readonly algorithm: 'AES-256-GCM';
}

// ------------------------------------------------------------------------------------------------------ envelope

/** One encryption attempt: fresh key material, never reused, not even for a retry of the same recording. */
export interface Sealer {
  /** S3 user metadata (names without `x-amz-meta-`), known before the first byte. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes the ciphertext is longer than the plaintext. */
  readonly overhead: number;
  /** The ciphertext of these bytes, in memory that is the caller's from then on and never a view of `plaintext`. */
  update(plaintext: Uint8Array): Uint8Array;
  /** The rest of the ciphertext and the tag. Call only after everything about the plaintext has been checked. */
  final(): Uint8Array;
}

export interface Envelope {
  readonly format: string;
  /** @throws what the key service throws: `KMS_*`, `OUT_OF_TIME`. */
  seal(ids: RecordingIds, budget?: Budget): Promise<Sealer>;
}

/** One decryption. `update` releases UNVERIFIED plaintext: keep it where it can be destroyed until `final` returned. */
export interface Unsealer {
  update(ciphertext: Uint8Array): Uint8Array;
  /** @throws `DECRYPT_FAILED` when the tag does not verify, `OBJECT_MALFORMED` when the body is shorter than a tag. */
  final(): Uint8Array;
}

/** What the caller of {@link EnvelopeReader.unseal} knows besides the object itself. */
export interface UnsealRequest {
  /** The body of `<key>.instruction`; `undefined` when there is none. Called only for objects that cannot be read without. */
  readonly readInstruction?: () => Promise<string | undefined>;
  /** Ids known from elsewhere, never from the object's own metadata: its data key has to be bound to them. */
  readonly expected?: { readonly recordingId?: string; readonly conversationId?: string };
  readonly budget?: Budget;
}

export interface EnvelopeReader {
  /**
   * @throws `OBJECT_MALFORMED` when the metadata are of no known format or damaged, before any byte is decrypted;
   *   `CONTEXT_MISMATCH` when the data key is bound to other ids, before any key service is asked; `DECRYPT_FAILED` when the
   *   key does not fit or is not held; `KMS_*`, `OUT_OF_TIME`.
   */
  unseal(stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>, request?: UnsealRequest): Promise<Unsealer>;
}

/** Decryption of parts of one object. No tag covers a part: what comes out is UNVERIFIED. */
export interface RangeUnsealer {
  /** Of the whole recording. */
  readonly plaintextBytes: number;
  /**
   * Whether key and IV are settled by the object's own metadata, or the object commits to its key; false when they come from
   * an instruction file that could be exchanged for another without anybody noticing before the tag is checked.
   */
  readonly keyIsBound: boolean;
  /** @param offset of the first byte of `ciphertext` in the object; the tag at its end is no ciphertext. */
  decryptAt(offset: number, ciphertext: Uint8Array): Uint8Array;
}

export interface RangeReader {
  /** Throws as {@link EnvelopeReader.unseal}. */
  unsealRange(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    request?: UnsealRequest,
  ): Promise<RangeUnsealer>;
}

/** What `<key>.instruction` holds: the wrapped data key of the object beside it. */
export interface InstructionContent {
  readonly metadata: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Makes objects of the one static key readable by whoever holds another, without touching them. */
export interface KeyAdopter {
  /**
   * @param ids as far as they are known; a KMS wrap binds them for ever.
   * @returns `undefined` for an object of another format, which has a data key of its own.
   * @throws `OBJECT_MALFORMED`; what the key service throws.
   */
  adopt(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    ids: Partial<RecordingIds>,
    budget: Budget,
  ): Promise<InstructionContent | undefined>;
}

export type Rewrapped =
  /** The data key is under the wanted wrapping key already. */
  | { readonly state: 'current' }
  /** There is no wrapped data key. */
  | { readonly state: 'unwrapped'; readonly format: string }
  | { readonly state: 'instruction'; readonly instruction: InstructionContent }
  /** All user metadata of the object, as they have to be. */
  | { readonly state: 'metadata'; readonly metadata: Readonly<Record<string, string>> };

/** Moves the data key of an object under another wrapping key. */
export interface KeyRewrapper {
  /**
   * @param instruction the body of `<key>.instruction`; `undefined` when there is none.
   * @param ids as far as they are known from elsewhere; the data key has to be bound to them, and is again.
   * @throws as {@link EnvelopeReader.unseal}.
   */
  rewrap(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    instruction: string | undefined,
    ids: Partial<RecordingIds>,
    budget: Budget,
  ): Promise<Rewrapped>;
}

// --------------------------------------------------------------------------------------------------------- store

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

export interface PutOptions {
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Bytes the body will have, where known; a body of another length is never stored. */
  readonly contentLength?: number;
  /**
   * SHA-256 of pieces of the body, for a store that sends the body in pieces of the same size, so that nothing is hashed twice.
   * `leafDigest` is asked for a piece once a byte behind it, or the end of the body, has been read.
   */
  readonly leaves?: { readonly leafBytes: number; leafDigest(index: number): Uint8Array | undefined };
  /**
   * How the store makes sure of what it holds: by asking for it once more (`read-back`, the default), or by the checksum in its
   * answer to the write where that states one (`answer`, for small objects without metadata: one request instead of two).
   */
  readonly verify?: 'read-back' | 'answer';
}

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

export interface ObjectSummary {
  readonly key: string;
  readonly size: number;
  readonly lastModified: number;
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
   * its memory may then be used again or be gone, so a store copies what it keeps.
   *
   * @throws `STORE_THROTTLED`, `STORE_UNAVAILABLE`, `STORE_FULL`, `STORE_MISMATCH`, `OUT_OF_TIME` (retryable);
   *   `STORE_DENIED`, `STORE_MISSING` (not).
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions, budget: Budget): Promise<PutResult>;

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

  /** All objects whose key starts with `prefix`, in ascending UTF-8 byte order of their keys. */
  list(prefix: string, budget: Budget): AsyncIterable<ObjectSummary>;

  /** What writers that were killed have left: open multipart uploads, temporary files. Also what is being written just now. */
  readonly listUploads?: (budget: Budget) => AsyncIterable<UnfinishedUpload>;

  /** Removes it for good. Nothing happens when it is gone already, or has become an object. */
  readonly abortUpload?: (upload: UnfinishedUpload, budget: Budget) => Promise<void>;
}
