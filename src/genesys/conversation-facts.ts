import type { ConversationFacts } from '../recording-facts.ts';
import { parseRecordingTime } from '../recording-time.ts';
import { type ApiAnswer, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { readField } from './references.ts';
import { parseJsonObject } from './responses.ts';

/** Participants keep their sessions by medium (`Participant` of the API description). */
const SESSIONS = ['calls', 'callbacks', 'chats', 'emails', 'messages', 'videos'] as const;

/**
 * The facts in the answer to `GET /api/v2/conversations/{conversationId}`. Names of objects are made of them: better no object than
 * one under a key that the next attempt does not find.
 *
 * @throws `GENESYS_FORBIDDEN` (not retryable), `GENESYS_BAD_RESPONSE`.
 */
export function requireConversationFacts(answer: ApiAnswer, conversationId: string): ConversationFacts {
  const facts = answer.status === 200 ? readConversationFacts(answer.text) : undefined;
  if (facts !== undefined) return facts;
  const what = `start of conversation ${conversationId}`;
  throw unexpectedAnswer(what, answer, explainRefusal('getConversation', answer));
}

/** What a `Conversation` says of itself; `undefined` when it does not say when it began. Pure. */
function readConversationFacts(json: string): ConversationFacts | undefined {
  const conversation = parseJsonObject(json);
  const startedAt = parseRecordingTime(readField(conversation, 'startTime'));
  if (startedAt === undefined) return undefined;
  const [session] = list(readField(conversation, 'participants')).flatMap((participant) =>
    SESSIONS.flatMap((name) => list(readField(participant, name))),
  );
  const provider = word(readField(session, 'provider'));
  const direction = word(readField(session, 'direction'));
  return {
    startedAt,
    ...(provider === undefined ? {} : { provider }),
    ...(direction === undefined ? {} : { direction }),
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Names of kinds of things, never of people: short, and without anything a name or number would need. */
function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9 _-]{0,39}$/.test(value) ? value : undefined;
}
