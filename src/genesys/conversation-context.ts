import { present } from '../present.ts';
import type { Budget } from '../clock.ts';
import { parseForeignJson } from '../json.ts';
import { isSafeId } from '../recording/id.ts';
import { parseRecordingTime } from '../recording/time.ts';
import { findForeignId } from './answer-ids.ts';
import type { GenesysApi } from './api-client.ts';
import { readConversation } from './conversation-facts.ts';
import { type Pause, readPauses } from './recordings/answers.ts';
import { MAX_LIST_MEMBERS, readField, readList } from './responses.ts';

/** Named in every context; another shape has another name. */
export const CONTEXT_SCHEMA = 'genesys-media-archive/context/v1';

/**
 * What a conversation was, as the platform knew it when its recording was archived: who took part in which role, from when to
 * when, in which queue, with which result, and when a participant was on hold. Ids and the words of the organization only: names,
 * addresses, numbers, attributes and notes of people are left out. All times are ISO 8601, UTC.
 */
export interface ConversationContext {
  readonly schema: typeof CONTEXT_SCHEMA;
  readonly conversationId: string;
  readonly takenAt: string;
  readonly startTime?: string;
  readonly endTime?: string;
  /** That of the first session of the first participant: `inbound` or `outbound`. */
  readonly direction?: string;
  readonly divisionIds: readonly string[];
  readonly externalTag?: string;
  readonly participants: readonly ContextParticipant[];
  /** Of each recording: where it was paused or on hold, as its own annotations say. */
  readonly recordings: readonly ContextRecording[];
}

export interface ContextParticipant {
  readonly id: string;
  /** e.g. `customer`, `agent`, `acd`, `ivr`. */
  readonly purpose?: string;
  readonly userId?: string;
  readonly queueId?: string;
  readonly queueName?: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly wrapUp?: { readonly code?: string; readonly name?: string; readonly durationSeconds?: number };
  readonly holds: readonly Interval[];
}

export interface Interval {
  readonly startTime: string;
  readonly endTime: string;
}

export interface ContextRecording {
  readonly id: string;
  readonly media?: string;
  readonly mediaSubtype?: string;
  readonly pauses: readonly Pause[];
}

/** Characters; what is longer is cut. */
const MAX_TEXT_CHARS = 256;

/**
 * Asks the platform for the context of a conversation; `undefined` when it does not know the conversation any more.
 *
 * @throws `GENESYS_FORBIDDEN` (not retryable), `GENESYS_BAD_RESPONSE`, and what the API client throws.
 */
export async function fetchContext(
  api: GenesysApi,
  conversationId: string,
  takenAt: number,
  budget: Budget,
): Promise<ConversationContext | undefined> {
  const path = ['api', 'v2', 'conversations', conversationId];
  const what = `context of conversation ${conversationId}`;
  const answer = await api.call({ method: 'GET', path }, budget);
  if (answer.status === 404) return undefined;
  const conversation = readConversation(what, answer, conversationId);
  const listed = await api.call({ method: 'GET', path: [...path, 'recordingmetadata'] }, budget);
  return describeConversation(
    conversationId,
    conversation,
    listed.status === 200 ? ownRecordings(listed.text, conversationId) : [],
    takenAt,
  );
}

/** The context, from `Conversation` and the conversation's `RecordingMetadata`. Pure; malformed members are left out. */
export function describeConversation(
  conversationId: string,
  conversation: unknown,
  recordings: readonly unknown[],
  takenAt: number,
): ConversationContext {
  const participants = readList(readField(conversation, 'participants'));
  const divisions = readList(readField(conversation, 'divisions'));
  return {
    schema: CONTEXT_SCHEMA,
    conversationId,
    takenAt: new Date(takenAt).toISOString(),
    ...times(conversation),
    ...present({ direction: text(readField(participants.flatMap(sessions)[0], 'direction')) }),
    divisionIds: divisions.map((one) => readField(readField(one, 'division'), 'id')).filter(isSafeId),
    ...present({ externalTag: text(readField(conversation, 'externalTag')) }),
    participants: participants.flatMap(describeParticipant),
    recordings: recordings.slice(0, MAX_LIST_MEMBERS).flatMap(describeRecording),
  };
}

function describeParticipant(value: unknown): ContextParticipant[] {
  const id = readField(value, 'id');
  if (!isSafeId(id)) return [];
  const wrapup = readField(value, 'wrapup');
  const durationSeconds = readField(wrapup, 'durationSeconds');
  const wrapUp = {
    ...present({ code: text(readField(wrapup, 'code')), name: text(readField(wrapup, 'name')) }),
    ...(typeof durationSeconds === 'number' ? { durationSeconds } : {}),
  };
  const holds = sessions(value)
    .flatMap((session) => readList(readField(session, 'segments')))
    .filter((segment) => text(readField(segment, 'type'))?.toLowerCase() === 'hold')
    .map(times)
    .filter((one): one is Interval => one.startTime !== undefined && one.endTime !== undefined);
  return [
    {
      id,
      ...present({
        purpose: text(readField(value, 'purpose')),
        userId: text(readField(value, 'userId')),
        queueId: text(readField(value, 'queueId')),
        queueName: text(readField(value, 'queueName')),
      }),
      ...times(value),
      ...(Object.keys(wrapUp).length === 0 ? {} : { wrapUp }),
      holds,
    },
  ];
}

function describeRecording(value: unknown): ContextRecording[] {
  const id = readField(value, 'id');
  if (!isSafeId(id)) return [];
  return [
    {
      id,
      ...present({
        media: text(readField(value, 'media')),
        mediaSubtype: text(readField(value, 'mediaSubtype')),
      }),
      pauses: readPauses(readField(value, 'annotations')),
    },
  ];
}

/** Sessions of a participant, by the medium they were of. */
function sessions(participant: unknown): readonly unknown[] {
  return ['calls', 'callbacks', 'chats', 'emails', 'messages', 'videos'].flatMap((name) =>
    readList(readField(participant, name)),
  );
}

function times(value: unknown): { readonly startTime?: string; readonly endTime?: string } {
  return present({
    startTime: isoTime(readField(value, 'startTime')),
    endTime: isoTime(readField(value, 'endTime')),
  });
}

function isoTime(value: unknown): string | undefined {
  const at = parseRecordingTime(value);
  return at === undefined ? undefined : new Date(at).toISOString();
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT_CHARS) : undefined;
}

/** What is listed of other conversations is left out. */
function ownRecordings(json: string, conversationId: string): readonly unknown[] {
  return readList(parseForeignJson(json)).filter(
    (one) => findForeignId(one, { conversationId }) === undefined,
  );
}
