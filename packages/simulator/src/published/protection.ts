import { errorReply, jsonReply } from '../genesys-errors.ts';
import { type Reply, textReply } from '../reply.ts';
import type { Call } from '../service.ts';
import { badRequest } from './paging.ts';
import { missing, readObject } from './recordings/api.ts';
import { isDeleted, type ModelConversation } from './recordings/model.ts';
import type { RecordingsWorld } from './recordings/world.ts';

/** Protection from deletion, which the platform's help calls a legal hold: of up to 100 conversations a call, 1,000 at a time. */

const MAX_IDS = 100;

/** `PUT /api/v2/recordings/deletionprotection?protect=` */
export function putProtection(world: RecordingsWorld, call: Call): Reply {
  const protect = call.query.get('protect') !== 'false';
  const permission = `recording:deletionProtection:${protect ? 'apply' : 'revoke'}`;
  if (!world.has(permission)) {
    return errorReply('genesys', 403, { code: 'missing.permissions', message: missing(permission) });
  }
  const found = find(world, call);
  if ('status' in found) return found;
  const now = world.now();
  const added = found.filter(({ isProtected }) => !isProtected);
  if (protect && world.protectedIds.size + added.length > world.behaviour.mostProtected) {
    return badRequest(`At most ${world.behaviour.mostProtected} conversations can be protected.`);
  }
  for (const conversation of found) {
    // what is deleted by now stays so
    for (const recording of conversation.recordings) recording.gone = isDeleted(recording, now);
    conversation.isProtected = protect;
    if (protect) world.protectedIds.add(conversation.id);
    else world.protectedIds.delete(conversation.id);
    world.keep(conversation);
    world.recordAudit({
      at: now,
      action: protect ? 'ApplyProtection' : 'RevokeProtection',
      conversationId: conversation.id,
      recordingId: undefined,
      isScreen: false,
      clientId: call.clientId,
    });
  }
  return textReply(204, 'application/json', '');
}

/** `POST /api/v2/recordings/deletionprotection`: which of these are protected. */
export function queryProtection(world: RecordingsWorld, call: Call): Reply {
  const found = find(world, call);
  if ('status' in found) return found;
  const held = found.filter(({ isProtected }) => isProtected);
  return jsonReply(
    200,
    held.map(({ id }) => ({ id, selfUri: `/api/v2/conversations/${id}` })),
  );
}

function find(world: RecordingsWorld, call: Call): readonly ModelConversation[] | Reply {
  const ids = readObject(call.body)?.['conversationIds'];
  if (!Array.isArray(ids) || ids.length === 0) {
    return badRequest('The request has no conversation ids.', 'recording.empty.payload');
  }
  if (ids.length > MAX_IDS) return badRequest(`The list cannot exceed ${MAX_IDS} conversation ids.`);
  const found: ModelConversation[] = [];
  for (const id of ids) {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(id))) {
      return badRequest('A conversation id is no UUID.', 'recording.conversation.id.not.uuid');
    }
    const conversation = world.conversation(String(id));
    if (conversation === undefined || conversation.otherDivision) {
      return errorReply('genesys', 404, {
        code: 'recording.conversation.not.found',
        message: 'The conversation could not be found.',
      });
    }
    found.push(conversation);
  }
  return found;
}
