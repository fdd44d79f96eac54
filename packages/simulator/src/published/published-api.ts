import {
  changeCustomAttributes,
  getConversation,
  getOrganization,
  listCustomAttributes,
  patchParticipant,
  putTags,
  queryConversations,
  queryRetention,
} from './conversations-api.ts';
import { errorReply } from '../genesys-errors.ts';
import {
  getRecording,
  listMetadata,
  listRecordings,
  missing,
  postAnnotation,
  putRecording,
} from './recordings-api.ts';
import { getBatch, postBatch } from './recordings-batch.ts';
import type { ModelConversation, ModelRecording } from './recordings-model.ts';
import {
  matchPublished,
  type PublishedCall,
  type PublishedMatch,
  publishedMethods,
} from './recordings-routes.ts';
import type { RecordingsWorld } from './recordings-world.ts';
import type { Reply } from '../reply.ts';
import type { Call, Service } from '../service.ts';

export interface PublishedApiOptions {
  readonly world: RecordingsWorld;
  /** Answers what is not of this dialect. */
  readonly base: Service;
  /** Checks the token, counts the request and adds the platform's headers. */
  readonly guard: (call: Call, answer: () => Reply) => Reply;
}

/** The platform's published API on top of the tutorial's, on one host, with the same tokens and limits. */
export function withPublishedApi({ world, base, guard }: PublishedApiOptions): Service {
  return {
    ...base,
    match: (method, path) => base.match(method, path) ?? matchPublished(method, path),
    unknown(method, path) {
      const methods = publishedMethods(path);
      return methods.length > 0
        ? errorReply('genesys', 405, { headers: { allow: methods.join(', ') } })
        : base.unknown(method, path);
    },
    handle(call) {
      const { match } = call;
      return isPublished(match) ? guard(call, () => answer(world, call, match)) : base.handle(call);
    },
  };
}

function isPublished(match: Call['match']): match is PublishedMatch {
  return 'published' in match;
}

const OF_CONVERSATION: Partial<
  Record<
    PublishedCall,
    (world: RecordingsWorld, conversation: ModelConversation, call: Call, match: PublishedMatch) => Reply
  >
> = {
  listMetadata: (world, conversation) => listMetadata(world, conversation),
  listRecordings: (world, conversation, call) => listRecordings(world, conversation, call),
  getConversation: (_world, conversation) => getConversation(conversation),
  putTags: (_world, conversation, call) => putTags(conversation, call),
  patchParticipant: (_world, conversation, call, { params }) =>
    patchParticipant(conversation, params['participantId'] ?? '', call),
  listCustomAttributes: (_world, conversation) => listCustomAttributes(conversation),
  putCustomAttributes: (_world, conversation, call) => changeCustomAttributes(conversation, call),
  patchCustomAttributes: (_world, conversation, call) => changeCustomAttributes(conversation, call),
};

const OF_RECORDING: Partial<
  Record<PublishedCall, (world: RecordingsWorld, recording: ModelRecording, call: Call) => Reply>
> = {
  getRecording,
  putRecording,
  postAnnotation: (_world, recording, call) => postAnnotation(recording, call),
};

const OF_ALL: Partial<
  Record<PublishedCall, (world: RecordingsWorld, call: Call, match: PublishedMatch) => Reply>
> = {
  postBatch,
  getBatch: (world, _call, { params }) => getBatch(world, params['jobId'] ?? ''),
  queryConversations,
  queryRetention,
  getOrganization,
};

function answer(world: RecordingsWorld, call: Call, match: PublishedMatch): Reply {
  const { name, permissions, on } = match.published;
  if (permissions.length > 0 && !permissions.some((permission) => world.has(permission))) {
    const code =
      on === 'recording' ? 'recording.recording.view.permission.check.failed' : 'missing.permissions';
    return errorReply('genesys', 403, {
      code: permissions.length > 1 || on !== 'recording' ? code : 'missing.permissions',
      message: missing(...permissions),
    });
  }
  const all = OF_ALL[name];
  if (all !== undefined) return all(world, call, match);
  const { conversationId = '', recordingId = '' } = match.params;
  const conversation = world.conversation(conversationId);
  if (conversation === undefined || conversation.otherDivision) {
    return errorReply('genesys', 404, {
      code: 'conversation.not.found',
      message: 'The conversation could not be found.',
      body: { entityId: conversationId, entityName: 'conversation' },
    });
  }
  const one = OF_CONVERSATION[name];
  if (one !== undefined) return one(world, conversation, call, match);
  const recording = world.recording(conversationId, recordingId);
  const act = OF_RECORDING[name];
  if (recording === undefined || act === undefined) {
    return errorReply('genesys', 404, {
      code: 'not.found',
      message: 'The requested resource was not found.',
      body: { entityId: recordingId, entityName: 'recording' },
    });
  }
  return act(world, recording, call);
}
