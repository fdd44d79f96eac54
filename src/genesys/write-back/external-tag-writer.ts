import type { Logger } from '../../log.ts';
import type { ReferenceWriter } from '../../ports.ts';
import type { GenesysApi } from '../api-client.ts';
import { readConversation } from '../conversation-facts.ts';
import { explainRefusal } from '../permissions.ts';
import { ensureFound } from './references.ts';
import { requireWritten } from './written.ts';

/**
 * The external tag of the conversation: one text, which analytics can search for. There is only one of it, and CRM integrations
 * keep their own links there: a tag that is set already is left alone, ours included, so that of several recordings the first one
 * is named.
 */
export function createExternalTagWriter(api: GenesysApi, logger: Logger): ReferenceWriter {
  return {
    async write({ conversationId, recordingId }, { key }, budget) {
      const path = ['api', 'v2', 'conversations', conversationId];
      const what = `external tag of conversation ${conversationId}`;
      const found = await api.call({ method: 'GET', path }, budget);
      ensureFound(found, `conversation ${conversationId}`, explainRefusal('getConversation', found));
      const present = readConversation(what, found, conversationId)['externalTag'];
      if (typeof present === 'string' && present !== '') {
        const reason = present === key ? 'it is there already' : 'another tag is set';
        logger.log('warn', 'external tag left as it is', { conversationId, recordingId, reason });
        return;
      }
      const answer = await api.call(
        { method: 'PUT', path: [...path, 'tags'], body: { externalTag: key } },
        budget,
      );
      ensureFound(answer, `conversation ${conversationId}`);
      requireWritten(what, answer, {
        asked: { conversationId, own: 'conversationId' },
        hint: explainRefusal('tag', answer),
      });
    },
  };
}
