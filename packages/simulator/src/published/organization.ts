import { errorReply, jsonReply } from '../genesys-errors.ts';
import { REQUESTS_PER_MINUTE } from '../oauth.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { DIVISIONS, HIDDEN_DIVISION, type Named } from './directory.ts';
import { badRequest, pageOf } from './paging.ts';
import type { RecordingsWorld } from './recordings/world.ts';

/** Who the client is, what it may see, and how much it may ask. */

export function getOrganization(world: RecordingsWorld): Reply {
  return jsonReply(200, {
    id: world.organizationId,
    name: world.organizationName,
    version: 1,
    state: 'active',
  });
}

export function getToken(world: RecordingsWorld, call: Call): Reply {
  const organization = { id: world.organizationId, name: world.organizationName };
  return jsonReply(200, {
    organization,
    homeOrganization: organization,
    authorizedScope: [],
    OAuthClient: {
      id: call.clientId ?? '',
      name: 'Media archive',
      authorizedGrantType: 'CLIENT-CREDENTIALS',
      state: 'active',
      organization,
    },
  });
}

/** By namespace. The platform has many more keys; these concern archiving. */
const LIMITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'platform.api': {
    'client.credentials.token.rate.per.minute': REQUESTS_PER_MINUTE,
    'token.rate.per.minute': 300,
    'request.bytes.max': 512_000,
  },
  recording: {
    'batch.download.max': 100,
    'bulk.jobs.concurrent.max': 2,
    'protected.conversations.max': 1_000,
  },
  analytics: { 'details.jobs.concurrent.access.max': 10, 'details.jobs.rate.per.second': 5 },
  gdpr: { 'request.submission.rate.per.day': 100 },
  audit: { 'query.max.results': 10_000 },
  quality: { 'evaluation.query.page.max': 100 },
  'speech.and.text.analytics': { 'transcript.url.rate.per.minute': 300 },
};

/** @param as the organization's own values, or the platform's defaults. */
export function getLimits(world: RecordingsWorld, namespace: string, as: 'own' | 'defaults'): Reply {
  const limits = Object.hasOwn(LIMITS, namespace) ? LIMITS[namespace] : undefined;
  if (limits === undefined) {
    return errorReply('genesys', 404, { body: { entityId: namespace, entityName: 'namespace' } });
  }
  const own: Readonly<Record<string, number | undefined>> = {
    'client.credentials.token.rate.per.minute': world.requestsPerMinute,
    'protected.conversations.max': world.behaviour.mostProtected,
  };
  const entities = Object.entries(limits).map(([key, value]) => ({
    key,
    namespace,
    value: as === 'own' ? (own[key] ?? value) : value,
  }));
  return jsonReply(200, { entities });
}

const PAGE = { largest: 500, byDefault: 25 };

/** All divisions there are. */
export function listDivisions(call: Call): Reply {
  const page = pageOf(call, '/api/v2/authorization/divisions', [...DIVISIONS, HIDDEN_DIVISION], PAGE);
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  return jsonReply(200, { ...page, entities: page.entities.map(describeDivision) });
}

/** Those in which the client has a permission. */
export function listPermittedDivisions(world: RecordingsWorld, call: Call): Reply {
  const permission = call.query.get('permission');
  if (permission === null || permission === '') {
    return badRequest('The permission parameter is missing.', 'missing.permission.param');
  }
  const permitted = world.has(permission) ? DIVISIONS : [];
  const page = pageOf(call, '/api/v2/authorization/divisionspermitted/paged/me', permitted, PAGE);
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  return jsonReply(200, {
    ...page,
    entities: page.entities.map(describeDivision),
    allDivsPermitted: world.has(permission) && !world.hasHiddenDivision,
  });
}

function describeDivision({ id, name }: Named): object {
  return {
    id,
    name,
    description: `Division ${name}`,
    homeDivision: id === DIVISIONS[0]?.id,
    selfUri: `/api/v2/authorization/divisions/${id}`,
  };
}
