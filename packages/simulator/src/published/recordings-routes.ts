import type { FaultTarget } from '../faults.ts';
import type { RouteMatch } from '../routes.ts';

/** One thing the simulator answers in the published dialect; documentation and contract tests are made from the list. */
export interface PublishedRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With `{name}` for variable segments, as the platform's API description writes it. */
  readonly path: string;
  readonly on: Extract<FaultTarget, 'recording' | 'conversation' | 'batch'>;
  /** A client needs any one of these; empty where the platform documents none. */
  readonly permissions: readonly string[];
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
  | 'getOrganization';

const VIEW = [
  'recording:recording:view',
  'recording:recordingSegment:view',
  'recording:snippetRecording:view',
  'recording:screenRecording:view',
] as const;
const C = '/api/v2/conversations/{conversationId}';
const R = `${C}/recordings/{recordingId}`;

export const PUBLISHED_ROUTES: readonly PublishedRoute[] = [
  route(
    'listMetadata',
    'GET',
    `${C}/recordingmetadata`,
    'recording',
    VIEW,
    'the recordings of a conversation, without files',
  ),
  route(
    'listRecordings',
    'GET',
    `${C}/recordings`,
    'recording',
    VIEW,
    'all recordings with their files; 202 without a body while one is being made',
  ),
  route(
    'getRecording',
    'GET',
    R,
    'recording',
    VIEW,
    'one recording with its files; 202 while they are being made',
  ),
  route(
    'putRecording',
    'PUT',
    R,
    'recording',
    ['recording:recording:restore', 'recording:recording:editRetention'],
    'sets archive and delete dates; for an archived one, brings it back until then',
  ),
  route(
    'postAnnotation',
    'POST',
    `${R}/annotations`,
    'recording',
    ['recording:annotation:add'],
    'adds an annotation',
  ),
  route(
    'postBatch',
    'POST',
    '/api/v2/recording/batchrequests',
    'batch',
    VIEW,
    'begins a batch download of up to 100 items',
  ),
  route(
    'getBatch',
    'GET',
    '/api/v2/recording/batchrequests/{jobId}',
    'batch',
    [],
    'state and results of a batch download',
  ),
  route(
    'getConversation',
    'GET',
    C,
    'conversation',
    ['conversation:communication:view'],
    'the conversation and its participants',
  ),
  route(
    'putTags',
    'PUT',
    `${C}/tags`,
    'conversation',
    ['conversation:externalTag:edit'],
    'sets the external tag',
  ),
  route(
    'patchParticipant',
    'PATCH',
    `${C}/participants/{participantId}/attributes`,
    'conversation',
    [],
    'merges attributes of a participant; 202',
  ),
  route(
    'listCustomAttributes',
    'GET',
    `${C}/customattributes`,
    'conversation',
    ['conversation:customAttributes:view'],
    'the custom attributes, one document per schema',
  ),
  route(
    'putCustomAttributes',
    'PUT',
    `${C}/customattributes`,
    'conversation',
    ['conversation:customAttributes:edit'],
    'replaces a document of custom attributes',
  ),
  route(
    'patchCustomAttributes',
    'PATCH',
    `${C}/customattributes`,
    'conversation',
    ['conversation:customAttributes:edit'],
    'amends a document of custom attributes; 204',
  ),
  route(
    'queryConversations',
    'POST',
    '/api/v2/analytics/conversations/details/query',
    'conversation',
    ['analytics:conversationDetail:view'],
    'the conversations of an interval, page by page',
  ),
  route(
    'queryRetention',
    'GET',
    '/api/v2/recordings/retention/query',
    'recording',
    ['recording:recording:view'],
    'all recordings older than some days, by cursor',
  ),
  route(
    'getOrganization',
    'GET',
    '/api/v2/organizations/me',
    'conversation',
    [],
    'the organization of the client',
  ),
];

function route(
  name: PublishedCall,
  method: PublishedRoute['method'],
  path: string,
  on: PublishedRoute['on'],
  permissions: readonly string[],
  does: string,
): PublishedRoute {
  return { name, method, path, on, permissions, does };
}

export interface PublishedMatch extends RouteMatch {
  readonly published: PublishedRoute;
  /** The variable segments, decoded, by name. */
  readonly params: Readonly<Record<string, string>>;
}

/** The route that answers `method path`; its `id` is the recording's, else the conversation's, else the job's. */
export function matchPublished(method: string, path: string): PublishedMatch | undefined {
  for (const published of PUBLISHED_ROUTES) {
    const params = published.method === method ? matchTemplate(published.path, path) : undefined;
    if (params === undefined) continue;
    const id = params['recordingId'] ?? params['conversationId'] ?? params['jobId'];
    return {
      route: `${published.method} ${published.path}`,
      on: published.on,
      ...(id === undefined ? {} : { id }),
      scope: undefined,
      dialect: 'genesys',
      published,
      params,
    };
  }
  return undefined;
}

/** The methods there are for `path`. */
export function publishedMethods(path: string): string[] {
  return PUBLISHED_ROUTES.filter((one) => matchTemplate(one.path, path) !== undefined).map(
    ({ method }) => method,
  );
}

function matchTemplate(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? '';
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
    if (name === undefined) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decode(value);
    if (decoded === undefined || decoded === '') return undefined;
    params[name] = decoded;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
