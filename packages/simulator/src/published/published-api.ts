import { getAuditQuery, getAuditResults, postAuditQuery } from './audits.ts';
import { getDetailsOfMany, getDetailsOfOne, queryConversations } from './analytics/details-query.ts';
import {
  deleteDetailsJob,
  getAvailability,
  getDetailsJob,
  getDetailsResults,
  postDetailsJob,
} from './analytics/details-jobs.ts';
import {
  deleteBulkJob,
  getBulkJob,
  listBulkJobs,
  listFailedRecordings,
  postBulkJob,
  putBulkJob,
} from './bulk-jobs.ts';
import {
  changeCustomAttributes,
  getConversation,
  listCustomAttributes,
  patchParticipant,
  putTags,
} from './conversations-api.ts';
import { listQueues, listUsers, listWrapUpCodes } from './directory.ts';
import { getGdprRequest, listGdprRequests, postGdprRequest } from './gdpr.ts';
import { errorReply } from '../genesys-errors.ts';
import {
  getLimits,
  getOrganization,
  getToken,
  listDivisions,
  listPermittedDivisions,
} from './organization.ts';
import { putProtection, queryProtection } from './protection.ts';
import {
  getMetadata,
  getRecording,
  listAnnotations,
  listMetadata,
  listRecordings,
  missing,
  postAnnotation,
  putRecording,
} from './recordings/api.ts';
import { getBatch, postBatch } from './recordings/batch.ts';
import type { ModelConversation, ModelRecording } from './recordings/model.ts';
import {
  matchPublished,
  type PublishedCall,
  type PublishedMatch,
  publishedMethods,
} from './recordings/routes.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import { queryRetention } from './retention.ts';
import { getTranscriptUrls } from './transcripts.ts';
import { deleteOrphan, getOrphan, getUploadReport, listOrphans, postUploadReport } from './uploads.ts';
import type { BulkJob, Orphan } from './world-state.ts';
import type { Reply } from '../reply.ts';
import type { Call, Service } from '../service.ts';

export interface PublishedApiOptions {
  /** The organization of an OAuth client. */
  readonly worldOf: (clientId: string) => RecordingsWorld;
  /** Answers what is not of this dialect. */
  readonly base: Service;
  /** Checks the token, counts the request and adds the platform's headers. */
  readonly guard: (call: Call, answer: (clientId: string) => Reply) => Reply;
}

/** The platform's published API on top of the tutorial's, on one host, with the same tokens and limits. */
export function withPublishedApi({ worldOf, base, guard }: PublishedApiOptions): Service {
  return {
    ...base,
    match: (method, path) => base.match(method, path) ?? matchPublished(method, path),
    unknown(method, path) {
      const methods = publishedMethods(path);
      return methods.length > 0
        ? errorReply('genesys', 405, { headers: { allow: methods.join(', ') } })
        : base.unknown(method, path);
    },
    handle(call) {
      const { match } = call;
      return isPublished(match)
        ? guard(call, (clientId) => answer(worldOf(clientId), { ...call, clientId }, match))
        : base.handle(call);
    },
  };
}

function isPublished(match: Call['match']): match is PublishedMatch {
  return 'published' in match;
}

const OF_CONVERSATION: Partial<
  Record<
    PublishedCall,
    (world: RecordingsWorld, conversation: ModelConversation, call: Call, match: PublishedMatch) => Reply
  >
> = {
  listMetadata: (world, conversation) => listMetadata(world, conversation),
  listRecordings: (world, conversation, call) => listRecordings(world, conversation, call),
  getConversation: (_world, conversation) => getConversation(conversation),
  putTags: (_world, conversation, call) => putTags(conversation, call),
  patchParticipant: (_world, conversation, call, { params }) =>
    patchParticipant(conversation, params['participantId'] ?? '', call),
  listCustomAttributes: (_world, conversation) => listCustomAttributes(conversation),
  putCustomAttributes: (_world, conversation, call) => changeCustomAttributes(conversation, call),
  patchCustomAttributes: (_world, conversation, call) => changeCustomAttributes(conversation, call),
  getDetailsOfOne: (_world, conversation) => getDetailsOfOne(conversation),
  getTranscriptUrls: (world, conversation, _call, { params }) =>
    getTranscriptUrls(world, conversation, params['communicationId'] ?? ''),
};

const OF_RECORDING: Partial<
  Record<PublishedCall, (world: RecordingsWorld, recording: ModelRecording, call: Call) => Reply>
> = {
  getRecording,
  getMetadata,
  listAnnotations: (_world, recording) => listAnnotations(recording),
  putRecording,
  postAnnotation: (_world, recording, call) => postAnnotation(recording, call),
};

const OF_ALL: Partial<
  Record<PublishedCall, (world: RecordingsWorld, call: Call, match: PublishedMatch) => Reply>
> = {
  postBatch,
  getBatch: (world, call, { params }) => getBatch(world, call, params['jobId'] ?? ''),
  queryConversations,
  queryRetention,
  getDetailsOfMany,
  postDetailsJob,
  getAvailability,
  getDetailsJob: (world, _call, { params }) => getDetailsJob(world, params['jobId'] ?? ''),
  deleteDetailsJob: (world, _call, { params }) => deleteDetailsJob(world, params['jobId'] ?? ''),
  getDetailsResults: (world, call, { params }) => getDetailsResults(world, call, params['jobId'] ?? ''),
  postBulkJob,
  listBulkJobs,
  postUploadReport,
  getUploadReport: (world, _call, { params }) => getUploadReport(world, params['reportId'] ?? ''),
  listOrphans,
  getOrganization,
  getToken,
  getLimits: (world, _call, { params }) => getLimits(world, params['namespaceName'] ?? '', 'own'),
  getLimitDefaults: (world, _call, { params }) => getLimits(world, params['namespaceName'] ?? '', 'defaults'),
  listDivisions: (_world, call) => listDivisions(call),
  listPermittedDivisions,
  putProtection,
  queryProtection,
  listQueues: (_world, call) => listQueues(call),
  listWrapUpCodes: (_world, call) => listWrapUpCodes(call),
  listUsers: (_world, call) => listUsers(call),
  postAuditQuery,
  getAuditQuery: (world, _call, { params }) => getAuditQuery(world, params['transactionId'] ?? ''),
  getAuditResults: (world, call, { params }) => getAuditResults(world, call, params['transactionId'] ?? ''),
  listGdprRequests,
  postGdprRequest,
  getGdprRequest: (world, _call, { params }) => getGdprRequest(world, params['requestId'] ?? ''),
};

const OF_BULK_JOB: Partial<
  Record<PublishedCall, (world: RecordingsWorld, call: Call, job: BulkJob) => Reply>
> = { getBulkJob, putBulkJob, deleteBulkJob, listFailedRecordings };

const OF_ORPHAN: Partial<Record<PublishedCall, (world: RecordingsWorld, orphan: Orphan) => Reply>> = {
  getOrphan,
  deleteOrphan,
};

function answer(world: RecordingsWorld, call: Call, match: PublishedMatch): Reply {
  const refusal = refuse(world, match);
  if (refusal !== undefined) return refusal;
  const { name } = match.published;
  const all = OF_ALL[name];
  if (all !== undefined) return all(world, call, match);
  const ofBulkJob = OF_BULK_JOB[name];
  const { conversationId = '', recordingId = '', jobId = '', orphanId = '' } = match.params;
  if (ofBulkJob !== undefined) {
    const job = world.bulkJobs.get(jobId);
    return job === undefined ? notFound('job', jobId) : ofBulkJob(world, call, job);
  }
  const ofOrphan = OF_ORPHAN[name];
  if (ofOrphan !== undefined) {
    const orphan = world.orphans.get(orphanId);
    return orphan === undefined ? notFound('orphanRecording', orphanId) : ofOrphan(world, orphan);
  }
  const conversation = world.conversation(conversationId);
  if (conversation === undefined || conversation.otherDivision) {
    return notFound('conversation', conversationId, 'conversation.not.found');
  }
  if (call.request.method !== 'GET') world.keep(conversation);
  const one = OF_CONVERSATION[name];
  if (one !== undefined) return one(world, conversation, call, match);
  const recording = world.recording(conversationId, recordingId);
  const act = OF_RECORDING[name];
  if (recording === undefined || act === undefined) {
    return notFound(
      'recording',
      recordingId,
      name === 'getMetadata' ? 'recording.recording.not.found' : 'not.found',
    );
  }
  return act(world, recording, call);
}

function refuse(world: RecordingsWorld, { published }: PublishedMatch): Reply | undefined {
  const { permissions, needs, on } = published;
  const lacking = permissions.filter((permission) => !world.has(permission));
  const isRefused =
    needs === 'all' ? lacking.length > 0 : permissions.length > 0 && lacking.length === permissions.length;
  if (!isRefused) return undefined;
  const isView = on === 'recording' && permissions.length > 1;
  return errorReply('genesys', 403, {
    code: isView ? 'recording.recording.view.permission.check.failed' : 'missing.permissions',
    message: missing(...lacking),
  });
}

function notFound(entityName: string, entityId: string, code = 'not.found'): Reply {
  const message =
    code === 'conversation.not.found'
      ? 'The conversation could not be found.'
      : 'The requested resource was not found.';
  return errorReply('genesys', 404, { code, message, body: { entityId, entityName } });
}
