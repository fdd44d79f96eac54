import type { FaultTarget } from './faults.ts';
import type { Dialect } from './genesys-errors.ts';
import type { Scope } from './oauth.ts';
import { present } from './present.ts';

/** One thing the simulator answers; documentation is generated from the list. */
export interface Route {
  readonly server: 'api' | 'media';
  readonly method: string;
  /** With `{id}` for the variable segment. */
  readonly path: string;
  readonly on: Exclude<FaultTarget, 's3' | 'kms'>;
  readonly scope?: Scope;
  readonly does: string;
}

export const API_ROUTES: readonly Route[] = [
  {
    server: 'api',
    method: 'POST',
    path: '/oauth/token',
    on: 'token',
    does: 'issues a bearer token for client credentials, in the form body or as HTTP Basic',
  },
  {
    server: 'api',
    method: 'GET',
    path: '/api/v2/media/{id}',
    on: 'media',
    scope: 'media:view',
    does: 'tells the state of a recording and, when it is complete, a signed download link',
  },
  {
    server: 'api',
    method: 'GET',
    path: '/api/v2/interactions/{id}',
    on: 'interaction',
    does: 'returns the metadata of an interaction',
  },
  {
    server: 'api',
    method: 'PATCH',
    path: '/api/v2/interactions/{id}',
    on: 'interaction',
    scope: 'interaction:metadata:update',
    does: 'merges `metadata` into that of the interaction, key by key',
  },
];

export const MEDIA_ROUTES: readonly Route[] = ['GET', 'HEAD'].map((method) => ({
  server: 'media',
  method,
  path: '/genesys-media/{id}',
  on: 'download',
  does: 'the file, for a signed link that has not expired; Range, If-Match and If-Range',
}));

/** Every route of both hosts. */
export function listRoutes(): readonly Route[] {
  return [...API_ROUTES, ...MEDIA_ROUTES];
}

/** A route that answers a request. */
export interface RouteMatch {
  /** Method and path as in the table, e.g. `GET /api/v2/media/{id}`. */
  readonly route: string;
  readonly on: Route['on'];
  /** Of the recording or interaction; `undefined` also when it is no valid percent-encoding. */
  readonly id?: string;
  readonly scope: Scope | undefined;
  readonly dialect: Dialect;
}

const DIALECTS: Record<Route['on'], Dialect> = {
  recording: 'genesys',
  conversation: 'genesys',
  batch: 'genesys',
  analytics: 'genesys',
  bulk: 'genesys',
  transcript: 'genesys',
  platform: 'genesys',
  token: 'oauth',
  media: 'genesys',
  interaction: 'genesys',
  download: 'media-host',
};

/** The route of `list` that answers `method path`. */
export function matchRoute(list: readonly Route[], method: string, path: string): RouteMatch | undefined {
  for (const route of list) {
    const segment = route.method === method ? matchPath(route.path, path) : undefined;
    if (segment === undefined) continue;
    const id = segment === '' ? undefined : decodeSegment(segment);
    return {
      route: `${route.method} ${route.path}`,
      on: route.on,
      ...present({ id }),
      scope: route.scope,
      dialect: DIALECTS[route.on],
    };
  }
  return undefined;
}

/** The methods `list` has for `path`. */
export function methodsOf(list: readonly Route[], path: string): string[] {
  return list.filter((route) => matchPath(route.path, path) !== undefined).map(({ method }) => method);
}

/** The segment that stands for `{id}`, empty when the pattern has none; `undefined` when `path` does not match. */
function matchPath(pattern: string, path: string): string | undefined {
  const [before = '', after] = pattern.split('{id}');
  if (after === undefined) return path === pattern ? '' : undefined;
  const segment = path.slice(before.length);
  return path.startsWith(before) && /^[^/]+$/.test(segment) ? segment : undefined;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
