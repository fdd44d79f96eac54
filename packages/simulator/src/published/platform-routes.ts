import { type PublishedRoute, routesOf } from './published-route.ts';

/** What is asked about many conversations at once, and about the organization. */

const DETAILS = ['analytics:conversationDetail:view', 'analytics:agentConversationDetail:view'] as const;
const D = '/api/v2/analytics/conversations/details';
const ONE = '/api/v2/analytics/conversations/{conversationId}/details';
const A = `${D}/jobs`;
const J = '/api/v2/recording/jobs';
const U = '/api/v2/recording/uploads/reports';
const Q = '/api/v2/quality/conversations/audits/query';
const L = '/api/v2/organizations/limits/namespaces/{namespaceName}';

const EXECUTE = [
  'recording:job:edit',
  'recording:recording:editRetention',
  'recording:screenRecording:editRetention',
  'recording:snippetRecording:editRetention',
] as const;

export const PLATFORM_ROUTES: readonly PublishedRoute[] = [
  ...routesOf('analytics', [
    ['getDetailsOfMany', 'GET', D, DETAILS, 'conversations by their ids, without attributes'],
    ['getDetailsOfOne', 'GET', ONE, DETAILS, 'one conversation, without attributes'],
    ['postDetailsJob', 'POST', A, DETAILS, 'begins a query of the data lake'],
    ['getAvailability', 'GET', `${A}/availability`, [DETAILS[0]], 'up to when the data lake is complete'],
    ['getDetailsJob', 'GET', `${A}/{jobId}`, DETAILS, 'state of a query'],
    ['deleteDetailsJob', 'DELETE', `${A}/{jobId}`, DETAILS, 'cancels a query'],
    ['getDetailsResults', 'GET', `${A}/{jobId}/results`, DETAILS, 'conversations with attributes, by cursor'],
  ]),
  ...routesOf('bulk', [
    [
      'postBulkJob',
      'POST',
      J,
      ['recording:job:add'],
      'counts the recordings of a bulk job; nothing else yet',
    ],
    ['listBulkJobs', 'GET', J, ['recording:job:view'], 'the bulk jobs'],
    ['getBulkJob', 'GET', `${J}/{jobId}`, ['recording:job:view'], 'state and counts of a bulk job'],
    ['deleteBulkJob', 'DELETE', `${J}/{jobId}`, ['recording:job:delete'], 'cancels a bulk job'],
    [
      'listFailedRecordings',
      'GET',
      `${J}/{jobId}/failedrecordings`,
      ['recording:job:view'],
      'what a bulk job failed for',
    ],
    ['postUploadReport', 'POST', U, ['recording:uploadReport:add'], 'begins a report of uploads'],
    [
      'getUploadReport',
      'GET',
      `${U}/{reportId}`,
      ['recording:uploadReport:view'],
      'state of a report, and a link to it',
    ],
  ]),
  ...routesOf('bulk', [
    ['putBulkJob', 'PUT', `${J}/{jobId}`, EXECUTE, 'executes a bulk job that is ready'],
  ]).map((one) => ({ ...one, needs: 'all' as const })),
  ...routesOf('transcript', [
    [
      'getTranscriptUrls',
      'GET',
      '/api/v2/speechandtextanalytics/conversations/{conversationId}/communications/{communicationId}/transcripturls',
      ['recording:recording:view', 'recording:recordingSegment:view'],
      'links to the transcripts of a conversation',
    ],
  ]),
  ...routesOf('platform', [
    ['getToken', 'GET', '/api/v2/tokens/me', [], 'the token: its client and organization'],
    ['getLimits', 'GET', L, [], 'the limits of the organization'],
    ['getLimitDefaults', 'GET', `${L}/defaults`, [], 'the limits of an organization that has no others'],
    ['listDivisions', 'GET', '/api/v2/authorization/divisions', [], 'all divisions'],
    [
      'listPermittedDivisions',
      'GET',
      '/api/v2/authorization/divisionspermitted/paged/me',
      [],
      'the divisions in which the client has a permission',
    ],
    [
      'putProtection',
      'PUT',
      '/api/v2/recordings/deletionprotection',
      ['recording:deletionProtection:apply', 'recording:deletionProtection:revoke'],
      'protects up to 100 conversations from deletion, or no longer',
    ],
    [
      'queryProtection',
      'POST',
      '/api/v2/recordings/deletionprotection',
      [],
      'which of up to 100 conversations are protected',
    ],
    [
      'listOrphans',
      'GET',
      '/api/v2/orphanrecordings',
      ['recording:orphan:view'],
      'recordings without a conversation',
    ],
    ['getOrphan', 'GET', '/api/v2/orphanrecordings/{orphanId}', ['recording:orphan:view'], 'one of them'],
    [
      'deleteOrphan',
      'DELETE',
      '/api/v2/orphanrecordings/{orphanId}',
      ['recording:orphan:delete'],
      'deletes one of them',
    ],
    ['listQueues', 'GET', '/api/v2/routing/queues', ['routing:queue:view'], 'the queues'],
    [
      'listWrapUpCodes',
      'GET',
      '/api/v2/routing/wrapupcodes',
      ['routing:wrapupCode:view'],
      'the wrap-up codes',
    ],
    ['listUsers', 'GET', '/api/v2/users', ['directory:user:view'], 'the users'],
    [
      'postAuditQuery',
      'POST',
      Q,
      ['audits:interactionDetails:view'],
      'begins a query of the audit of recordings',
    ],
    [
      'getAuditQuery',
      'GET',
      `${Q}/{transactionId}`,
      ['audits:interactionDetails:view'],
      'state of the query',
    ],
    [
      'getAuditResults',
      'GET',
      `${Q}/{transactionId}/results`,
      ['audits:interactionDetails:view'],
      'its results, by cursor',
    ],
    ['listGdprRequests', 'GET', '/api/v2/gdpr/requests', ['gdpr:request:view'], 'requests under the GDPR'],
    ['postGdprRequest', 'POST', '/api/v2/gdpr/requests', ['gdpr:request:add'], 'makes such a request'],
    ['getGdprRequest', 'GET', '/api/v2/gdpr/requests/{requestId}', ['gdpr:request:view'], 'one of them'],
  ]),
];
