import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { collapseRequests } from '../../src/events/collapse-requests.ts';
import { parseEvent, type ParseOptions } from '../../src/events/parse-event.ts';
import { base64, bare, CONVERSATION_ID, conversationEnd, data, functionUrl, sns, sqs } from './envelopes.ts';

const ENDED = 1_649_237_504_949;
const OTHER_ID = '5d3f0b4e-6f53-4f3d-9b11-0c2e8a3a7c55';
const request = { dialect: 'recordings', conversationId: CONVERSATION_ID, endedAt: ENDED };

function refusalOf(event: unknown, options?: ParseOptions): ArchiveError {
  try {
    parseEvent(event, options);
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('the event was accepted');
}

describe('the end of a conversation', () => {
  it.each(['customer.end', 'user.end', 'acw'])('%s asks for its recordings', (what) => {
    expect(parseEvent(conversationEnd(what))).toEqual({
      kind: 'requests',
      source: 'eventbridge',
      requests: [request],
      ignored: 0,
    });
  });

  it.each([
    ['SQS', sqs(conversationEnd()), 'sqs'],
    ['SQS of SNS', sqs(sns(conversationEnd())), 'sqs'],
    ['a Function URL', functionUrl(base64(conversationEnd()), true), 'http'],
    ['its detail alone', conversationEnd()['detail'], 'webhook'],
    ['text', JSON.stringify(conversationEnd()), 'eventbridge'],
  ])('in %s', (_, event, source) => {
    expect(parseEvent(event)).toMatchObject({ source, requests: [request] });
  });

  it('several events of one conversation are one request, with the latest end', () => {
    const batch = sqs(
      conversationEnd('user.end', { eventTime: ENDED + 5000 }),
      conversationEnd('customer.end'),
      conversationEnd('acw', {}, OTHER_ID),
      conversationEnd('attributes'),
    );
    expect(parseEvent(batch)).toEqual({
      kind: 'requests',
      source: 'sqs',
      requests: [
        { ...request, endedAt: ENDED + 5000 },
        { ...request, conversationId: OTHER_ID },
      ],
      ignored: 1,
    });
  });

  it('a batch may hold both dialects; those of the tutorial are not collapsed', () => {
    const parsed = parseEvent(sqs(data, data, conversationEnd()));
    expect(parsed.kind === 'requests' && parsed.requests.map(({ dialect }) => dialect)).toEqual([
      'media',
      'media',
      'recordings',
    ]);
  });

  it('requests for one recording are not those for all of them', () => {
    const all = { dialect: 'recordings', conversationId: CONVERSATION_ID } as const;
    const one = { ...all, recordingId: OTHER_ID };
    expect(collapseRequests([all, one, all])).toEqual([all, one]);
  });

  it.each([
    ['attributes', 'topic is attributes'],
    ['customer.start', 'topic is customer.start'],
    ['wrapup', 'topic is wrapup'],
    ['voicemail.end', 'topic is voicemail.end'],
  ])('%s is ignored', (what, reason) => {
    expect(parseEvent(conversationEnd(what))).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining(reason) as unknown,
    });
  });

  it('other topics of the platform are ignored', () => {
    const event = { detail: { topicName: 'v2.users.x.presence', eventBody: { conversationId: 'x' } } };
    expect(parseEvent(event)).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    [
      'no conversation id',
      conversationEnd('acw', { conversationId: undefined }),
      'detail.eventBody.conversationId is missing',
    ],
    [
      'a bad one',
      conversationEnd('acw', { conversationId: '../x' }),
      'detail.eventBody.conversationId is not an id',
    ],
    [
      'no topic',
      { detail: { eventBody: { conversationId: CONVERSATION_ID } } },
      'detail.topicName is missing',
    ],
    ['no body', { detail: { topicName: 'x', eventBody: 7 } }, 'detail.eventBody is not an object'],
  ])('%s is said', (_, event, message) => {
    expect(refusalOf(event).message).toContain(message);
  });

  it('the time is the event’s, else the envelope’s; none that a queue adds', () => {
    const endOf = (event: unknown) => {
      const parsed = parseEvent(event);
      const [first] = parsed.kind === 'requests' ? parsed.requests : [];
      return first?.dialect === 'recordings' ? first.endedAt : undefined;
    };
    expect(endOf(conversationEnd('acw', { eventTime: 'soon' }))).toBe(Date.parse('2022-04-06T09:30:45.013Z'));
    const topicName = `v2.detail.events.conversation.${CONVERSATION_ID}.acw`;
    const timeless = { detail: { topicName, eventBody: { conversationId: CONVERSATION_ID } } };
    expect(endOf(timeless)).toBeUndefined();
    expect(endOf({ ...timeless, time: '2022-06-14T16:12:11.000Z' })).toBe(Date.UTC(2022, 5, 14, 16, 12, 11));
    expect(endOf(sqs(timeless))).toBeUndefined();
  });
});

describe('the bare form', () => {
  it('names a conversation, or one recording of it', () => {
    const event = {
      conversationId: CONVERSATION_ID,
      recordingId: OTHER_ID,
      endedAt: '2022-04-06T09:31:44.949Z',
    };
    expect(parseEvent(event)).toMatchObject({
      source: 'bare',
      requests: [{ ...request, recordingId: OTHER_ID }],
    });
    expect(refusalOf({ ...event, endedAt: 'yesterday' }).message).toContain('endedAt is not a time');
    expect(refusalOf({ ...event, recordingId: 'a/b' }).message).toContain('recordingId is not an id');
  });

  it('with the tutorial’s ids it is the tutorial’s', () => {
    const event = bare({ ...data, conversationId: CONVERSATION_ID });
    expect(parseEvent(event)).toMatchObject({ requests: [{ dialect: 'media' }] });
  });
});

describe('GENESYS_API', () => {
  it('media takes no events of the published API', () => {
    const refusal = refusalOf(conversationEnd(), { api: 'media' });
    expect(refusal.message).toContain('GENESYS_API');
    expect(parseEvent(data, { api: 'media' }).kind).toBe('requests');
  });

  it('recordings takes none of the tutorial', () => {
    expect(refusalOf({ detail: { data } }, { api: 'recordings' }).message).toContain('GENESYS_API');
    expect(refusalOf({}, { api: 'recordings' }).message).toBe('conversationId is missing');
    expect(parseEvent(conversationEnd(), { api: 'recordings' }).kind).toBe('requests');
  });
});
