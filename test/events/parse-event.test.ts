import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { parseEvent, type ParseOptions } from '../../src/events/parse-event.ts';
import {
  bare,
  base64,
  data,
  END_TIME,
  eventBridge,
  functionUrl,
  INTERACTION_ID,
  MEDIA_ID,
  restApi,
  sns,
  sqs,
  webhook,
} from './envelopes.ts';

const request = {
  dialect: 'media',
  mediaId: MEDIA_ID,
  interactionId: INTERACTION_ID,
  occurredAt: Date.parse(END_TIME),
};

const refusalOf = (event: unknown, options?: ParseOptions): ArchiveError => {
  try {
    parseEvent(event, options);
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('the event was accepted');
};

const requestOf = (event: unknown) => {
  const parsed = parseEvent(event);
  const [request] = parsed.kind === 'requests' ? parsed.requests : [];
  return request?.dialect === 'media' ? request : undefined;
};

const json = JSON.stringify(data);

describe('every shape gives the same request', () => {
  it.each([
    ['bare object', bare(), 'bare'],
    ['webhook', webhook(), 'webhook'],
    ['EventBridge', eventBridge(), 'eventbridge'],
    ['API Gateway 1.0', restApi(json), 'http'],
    ['API Gateway 1.0, base64', restApi(base64(webhook()), true), 'http'],
    ['Function URL and API Gateway 2.0', functionUrl(JSON.stringify(webhook())), 'http'],
    ['Function URL, base64', functionUrl(base64(eventBridge()), true), 'http'],
    ['SQS of bare objects', sqs(data), 'sqs'],
    ['SQS of webhooks', sqs(webhook()), 'sqs'],
    ['SQS of EventBridge events', sqs(eventBridge()), 'sqs'],
    ['SQS of SNS notifications', sqs(sns(eventBridge())), 'sqs'],
    ['SQS of requests', sqs(restApi(json)), 'sqs'],
    ['SQS of SNS notifications of requests', sqs(sns(functionUrl(base64(data), true))), 'sqs'],
    ['SNS notification', sns(data), 'sns'],
    ['JSON text', json, 'bare'],
  ])('%s', (_, event, source) => {
    expect(parseEvent(event)).toEqual({ kind: 'requests', source, requests: [request], ignored: 0 });
  });

  it('a batch keeps the order, and counts what it ignores', () => {
    const second = '99999999-5678-90ab-cdef-1234567890ab';
    const batch = sqs(
      data,
      { ...data, eventType: 'chat' },
      eventBridge({ ...data, mediaId: second }),
      webhook({ ...data, status: 'started' }),
    );
    expect(parseEvent(batch)).toEqual({
      kind: 'requests',
      source: 'sqs',
      requests: [request, { ...request, mediaId: second }],
      ignored: 2,
    });
  });

  it('as in the tutorial, an empty detail.data or data falls through to the next', () => {
    expect(requestOf({ detail: null, data })).toEqual(request);
    expect(requestOf({ detail: { data: null }, data })).toEqual(request);
    expect(requestOf({ detail: null, data: null, ...data })).toEqual(request);
  });
});

describe('events of another kind are ignored, with the reason', () => {
  it.each([
    ['eventType', { ...data, eventType: 'chat' }, 'eventType is "chat", not "media"'],
    ['status', { ...data, status: 'in-progress' }, 'status is "in-progress", not "complete"'],
    ['eventType that is no text', { ...data, eventType: 7 }, 'eventType is of type number, not "media"'],
    [
      'without any id',
      { eventType: 'transcript', status: 'complete' },
      'eventType is "transcript", not "media"',
    ],
  ])('%s', (_, fields, reason) => {
    expect(parseEvent(bare(fields))).toEqual({ kind: 'ignored', source: 'bare', reason });
    expect(parseEvent(webhook(fields))).toEqual({ kind: 'ignored', source: 'webhook', reason });
    expect(parseEvent(eventBridge(fields))).toEqual({ kind: 'ignored', source: 'eventbridge', reason });
    expect(parseEvent(restApi(JSON.stringify(fields)))).toEqual({ kind: 'ignored', source: 'http', reason });
    expect(parseEvent(sqs(fields, fields))).toEqual({ kind: 'ignored', source: 'sqs', reason });
  });

  it('eventType and status also count beside the data, and the nearest one decides', () => {
    const ids = { mediaId: MEDIA_ID, interactionId: INTERACTION_ID };
    expect(parseEvent({ eventType: 'chat', data: ids }).kind).toBe('ignored');
    expect(parseEvent({ detail: { status: 'started', data: ids } }).kind).toBe('ignored');
    expect(parseEvent({ eventType: 'archiving:events', data: { ...ids, eventType: 'media' } }).kind).toBe(
      'requests',
    );
  });

  it('fields that are absent or null do not count', () => {
    expect(parseEvent({ mediaId: MEDIA_ID, interactionId: INTERACTION_ID }).kind).toBe('requests');
    expect(parseEvent({ ...data, eventType: null, status: null }).kind).toBe('requests');
  });

  it('an empty batch', () => {
    expect(parseEvent({ Records: [] })).toEqual({
      kind: 'ignored',
      source: 'sqs',
      reason: 'the batch is empty',
    });
  });

  it('shortens and escapes what it shows', () => {
    const parsed = parseEvent({ ...data, status: `\u001b[31m\n"${'x'.repeat(1_000)}` });
    expect(parsed).toMatchObject({ kind: 'ignored', reason: expect.stringMatching(/^[\x20-\x7e…]{1,120}$/) });
  });
});

describe('what is missing or malformed is named', () => {
  const without = (name: string) => Object.fromEntries(Object.entries(data).filter(([key]) => key !== name));

  it.each(['mediaId', 'interactionId'])('%s missing', (name) => {
    const fields = without(name);
    expect(refusalOf(bare(fields)).message).toBe(`${name} is missing`);
    expect(refusalOf(webhook(fields)).message).toBe(`data.${name} is missing`);
    expect(refusalOf(eventBridge(fields)).message).toBe(`detail.data.${name} is missing`);
    expect(refusalOf(functionUrl(base64(fields), true)).message).toBe(`body.${name} is missing`);
    expect(refusalOf(sqs(data, sns(webhook(fields)))).message).toBe(
      `Records[1].body.Message.data.${name} is missing`,
    );
    expect(refusalOf({ ...fields, [name]: null }).message).toBe(`${name} is missing`);
    expect(refusalOf({ ...fields, [name]: '' }).message).toBe(`${name} is missing`);
  });

  it.each([
    ['undefined', undefined, 'the event is not an object, so it has no mediaId'],
    ['a number', 7, 'the event is not an object, so it has no mediaId'],
    ['an empty array', [], 'the event is not an object, so it has no mediaId'],
    ['an array of what is no event', [data, 7], '[1] is not an object, so it has no mediaId'],
    ['text', 'hello', 'the event is not JSON'],
    ['empty object', {}, 'mediaId is missing'],
    ['detail is no object', { detail: 7 }, 'detail is not an object, so it has no mediaId'],
    ['detail without data', { detail: {} }, 'detail.data is missing, and with it mediaId'],
    ['data is an array', { data: [data] }, 'data is not an object, so it has no mediaId'],
    ['a number as id', { ...data, mediaId: 5 }, 'mediaId is not text but of type number'],
    ['an array as id', { ...data, mediaId: [MEDIA_ID] }, 'mediaId is not text but of type object'],
    [
      'an S3 event',
      { Records: [{ eventSource: 'aws:s3', s3: {} }] },
      'Records is not a batch of SQS messages',
    ],
    ['a message without body', { Records: [{ messageId: 'x' }] }, 'Records is not a batch of SQS messages'],
    ['a message that is no JSON', sqs(data, '{"mediaId"'), 'Records[1].body is not JSON'],
    [
      'a message longer than any queue takes',
      sqs({ ...data, x: 'x'.repeat(2 ** 20) }),
      'Records[0].body is not JSON',
    ],
    ['an HTTP body that is no JSON', restApi('mediaId=1'), 'body is not JSON'],
    ['a request without a body', functionUrl(undefined), 'body is empty'],
    ['a request whose body is null', restApi(null), 'body is empty'],
    ['base64 that is none', restApi('!!!', true), 'body is not base64, though isBase64Encoded says so'],
    ['a body too long', restApi('x'.repeat(262_145)), 'body is longer than 262144 bytes'],
    ['base64 too long', restApi('A'.repeat(349_532), true), 'body is longer than 262144 bytes'],
    [
      'characters of several bytes, too long',
      restApi('ä'.repeat(131_073)),
      'body is longer than 262144 bytes',
    ],
  ])('%s', (_, event, message) => {
    const refusal = refusalOf(event);
    expect(refusal.message).toBe(message);
    expect(refusal.code).toBe('EVENT_INVALID');
    expect(refusal.retryable).toBe(false);
  });

  it('envelopes within envelopes end somewhere', () => {
    let event: unknown = data;
    for (let depth = 0; depth < 6; depth += 1) event = sns(event);
    expect(refusalOf(event).message).toMatch(/^(Message\.){4}Message is nested too deeply$/);
  });
});

describe('ids', () => {
  it.each([
    '../oauth/clients?x=',
    `${MEDIA_ID}/../../oauth/clients`,
    `${MEDIA_ID}?x=1`,
    `${MEDIA_ID}#`,
    `${MEDIA_ID}\n`,
    ` ${MEDIA_ID}`,
    `%2e%2e%2f${MEDIA_ID}`,
    '..',
    '.',
    'a1b2c3d4-5678-90ab-cdef-1234567890a',
    'a1b2c3d4-5678-90ab-cdef-1234567890abc',
    'g1b2c3d4-5678-90ab-cdef-1234567890ab',
    'a1b2c3d4567890abcdef1234567890ab',
    `{${MEDIA_ID}}`,
    'ａ1b2c3d4-5678-90ab-cdef-1234567890ab',
    '__proto__',
    'x'.repeat(1_000_000),
  ])('defect 21: %j never reaches a URL or a key', (id) => {
    expect(refusalOf({ ...data, mediaId: id }).message).toMatch(
      /^mediaId is not an id: [\x20-\x7e…]{1,180}$/,
    );
    expect(refusalOf(eventBridge({ ...data, interactionId: id })).message).toMatch(
      /^detail\.data\.interactionId is not an id: [\x20-\x7e…]{1,180}$/,
    );
  });

  it('are kept as sent, in either case', () => {
    const upper = MEDIA_ID.toUpperCase();
    expect(requestOf({ ...data, mediaId: upper })?.mediaId).toBe(upper);
  });

  it('of another pattern are a setting, which never allows a path', () => {
    const anything: ParseOptions = { idPattern: /[^]*/g };
    expect(parseEvent({ ...data, mediaId: 'call_7.wav' }, anything).kind).toBe('requests');
    expect(refusalOf({ ...data, mediaId: '../x' }, anything).code).toBe('EVENT_INVALID');
    expect(refusalOf({ ...data, mediaId: '..' }, anything).code).toBe('EVENT_INVALID');
    expect(refusalOf({ ...data, mediaId: 'x'.repeat(129) }, anything).code).toBe('EVENT_INVALID');
    const digits: ParseOptions = { idPattern: /\d+|x/ };
    expect(parseEvent({ mediaId: '7', interactionId: '8' }, digits).kind).toBe('requests');
    expect(refusalOf({ mediaId: '7a', interactionId: '8' }, digits).message).toContain('mediaId');
    expect(refusalOf({ mediaId: 'ax', interactionId: '8' }, digits).message).toContain('mediaId');
  });

  it('are own fields, not inherited ones', () => {
    const polluted: unknown = JSON.parse(`{"__proto__": ${json}}`);
    expect(refusalOf(polluted).message).toBe('mediaId is missing');
    expect(refusalOf(Object.create(data)).message).toBe('mediaId is missing');
  });
});

describe('occurredAt', () => {
  const ids = { mediaId: MEDIA_ID, interactionId: INTERACTION_ID };
  const at = (event: unknown) => {
    const time = requestOf(event)?.occurredAt;
    return time === undefined ? undefined : new Date(time).toISOString();
  };

  it('is the best time the data state', () => {
    const times = {
      endTime: '2024-05-20T01:00:00Z',
      startTime: '2024-05-20T02:00:00Z',
      eventTime: Date.UTC(2024, 4, 20, 3),
      timestamp: '2024-05-20T04:00:00+00:00',
    };
    expect(at({ ...ids, ...times })).toBe('2024-05-20T01:00:00.000Z');
    expect(at({ ...ids, ...times, endTime: null })).toBe('2024-05-20T02:00:00.000Z');
    expect(at({ ...ids, ...times, endTime: null, startTime: 'yesterday' })).toBe('2024-05-20T03:00:00.000Z');
    expect(at({ ...ids, timestamp: times.timestamp })).toBe('2024-05-20T04:00:00.000Z');
  });

  it('else that of detail, else that of the EventBridge envelope', () => {
    expect(at(eventBridge(ids))).toBe('2024-05-20T14:35:00.013Z');
    expect(at({ time: '2024-05-20T14:40:00Z', detail: { data: ids, timestamp: '2024-05-20' } })).toBe(
      '2024-05-20T14:40:00.000Z',
    );
  });

  it('is absent rather than without a zone, implausible, or the time of a delivery', () => {
    expect(at({ ...ids, endTime: '2024-05-20T01:00:00' })).toBeUndefined();
    expect(at({ ...ids, endTime: 1_649_237_504 })).toBeUndefined();
    expect(at({ ...ids, endTime: '1970-01-01T00:00:00Z' })).toBeUndefined();
    expect(at(webhook(ids))).toBeUndefined();
    expect(at(sqs(ids))).toBeUndefined();
    expect(at(sns(ids))).toBeUndefined();
    expect(at(functionUrl(JSON.stringify(ids)))).toBeUndefined();
    expect(at(restApi(JSON.stringify(ids)))).toBeUndefined();
  });
});
