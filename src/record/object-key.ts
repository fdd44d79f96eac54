import { ArchiveError } from '../errors.ts';
import { isSafeId, shortenForMessage } from '../recording/id.ts';
import { FIRST_VERSION, splitVersion } from './versions.ts';
import { isPlausibleTime, parseDay } from '../recording/time.ts';

/** Everything that holds media stands under this prefix. */
export const MEDIA_PREFIX = 'archive/';

/** And everything that holds receipts under this one. */
export const RECEIPT_PREFIX = 'receipts/';
const CONTEXT_PREFIX = 'context/';

const CHANNEL = /^[A-Za-z0-9_-]{1,32}$/;
/** `ID.v2.enc` is the second object of a recording; its channel `v2` is written `=762`. */
const READS_LIKE_VERSION = /^v(\d+)$/;
const KEY =
  /^archive\/(\d{4})\/(\d{2})\/(\d{2})\/([A-Za-z0-9_=-]+)(?:\.([A-Za-z0-9_-]{1,32}|=76\d{1,31}))?\.enc$/;

export interface ObjectKeyParts {
  readonly recordingId: string;
  /** Set when one recording has several files, e.g. one per audio channel: 1 to 32 of `[A-Za-z0-9_-]`. */
  readonly channel?: string | undefined;
  /** Epoch ms of an immutable time of the recording or its event; never the time of the attempt. */
  readonly at: number;
}

export interface ParsedObjectKey {
  /** Of a successor, from 2; absent for the first object of a recording. */
  readonly version?: number;
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
}

/**
 * Where a recording is kept: `archive/YYYY/MM/DD/{recordingId}[.{channel}].enc`, the day in UTC. The same parts give the
 * same key on every machine and at every attempt. A dot within an id (only a custom id pattern allows one) is written
 * `=2E`, so that it is never taken for the dot before the channel, and the first letter of a channel that reads like a version (`v2`) `=76`.
 *
 * @throws `EVENT_INVALID` (not retryable) when an id, channel or time is not fit for a key. The callers check all three
 *   earlier; this is the last door before the store.
 */
export function objectKey({ recordingId, channel, at }: ObjectKeyParts): string {
  if (channel !== undefined && !CHANNEL.test(channel)) {
    throw new ArchiveError('EVENT_INVALID', `channel ${shortenForMessage(channel)} is not fit for a key`);
  }
  const id = requireSafeId(recordingId).replaceAll('.', '=2E');
  const shown = channel?.replace(READS_LIKE_VERSION, '=76$1');
  return `${datePrefix(at)}${id}${shown === undefined ? '' : `.${shown}`}.enc`;
}

/**
 * Where the first-seen time of a recording is pinned when neither the event nor the platform states a time:
 * `claims/{recordingId}.json`.
 *
 * @throws `EVENT_INVALID` (not retryable) when the id is not fit for a key.
 */
export function claimKey(recordingId: string): string {
  return `claims/${requireSafeId(recordingId)}.json`;
}

/**
 * Where the receipt of the object under `key` stands: `receipts/YYYY/MM/DD/{recordingId}[.{channel}].json`, and
 * `receipts/{key}.json` for an object that does not stand under {@link MEDIA_PREFIX}.
 */
export function receiptKey(key: string): string {
  return `${RECEIPT_PREFIX}${nameBeside(key)}.json`;
}

/** What the receipts of all objects begin with whose keys begin with `prefix`: a folder, or {@link MEDIA_PREFIX} and more. */
export function receiptPrefix(prefix: string): string {
  return RECEIPT_PREFIX + (prefix.startsWith(MEDIA_PREFIX) ? prefix.slice(MEDIA_PREFIX.length) : prefix);
}

/**
 * Where it is amended how the data key of the object under `key` is wrapped:
 * `receipts/YYYY/MM/DD/_{recordingId}[.{channel}].wrap-{first 16 hex digits of wrapSha256}.json`.
 */
export function amendmentKey(key: string, wrapSha256: string): string {
  return receiptKey(key).replace(/([^/]*)\.json$/, `_$1.wrap-${wrapSha256.slice(0, 16)}.json`);
}

/** The name of an amendment, which stands among the receipts and is none. */
const AMENDMENT = /\/_[^/]+\.wrap-[0-9a-f]{16}\.json$/;

/** The keys {@link receiptKey} could have been given for this one; the layout of the archive says which of them it was. */
export function objectsOfReceipt(key: string): readonly string[] {
  if (!key.startsWith(RECEIPT_PREFIX) || !key.endsWith('.json') || AMENDMENT.test(key)) return [];
  const name = key.slice(RECEIPT_PREFIX.length, -'.json'.length);
  return [`${MEDIA_PREFIX}${name}.enc`, name];
}

/** Where it is marked that the reference to `key` has been written back: `links/YYYY/MM/DD/{recordingId}[.{channel}].json`. */
export function linkKey(key: string): string {
  return `links/${nameBeside(key)}.json`;
}

/** Where the context of the recording under `key` stands: `context/YYYY/MM/DD/{recordingId}[.{channel}].json.enc`. */
export function contextKey(key: string): string {
  return `${CONTEXT_PREFIX}${nameBeside(key)}.json.enc`;
}

/** What the contexts of all recordings begin with whose keys begin with `prefix`. */
export function contextPrefix(prefix: string): string {
  return CONTEXT_PREFIX + (prefix.startsWith(MEDIA_PREFIX) ? prefix.slice(MEDIA_PREFIX.length) : prefix);
}

/** What was found when a transcript was asked for; where no object says so, none was asked for. */
export const TRANSCRIPT_STATUSES = ['known', 'none', 'forbidden'] as const;
export type TranscriptStatus = (typeof TRANSCRIPT_STATUSES)[number];

/**
 * Where the transcript of the recording under `key` stands: `transcripts/YYYY/MM/DD/{recordingId}[.{channel}].json.enc`. That there was
 * none, or that it was forbidden, stands under `….=none.json.enc` and `….=forbidden.json.enc`, which a later transcript leaves in place.
 */
export function transcriptKey(key: string, status: TranscriptStatus): string {
  return `transcripts/${nameBeside(key)}${status === 'known' ? '' : `.=${status}`}.json.enc`;
}

/** The objects beside a recording that have no receipt of their own. */
export type CompanionKind = 'context' | 'transcript';

/** What the keys of all of them begin with. */
export const companionPrefixes = [CONTEXT_PREFIX, 'transcripts/'] as const;

/** What may stand beside the recording under `key`. */
export function companionKeys(key: string): readonly string[] {
  return [contextKey(key), ...TRANSCRIPT_STATUSES.map((status) => transcriptKey(key, status))];
}

/** Of a companion: what its recording's own names have in common, without what a transcript says of itself. */
const COMPANION = /^(context|transcripts)\/(.+?)(?:\.=(?:none|forbidden))?\.json\.enc$/;

/** What the names of a recording have in common, by the key of its object or of what stands beside it. */
export function nameOfRecording(key: string): string {
  return COMPANION.exec(key)?.[2] ?? nameBeside(key);
}

/** Which of them the object under `key` is, and where the receipt of its recording stands; `undefined` for a key of none. */
export function parseCompanion(
  key: string,
): { readonly kind: CompanionKind; readonly receipt: string } | undefined {
  const [, folder, name = ''] = /^(context|transcripts)\/(.+)\.json\.enc$/.exec(key) ?? [];
  if (folder === undefined) return undefined;
  if (folder === 'context') return { kind: 'context', receipt: `${RECEIPT_PREFIX}${name}.json` };
  return {
    kind: 'transcript',
    receipt: `${RECEIPT_PREFIX}${name.replace(/\.=(?:none|forbidden)$/, '')}.json`,
  };
}

/** What the names of all that belongs to an object have in common. */
function nameBeside(key: string): string {
  return key.startsWith(MEDIA_PREFIX) ? key.slice(MEDIA_PREFIX.length).replace(/\.enc$/, '') : key;
}

/** The inverse of {@link objectKey}, also for keys of successors; `undefined` for every key it could not have written. */
export function parseObjectKey(key: string): ParsedObjectKey | undefined {
  const { base, version } = splitVersion(key);
  const [, year, month, day, escapedId, channel] = KEY.exec(base) ?? [];
  if (escapedId === undefined || READS_LIKE_VERSION.test(channel ?? '')) return undefined;
  const date = `${year}-${month}-${day}`;
  const at = parseDay(date);
  const recordingId = escapedId.replaceAll('=2E', '.');
  if (at === undefined || !isSafeId(recordingId)) return undefined;
  return {
    recordingId,
    channel: channel?.replace(/^=76/, 'v'),
    date,
    ...(version === FIRST_VERSION ? {} : { version }),
  };
}

/**
 * `archive/YYYY/MM/DD/` of the UTC day that `at` (epoch ms) falls on.
 *
 * @throws `EVENT_INVALID` (not retryable) outside the years 2000 to 2099.
 */
export function datePrefix(at: number): string {
  if (!isPlausibleTime(at)) {
    throw new ArchiveError('EVENT_INVALID', 'the time of the recording is not within 2000 to 2099', {
      details: { at },
    });
  }
  return `${MEDIA_PREFIX}${new Date(at).toISOString().slice(0, 10).replaceAll('-', '/')}/`;
}

function requireSafeId(recordingId: string): string {
  if (isSafeId(recordingId)) return recordingId;
  throw new ArchiveError(
    'EVENT_INVALID',
    `recording id ${shortenForMessage(recordingId)} is not fit for a key`,
  );
}
