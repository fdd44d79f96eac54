import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { badRequest, pageSizeOf, parseInterval } from './paging.ts';
import { readObject } from './recordings/api.ts';
import { isDeleted, type ModelRecording } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';
import type { AuditEntry, AuditQuery } from './world-state.ts';
import { present } from '../present.ts';

/** `/api/v2/quality/conversations/audits/query`: who did what to recordings, the platform included. */

type Property = (entry: AuditEntry) => string | undefined;
const PROPERTIES: Readonly<Record<string, Property>> = {
  ClientId: ({ clientId }) => clientId,
  Action: ({ action }) => action,
  EntityType: entityTypeOf,
  EntityId: ({ recordingId, conversationId }) => recordingId ?? conversationId,
  ConversationId: ({ conversationId }) => conversationId,
  ServiceName: () => SERVICE,
  UserId: ({ user }) => user?.id,
  TrusteeOrganizationId: () => undefined,
  TrusteeOnlyAudits: () => undefined,
};
const SERVICE = 'RecordingService';

export function postAuditQuery(world: RecordingsWorld, call: Call): Reply {
  const body = readObject(call.body);
  const interval = parseInterval(body?.['interval']);
  const list = body?.['filters'];
  if (interval === undefined) return badRequest('interval is not valid');
  const filters = Array.isArray(list) ? list.map(readFilter) : [undefined];
  if (filters.includes(undefined)) return badRequest('filters are not valid');
  const sort: unknown = Array.isArray(body?.['sort']) ? body['sort'][0] : undefined;
  const id = stableUuid(`${world.organizationId}/audit-query/${world.auditQueries.size}`);
  const query: AuditQuery = {
    id,
    interval,
    filters: filters.filter((filter) => filter !== undefined),
    descending: (sort as { sortOrder?: unknown } | undefined)?.sortOrder === 'descending',
    submittedAt: world.now(),
  };
  world.auditQueries.set(id, query);
  return jsonReply(202, describeQuery(world, query));
}

export function getAuditQuery(world: RecordingsWorld, id: string): Reply {
  const query = world.auditQueries.get(id);
  if (query === undefined) return noSuchQuery(id);
  return jsonReply(isDone(world, query) ? 200 : 202, describeQuery(world, query));
}

const PAGE = { largest: 500, byDefault: 25 };

export function getAuditResults(world: RecordingsWorld, call: Call, id: string): Reply {
  const query = world.auditQueries.get(id);
  if (query === undefined || !isDone(world, query)) return noSuchQuery(id);
  const pageSize = pageSizeOf(call, PAGE);
  const place = Number(call.query.get('cursor') ?? 0);
  if (pageSize === undefined || !Number.isInteger(place))
    return badRequest('pageSize or cursor is not valid');
  const { begin, end } = query.interval;
  const found = [...world.audits, ...deletions(world, query)]
    .filter(({ at }) => at >= begin && at < end && at + world.behaviour.auditLagMs <= query.submittedAt)
    .filter((entry) => query.filters.every(({ property, value }) => PROPERTIES[property]?.(entry) === value))
    .toSorted((a, b) => (query.descending ? b.at - a.at : a.at - b.at));
  const next = place + pageSize;
  return jsonReply(200, {
    id,
    pageSize,
    ...(next < found.length ? { cursor: String(next) } : {}),
    entities: found.slice(place, next).map((entry) => describeEntry(world, entry)),
  });
}

function readFilter(value: unknown): { property: string; value: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { property, value: wanted } = value as Record<string, unknown>;
  if (typeof property !== 'string' || !Object.hasOwn(PROPERTIES, property)) return undefined;
  return typeof wanted === 'string' ? { property, value: wanted } : undefined;
}

/** What the platform deleted because its date had come; that its audit tells of these is an assumption. */
function* deletions(world: RecordingsWorld, { submittedAt }: AuditQuery): Generator<AuditEntry> {
  const scripted = world.conversations.flatMap(({ recordings }) => recordings);
  const ids = world.past?.special.deletedRecordingId;
  const ofPast = ids === undefined ? undefined : world.findRecording(ids);
  const all: readonly ModelRecording[] = ofPast === undefined ? scripted : [...scripted, ofPast];
  for (const recording of all) {
    const { id, conversation, deleteDate, kind } = recording;
    if (deleteDate === undefined || !isDeleted(recording, submittedAt)) continue;
    yield {
      id: stableUuid(`${id}/deletion`),
      at: Date.parse(deleteDate),
      action: 'Delete',
      conversationId: conversation.id,
      recordingId: id,
      isScreen: kind === 'screen',
      clientId: undefined,
    };
  }
}

function isDone(world: RecordingsWorld, { submittedAt }: AuditQuery): boolean {
  return world.now() >= submittedAt + world.behaviour.auditMs;
}

function describeQuery(world: RecordingsWorld, query: AuditQuery): object {
  const { begin, end } = query.interval;
  return {
    id: query.id,
    state: isDone(world, query) ? 'Succeeded' : 'Queued',
    dateStart: new Date(query.submittedAt).toISOString(),
    interval: `${new Date(begin).toISOString()}/${new Date(end).toISOString()}`,
    filters: query.filters,
  };
}

function describeEntry(world: RecordingsWorld, entry: AuditEntry): object {
  const { id, at, action, conversationId, recordingId, clientId, user } = entry;
  return {
    id,
    userHomeOrgId: world.organizationId,
    ...present({
      client: clientId && { id: clientId, selfUri: `/api/v2/oauth/clients/${clientId}` },
      user,
    }),
    serviceName: SERVICE,
    level: clientId === undefined && user === undefined ? 'System' : 'User',
    status: 'Success',
    eventDate: new Date(at).toISOString(),
    action,
    entity: { id: recordingId ?? conversationId },
    entityType: entityTypeOf(entry),
    context: { conversationId },
  };
}

function entityTypeOf({ isScreen }: AuditEntry): string {
  return isScreen ? 'ScreenRecording' : 'Recording';
}

function noSuchQuery(id: string): Reply {
  return errorReply('genesys', 404, { body: { entityId: id, entityName: 'audit query' } });
}
