import type { RouteMatch } from '../../routes.ts';
import { PLATFORM_ROUTES } from '../platform-routes.ts';
import { type PublishedRoute, routesOf } from '../published-route.ts';
import { present } from '../../present.ts';

export type { PublishedCall, PublishedRoute } from '../published-route.ts';

const VIEW = [
  'recording:recording:view',
  'recording:recordingSegment:view',
  'recording:snippetRecording:view',
  'recording:screenRecording:view',
] as const;
const C = '/api/v2/conversations/{conversationId}';
const R = `${C}/recordings/{recordingId}`;

export const PUBLISHED_ROUTES: readonly PublishedRoute[] = [
  ...routesOf('recording', [
    [
      'listMetadata',
      'GET',
      `${C}/recordingmetadata`,
      VIEW,
      'the recordings of a conversation, without files',
    ],
    ['getMetadata', 'GET', `${C}/recordingmetadata/{recordingId}`, VIEW, 'one recording, without files'],
    [
      'listRecordings',
      'GET',
      `${C}/recordings`,
      VIEW,
      'all recordings with their files; 202 without a body while one is being made',
    ],
    ['getRecording', 'GET', R, VIEW, 'one recording with its files; 202 while they are being made'],
    [
      'putRecording',
      'PUT',
      R,
      ['recording:recording:restore', 'recording:recording:editRetention'],
      'sets archive and delete dates; for an archived one, brings it back until then',
    ],
    ['postAnnotation', 'POST', `${R}/annotations`, ['recording:annotation:add'], 'adds an annotation'],
    [
      'queryRetention',
      'GET',
      '/api/v2/recordings/retention/query',
      ['recording:recording:view'],
      'all recordings older than some days, by cursor',
    ],
    [
      'listAnnotations',
      'GET',
      `${R}/annotations`,
      ['recording:annotation:view'],
      'the annotations of a recording',
    ],
  ]),
  ...routesOf('batch', [
    [
      'postBatch',
      'POST',
      '/api/v2/recording/batchrequests',
      VIEW,
      'begins a batch download of up to 100 items',
    ],
    [
      'getBatch',
      'GET',
      '/api/v2/recording/batchrequests/{jobId}',
      [],
      'state and results of a batch download',
    ],
  ]),
  ...routesOf('conversation', [
    [
      'getConversation',
      'GET',
      C,
      ['conversation:communication:view'],
      'the conversation and its participants',
    ],
    ['putTags', 'PUT', `${C}/tags`, ['conversation:externalTag:edit'], 'sets the external tag'],
    [
      'patchParticipant',
      'PATCH',
      `${C}/participants/{participantId}/attributes`,
      [],
      'merges attributes of a participant; 202',
    ],
    [
      'listCustomAttributes',
      'GET',
      `${C}/customattributes`,
      ['conversation:customAttributes:view'],
      'the custom attributes, one document per schema',
    ],
    [
      'putCustomAttributes',
      'PUT',
      `${C}/customattributes`,
      ['conversation:customAttributes:edit'],
      'replaces a document of custom attributes',
    ],
    [
      'patchCustomAttributes',
      'PATCH',
      `${C}/customattributes`,
      ['conversation:customAttributes:edit'],
      'amends a document of custom attributes; 204',
    ],
    ['getOrganization', 'GET', '/api/v2/organizations/me', [], 'the organization of the client'],
    [
      'queryConversations',
      'POST',
      '/api/v2/analytics/conversations/details/query',
      ['analytics:conversationDetail:view'],
      'the conversations of an interval, page by page',
    ],
  ]),
  ...PLATFORM_ROUTES,
];

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
    const id =
      params['recordingId'] ?? params['conversationId'] ?? params['jobId'] ?? Object.values(params)[0];
    return {
      route: `${published.method} ${published.path}`,
      on: published.on,
      ...present({ id }),
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
