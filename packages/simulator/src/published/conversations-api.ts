import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import { readObject } from './recordings-api.ts';
import type { CustomAttributesDocument, ModelConversation, ModelParticipant } from './recordings-model.ts';
import { isListed } from './recordings-model.ts';
import type { RecordingsWorld } from './recordings-world.ts';
import { type Reply, textReply } from '../reply.ts';
import type { Call } from '../service.ts';

/** The platform's calls about conversations as a whole: what they were, and where references can be written to. */

export function getConversation(conversation: ModelConversation): Reply {
  const { id, startedAt, endedAt, externalTag } = conversation;
  return jsonReply(200, {
    id,
    startTime: new Date(startedAt).toISOString(),
    endTime: new Date(endedAt).toISOString(),
    ...(externalTag === undefined ? {} : { externalTag }),
    participants: conversation.participants.map((participant) => describe(participant, conversation)),
    divisions: [{ division: { id: stableUuid('division') }, entities: [] }],
    recordingState: 'NONE',
    selfUri: `/api/v2/conversations/${id}`,
  });
}

function describe({ id, purpose, attributes }: ModelParticipant, conversation: ModelConversation): unknown {
  const startTime = new Date(conversation.startedAt).toISOString();
  const endTime = new Date(conversation.endedAt).toISOString();
  const held = new Date((conversation.startedAt + conversation.endedAt) / 2).toISOString();
  const queue = { queueId: stableUuid('queue'), queueName: 'Support' };
  const segment = (type: string, from: string, to: string) => ({ type, startTime: from, endTime: to });
  return {
    id,
    purpose,
    startTime,
    endTime,
    connectedTime: startTime,
    attributes: Object.fromEntries(attributes),
    ...(purpose === 'customer'
      ? { name: 'Jane Doe', address: 'tel:+13175550100', ani: 'tel:+13175550100' }
      : queue),
    ...(purpose === 'agent'
      ? {
          userId: stableUuid('agent'),
          wrapup: { code: stableUuid('wrap-up'), name: 'Resolved', durationSeconds: 12, endTime },
        }
      : {}),
    calls: [
      {
        id: stableUuid(`${id}/call`),
        state: 'terminated',
        direction: 'inbound',
        provider: 'Edge',
        connectedTime: startTime,
        disconnectedTime: endTime,
        segments:
          purpose === 'agent'
            ? [segment('Interact', startTime, held), segment('Hold', held, endTime)]
            : [segment('Interact', startTime, endTime)],
      },
    ],
  };
}

export function putTags(conversation: ModelConversation, call: Call): Reply {
  const tag = readObject(call.body)?.['externalTag'];
  if (typeof tag !== 'string') return badBody('externalTag is required');
  conversation.externalTag = tag;
  return jsonReply(202, 'The tags update request was accepted.');
}

/** 202 and no body, also where the attributes are then not kept. */
export function patchParticipant(conversation: ModelConversation, participantId: string, call: Call): Reply {
  const participant = conversation.participants.find(({ id }) => id === participantId);
  if (participant === undefined) {
    return errorReply('genesys', 404, {
      code: 'conversation.error.participant.not.found',
      message: 'The participant could not be found.',
      body: { entityId: participantId, entityName: 'participant' },
    });
  }
  const given = readObject(call.body)?.['attributes'];
  const pairs = typeof given === 'object' && given !== null ? Object.entries(given) : undefined;
  if (pairs === undefined || pairs.some(([, value]) => typeof value !== 'string')) {
    return badBody('attributes must be an object of strings');
  }
  if (!conversation.forgetsAttributes) {
    for (const [name, value] of pairs) participant.attributes.set(name, String(value));
  }
  return textReply(202, 'application/json', '');
}

export function listCustomAttributes(conversation: ModelConversation): Reply {
  return jsonReply(200, {
    results: conversation.customAttributes.map(({ id, schemaId, values, divisions, version }) => ({
      id,
      conversationId: conversation.id,
      divisions,
      ...(schemaId === undefined ? {} : { schema: { id: schemaId } }),
      customAttributes: Object.fromEntries(values),
      version,
    })),
  });
}

/** PUT replaces a document, or begins one under the id that the client chose; PATCH amends one. Both refuse an old `version`. */
export function changeCustomAttributes(conversation: ModelConversation, call: Call): Reply {
  const given = readObject(call.body);
  const id = given?.['id'];
  const values = given?.['customAttributes'];
  if (given === undefined || typeof id !== 'string' || typeof values !== 'object' || values === null) {
    return errorReply('genesys', 400, {
      code: 'conversation.custom.attributes.bad.request',
      message: 'id and customAttributes are required.',
    });
  }
  const amend = call.request.method === 'PATCH';
  let known: CustomAttributesDocument | undefined = conversation.customAttributes.find(
    (one) => one.id === id,
  );
  if (known === undefined && amend) {
    return errorReply('genesys', 404, {
      code: 'conversation.custom.attributes.not.found',
      message: 'Not found.',
    });
  }
  if (known !== undefined && given['version'] !== undefined && given['version'] !== known.version) {
    return errorReply('genesys', 409, {
      code: 'conversation.custom.attributes.version.conflict',
      message: 'The version is not the current one.',
    });
  }
  if (known === undefined) {
    const { schemaId } = given;
    known = {
      id,
      schemaId: typeof schemaId === 'string' ? schemaId : undefined,
      values: new Map(),
      divisions: [],
      version: 0,
    };
    conversation.customAttributes.push(known);
  }
  if (!amend) known.values.clear();
  // "Omitting or setting to [] clears existing values on update"
  const { divisions } = given;
  known.divisions = Array.isArray(divisions) ? divisions.map(String) : [];
  for (const [name, value] of Object.entries(values)) known.values.set(name, value);
  known.version += 1;
  return amend ? textReply(204, 'application/json', '') : jsonReply(200, { id });
}

/** Records of one page at most, by the query's own default. */
const PAGE_SIZE = 25;

export function queryConversations(world: RecordingsWorld, call: Call): Reply {
  const given = readObject(call.body);
  const [, from = '', to = ''] = /^([^/]+)\/([^/]+)$/.exec(String(given?.['interval'])) ?? [];
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  if (!Number.isFinite(begin) || !Number.isFinite(end) || begin >= end)
    return badBody('interval is not valid');
  const paging = given?.['paging'];
  const page = (name: string, fallback: number) => Number(readField(paging, name) ?? fallback);
  const [pageSize, pageNumber] = [page('pageSize', PAGE_SIZE), page('pageNumber', 1)];
  if (!(pageSize >= 1 && pageSize <= 100)) return badBody('paging.pageSize must be from 1 to 100');
  const found = world.conversations.filter(({ startedAt }) => startedAt >= begin && startedAt < end);
  const shown = found.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
  return jsonReply(200, {
    totalHits: found.length,
    conversations: shown.map(({ id, startedAt, endedAt, participants, recordings }) => ({
      conversationId: id,
      conversationStart: new Date(startedAt).toISOString(),
      conversationEnd: new Date(endedAt).toISOString(),
      originatingDirection: 'inbound',
      participants: participants.map((participant) => ({
        participantId: participant.id,
        purpose: participant.purpose,
        sessions: [{ mediaType: 'voice', recording: recordings.some(({ kind }) => kind === 'call') }],
      })),
    })),
  });
}

/** Recordings that are older than `retentionThresholdDays`; the cursor is the place in the list. */
export function queryRetention(world: RecordingsWorld, call: Call): Reply {
  const days = Number(call.query.get('retentionThresholdDays') ?? Number.NaN);
  const pageSize = Number(call.query.get('pageSize') ?? PAGE_SIZE);
  const at = Number(call.query.get('cursor') ?? 0);
  if (!Number.isInteger(days) || !(pageSize >= 1 && pageSize <= 500) || !Number.isInteger(at)) {
    return badBody('retentionThresholdDays, pageSize or cursor is not valid');
  }
  const before = world.now() - days * 86_400_000;
  const all = world.conversations
    .filter(({ endedAt }) => endedAt <= before)
    .flatMap(({ recordings }) => recordings.filter((recording) => isListed(recording, world.now())));
  const next = at + pageSize;
  const uri = (cursor: number) =>
    `/api/v2/recordings/retention/query?retentionThresholdDays=${days}&pageSize=${pageSize}&cursor=${cursor}`;
  return jsonReply(200, {
    entities: all.slice(at, next).map(({ id, conversation }) => ({
      conversationId: conversation.id,
      recordingId: id,
      creationTime: new Date(conversation.startedAt).toISOString(),
    })),
    ...(next < all.length ? { nextUri: uri(next) } : {}),
    ...(at > 0 ? { previousUri: uri(Math.max(0, at - pageSize)) } : {}),
  });
}

export function getOrganization(world: RecordingsWorld): Reply {
  return jsonReply(200, {
    id: world.organizationId,
    name: 'Simulated Organization',
    version: 1,
    state: 'active',
  });
}

function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function badBody(message: string): Reply {
  return errorReply('genesys', 400, { code: 'bad.request', message });
}
