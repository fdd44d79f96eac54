import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import { type Reply, textReply } from '../reply.ts';
import type { Call } from '../service.ts';
import { passes, readDetailsQuery } from './analytics/query.ts';
import { badRequest, type Interval, pageOf, parseInterval } from './paging.ts';
import { missing, readObject } from './recordings/api.ts';
import { fileStateOf, isListed, type ModelConversation } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import {
  type BulkAction,
  type BulkJob,
  type BulkPlan,
  type DetailsQuery,
  type RecordingIds,
  shareDone,
} from './world-state.ts';

/** Bulk jobs over recordings: counted while PENDING, idle while READY, and done once their creator says so. */

const ACTIONS: readonly BulkAction[] = ['ARCHIVE', 'DELETE', 'EXPORT'];
/** Of an organization, pending or processing. */
const MAX_AT_ONCE = 2;
/** Recordings may take that long until a query finds them. */
const BLIND_MS = 48 * 3_600_000;
const MAX_AGED_MS = 184 * 86_400_000;

export function postBulkJob(world: RecordingsWorld, call: Call): Reply {
  const query = readObject(call.body);
  const action = ACTIONS.find((one) => one === query?.['action']);
  if (query === undefined || action === undefined) return badRequest('action is not valid');
  const range = rangeOf(query);
  if (typeof range === 'string') return badRequest(range);
  if (query['actionDate'] === undefined && query['actionAge'] === undefined) {
    return badRequest('actionDate or actionAge is required');
  }
  if (action === 'EXPORT' && typeof query['integrationId'] !== 'string') {
    return badRequest('integrationId is required');
  }
  const wantsSensitive = query['includeRecordingsWithSensitiveData'] === true;
  if (wantsSensitive && world.behaviour.redaction && !world.has('recording:recording:viewSensitiveData')) {
    return errorReply('genesys', 403, {
      code: 'missing.permissions',
      message: missing('recording:recording:viewSensitiveData'),
    });
  }
  const running = [...world.bulkJobs.values()].filter((job) =>
    ['PENDING', 'PROCESSING'].includes(stateOf(world, job)),
  );
  if (running.length >= MAX_AT_ONCE) {
    return badRequest(`The organization has ${MAX_AT_ONCE} jobs that are pending or processing.`);
  }
  const id = stableUuid(`${world.organizationId}/bulk/${world.bulkJobs.size}`);
  const job: BulkJob = {
    id,
    query,
    clientId: call.clientId ?? '',
    createdAt: world.now(),
    plan: undefined,
    startedAt: undefined,
    cancelled: false,
  };
  world.bulkJobs.set(id, job);
  return jsonReply(202, describeJob(world, job));
}

export function listBulkJobs(world: RecordingsWorld, call: Call): Reply {
  const { query } = call;
  const state = query.get('state');
  const mine = query.get('showOnlyMyJobs') === 'true';
  const jobs = [...world.bulkJobs.values()].filter(
    (job) =>
      (state === null || stateOf(world, job) === state) && (!mine || job.clientId === (call.clientId ?? '')),
  );
  const page = pageOf(call, '/api/v2/recording/jobs', jobs, { largest: 100, byDefault: 25 });
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  return jsonReply(200, { ...page, entities: page.entities.map((job) => describeJob(world, job)) });
}

export function getBulkJob(world: RecordingsWorld, _call: Call, job: BulkJob): Reply {
  return jsonReply(200, describeJob(world, job));
}

/** Only the client that made the job may execute it, and only once it is ready. */
export function putBulkJob(world: RecordingsWorld, call: Call, job: BulkJob): Reply {
  if (readObject(call.body)?.['state'] !== 'PROCESSING') return badRequest('state must be PROCESSING');
  if (job.clientId !== (call.clientId ?? '')) {
    return errorReply('genesys', 403, {
      code: 'not.authorized',
      message: 'A job must be executed by the same user who created it.',
    });
  }
  if (stateOf(world, job) !== 'READY') return badRequest(`The job is ${stateOf(world, job)}, not READY.`);
  job.startedAt = world.now();
  execute(world, call, job);
  return jsonReply(200, describeJob(world, job));
}

export function deleteBulkJob(world: RecordingsWorld, _call: Call, job: BulkJob): Reply {
  if (!['PENDING', 'READY', 'PROCESSING'].includes(stateOf(world, job))) {
    return badRequest(`The job is ${stateOf(world, job)} and cannot be cancelled.`);
  }
  job.cancelled = true;
  return textReply(204, 'application/json', '');
}

export function listFailedRecordings(world: RecordingsWorld, call: Call, job: BulkJob): Reply {
  const failed = stateOf(world, job) === 'FULFILLED' ? planOf(world, job).failed : [];
  const path = `/api/v2/recording/jobs/${job.id}/failedrecordings`;
  const page = pageOf(call, path, failed, { largest: 100, byDefault: 25 });
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  const entities = page.entities.map(({ conversationId, recordingId }) => ({
    conversation: { id: conversationId, selfUri: `/api/v2/conversations/${conversationId}` },
    recording: {
      id: recordingId,
      selfUri: `/api/v2/conversations/${conversationId}/recordings/${recordingId}`,
    },
  }));
  return jsonReply(200, { ...page, entities });
}

function stateOf({ behaviour, now }: RecordingsWorld, job: BulkJob): string {
  if (job.cancelled) return 'CANCELLED';
  if (job.startedAt !== undefined) {
    return now() < job.startedAt + behaviour.bulkRunMs ? 'PROCESSING' : 'FULFILLED';
  }
  return now() < job.createdAt + behaviour.bulkBuildMs ? 'PENDING' : 'READY';
}

function describeJob(world: RecordingsWorld, job: BulkJob): object {
  const state = stateOf(world, job);
  const { id, clientId, createdAt, query, startedAt } = job;
  const plan = state === 'PENDING' || state === 'CANCELLED' ? undefined : planOf(world, job);
  const share = startedAt === undefined ? 0 : shareDone(startedAt, world.behaviour.bulkRunMs, world.now());
  return {
    id,
    state,
    recordingJobsQuery: query,
    dateCreated: new Date(createdAt).toISOString(),
    user: { id: clientId, selfUri: `/api/v2/users/${clientId}` },
    totalConversations: plan?.conversations ?? 0,
    totalRecordings: plan?.recordings.length ?? 0,
    totalSkippedRecordings: plan?.skipped ?? 0,
    totalFailedRecordings: state === 'FULFILLED' ? (plan?.failed.length ?? 0) : 0,
    totalProcessedRecordings: Math.floor((plan?.recordings.length ?? 0) * share),
    percentProgress: Math.floor(share * 100),
    failedRecordings: `/api/v2/recording/jobs/${id}/failedrecordings`,
    selfUri: `/api/v2/recording/jobs/${id}`,
  };
}

function rangeOf(
  query: Readonly<Record<string, unknown>>,
): DetailsQuery | (Interval & { aged: true }) | string {
  const { conversationQuery, agedConversationInterval: aged } = query;
  if ((conversationQuery === undefined) === (aged === undefined)) {
    return 'either conversationQuery or agedConversationInterval is required';
  }
  if (aged === undefined) {
    const isObject = typeof conversationQuery === 'object' && conversationQuery !== null;
    return isObject
      ? readDetailsQuery(conversationQuery as Record<string, unknown>)
      : 'conversationQuery is not valid';
  }
  const interval = parseInterval(aged);
  if (interval === undefined) return 'agedConversationInterval is not valid';
  return interval.end - interval.begin > MAX_AGED_MS
    ? 'agedConversationInterval is longer than 6 months'
    : { ...interval, aged: true };
}

function planOf(world: RecordingsWorld, job: BulkJob): BulkPlan {
  job.plan ??= count(world, job);
  return job.plan;
}

function count(world: RecordingsWorld, job: BulkJob): BulkPlan {
  const { query } = job;
  const range = rangeOf(query);
  if (typeof range === 'string') throw new RangeError(range);
  const recordings: RecordingIds[] = [];
  const failed: RecordingIds[] = [];
  let [conversations, skipped] = [0, 0];
  const isMeant = (conversation: ModelConversation) =>
    'aged' in range || passes(conversation, range, world.now());
  for (const conversation of world.startedIn(range)) {
    if (conversation.endedAt > job.createdAt - BLIND_MS || !isMeant(conversation)) continue;
    const before = recordings.length;
    for (const recording of conversation.recordings) {
      if (recording.kind === 'screen' && query['includeScreenRecordings'] === false) continue;
      const state = fileStateOf(recording, world.now());
      if (!isListed(recording, world.now()) || state === 'DELETED') continue;
      const isExported = query['action'] === 'EXPORT' && recording.exportedDate !== undefined;
      const isSensitive = recording.sensitive && query['includeRecordingsWithSensitiveData'] !== true;
      if (isExported || isSensitive) {
        skipped += 1;
        continue;
      }
      const ids = { conversationId: conversation.id, recordingId: recording.id };
      recordings.push(ids);
      if (state === 'ERROR' || state === 'UPLOADING') failed.push(ids);
    }
    if (recordings.length > before) conversations += 1;
  }
  return { conversations, recordings, skipped, failed };
}

/** Sets dates; what happens on them is not the job's business. */
function execute(world: RecordingsWorld, call: Call, job: BulkJob): void {
  const { recordings, failed } = planOf(world, job);
  const { action, actionDate, actionAge } = job.query;
  const left = new Set(failed.map(({ recordingId }) => recordingId));
  for (const { conversationId, recordingId } of recordings) {
    const recording = left.has(recordingId) ? undefined : world.recording(conversationId, recordingId);
    if (recording === undefined) continue;
    const { conversation } = recording;
    const date =
      typeof actionDate === 'string'
        ? actionDate
        : new Date(conversation.startedAt + Number(actionAge) * 86_400_000).toISOString();
    if (action === 'DELETE') recording.deleteDate = date;
    if (action === 'ARCHIVE') recording.archiveDate = date;
    if (action === 'EXPORT') [recording.exportDate, recording.exportedDate] = [date, date];
    world.keep(conversation);
    world.record(recording, action === 'EXPORT' ? 'Export' : 'UpdateRetention', call);
  }
}
