import type { RecordingsRequest } from '../ports.ts';
import { present } from '../present.ts';
import { shortenForMessage } from '../recording/id.ts';
import { parseRecordingTime } from '../recording/time.ts';
import { invalidEvent, isObject, joinPath, type LocatedValue, readField, requireId } from './fields.ts';

/**
 * Which events of a conversation say that a part of it is over. There is no "recording ready" event for EventBridge; these come
 * before the recordings do, and several of them for one conversation. What is listed ends with one of these words.
 */
const ENDINGS = ['customer.end', 'user.end', 'acw'] as const;

/** `v2.detail.events.conversation.{id}.customer.end`; the type of the event has `{id}` literally, the topic the real id. */
const CONVERSATION_TOPIC = /^v2\.detail\.events\.conversation\.[^.]{1,128}\.([a-z.]{1,60})$/;

export type ConversationEvent =
  | { readonly request: RecordingsRequest }
  /** Why the event is none to archive by. */
  | { readonly ignored: string };

/**
 * Reads an event of the published API: `{topicName, version: "2", eventBody: {conversationId, eventTime, …}, timestamp}`.
 * Everything but the end of a conversation or of a participant's part in it is ignored; `attributes` above all, which a reference
 * that was written back to a participant causes itself.
 *
 * @param detail the object that holds `eventBody`.
 * @param envelope EventBridge's own object around it, if any.
 * @throws `EVENT_INVALID` (not retryable), naming the field that is missing or malformed.
 */
export function parseConversationEvent(
  detail: LocatedValue & { readonly value: object },
  envelope: object | undefined,
  idPattern: RegExp,
): ConversationEvent {
  const bodyPath = joinPath(detail.path, 'eventBody');
  const body = readField(detail.value, 'eventBody');
  if (!isObject(body)) throw invalidEvent(`${bodyPath} is not an object, so it has no conversationId`);

  const topic = [
    readField(detail.value, 'topicName'),
    envelope === undefined ? undefined : readField(envelope, 'detail-type'),
  ].find((name) => typeof name === 'string');
  if (typeof topic !== 'string') {
    throw invalidEvent(`${joinPath(detail.path, 'topicName')} is missing: it says what has happened`);
  }
  const [, what] = CONVERSATION_TOPIC.exec(topic) ?? [];
  if (what === undefined || !ENDINGS.some((ending) => ending === what)) {
    return {
      ignored: `topic is ${what ?? shortenForMessage(topic)}, which is not the end of a conversation`,
    };
  }

  const conversationId = requireId(body, 'conversationId', bodyPath, idPattern);
  const endedAt = [
    readField(body, 'eventTime'),
    readField(detail.value, 'timestamp'),
    envelope === undefined ? undefined : readField(envelope, 'time'),
  ]
    .map(parseRecordingTime)
    .find((at) => at !== undefined);
  return {
    request: {
      dialect: 'recordings',
      conversationId,
      ...present({ endedAt }),
    },
  };
}

/**
 * `{conversationId, recordingId?, endedAt?}`: what a person or a script asks for; `endedAt` in ISO 8601 or epoch ms.
 *
 * @throws `EVENT_INVALID` (not retryable), naming the field that is missing or malformed.
 */
export function parseBareConversation(
  event: LocatedValue & { readonly value: object },
  idPattern: RegExp,
): RecordingsRequest {
  const { value, path } = event;
  const stated = readField(value, 'endedAt') ?? undefined;
  const endedAt = parseRecordingTime(stated);
  if (stated !== undefined && endedAt === undefined) {
    throw invalidEvent(`${joinPath(path, 'endedAt')} is not a time: ISO 8601 with a zone, or epoch ms`);
  }
  return {
    dialect: 'recordings',
    conversationId: requireId(value, 'conversationId', path, idPattern),
    ...present({
      recordingId:
        (readField(value, 'recordingId') ?? undefined) === undefined
          ? undefined
          : requireId(value, 'recordingId', path, idPattern),
      endedAt,
    }),
  };
}
