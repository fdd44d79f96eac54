/** What the archive asks of the platform: recordings, their media, and the write-back of references. */
import type { Budget } from '../clock.ts';
import type { ArchiveError } from '../errors.ts';
import type { ConversationFacts, FileFacts } from '../recording/facts.ts';

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
  /** AWS region the file is kept in, where the platform states it. */
  readonly region?: string;
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
  /** It waits for others, and nothing is wrong with it, however long that takes. */
  readonly isQueued?: boolean;
}

/** A recording that the platform could not be asked about, or answered something wrong about. The others are not kept back. */
export interface FailedRecording {
  /** `undefined` when not even its id could be read. */
  readonly recordingId: string | undefined;
  readonly error: ArchiveError;
}

/** A recording that will not be archived by asking again. */
export interface TerminalRecording {
  readonly ids: RecordingIds;
  readonly reason: 'deleted' | 'error' | 'archived' | 'overdue' | 'forbidden';
  /** The platform's own word for the state, in lower case. */
  readonly status: string;
  /**
   * True when the platform itself can never have the file again (`deleted`, `error`): the receipt may say so permanently. False
   * when it was only given up on (`overdue`), may not be seen (`forbidden`), or has to be brought back first (`archived`).
   */
  readonly permanent: boolean;
  /** What an operator can do about it. */
  readonly hint?: string;
  readonly file?: FileFacts;
  readonly conversation?: ConversationFacts;
}

export type Resolution =
  /**
   * `items` can be archived now. The request is done only when `pending` and `failed` are empty; until then it has to be delivered
   * again, after the longest `retryAfterMs` of them, and the files that are archived by then are found in the archive. All lists
   * are empty for a conversation that was not recorded.
   */
  | {
      readonly state: 'ready';
      readonly items: readonly MediaItem[];
      readonly pending?: readonly PendingRecording[];
      readonly terminal?: readonly TerminalRecording[];
      readonly failed?: readonly FailedRecording[];
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
  /** True when the transfer coding tells the end of a body without `contentLength`; absent where only the connection does. */
  readonly isFramed?: boolean;
  /** In lower case, without parameters. */
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
