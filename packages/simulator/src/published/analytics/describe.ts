import { stableUuid } from '../../catalogue.ts';
import { AGENTS, DIVISIONS, entryAt, QUEUES, WRAP_UP_CODES } from '../directory.ts';
import type { ModelConversation, ModelParticipant } from '../recordings/model.ts';
import { present } from '../../present.ts';

const MEDIA_TYPES = {
  call: 'voice',
  screen: 'voice',
  chat: 'chat',
  email: 'email',
  message: 'message',
} as const;

export function mediaTypeOf({ recordings }: ModelConversation): string {
  return MEDIA_TYPES[recordings[0]?.kind ?? 'call'];
}

/** The session of the customer's side: the communication that transcripts belong to. */
export function customerSessionId({ id }: Pick<ModelConversation, 'id'>): string {
  return stableUuid(`${id}/session`);
}

/** `AnalyticsConversation`; participants' attributes stand in answers of details jobs only. */
export function describeForAnalytics(conversation: ModelConversation, withAttributes: boolean): object {
  const { id, startedAt, endedAt, ongoing, direction, division, externalTag, participants } = conversation;
  return {
    conversationId: id,
    conversationStart: new Date(startedAt).toISOString(),
    ...(ongoing ? {} : { conversationEnd: new Date(endedAt).toISOString() }),
    originatingDirection: direction,
    divisionIds: [entryAt(DIVISIONS, division).id],
    ...present({ externalTag }),
    participants: participants.map((one) => ({
      ...describeParticipant(conversation, one),
      ...(withAttributes ? { attributes: Object.fromEntries(one.attributes) } : {}),
    })),
  };
}

function describeParticipant(conversation: ModelConversation, { id, purpose }: ModelParticipant): object {
  const { recordings, agent, customerName } = conversation;
  const names = {
    customer: customerName,
    acd: entryAt(QUEUES, conversation.queue).name,
    agent: entryAt(AGENTS, agent).name,
  };
  return {
    participantId: id,
    participantName: names[purpose],
    purpose,
    ...(purpose === 'agent' ? { userId: entryAt(AGENTS, agent).id } : {}),
    ...(purpose === 'agent' ? { screenRecording: recordings.some(({ kind }) => kind === 'screen') } : {}),
    sessions: [describeSession(conversation, purpose)],
  };
}

function describeSession(conversation: ModelConversation, purpose: ModelParticipant['purpose']): object {
  const { id, recordings, direction, customer } = conversation;
  const mediaType = mediaTypeOf(conversation);
  return {
    sessionId:
      purpose === 'customer' ? customerSessionId(conversation) : stableUuid(`${id}/session/${purpose}`),
    mediaType,
    direction,
    provider: mediaType === 'voice' ? 'Edge' : 'PureCloud Messaging',
    // of digital media the platform says nothing here, though it records them
    ...(mediaType === 'voice' ? { recording: recordings.some(({ kind }) => kind === 'call') } : {}),
    ...addresses(mediaType, direction, customer),
    segments: segmentsOf(conversation, purpose),
  };
}

const SERVICE_NUMBER = '+13175550199';
const SERVICE_ADDRESS = 'support@example.com';

function addresses(mediaType: string, direction: 'inbound' | 'outbound', customer: string): object {
  const isInbound = direction === 'inbound';
  if (mediaType === 'voice') {
    return {
      ani: `tel:${isInbound ? customer : SERVICE_NUMBER}`,
      dnis: `tel:${isInbound ? SERVICE_NUMBER : customer}`,
      remote: customer,
    };
  }
  if (mediaType !== 'email') return { addressFrom: customer, remote: customer };
  return {
    addressFrom: isInbound ? customer : SERVICE_ADDRESS,
    addressTo: isInbound ? SERVICE_ADDRESS : customer,
    remote: customer,
  };
}

/** Seconds of after-call work. */
const AFTER_CALL_WORK_S = 12;

function segmentsOf(conversation: ModelConversation, purpose: ModelParticipant['purpose']): object[] {
  const { startedAt, endedAt, ongoing, queue, wrapUp, wrapUpNote } = conversation;
  const iso = (time: number) => new Date(time).toISOString();
  const segment = (segmentType: string, from: number, to: number | undefined, more: object = {}) => ({
    segmentType,
    segmentStart: iso(from),
    ...present({ segmentEnd: to === undefined ? undefined : iso(to) }),
    ...(purpose === 'customer' ? {} : { queueId: entryAt(QUEUES, queue).id }),
    ...more,
  });
  const end = ongoing ? undefined : endedAt;
  if (purpose !== 'agent') {
    return [segment('interact', startedAt, end, ongoing ? {} : { disconnectType: 'peer' })];
  }
  const held = Math.floor((startedAt + endedAt) / 2);
  if (ongoing) return [segment('interact', startedAt, undefined)];
  return [
    segment('interact', startedAt, held),
    segment('hold', held, endedAt),
    segment('wrapup', endedAt, endedAt + AFTER_CALL_WORK_S * 1000, {
      wrapUpCode: entryAt(WRAP_UP_CODES, wrapUp).id,
      ...present({ wrapUpNote }),
    }),
  ];
}
