import type { Budget } from '../../clock.ts';
import type { InventoriedRecording, OrphanRecording, RecordingInventory } from '../../ports.ts';
import { ArchiveError } from '../../errors.ts';
import { isSafeId } from '../../recording/id.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import { findForeignId, foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { type BackfillCall, explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject, readField as read } from '../responses.ts';
import { countByBulkJob } from './bulk-counter.ts';
import type { InventoryOptions } from './inventory-options.ts';
import { requestUploads } from './upload-report.ts';
import { present } from '../../present.ts';

/** Entries of one page, the platform's maximum. */
const RETENTION_PAGE = 500;
const ORPHAN_PAGE = 100;

/** Pages of orphans; more are a list that never ends. */
const MAX_ORPHAN_PAGES = 10_000;

/** Days; with the least that the platform accepts every recording is listed that is kept for longer, or permanently. */
const MIN_THRESHOLD_DAYS = 0;

export function createRecordingInventory(options: InventoryOptions): RecordingInventory {
  return {
    recordings: (budget) => listRetention(options, budget),
    orphans: (budget) => listOrphans(options, budget),
    uploads: (request, budget) => requestUploads(options, request, budget),
    count: (interval, budget) => countByBulkJob(options, interval, budget),
  };
}

async function* listRetention(
  { api, organizationId }: InventoryOptions,
  budget: Budget,
): AsyncGenerator<InventoriedRecording, void, undefined> {
  const what = 'list of retained recordings';
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const query = {
      retentionThresholdDays: String(MIN_THRESHOLD_DAYS),
      pageSize: String(RETENTION_PAGE),
      ...present({ cursor }),
    };
    const path = ['api', 'v2', 'recordings', 'retention', 'query'];
    const answer = await api.call({ method: 'GET', path, query }, budget);
    const { entities, body } = requireEntities(what, answer, 'queryRetention');
    for (const entity of entities) {
      const foreign = findForeignId(entity, { organizationId });
      if (foreign !== undefined) throw foreignAnswer(what, answer, foreign);
      const recording = readRetained(entity);
      if (recording === undefined) throw unexpectedAnswer(what, answer);
      yield recording;
    }
    cursor = cursorOf(body['nextUri']);
    if (cursor === undefined) return;
    if (seen.has(cursor)) throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what}: a cursor repeats`);
    seen.add(cursor);
  }
}

function readRetained(value: unknown): InventoriedRecording | undefined {
  const conversationId = read(value, 'conversationId');
  const recordingId = read(value, 'recordingId');
  if (!isSafeId(conversationId) || !isSafeId(recordingId)) return undefined;
  const times = [
    ['deleteDate', parseRecordingTime(read(value, 'deleteDate'))],
    ['archiveDate', parseRecordingTime(read(value, 'archiveDate'))],
    ['createdAt', parseRecordingTime(read(value, 'creationTime'))],
  ] as const;
  const known = Object.fromEntries(times.filter(([, at]) => at !== undefined));
  return { conversationId, recordingId, ...known };
}

/** The cursor stands within the link to the next page; the link itself is not followed. */
function cursorOf(nextUri: unknown): string | undefined {
  if (typeof nextUri !== 'string' || nextUri === '') return undefined;
  const cursor = new URLSearchParams(nextUri.split('?')[1] ?? '').get('cursor');
  return cursor === null || cursor === '' ? undefined : cursor;
}

async function* listOrphans(
  { api, organizationId }: InventoryOptions,
  budget: Budget,
): AsyncGenerator<OrphanRecording, void, undefined> {
  const what = 'list of orphaned recordings';
  for (let page = 1; page <= MAX_ORPHAN_PAGES; page += 1) {
    const query = { pageSize: String(ORPHAN_PAGE), pageNumber: String(page) };
    const answer = await api.call({ method: 'GET', path: ['api', 'v2', 'orphanrecordings'], query }, budget);
    const { entities } = requireEntities(what, answer, 'listOrphans');
    for (const entity of entities) {
      const foreign = findForeignId(entity, { organizationId });
      if (foreign !== undefined) throw foreignAnswer(what, answer, foreign);
      const orphan = readOrphan(entity);
      if (orphan === undefined) throw unexpectedAnswer(what, answer);
      yield orphan;
    }
    if (entities.length < ORPHAN_PAGE) return;
  }
}

function readOrphan(value: unknown): OrphanRecording | undefined {
  const orphanId = read(value, 'id');
  if (!isSafeId(orphanId)) return undefined;
  const media = read(value, 'mediaType');
  const status = read(value, 'orphanStatus');
  const createdAt = parseRecordingTime(read(value, 'createdTime'));
  const bytes = read(value, 'mediaSizeBytes');
  return {
    orphanId,
    ...(typeof media === 'string' ? { media: media.toLowerCase().slice(0, 40) } : {}),
    ...(typeof status === 'string' && /^[A-Z_]{1,40}$/.test(status) ? { status } : {}),
    ...present({ createdAt }),
    ...(typeof bytes === 'number' && bytes >= 0 ? { bytes } : {}),
  };
}

function requireEntities(
  what: string,
  answer: ApiAnswer,
  call: BackfillCall,
): { readonly entities: readonly unknown[]; readonly body: Readonly<Record<string, unknown>> } {
  const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
  const entities = body?.['entities'];
  if (body === undefined || !Array.isArray(entities)) {
    throw unexpectedAnswer(what, answer, explainBackfillRefusal(call, answer));
  }
  return { entities, body };
}
