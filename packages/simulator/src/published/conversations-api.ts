import { stableUuid } from '../catalogue.ts';
import { customerSessionId } from './analytics/describe.ts';
import { AGENTS, DIVISIONS, entryAt, QUEUES, WRAP_UP_CODES } from './directory.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import { readObject } from './recordings/api.ts';
import type { CustomAttributesDocument, ModelConversation, ModelParticipant } from './recordings/model.ts';
import { type Reply, textReply } from '../reply.ts';
import type { Call } from '../service.ts';
import { present } from '../present.ts';

/** The platform's calls about conversations as a whole: what they were, and where references can be written to. */

export function getConversation(conversation: ModelConversation): Reply {
  const { id, startedAt, endedAt, externalTag } = conversation;
  return jsonReply(200, {
    id,
    startTime: new Date(startedAt).toISOString(),
    endTime: new Date(endedAt).toISOString(),
    ...present({ externalTag }),
    participants: conversation.participants.map((participant) =>
      describeParticipant(participant, conversation),
    ),
    divisions: [{ division: { id: entryAt(DIVISIONS, conversation.division).id }, entities: [] }],
    recordingState: 'NONE',
    selfUri: `/api/v2/conversations/${id}`,
  });
}

function describeParticipant(
  { id, purpose, attributes }: ModelParticipant,
  conversation: ModelConversation,
): unknown {
  const startTime = new Date(conversation.startedAt).toISOString();
  const endTime = new Date(conversation.endedAt).toISOString();
  const held = new Date((conversation.startedAt + conversation.endedAt) / 2).toISOString();
  const { id: queueId, name: queueName } = entryAt(QUEUES, conversation.queue);
  const { id: code, name: wrapUpName } = entryAt(WRAP_UP_CODES, conversation.wrapUp);
  const { customer, customerName, wrapUpNote } = conversation;
  const address = customer.includes('@') ? customer : `tel:${customer}`;
  const segment = (type: string, from: string, to: string) => ({ type, startTime: from, endTime: to });
  return {
    id,
    purpose,
    startTime,
    endTime,
    connectedTime: startTime,
    attributes: Object.fromEntries(attributes),
    ...(purpose === 'customer' ? { name: customerName, address, ani: address } : { queueId, queueName }),
    ...(purpose === 'agent'
      ? {
          userId: entryAt(AGENTS, conversation.agent).id,
          wrapup: {
            code,
            name: wrapUpName,
            ...present({ notes: wrapUpNote }),
            durationSeconds: 12,
            endTime,
          },
        }
      : {}),
    calls: [
      {
        // as analytics name the session: transcripts are asked for by it
        id: purpose === 'customer' ? customerSessionId(conversation) : stableUuid(`${id}/call`),
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
      ...present({ schema: schemaId === undefined ? undefined : { id: schemaId } }),
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

function badBody(message: string): Reply {
  return errorReply('genesys', 400, { code: 'bad.request', message });
}
