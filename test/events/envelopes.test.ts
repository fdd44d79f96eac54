import { describe, expect, it } from 'vitest';
import { httpBody, parseEvent, splitBatch } from '../../src/events/parse-event.ts';
import { data, eventBridge, functionUrl, restApi, sqs, webhook } from './envelopes.ts';

describe('splitBatch', () => {
  it('gives each message its id and its parsed body', () => {
    const batch = splitBatch(sqs(data, eventBridge(), 'no JSON', 'null'));
    expect(batch?.map(({ messageId }) => messageId)).toEqual([
      '059f36b4-87a3-44ab-83d2-661975961000',
      '059f36b4-87a3-44ab-83d2-661975961001',
      '059f36b4-87a3-44ab-83d2-661975961002',
      '059f36b4-87a3-44ab-83d2-661975961003',
    ]);
    expect(batch?.map(({ body }) => body)).toEqual([data, eventBridge(), 'no JSON', 'null']);
  });

  it('judges each message by itself: one that is malformed does not spoil the others', () => {
    const outcomes = splitBatch(sqs(data, 'no JSON', webhook()))?.map(({ body }) => {
      try {
        return parseEvent(body).kind;
      } catch {
        return 'refused';
      }
    });
    expect(outcomes).toEqual(['requests', 'refused', 'requests']);
  });

  it.each([
    ['nothing', undefined],
    ['another event', eventBridge()],
    ['records of S3', { Records: [{ eventSource: 'aws:s3', messageId: 'x', body: '{}' }] }],
    ['records that are null', { Records: [null] }],
    ['records without id', { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }],
    ['records that are none', { Records: { 0: { messageId: 'x', body: '{}' }, length: 1 } }],
  ])('is undefined for %s', (_, event) => {
    expect(splitBatch(event)).toBeUndefined();
  });

  it('takes as many messages as Lambda sends, and no more', () => {
    const { Records: records } = sqs(data);
    const [record] = Array.isArray(records) ? records : [];
    const batchOf = (length: number) => ({ Records: Array.from({ length }, () => record) });
    expect(splitBatch(batchOf(10_000))).toHaveLength(10_000);
    expect(() => splitBatch(batchOf(10_001))).toThrow('Records holds 10001 messages');
  });

  it('is empty for an empty batch', () => {
    expect(splitBatch({ Records: [] })).toEqual([]);
  });
});

describe('httpBody', () => {
  it('lower-cases header names', () => {
    expect(httpBody(restApi('{}'))?.headers).toEqual({
      'content-type': 'application/json',
      host: 'abc.execute-api.us-east-1.amazonaws.com',
    });
  });

  it('keeps every value of a repeated header, however it is repeated', () => {
    const repeated = [
      { ...restApi('{}'), headers: { 'X-A': '2' }, multiValueHeaders: { 'X-A': ['1', '2'] } },
      { ...restApi('{}'), headers: { 'X-A': '1', 'x-a': '2' }, multiValueHeaders: null },
      { ...restApi('{}'), headers: { 'x-a': '2' }, multiValueHeaders: { 'X-A': ['1'] } },
    ];
    expect(repeated.map((event) => httpBody(event)?.headers['x-a'])).toEqual(['1, 2', '1, 2', '1, 2']);
    const twice = { ...restApi('{}'), headers: { 'x-a': '1' }, multiValueHeaders: { 'x-a': ['1', '1'] } };
    expect(httpBody(twice)?.headers['x-a']).toBe('1, 1');
  });

  it('survives headers that are no headers', () => {
    const event = { ...functionUrl('{}'), headers: { a: 1, b: null, c: ['x', 2], __proto__: null, d: 'y' } };
    expect(httpBody(event)?.headers).toEqual({ c: 'x', d: 'y' });
    expect(httpBody({ ...functionUrl('{}'), headers: null })?.headers).toEqual({});
    const polluting: unknown = JSON.parse('{"__proto__":"x"}');
    const { headers } = httpBody({ ...functionUrl('{}'), headers: polluting }) ?? {};
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('is empty without a body, and takes 256 KiB but no byte more', () => {
    expect(httpBody(functionUrl(undefined))?.raw).toHaveLength(0);
    expect(httpBody(functionUrl('x'.repeat(262_144)))?.raw).toHaveLength(262_144);
    const raw = Buffer.alloc(262_144);
    expect(httpBody(functionUrl(raw.toString('base64'), true))?.raw).toHaveLength(262_144);
  });

  it.each([
    ['nothing', undefined],
    ['an EventBridge event', eventBridge()],
    ['a batch', sqs(restApi('{}'))],
    ['a bare event that has a body', { body: '{}', headers: {} }],
  ])('is undefined for %s', (_, event) => {
    expect(httpBody(event)).toBeUndefined();
  });
});
