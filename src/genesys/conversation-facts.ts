import { present } from '../present.ts';
import type { ConversationFacts } from '../recording/facts.ts';
import { parseRecordingTime } from '../recording/time.ts';
import { requireSameIds } from './answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { parseJsonObject, readField, readList } from './responses.ts';

/** Participants keep their sessions by medium (`Participant` of the API description). */
const SESSIONS = ['calls', 'callbacks', 'chats', 'emails', 'messages', 'videos'] as const;

/**
 * The facts in the answer to `GET /api/v2/conversations/{conversationId}`. Names of objects are made of them: better no object than
 * one under a key that the next attempt does not find.
 *
 * @throws `GENESYS_FORBIDDEN` (not retryable), `GENESYS_BAD_RESPONSE`.
 */
export function requireConversationFacts(answer: ApiAnswer, conversationId: string): ConversationFacts {
  const what = `start of conversation ${conversationId}`;
  const facts = describeFacts(readConversation(what, answer, conversationId));
  if (facts !== undefined) return facts;
  throw unexpectedAnswer(what, answer, explainRefusal('getConversation', answer));
}

/**
 * The `Conversation` in an answer to `GET /api/v2/conversations/{conversationId}`.
 *
 * @throws `GENESYS_FORBIDDEN` (not retryable), `GENESYS_BAD_RESPONSE`, also when it is another conversation.
 */
export function readConversation(
  what: string,
  answer: ApiAnswer,
  conversationId: string,
): Readonly<Record<string, unknown>> {
  const conversation = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
  if (conversation === undefined) {
    throw unexpectedAnswer(what, answer, explainRefusal('getConversation', answer));
  }
  requireSameIds(what, answer, conversation, { conversationId, own: 'conversationId' });
  return conversation;
}

/** What a `Conversation` says of itself; `undefined` when it does not say when it began. Pure. */
function describeFacts(conversation: unknown): ConversationFacts | undefined {
  const startedAt = parseRecordingTime(readField(conversation, 'startTime'));
  if (startedAt === undefined) return undefined;
  const [session] = readList(readField(conversation, 'participants')).flatMap((participant) =>
    SESSIONS.flatMap((name) => readList(readField(participant, name))),
  );
  const provider = word(readField(session, 'provider'));
  const direction = word(readField(session, 'direction'));
  return {
    startedAt,
    ...present({ provider, direction }),
  };
}

/** Names of kinds of things, never of people: short, and without anything a name or number would need. */
function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9 _-]{0,39}$/.test(value) ? value : undefined;
}
