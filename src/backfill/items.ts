import { ArchiveError } from '../errors.ts';
import { readField } from '../json.ts';
import { canonicalId, isSafeId } from '../recording/id.ts';
import { isPlausibleTime } from '../recording/time.ts';
import { present } from '../present.ts';

/** The recordings of one conversation. */
export interface ConversationItem {
  readonly conversationId: string;
  /** Only these; absent: all that it has. */
  readonly recordingIds?: readonly string[];
  /** Epoch ms, as far as the source of the plan knew; decides how long a recording is waited for, never where it is kept. */
  readonly endedAt?: number;
  /** Epoch ms, where the source knew. With the end it tells which day its recordings can only be of. */
  readonly startedAt?: number;
}

/** One file of the platform's own export. */
export interface ExportedItem {
  /** Within the export. */
  readonly file: string;
  /** Bytes of it as it was listed. */
  readonly bytes: number;
}

export type BackfillItem = ConversationItem | ExportedItem;

/** Recordings named of one conversation; more are all that it has. */
const MAX_NAMED_RECORDINGS = 100;

/** Characters of a key of the export. */
const MAX_FILE_NAME = 1_024;

/** Where items come from; it stands in the job, and decides how they are worked on. */
export type BackfillSource = 'days' | 'inventory' | 'ids' | 'export' | 'failed';

/** What a job of this kind keeps in its `options`. */
export interface BackfillOptions {
  readonly source: BackfillSource;
  /** `s3://…` or `file:…` of the export, with `source: export`. */
  readonly export?: string;
  /** The archive's layout when the job was planned: under another one it would store everything a second time. */
  readonly layout: string;
}

/** @throws `OBJECT_MALFORMED` where the value is no item. */
export function parseItem(value: unknown): BackfillItem {
  const file = readField(value, 'file');
  if (file !== undefined) return parseExported(file, readField(value, 'bytes'));
  const conversationId = readField(value, 'conversationId');
  const recordingIds = readField(value, 'recordingIds');
  const endedAt = readField(value, 'endedAt');
  const startedAt = readField(value, 'startedAt');
  const idsAreSound =
    recordingIds === undefined ||
    (Array.isArray(recordingIds) &&
      recordingIds.length > 0 &&
      recordingIds.length <= MAX_NAMED_RECORDINGS &&
      recordingIds.every(isSafeId));
  if (!isSafeId(conversationId) || !idsAreSound || !isTime(startedAt) || !isTime(endedAt)) throw noItem();
  return {
    conversationId,
    ...present({ recordingIds, endedAt, startedAt }),
  };
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && isPlausibleTime(value));
}

function parseExported(file: unknown, bytes: unknown): ExportedItem {
  if (typeof file !== 'string' || file.length === 0 || file.length > MAX_FILE_NAME) throw noItem();
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) throw noItem();
  return { file, bytes };
}

function noItem(): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', 'a line of the job is not an item of a backfill');
}

/** Ids only: it stands in failed lists and logs. */
export function nameOfItem(item: BackfillItem): string {
  if ('file' in item) return item.file;
  const { conversationId, recordingIds } = item;
  return recordingIds?.length === 1 ? `${conversationId}/${recordingIds[0]}` : conversationId;
}

/** @throws `JOB_CHANGED` where they are none, or those of another archive. */
export function requireOptions(options: unknown, layout: string): BackfillOptions {
  const source = readField(options, 'source');
  const planned = readField(options, 'layout');
  const location = readField(options, 'export');
  const isKnown = SOURCES.some((one) => one === source);
  if (!isKnown || (source === 'export' && typeof location !== 'string')) {
    throw new ArchiveError('JOB_CHANGED', 'the options of the job are not those of a backfill');
  }
  if (planned !== layout) {
    throw new ArchiveError('JOB_CHANGED', 'the job was planned for another layout than ARCHIVE_LAYOUT says', {
      hint: 'plan it again, or set ARCHIVE_LAYOUT to what it was',
    });
  }
  return {
    source: source as BackfillSource,
    layout,
    ...(typeof location === 'string' ? { export: location } : {}),
  };
}

const SOURCES: readonly BackfillSource[] = ['days', 'inventory', 'ids', 'export', 'failed'];

/** The same conversation in any spelling. */
export function keyOfConversation({ conversationId }: Pick<ConversationItem, 'conversationId'>): string {
  return canonicalId(conversationId);
}
