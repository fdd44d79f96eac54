import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { isSafeId, shortenForMessage } from '../recording/id.ts';
import { isPlausibleTime, parseDay } from '../recording/time.ts';
import type { ParsedObjectKey } from './object-key.ts';

/*
 * The layout of the platform's own export to S3, so that what reads its buckets can read an archive. After
 * https://help.mypurecloud.com/articles/working-with-exported-recordings-in-aws-s3-bucket/: partitions by the UTC start of the
 * conversation, month, day and hour without leading zeros, and a `_metadata.json` beside each file.
 */

export interface ExportedFile {
  readonly organizationId: string;
  readonly conversationId: string;
  readonly recordingId: string;
  readonly channel?: string | undefined;
  /** Epoch ms at which the conversation began. */
  readonly startedAt: number;
  /** Of the file's name, without a dot, e.g. `wav`: 1 to 8 of `[a-z0-9]`. */
  readonly extension: string;
}

const EXTENSION = /^[a-z0-9]{1,8}$/;
const CHANNEL = /^[A-Za-z0-9_-]{1,32}$/;
export const SIDECAR_SUFFIX = '_metadata.json';
const KEY =
  /^([A-Za-z0-9._-]+)\/year=(\d{4})\/month=([1-9]\d?)\/day=([1-9]\d?)\/hour=(\d|1\d|2[0-3])\/conversation_id=([A-Za-z0-9._-]+)\/([A-Za-z0-9_=-]+)(?:\.([A-Za-z0-9_-]{1,32}))?\.([a-z0-9]{1,8})$/;

/**
 * `{organizationId}/year=Y/month=M/day=D/hour=H/conversation_id={conversationId}/{recordingId}.{extension}`; a channel stands after
 * the recording's id, which the export itself, having one file per recording, does not know. A dot within the recording's id is
 * written `=2E`, as in the other layouts.
 *
 * @throws `EVENT_INVALID` (not retryable) when an id, the time or the extension is not fit for a key.
 */
export function exportKey(file: ExportedFile): string {
  const { organizationId, conversationId, recordingId, channel, startedAt, extension } = file;
  for (const id of [organizationId, conversationId, recordingId]) {
    if (!isSafeId(id)) throw unfit(id);
  }
  if (!EXTENSION.test(extension)) throw unfit(extension);
  // a channel that ends like this would make the file look like the sidecar of another
  if (channel !== undefined && (!CHANNEL.test(channel) || channel.endsWith('_metadata'))) {
    throw unfit(channel);
  }
  if (!isPlausibleTime(startedAt)) {
    throw new ArchiveError('EVENT_INVALID', 'the start of the conversation is not within 2000 to 2099');
  }
  const id = recordingId.replaceAll('.', '=2E');
  const name = `${id}${channel === undefined ? '' : `.${channel}`}.${extension}`;
  const hour = `hour=${new Date(startedAt).getUTCHours()}`;
  return `${exportDayPrefix(organizationId, startedAt)}${hour}/conversation_id=${conversationId}/${name}`;
}

/** What the keys of all conversations begin with that began on the UTC day of `at` (epoch ms). */
export function exportDayPrefix(organizationId: string, at: number): string {
  const day = new Date(at);
  return `${organizationId}/year=${day.getUTCFullYear()}/month=${day.getUTCMonth() + 1}/day=${day.getUTCDate()}/`;
}

/**
 * The inverse of {@link exportKey}; `undefined` for every key it could not have written, sidecars among them.
 * @param organizationId leaves out the objects of all others.
 */
export function parseExportKey(key: string, organizationId?: string): ParsedObjectKey | undefined {
  const [, organization = '', year, month = '', day = '', , conversation, escaped, channel] =
    KEY.exec(key) ?? [];
  if (escaped === undefined || key.endsWith(SIDECAR_SUFFIX)) return undefined;
  const recordingId = escaped.replaceAll('=2E', '.');
  if (![organization, conversation, recordingId].every(isSafeId)) return undefined;
  if (organizationId !== undefined && organization !== organizationId) return undefined;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return parseDay(date) === undefined ? undefined : { recordingId, channel, date };
}

/** Where the platform's own export puts what is known of the file under `key`. */
export function sidecarKey(key: string): string {
  return `${key}${SIDECAR_SUFFIX}`;
}

function unfit(part: string): ArchiveError {
  return new ArchiveError('EVENT_INVALID', `${shortenForMessage(part)} is not fit for a key`);
}

/**
 * What stands in `{file}_metadata.json`: the members of the platform's schema that are known, under their own names. Unknown
 * values are left out.
 */
export interface ExportMetadata {
  readonly mediaType: 'Call' | 'Chat' | 'Email' | 'Message' | 'Screen';
  readonly mediaSubtype?: string;
  readonly provider?: string;
  readonly userIds?: readonly string[];
  readonly conversationId: string;
  readonly recordingId: string;
  /** As the export writes times: `2023-08-29T23:19:04.873+0000`. */
  readonly startTime?: string;
  readonly endTime?: string;
  readonly durationMs?: number;
  readonly initialDirection?: string;
}

export interface ExportFacts {
  readonly kind: 'call' | 'screen' | 'chat' | 'email' | 'message';
  /** e.g. `Trunk`. */
  readonly subtype?: string | undefined;
  readonly provider?: string | undefined;
  /** Personal data: an archive that is to keep them encrypted leaves them out here. */
  readonly userIds?: readonly string[] | undefined;
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms. */
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** As the platform states it, in any case. */
  readonly direction?: string | undefined;
}

const MEDIA_TYPES = {
  call: 'Call',
  screen: 'Screen',
  chat: 'Chat',
  email: 'Email',
  message: 'Message',
} as const;

/** The sidecar of one file. Pure: equal facts give equal metadata. */
export function exportMetadata(facts: ExportFacts): ExportMetadata {
  const { subtype, provider, direction, userIds, startedAt, endedAt } = facts;
  const bothKnown = startedAt !== undefined && endedAt !== undefined;
  return {
    mediaType: MEDIA_TYPES[facts.kind],
    ...present({
      mediaSubtype: subtype,
      provider: provider?.toLowerCase(),
      userIds: userIds === undefined ? undefined : [...new Set(userIds)].toSorted(),
    }),
    conversationId: facts.conversationId,
    recordingId: facts.recordingId,
    ...present({
      startTime: startedAt === undefined ? undefined : exportTime(startedAt),
      endTime: endedAt === undefined ? undefined : exportTime(endedAt),
    }),
    ...(bothKnown ? { durationMs: Math.max(0, endedAt - startedAt) } : {}),
    ...present({ initialDirection: direction?.toLowerCase() }),
  };
}

function exportTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '+0000');
}
