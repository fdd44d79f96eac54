import { describe, expect, it } from 'vitest';
import { parseDelivery, parseEach, parseEvent, splitBatch } from '../../src/events/parse-event.ts';
import {
  bare,
  CONVERSATION_ID,
  conversationEnd,
  data,
  eventBridge,
  functionUrl,
  INTERACTION_ID,
  MEDIA_ID,
  sns,
  sqs,
  webhook,
} from './envelopes.ts';

const SECOND = '99999999-5678-90ab-cdef-1234567890ab';
const other = { ...data, mediaId: SECOND };

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
const snsRecord = (message: unknown) => ({
  EventVersion: '1.0',
  EventSubscriptionArn: 'arn:aws:sns:us-east-1:123456789012:calls:21be56ed-a058-49f5-8c98-aedd2564c486',
  EventSource: 'aws:sns',
  Sns: {
    SignatureVersion: '1',
    Timestamp: '2030-01-02T12:45:07.000Z',
    MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    MessageAttributes: {},
    Type: 'Notification',
    TopicArn: 'arn:aws:sns:us-east-1:123456789012:calls',
    Subject: null,
  },
});
const snsEvent = (...messages: readonly unknown[]) => ({ Records: messages.map(snsRecord) });

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const failed = (requestPayload: unknown) => ({
  version: '1.0',
  timestamp: '2030-11-14T18:16:05.568Z',
  requestContext: {
    requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:archive:$LATEST',
    condition: 'RetriesExhausted',
    approximateInvokeCount: 3,
  },
  requestPayload,
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: {
    errorType: 'GENESYS_UNAVAILABLE',
    errorMessage: 'x',
    mediaId: SECOND,
    interactionId: INTERACTION_ID,
  },
});
const pipe = (...bodies: readonly unknown[]) => sqs(...bodies)['Records'] as Record<string, unknown>[];

const mediaOf = (event: unknown) =>
  parseEach(event).flatMap((part) =>
    part.kind === 'requests'
      ? part.requests.map((request) =>
          request.dialect === 'media' ? request.mediaId : request.conversationId,
        )
      : [part.kind],
  );

describe('what a recording is asked for in', () => {
  it.each<[string, unknown, string]>([
    ['SNS straight to the function', snsEvent(eventBridge()), 'sns'],
    ['one record of SNS', snsRecord(data), 'sns'],
    ['SNS of a webhook', snsEvent(webhook()), 'sns'],
    ['an array of EventBridge events', [eventBridge()], 'pipes'],
    ['an array of bare events', [data], 'pipes'],
    ['an array as text', JSON.stringify([data]), 'pipes'],
    ['an array of messages', pipe(eventBridge()), 'pipes'],
    ['an array of messages whose body is an object', [{ ...pipe(data)[0], body: eventBridge() }], 'pipes'],
    ['an array of bodies', [{ body: JSON.stringify(data) }], 'pipes'],
    ['an array of bodies that are objects', [{ body: eventBridge() }], 'pipes'],
    ['an array of texts', [JSON.stringify(eventBridge())], 'pipes'],
    ['an array of SNS notifications', [sns(data)], 'pipes'],
    [
      'messages in which the event stands beside the id',
      [{ ...data, messageId: 'x', receiptHandle: 'y' }],
      'pipes',
    ],
    ['the record of a failed invocation', failed(eventBridge()), 'destination'],
    ['the same with its event as text', failed(JSON.stringify(data)), 'destination'],
    ['the same of a batch of SNS', failed(snsEvent(data)), 'destination'],
    ['the same of an array', failed([data]), 'destination'],
    ['the same in SQS', sqs(failed(data)), 'sqs'],
    ['the same in SNS', snsEvent(failed(eventBridge())), 'sns'],
    ['the same in an array', [failed(data)], 'pipes'],
    ['the same through EventBridge', { ...eventBridge(), detail: failed(data) }, 'destination'],
    ['nothing but the payload', { requestPayload: data }, 'destination'],
    ['SNS in SQS in a pipe', pipe(sns(eventBridge())), 'pipes'],
    ['a failed invocation by SNS, in SQS', sqs(failed(snsEvent(eventBridge()))), 'sqs'],
    ['a failed invocation by SQS, in SQS in a pipe', pipe(failed(sqs(data))), 'pipes'],
    ['a message that a template has quoted', sqs(JSON.stringify(JSON.stringify(data))), 'sqs'],
    ['an array of quoted texts', [JSON.stringify(JSON.stringify(eventBridge()))], 'pipes'],
    ['a message with a byte order mark', sqs(`\uFEFF${JSON.stringify(data)}`), 'sqs'],
  ])('%s', (_, event, source) => {
    expect(mediaOf(event)).toEqual([MEDIA_ID]);
    expect(parseEvent(event)).toMatchObject({ kind: 'requests', source });
  });

  it('what a function answered is no event, with any content', () => {
    expect(mediaOf(failed({ ...data, status: 'started' }))).toEqual(['ignored']);
    expect(mediaOf({ ...failed(null), responsePayload: data })).toEqual(['refused']);
  });

  it('the time at which SNS or Lambda had it is not the time of the recording', () => {
    const ids = { mediaId: MEDIA_ID, interactionId: INTERACTION_ID };
    for (const event of [snsEvent(ids), failed(ids), [ids]]) {
      expect(parseEvent(event)).toMatchObject({ requests: [{ dialect: 'media', ...ids }] });
      expect(JSON.stringify(parseEvent(event))).not.toContain('occurredAt');
    }
  });
});

describe('a delivery of which not everything is an event', () => {
  it('names what is one, and says what is none; with nothing else to name it is refused', () => {
    const bad = { mediaId: '../x' };
    expect(parseDelivery([data, bad, other])).toMatchObject({
      kind: 'requests',
      requests: [{ mediaId: MEDIA_ID }, { mediaId: SECOND }],
      refused: { code: 'EVENT_INVALID' },
    });
    expect(parseDelivery([data])).not.toHaveProperty('refused');
    for (const none of [[bad], [bad, { ...data, status: 'started' }], bad]) {
      expect(() => parseDelivery(none)).toThrow('mediaId');
    }
  });
});

describe('several events of one delivery', () => {
  const mixed = [data, { ...data, status: 'started' }, 'no JSON', other, { mediaId: '../x' }];

  it.each<[string, unknown]>([
    ['records of SNS', snsEvent(...mixed)],
    ['an array', mixed],
    ['messages of a pipe', pipe(...mixed)],
    ['a failed invocation by SNS', failed(snsEvent(...mixed))],
    ['an array in a message', sqs(mixed)],
  ])('%s: each stands for itself', (_, event) => {
    expect(mediaOf(event)).toEqual([MEDIA_ID, 'ignored', 'refused', SECOND, 'refused']);
    expect(() => parseEvent(event)).toThrow(/is not JSON$/);
  });

  it('of one conversation are one request, of both dialects they are two', () => {
    const parsed = parseEvent(snsEvent(conversationEnd(), conversationEnd('user.end'), data));
    expect(parsed).toMatchObject({
      requests: [
        { dialect: 'recordings', conversationId: CONVERSATION_ID },
        { dialect: 'media', mediaId: MEDIA_ID },
      ],
    });
  });

  it('name where they stand when they are malformed', () => {
    const messages = parseEach([data, failed(snsEvent({ ...data, mediaId: 5 }))]).flatMap((part) =>
      part.kind === 'refused' ? [part.error.message] : [],
    );
    expect(messages).toEqual([
      '[1].requestPayload.Records[0].Sns.Message.mediaId is not text but of type number',
    ]);
  });
});

describe('what is no event stays none', () => {
  it.each<[string, unknown]>([
    ['an object with a body, which may be an unchecked HTTP request', { body: JSON.stringify(data) }],
    ['the same with headers', { headers: { 'x-hub-signature-256': 'x' }, body: JSON.stringify(data) }],
    ['records of S3', { Records: [{ eventSource: 'aws:s3', s3: {} }] }],
    ['records of Kinesis', { Records: [{ eventSource: 'aws:kinesis', kinesis: { data: 'e30=' } }] }],
    [
      'a message of another source',
      [{ messageId: 'x', eventSource: 'aws:mq', body: JSON.stringify(data) }].map((one) => one)[0],
    ],
    ['a record of SNS without a message', { Records: [{ EventSource: 'aws:sns', Sns: {} }] }],
    ['an empty failed invocation', failed('')],
    ['an empty array', []],
    ['arrays all the way down', [[[[[[data]]]]]]],
  ])('%s', (_, event) => {
    expect(() => parseEvent(event)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });

  it('a delivery that refers to itself, or holds more events than any, ends soon', () => {
    const array: unknown[] = [];
    array.push(...Array.from({ length: 200 }, () => array));
    expect(() => parseEvent(array)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
    const record: Record<string, unknown> = {};
    record['requestPayload'] = record;
    expect(() => parseEvent(record)).toThrow('nested too deeply');
    expect(() => parseEach(Array.from({ length: 10_001 }, () => data))).toThrow(
      /more than 10000 events|holds 10001/,
    );
    expect(parseEach(Array.from({ length: 10_000 }, () => data))).toHaveLength(10_000);
  });
});

describe('messages that a pipe delivers as a bare array', () => {
  it('are a batch: each has the id that the answer names', () => {
    expect(splitBatch(pipe(data, 'no JSON'))).toEqual(splitBatch(sqs(data, 'no JSON')));
    const [record] = splitBatch([{ messageId: 'm', eventSource: 'aws:sqs', body: data }]) ?? [];
    expect(record).toMatchObject({ messageId: 'm', body: data, text: JSON.stringify(data) });
    const [beside] = splitBatch([{ ...bare(), messageId: 'm', receiptHandle: 'r' }]) ?? [];
    expect(beside).toMatchObject({ messageId: 'm', receiptHandle: 'r', body: data });
  });

  it.each<[string, unknown]>([
    ['nothing', []],
    ['events', [eventBridge()]],
    ['messages and events', [...pipe(data), eventBridge()]],
    ['records of streams', [{ eventSource: 'aws:kinesis', messageId: 'x', body: '{}' }]],
    ['requests', [functionUrl('{}')]],
    ['events that carry some id of a message', [{ ...data, messageId: 'x' }]],
  ])('are not taken for one: %s', (_, event) => expect(splitBatch(event)).toBeUndefined());
});
