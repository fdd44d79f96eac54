import type { FaultTarget } from '../faults.ts';

/** One thing the simulator answers in the published dialect; documentation and contract tests are made from the list. */
export interface PublishedRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{name}` for variable segments, as the platform's API description writes it. */
  readonly path: string;
  readonly on: Extract<
    FaultTarget,
    'recording' | 'conversation' | 'batch' | 'analytics' | 'bulk' | 'transcript' | 'platform'
  >;
  /** A client needs any one of these, or all where `needs` says so; empty where the platform documents none. */
  readonly permissions: readonly string[];
  readonly needs: 'any' | 'all';
  readonly name: PublishedCall;
  readonly does: string;
}

export type PublishedCall =
  | 'listMetadata'
  | 'listRecordings'
  | 'getRecording'
  | 'putRecording'
  | 'postAnnotation'
  | 'postBatch'
  | 'getBatch'
  | 'getConversation'
  | 'putTags'
  | 'patchParticipant'
  | 'listCustomAttributes'
  | 'putCustomAttributes'
  | 'patchCustomAttributes'
  | 'queryConversations'
  | 'queryRetention'
  | 'getOrganization'
  | 'getMetadata'
  | 'listAnnotations'
  | 'getDetailsOfMany'
  | 'getDetailsOfOne'
  | 'postDetailsJob'
  | 'getDetailsJob'
  | 'deleteDetailsJob'
  | 'getDetailsResults'
  | 'getAvailability'
  | 'postBulkJob'
  | 'listBulkJobs'
  | 'getBulkJob'
  | 'putBulkJob'
  | 'deleteBulkJob'
  | 'listFailedRecordings'
  | 'postUploadReport'
  | 'getUploadReport'
  | 'listOrphans'
  | 'getOrphan'
  | 'deleteOrphan'
  | 'getLimits'
  | 'getLimitDefaults'
  | 'getToken'
  | 'listDivisions'
  | 'listPermittedDivisions'
  | 'putProtection'
  | 'queryProtection'
  | 'listQueues'
  | 'listWrapUpCodes'
  | 'listUsers'
  | 'getTranscriptUrls'
  | 'postAuditQuery'
  | 'getAuditQuery'
  | 'getAuditResults'
  | 'listGdprRequests'
  | 'getGdprRequest'
  | 'postGdprRequest';

type RouteRow = readonly [
  name: PublishedCall,
  method: PublishedRoute['method'],
  path: string,
  permissions: readonly string[],
  does: string,
];

/** Routes that the same faults strike. */
export function routesOf(on: PublishedRoute['on'], rows: readonly RouteRow[]): readonly PublishedRoute[] {
  return rows.map(([name, method, path, permissions, does]) => ({
    name,
    method,
    path,
    on,
    permissions,
    needs: 'any',
    does,
  }));
}
