import { ArchiveError } from '../../errors.ts';
import type { RecordingIds, ReferenceWriter } from '../../ports.ts';
import { isSafeId } from '../../recording/id.ts';
import type { GenesysApi } from '../api-client.ts';
import { readConversation } from '../conversation-facts.ts';
import { explainRefusal } from '../permissions.ts';
import { readField } from '../responses.ts';
import { ensureFound } from './references.ts';
import { requireWritten } from './written.ts';

/**
 * An attribute of the customer's participant, one per file. The platform answers 202 and may forget it all the same: analytics
 * keep no attribute that is set after the conversation. Causes an `attributes` event, which `parseEvent` ignores.
 */
export function createParticipantAttributesWriter(api: GenesysApi): ReferenceWriter {
  return {
    async write(ids, { key }, budget) {
      const { conversationId } = ids;
      const path = ['api', 'v2', 'conversations', conversationId];
      const what = `attributes of conversation ${conversationId}`;
      const found = await api.call({ method: 'GET', path }, budget);
      ensureFound(found, `conversation ${conversationId}`, explainRefusal('getConversation', found));
      const participantId = chooseParticipant(readConversation(what, found, conversationId)['participants']);
      if (participantId === undefined) {
        throw new ArchiveError('INTERACTION_NOT_FOUND', `conversation ${conversationId} has no participant`, {
          details: { status: found.status, correlationId: found.correlationId },
        });
      }
      const answer = await api.call(
        {
          method: 'PATCH',
          path: [...path, 'participants', participantId, 'attributes'],
          body: { attributes: { [attributeName(ids)]: key } },
        },
        budget,
      );
      ensureFound(answer, `participant ${participantId}`);
      requireWritten(what, answer, {
        asked: { conversationId },
        hint: explainRefusal('setParticipantAttributes', answer),
      });
    },
  };
}

function attributeName({ recordingId, channel }: RecordingIds): string {
  return `s3_archive_key_${recordingId}${channel === undefined ? '' : `_${channel}`}`;
}

/** The customer's, which outlives transfers; else the first there is. */
function chooseParticipant(participants: unknown): string | undefined {
  if (!Array.isArray(participants)) return undefined;
  const outside = participants.find((one) => {
    const purpose = readField(one, 'purpose');
    return purpose === 'customer' || purpose === 'external';
  });
  const id = readField(outside ?? participants[0], 'id');
  return isSafeId(id) ? id : undefined;
}
