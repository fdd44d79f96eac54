import type { PublishedCall } from '../../packages/simulator/src/published/published-route.ts';
import type { RecordingsWorld } from '../../packages/simulator/src/published/recordings/world.ts';
import { customerSessionId } from '../../packages/simulator/src/published/analytics/describe.ts';
import { loadSdk, type SdkCall } from './sdk.ts';

/** One call made by the SDK. Scenes are played in their order: a job is begun before it is read. */
export interface Scene {
  readonly call: (world: RecordingsWorld) => Promise<unknown>;
  readonly status: number;
  /** The model of the answer, or of its items. */
  readonly model?: string;
}

const sdk = loadSdk();
const apis = {
  analytics: new sdk.AnalyticsApi(),
  authorization: new sdk.AuthorizationApi(),
  gdpr: new sdk.GeneralDataProtectionRegulationApi(),
  organization: new sdk.OrganizationApi(),
  quality: new sdk.QualityApi(),
  recording: new sdk.RecordingApi(),
  routing: new sdk.RoutingApi(),
  transcripts: new sdk.SpeechTextAnalyticsApi(),
  tokens: new sdk.TokensApi(),
  users: new sdk.UsersApi(),
};

function invoke(api: keyof typeof apis, name: string, ...args: unknown[]): Promise<unknown> {
  const methods: Record<string, SdkCall> = apis[api];
  const method = methods[name];
  if (method === undefined) throw new Error(`the SDK has no ${name}`);
  return method.apply(methods, args);
}

const last = (jobs: ReadonlyMap<string, unknown>) => [...jobs.keys()].at(-1) ?? '';
const first = (world: RecordingsWorld) => {
  const [conversation] = world.conversations;
  const [recording] = conversation?.recordings ?? [];
  return { conversation: conversation?.id ?? '', recording: recording?.id ?? '' };
};

const INTERVAL = '2026-05-20T00:00:00Z/2026-05-21T00:00:00Z';
const WIDE = '2026-01-01T00:00:00Z/2030-01-01T00:00:00Z';

export const PLATFORM_SCENES = {
  getMetadata: {
    call: (world) => {
      const { conversation, recording } = first(world);
      return invoke('recording', 'getConversationRecordingmetadataRecordingId', conversation, recording);
    },
    status: 200,
    model: 'RecordingMetadata',
  },
  listAnnotations: {
    call: (world) => {
      const { conversation, recording } = first(world);
      return invoke('recording', 'getConversationRecordingAnnotations', conversation, recording);
    },
    status: 200,
    model: 'Annotation',
  },
  getDetailsOfMany: {
    call: (world) =>
      invoke('analytics', 'getAnalyticsConversationsDetails', {
        id: world.conversations.slice(0, 2).map(({ id }) => id),
      }),
    status: 200,
    model: 'AnalyticsConversationWithoutAttributesMultiGetResponse',
  },
  getDetailsOfOne: {
    call: (world) => invoke('analytics', 'getAnalyticsConversationDetails', first(world).conversation),
    status: 200,
    model: 'AnalyticsConversationWithoutAttributes',
  },
  postDetailsJob: {
    call: () =>
      invoke('analytics', 'postAnalyticsConversationsDetailsJobs', {
        interval: INTERVAL,
        startOfDayIntervalMatching: true,
        order: 'asc',
        orderBy: 'conversationStart',
      }),
    status: 202,
    model: 'AsyncQueryResponse',
  },
  getAvailability: {
    call: () => invoke('analytics', 'getAnalyticsConversationsDetailsJobsAvailability'),
    status: 200,
    model: 'DataAvailabilityResponse',
  },
  getDetailsJob: {
    call: (world) => invoke('analytics', 'getAnalyticsConversationsDetailsJob', last(world.detailsJobs)),
    status: 200,
    model: 'AsyncQueryStatus',
  },
  getDetailsResults: {
    call: (world) =>
      invoke('analytics', 'getAnalyticsConversationsDetailsJobResults', last(world.detailsJobs), {
        pageSize: 1,
      }),
    status: 200,
    model: 'AnalyticsConversationAsyncQueryResponse',
  },
  deleteDetailsJob: {
    call: (world) => invoke('analytics', 'deleteAnalyticsConversationsDetailsJob', last(world.detailsJobs)),
    status: 204,
  },
  postBulkJob: {
    call: () =>
      invoke('recording', 'postRecordingJobs', {
        action: 'DELETE',
        actionDate: '2031-01-01T00:00:00Z',
        includeScreenRecordings: true,
        conversationQuery: { interval: INTERVAL, startOfDayIntervalMatching: true },
      }),
    status: 202,
    model: 'RecordingJob',
  },
  listBulkJobs: {
    call: () => invoke('recording', 'getRecordingJobs', { pageSize: 1, pageNumber: 1, showOnlyMyJobs: true }),
    status: 200,
    model: 'RecordingJobEntityListing',
  },
  getBulkJob: {
    call: (world) => invoke('recording', 'getRecordingJob', last(world.bulkJobs)),
    status: 200,
    model: 'RecordingJob',
  },
  deleteBulkJob: {
    call: async (world) => {
      await invoke('recording', 'postRecordingJobs', {
        action: 'ARCHIVE',
        actionAge: 30,
        agedConversationInterval: '2020-01-01T00:00:00Z/2020-06-01T00:00:00Z',
      });
      return invoke('recording', 'deleteRecordingJob', last(world.bulkJobs));
    },
    status: 204,
  },
  putBulkJob: {
    call: ({ bulkJobs }) =>
      invoke('recording', 'putRecordingJob', [...bulkJobs.keys()][0], { state: 'PROCESSING' }),
    status: 200,
    model: 'RecordingJob',
  },
  listFailedRecordings: {
    call: ({ bulkJobs }) =>
      invoke('recording', 'getRecordingJobFailedrecordings', [...bulkJobs.keys()][0], { pageSize: 100 }),
    status: 200,
    model: 'FailedRecordingEntityListing',
  },
  postUploadReport: {
    call: () =>
      invoke('recording', 'postRecordingUploadsReports', {
        dateSince: '2026-05-01T00:00:00Z',
        uploadStatus: 'Success',
      }),
    status: 202,
    model: 'RecordingUploadReport',
  },
  getUploadReport: {
    call: (world) => invoke('recording', 'getRecordingUploadsReport', last(world.reports)),
    status: 200,
    model: 'RecordingUploadReport',
  },
  listOrphans: {
    call: () => invoke('recording', 'getOrphanrecordings', { pageSize: 1, pageNumber: 1 }),
    status: 200,
    model: 'OrphanRecordingListing',
  },
  getOrphan: {
    call: (world) => invoke('recording', 'getOrphanrecording', last(world.orphans)),
    status: 200,
    model: 'OrphanRecording',
  },
  deleteOrphan: {
    call: (world) => invoke('recording', 'deleteOrphanrecording', last(world.orphans)),
    status: 200,
    model: 'OrphanRecording',
  },
  getLimits: {
    call: () => invoke('organization', 'getOrganizationsLimitsNamespace', 'platform.api'),
    status: 200,
    model: 'LimitsEntityListing',
  },
  getLimitDefaults: {
    call: () => invoke('organization', 'getOrganizationsLimitsNamespaceDefaults', 'recording'),
    status: 200,
    model: 'LimitsEntityListing',
  },
  getToken: { call: () => invoke('tokens', 'getTokensMe'), status: 200, model: 'TokenInfo' },
  listDivisions: {
    call: () => invoke('authorization', 'getAuthorizationDivisions', { pageSize: 2 }),
    status: 200,
    model: 'AuthzDivisionEntityListing',
  },
  listPermittedDivisions: {
    call: () =>
      invoke('authorization', 'getAuthorizationDivisionspermittedPagedMe', 'recording:recording:view', {
        pageSize: 2,
      }),
    status: 200,
    model: 'DivsPermittedEntityListing',
  },
  putProtection: {
    call: (world) =>
      invoke('recording', 'putRecordingsDeletionprotection', {
        protect: true,
        body: { conversationIds: [first(world).conversation] },
      }),
    status: 204,
  },
  queryProtection: {
    call: (world) =>
      invoke('recording', 'postRecordingsDeletionprotection', {
        conversationIds: [first(world).conversation],
      }),
    status: 200,
    model: 'AddressableEntityRef',
  },
  listQueues: {
    call: () => invoke('routing', 'getRoutingQueues', { pageSize: 2 }),
    status: 200,
    model: 'QueueEntityListing',
  },
  listWrapUpCodes: {
    call: () => invoke('routing', 'getRoutingWrapupcodes', { pageSize: 2, pageNumber: 2 }),
    status: 200,
    model: 'WrapupCodeEntityListing',
  },
  listUsers: {
    call: () => invoke('users', 'getUsers', { pageSize: 2 }),
    status: 200,
    model: 'UserEntityListing',
  },
  getTranscriptUrls: {
    call: (world) => {
      const { conversation: id } = first(world);
      const name = 'getSpeechandtextanalyticsConversationCommunicationTranscripturls';
      return invoke('transcripts', name, id, customerSessionId({ id }));
    },
    status: 200,
    model: 'TranscriptUrls',
  },
  postAuditQuery: {
    call: () =>
      invoke('quality', 'postQualityConversationsAuditsQuery', {
        interval: WIDE,
        filters: [{ property: 'EntityType', value: 'Recording' }],
        sort: [{ name: 'Timestamp', sortOrder: 'descending' }],
      }),
    status: 202,
    model: 'QualityAuditQueryExecutionStatusResponse',
  },
  getAuditQuery: {
    call: (world) =>
      invoke('quality', 'getQualityConversationsAuditsQueryTransactionId', last(world.auditQueries)),
    status: 200,
    model: 'QualityAuditQueryExecutionStatusResponse',
  },
  getAuditResults: {
    call: (world) =>
      invoke('quality', 'getQualityConversationsAuditsQueryTransactionIdResults', last(world.auditQueries), {
        pageSize: 1,
      }),
    status: 200,
    model: 'QualityAuditQueryExecutionResultsResponse',
  },
  postGdprRequest: {
    call: () =>
      invoke(
        'gdpr',
        'postGdprRequests',
        { requestType: 'GDPR_DELETE', subject: { phoneNumbers: ['+13175550100'] } },
        { deleteConfirmed: true },
      ),
    status: 202,
    model: 'GDPRRequest',
  },
  listGdprRequests: {
    call: () => invoke('gdpr', 'getGdprRequests', { pageSize: 25, pageNumber: 1 }),
    status: 200,
    model: 'GDPRRequestEntityListing',
  },
  getGdprRequest: {
    call: (world) => invoke('gdpr', 'getGdprRequest', last(world.gdprRequests)),
    status: 200,
    model: 'GDPRRequest',
  },
} satisfies Partial<Record<PublishedCall, Scene>>;
