import { catalogue, type CataloguedRecording, stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { badRequest, pageOf } from './paging.ts';
import { readObject } from './recordings/api.ts';
import { fileStateOf, isListed } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import type { Orphan, UploadReport, UploadStatus } from './world-state.ts';

/** Uploads of recordings as the platform reports them, and recordings that have lost their conversation. */

const STATUSES: readonly UploadStatus[] = ['Pending', 'Success', 'Failure', 'WaitForConversation'];

export function postUploadReport(world: RecordingsWorld, call: Call): Reply {
  const given = readObject(call.body);
  const since = Date.parse(String(given?.['dateSince']));
  const status = STATUSES.find((one) => one === given?.['uploadStatus']);
  if (!Number.isFinite(since)) return badRequest('dateSince is not valid');
  if (given?.['uploadStatus'] !== undefined && status === undefined) {
    return badRequest('uploadStatus is not valid');
  }
  const id = stableUuid(`${world.organizationId}/report/${world.reports.size}`);
  const report: UploadReport = { id, since, status, submittedAt: world.now() };
  world.reports.set(id, report);
  return jsonReply(202, describeUpload(world, report));
}

export function getUploadReport(world: RecordingsWorld, reportId: string): Reply {
  const report = world.reports.get(reportId);
  if (report === undefined) {
    return errorReply('genesys', 404, { body: { entityId: reportId, entityName: 'report' } });
  }
  return jsonReply(200, describeUpload(world, report));
}

function describeUpload(world: RecordingsWorld, { id, submittedAt }: UploadReport): object {
  const isDone = world.now() >= submittedAt + world.behaviour.reportMs;
  return {
    id,
    state: isDone ? 'Completed' : 'InProgress',
    ...(isDone ? { signedUrl: world.linkTo(`report.${id}`) } : {}),
    selfUri: `/api/v2/recording/uploads/reports/${id}`,
  };
}

/** The file behind `signedUrl`. The platform does not document its form: here, CSV with a line of names. */
export function uploadReportFile(world: RecordingsWorld, fileId: string): CataloguedRecording | undefined {
  const report = fileId.startsWith('report.') ? world.reports.get(fileId.slice('report.'.length)) : undefined;
  if (report === undefined) return undefined;
  const lines = ['conversationId,recordingId,uploadStatus,dateCreated'];
  for (const conversation of world.from(0)) {
    const { id, endedAt, recordings } = conversation;
    if (endedAt < report.since || endedAt > world.now() || conversation.otherDivision) continue;
    for (const recording of recordings) {
      const state = fileStateOf(recording, world.now());
      const isWaiting = !isListed(recording, world.now());
      const status: UploadStatus = isWaiting
        ? 'WaitForConversation'
        : state === 'UPLOADING'
          ? 'Pending'
          : state === 'ERROR'
            ? 'Failure'
            : 'Success';
      if (report.status !== undefined && report.status !== status) continue;
      lines.push(`${id},${recording.id},${status},${new Date(endedAt).toISOString()}`);
    }
  }
  return smallFile(fileId, 'text/csv', `${lines.join('\n')}\n`);
}

/** A file of text, as the media host serves it. */
export function smallFile(id: string, contentType: string, text: string): CataloguedRecording {
  const bytes = Buffer.from(text);
  return catalogue({
    id,
    interactionId: id,
    bytes: bytes.length,
    contentType,
    startedAt: 0,
    durationMs: undefined,
    fileName: undefined,
    status: 'complete',
    read: (first, last) => (last < first ? [] : [bytes.subarray(first, last + 1)]),
    onChange: () => {},
  });
}

const PROVIDERS = { CALL: 'EDGE', CHAT: 'CHAT', EMAIL: 'EMAIL', SCREEN: 'SCREEN_RECORDING' } as const;

export function listOrphans(world: RecordingsWorld, call: Call): Reply {
  const media = (call.query.get('media') ?? '').toUpperCase().split(',').filter(Boolean);
  const known = call.query.get('hasConversation') === 'true';
  const found = [...world.orphans.values()].filter(
    ({ mediaType, status }) =>
      (media.length === 0 || media.includes(mediaType)) && (!known || status === 'CONVERSATION_NOT_COMPLETE'),
  );
  const page = pageOf(call, '/api/v2/orphanrecordings', found, { largest: 100, byDefault: 25 });
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  return jsonReply(200, { ...page, entities: page.entities.map(describeOrphan) });
}

export function getOrphan(_world: RecordingsWorld, orphan: Orphan): Reply {
  return jsonReply(200, describeOrphan(orphan));
}

export function deleteOrphan(world: RecordingsWorld, orphan: Orphan): Reply {
  world.orphans.delete(orphan.id);
  return jsonReply(200, { ...describeOrphan(orphan), fileState: 'DELETED' });
}

function describeOrphan({ id, mediaType, status, createdAt, bytes }: Orphan) {
  return {
    id,
    createdTime: new Date(createdAt).toISOString(),
    recoveredTime: new Date(createdAt + 3_600_000).toISOString(),
    providerType: PROVIDERS[mediaType],
    mediaSizeBytes: bytes,
    mediaType,
    fileState: 'AVAILABLE',
    orphanStatus: status,
    region: 'us-east-1',
    selfUri: `/api/v2/orphanrecordings/${id}`,
  };
}
