import { stableUuid } from '../../catalogue.ts';
import { errorReply, jsonReply } from '../../genesys-errors.ts';
import { contentTypeOf } from './files.ts';
import { fileStateOf, isListed, isText, type ModelRecording } from './model.ts';
import { readObject } from './api.ts';
import type { RecordingsWorld } from './world.ts';
import { type BatchJob, shareDone } from '../world-state.ts';
import type { Reply } from '../../reply.ts';
import type { Call } from '../../service.ts';

/** Items of one batch, from the platform's API description. */
const MAX_ITEMS = 100;

/** `POST /api/v2/recording/batchrequests` */
export function postBatch(world: RecordingsWorld, call: Call): Reply {
  const list = readObject(call.body)?.['batchDownloadRequestList'];
  const items = Array.isArray(list) ? list.map(readItem) : [];
  if (items.length === 0 || items.includes(undefined)) {
    return errorReply('genesys', 400, { code: 'batch.download.bad.request', message: 'Bad request.' });
  }
  if (items.length > MAX_ITEMS) {
    return errorReply('genesys', 400, {
      code: 'batch.download.too.many.items',
      message: `Too many items requested, max ${MAX_ITEMS} allowed`,
    });
  }
  const id = stableUuid(`batch/${world.jobs.size}`);
  world.jobs.set(id, {
    id,
    clientId: call.clientId ?? '',
    submittedAt: world.now(),
    items: items.filter((item) => item !== undefined),
  });
  return jsonReply(200, { id, selfUri: `/api/v2/recording/batchrequests/${id}` });
}

function readItem(value: unknown): BatchJob['items'][number] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { conversationId, recordingId } = value as Record<string, unknown>;
  if (typeof conversationId !== 'string') return undefined;
  return { conversationId, recordingId: typeof recordingId === 'string' ? recordingId : undefined };
}

/** `GET /api/v2/recording/batchrequests/{jobId}`: results appear one after the other; the count of them is a guess until the end. */
export function getBatch(world: RecordingsWorld, call: Call, jobId: string): Reply {
  const job = world.jobs.get(jobId);
  if (job === undefined) {
    return errorReply('genesys', 404, { code: 'batch.download.job.not.found', message: 'Job not found.' });
  }
  if (job.clientId !== (call.clientId ?? '')) {
    return errorReply('genesys', 403, {
      code: 'batch.download.permission.denied',
      message: 'Only the client that submitted the job may read it.',
    });
  }
  const all = job.items.flatMap((item) => resultsOf(world, item));
  const done = shareDone(job.submittedAt, world.behaviour.batchMs, world.now());
  const results = done === 1 ? all : all.slice(0, Math.floor(all.length * done));
  return jsonReply(200, {
    id: job.id,
    jobId: job.id,
    expectedResultCount: done === 1 ? all.length : job.items.length,
    resultCount: results.length,
    errorCount: results.filter((result) => 'errorMsg' in result).length,
    status: done === 1 ? 'Completed' : 'InProgress',
    results,
    selfUri: `/api/v2/recording/batchrequests/${job.id}`,
  });
}

function resultsOf(world: RecordingsWorld, item: BatchJob['items'][number]): Record<string, unknown>[] {
  const { conversationId } = item;
  const conversation = world.conversation(conversationId);
  const seen = conversation?.otherDivision === true ? [] : conversation?.recordings;
  const recordings = (seen ?? []).filter(
    (one) => isListed(one, world.now()) && (item.recordingId === undefined || one.id === item.recordingId),
  );
  if (recordings.length === 0 && item.recordingId !== undefined) {
    return [{ conversationId, recordingId: item.recordingId, errorMsg: 'Recording not found.' }];
  }
  // what the client may not see in full is left out
  const visible = recordings.filter(
    (recording) => !world.redacts(recording) && recording.batch !== 'omitted',
  );
  return visible.flatMap((recording) => filesOf(world, recording));
}

function filesOf(world: RecordingsWorld, recording: ModelRecording): Record<string, unknown>[] {
  const ids = { conversationId: recording.conversation.id, recordingId: recording.id };
  const state = fileStateOf(recording, world.now());
  if (state !== 'AVAILABLE' && state !== 'RESTORED') {
    return world.behaviour.batchOmitsUnavailable
      ? []
      : [{ ...ids, errorMsg: `The recording is not available (${state}).` }];
  }
  if (recording.batch === 'error') return [{ ...ids, errorMsg: 'The recording could not be processed.' }];
  const count = recording.perChannel && !isText(recording.kind) ? recording.channels : 1;
  return Array.from({ length: count }, (_, channel) => ({
    ...ids,
    resultUrl: world.link({
      recordingId: recording.id,
      format: 'ORIGINAL',
      channel: count === 1 ? 'S' : String(channel),
    }),
    contentType: contentTypeOf(recording, 'ORIGINAL'),
  }));
}
