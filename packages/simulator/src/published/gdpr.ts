import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { badRequest, pageOf } from './paging.ts';
import { readObject } from './recordings/api.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import { type GdprRequest, shareDone } from './world-state.ts';

/** Requests under the GDPR. What the platform does to recordings then is not published: here, nothing. */

const TYPES = ['GDPR_EXPORT', 'GDPR_UPDATE', 'GDPR_DELETE'] as const;
const PATH = '/api/v2/gdpr/requests';

export function postGdprRequest(world: RecordingsWorld, call: Call): Reply {
  const body = readObject(call.body);
  const requestType = TYPES.find((one) => one === body?.['requestType']);
  const subject: unknown = body?.['subject'];
  if (requestType === undefined || typeof subject !== 'object' || subject === null) {
    return badRequest('requestType and subject are required');
  }
  if (requestType === 'GDPR_DELETE' && call.query.get('deleteConfirmed') !== 'true') {
    return badRequest('A deletion must be confirmed.');
  }
  const id = stableUuid(`${world.organizationId}/gdpr/${world.gdprRequests.size}`);
  const request: GdprRequest = {
    id,
    requestType,
    createdAt: world.now(),
    clientId: call.clientId ?? '',
    subject: subject as Record<string, unknown>,
  };
  world.gdprRequests.set(id, request);
  return jsonReply(202, describeRequest(world, request));
}

export function listGdprRequests(world: RecordingsWorld, call: Call): Reply {
  const page = pageOf(call, PATH, [...world.gdprRequests.values()], { largest: 100, byDefault: 25 });
  if (page === undefined) return badRequest('pageSize or pageNumber is not valid');
  return jsonReply(200, { ...page, entities: page.entities.map((one) => describeRequest(world, one)) });
}

export function getGdprRequest(world: RecordingsWorld, id: string): Reply {
  const request = world.gdprRequests.get(id);
  if (request === undefined) {
    return errorReply('genesys', 404, { body: { entityId: id, entityName: 'gdprRequest' } });
  }
  return jsonReply(200, describeRequest(world, request));
}

const STAGES = {
  GDPR_EXPORT: ['INITIATED', 'SEARCHING', 'FINALIZING', 'COMPLETED'],
  GDPR_UPDATE: ['INITIATED', 'SEARCHING', 'UPDATING', 'COMPLETED'],
  GDPR_DELETE: ['INITIATED', 'SEARCHING', 'DELETING', 'COMPLETED'],
} as const;

function describeRequest(
  world: RecordingsWorld,
  { id, requestType, createdAt, clientId, subject }: GdprRequest,
): object {
  const stages = STAGES[requestType];
  const share = shareDone(createdAt, world.behaviour.gdprMs, world.now());
  return {
    id,
    requestType,
    createdDate: new Date(createdAt).toISOString(),
    createdBy: { id: clientId, selfUri: `/api/v2/users/${clientId}` },
    status: stages[Math.floor(share * (stages.length - 1))],
    subject,
    selfUri: `${PATH}/${id}`,
  };
}
