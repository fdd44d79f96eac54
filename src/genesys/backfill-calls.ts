import type { ApiAnswer } from './api-client.ts';
import { explainRefusalOf, type PermittedCall } from './permissions.ts';

const DETAILS = ['analytics:conversationDetail:view', 'analytics:agentConversationDetail:view'] as const;
const JOBS = '/api/v2/analytics/conversations/details/jobs';
const AUDITS = '/api/v2/quality/conversations/audits/query';

/** Calls that only a backfill, a day's facts and a day's proof make; `docs/permissions.md` explains them. */
export const BACKFILL_CALLS = {
  submitDetailsJob: {
    method: 'POST',
    path: JOBS,
    permissions: DETAILS,
    why: 'lists the conversations of one day, with their facts',
  },
  pollDetailsJob: {
    method: 'GET',
    path: `${JOBS}/{jobId}`,
    permissions: DETAILS,
    why: 'waits for that list',
  },
  readDetailsJob: {
    method: 'GET',
    path: `${JOBS}/{jobId}/results`,
    permissions: DETAILS,
    why: 'reads it, a page at a time',
  },
  cancelDetailsJob: {
    method: 'DELETE',
    path: `${JOBS}/{jobId}`,
    permissions: DETAILS,
    why: 'gives up a list that is not needed any more',
  },
  detailsAvailability: {
    method: 'GET',
    path: `${JOBS}/availability`,
    permissions: ['analytics:conversationDetail:view'],
    why: 'knows until when those lists are complete',
  },
  detailsByIds: {
    method: 'GET',
    path: '/api/v2/analytics/conversations/details',
    permissions: DETAILS,
    why: 'tells when conversations were that are named by their ids, so that their files can be asked for together',
  },
  queryRetention: {
    method: 'GET',
    path: '/api/v2/recordings/retention/query',
    permissions: ['recording:recording:view'],
    why: 'lists all recordings with the date on which each is deleted (backfill --inventory)',
  },
  listGdprRequests: {
    method: 'GET',
    path: '/api/v2/gdpr/requests',
    permissions: ['gdpr:request:view'],
    why: 'shows requests under the GDPR (erase requests), and tells of new ones each day',
  },
  getGdprRequest: {
    method: 'GET',
    path: '/api/v2/gdpr/requests/{requestId}',
    permissions: ['gdpr:request:view'],
    why: 'knows whom one is about (erase --request)',
  },
  submitAuditQuery: {
    method: 'POST',
    path: AUDITS,
    permissions: ['audits:interactionDetails:view'],
    why: 'lists what was done to recordings on one day (audit update)',
  },
  pollAuditQuery: {
    method: 'GET',
    path: `${AUDITS}/{transactionId}`,
    permissions: ['audits:interactionDetails:view'],
    why: 'waits for that list',
  },
  readAuditQuery: {
    method: 'GET',
    path: `${AUDITS}/{transactionId}/results`,
    permissions: ['audits:interactionDetails:view'],
    why: 'reads it, a page at a time',
  },
  readLimits: {
    method: 'GET',
    path: '/api/v2/organizations/limits/namespaces/{namespaceName}',
    permissions: [],
    why: 'reads how many requests a minute the organization allows',
  },
  countRecordings: {
    method: 'POST',
    path: '/api/v2/recording/jobs',
    permissions: ['recording:job:add'],
    why: 'has the recordings of a range counted, by a bulk job that is never started (backfill --dry-run)',
  },
  readCount: {
    method: 'GET',
    path: '/api/v2/recording/jobs/{jobId}',
    permissions: ['recording:job:view'],
    why: 'reads that count',
  },
  deleteCount: {
    method: 'DELETE',
    path: '/api/v2/recording/jobs/{jobId}',
    permissions: ['recording:job:delete'],
    why: 'deletes that bulk job again',
  },
  requestUploadReport: {
    method: 'POST',
    path: '/api/v2/recording/uploads/reports',
    permissions: ['recording:uploadReport:add'],
    why: 'has the uploads listed that are pending or have failed',
  },
  readUploadReport: {
    method: 'GET',
    path: '/api/v2/recording/uploads/reports/{reportId}',
    permissions: ['recording:uploadReport:view'],
    why: 'waits for that list',
  },
  listOrphans: {
    method: 'GET',
    path: '/api/v2/orphanrecordings',
    permissions: ['recording:orphan:view'],
    why: 'lists recordings that belong to no conversation',
  },
  listQueues: {
    method: 'GET',
    path: '/api/v2/routing/queues',
    permissions: ['routing:queue:view'],
    why: 'keeps what queues were called beside a day’s facts',
  },
  listWrapUps: {
    method: 'GET',
    path: '/api/v2/routing/wrapupcodes',
    permissions: ['routing:wrapupCode:view'],
    why: 'keeps what wrap-up codes were called beside a day’s facts',
  },
  listDivisions: {
    method: 'GET',
    path: '/api/v2/authorization/divisions',
    permissions: [],
    why: 'keeps what divisions were called beside a day’s facts',
  },
  listUsers: {
    method: 'GET',
    path: '/api/v2/users',
    permissions: ['directory:user:view'],
    why: 'keeps what agents were called beside a day’s facts, sealed',
  },
} as const satisfies Record<string, PermittedCall>;

export type BackfillCall = keyof typeof BACKFILL_CALLS;

/** What to do about a 403 of one of these calls; `undefined` when it says nothing about permissions. */
export function explainBackfillRefusal(
  call: BackfillCall,
  answer: Pick<ApiAnswer, 'status' | 'errorCode'>,
): string | undefined {
  return answer.status === 403 ? explainRefusalOf(BACKFILL_CALLS[call], answer) : undefined;
}
