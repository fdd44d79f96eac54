import { stableUuid } from '../catalogue.ts';
import type { ModelConversation } from './recordings/model.ts';

/** What the platform says happened to a conversation. */
export type ConversationHappening = 'customer.end' | 'user.end' | 'acw' | 'attributes' | 'customer.start';

/**
 * An event of a conversation as EventBridge delivers it. The names, and which of the three times is which, are those of the
 * platform's own event streaming blueprint: `time`, `detail.timestamp` and `eventBody.eventTime` (epoch ms) all differ, `version`
 * is text, and `detail-type` has `{id}` literally. Equal for equal arguments, as a redelivery is.
 */
export function createConversationEvent(
  conversation: ModelConversation,
  what: ConversationHappening,
  organizationId: string,
  body: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { id, endedAt, startedAt, participants } = conversation;
  const [participant] = participants;
  const eventTime = what === 'acw' ? endedAt + 20_000 : endedAt;
  return {
    version: '0',
    id: stableUuid(`${id}/${what}`),
    'detail-type': `v2.detail.events.conversation.{id}.${what}`,
    source: `aws.partner/genesys.com/cloud/${organizationId}/media-archive`,
    account: '123456789012',
    time: new Date(eventTime + 3000).toISOString(),
    region: 'us-east-1',
    resources: [],
    detail: {
      topicName: `v2.detail.events.conversation.${id}.${what}`,
      version: '2',
      eventBody: {
        eventTime,
        conversationId: id,
        participantId: participant?.id,
        sessionId: stableUuid(`${id}/session`),
        mediaType: 'VOICE',
        provider: 'Edge',
        direction: 'INBOUND',
        ...(what === 'customer.end'
          ? { disconnectType: 'PEER', interactingDurationMs: endedAt - startedAt }
          : {}),
        ...body,
      },
      metadata: { CorrelationId: stableUuid(`${id}/${what}/correlation`) },
      timestamp: new Date(eventTime + 1000).toISOString(),
    },
  };
}
