import { ArchiveError } from '../errors.ts';
import { isSafeId, shortenForMessage } from '../recording-id.ts';
import { isPlausibleTime } from '../recording-time.ts';

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
  /** Of the file's name, without a dot, e.g. `wav`. */
  readonly extension: string;
}

/**
 * `{organizationId}/year=Y/month=M/day=D/hour=H/conversation_id={conversationId}/{recordingId}.{extension}`; a channel stands after
 * the recording's id, which the export itself, having one file per recording, does not know.
 *
 * @throws `EVENT_INVALID` (not retryable) when an id, the time or the extension is not fit for a key.
 */
export function exportKey({
  organizationId,
  conversationId,
  recordingId,
  channel,
  startedAt,
  extension,
}: ExportedFile): string {
  for (const part of [
    organizationId,
    conversationId,
    recordingId,
    extension,
    ...(channel === undefined ? [] : [channel]),
  ]) {
    if (!isSafeId(part))
      throw new ArchiveError('EVENT_INVALID', `${shortenForMessage(part)} is not fit for a key`);
  }
  if (!isPlausibleTime(startedAt)) {
    throw new ArchiveError('EVENT_INVALID', 'the start of the conversation is not within 2000 to 2099');
  }
  const at = new Date(startedAt);
  const partitions = [
    `year=${at.getUTCFullYear()}`,
    `month=${at.getUTCMonth() + 1}`,
    `day=${at.getUTCDate()}`,
    `hour=${at.getUTCHours()}`,
    `conversation_id=${conversationId}`,
  ];
  const name = `${recordingId}${channel === undefined ? '' : `.${channel}`}.${extension}`;
  return [organizationId, ...partitions, name].join('/');
}

/** What stands in `{file}_metadata.json`: the members of the platform's schema that are known, under their own names. */
export interface ExportMetadata {
  readonly mediaType: 'Call' | 'Chat' | 'Email' | 'Message' | 'Screen';
  readonly mediaSubtype?: string;
  readonly provider?: string;
  readonly userIds: readonly string[];
  readonly conversationId: string;
  readonly recordingId: string;
  /** As the export writes times: `2023-08-29T23:19:04.873+0000`. */
  readonly startTime: string;
  readonly endTime: string;
  readonly durationMs: number;
  readonly initialDirection?: string;
}

export interface ExportFacts {
  readonly kind: 'call' | 'screen' | 'chat' | 'email' | 'message';
  /** e.g. `Trunk`. */
  readonly subtype?: string | undefined;
  readonly provider?: string | undefined;
  readonly userIds: readonly string[];
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
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
  const { subtype, provider, direction, startedAt, endedAt } = facts;
  return {
    mediaType: MEDIA_TYPES[facts.kind],
    ...(subtype === undefined ? {} : { mediaSubtype: subtype }),
    ...(provider === undefined ? {} : { provider: provider.toLowerCase() }),
    userIds: [...new Set(facts.userIds)].toSorted(),
    conversationId: facts.conversationId,
    recordingId: facts.recordingId,
    startTime: exportTime(startedAt),
    endTime: exportTime(endedAt),
    durationMs: Math.max(0, endedAt - startedAt),
    ...(direction === undefined ? {} : { initialDirection: direction.toLowerCase() }),
  };
}

function exportTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '+0000');
}
