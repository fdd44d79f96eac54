import { describe, expect, it } from 'vitest';
import { openDelivery } from '../../src/events/delivery.ts';
import { parseBody, parseEach } from '../../src/events/parse-event.ts';
import { bare, data, eventBridge, functionUrl, restApi, sqs, webhook } from './envelopes.ts';

describe('a delivery', () => {
  it('of a queue is a batch of its messages', () => {
    const delivery = openDelivery(sqs(data, eventBridge()));
    expect(delivery.kind === 'batch' && delivery.records).toHaveLength(2);
  });

  it('through a gateway is a request, with the bytes that a signature covers', () => {
    const delivery = openDelivery(functionUrl('{"a": 1}'));
    expect(delivery).toMatchObject({ kind: 'http', request: { raw: Buffer.from('{"a": 1}') } });
  });

  it('that is a request and cannot be read is still a request, so that it is answered', () => {
    const delivery = openDelivery(functionUrl('no base64', true));
    expect(delivery).toMatchObject({ kind: 'http', request: { refused: { code: 'EVENT_INVALID' } } });
  });

  it('of anything else is the event itself', () => {
    const event = bare();
    expect(openDelivery(event)).toEqual({ kind: 'direct', event });
  });

  it.each([
    JSON.stringify(webhook()),
    JSON.stringify(bare()),
    '',
    '[]',
    'no JSON',
    '\ufffd',
    '{"body":"{}"}',
  ])('is understood the same by its decoded body as by its whole: %s', (text) => {
    for (const event of [functionUrl(text), restApi(Buffer.from(text).toString('base64'), true)]) {
      const delivery = openDelivery(event);
      if (delivery.kind !== 'http' || 'refused' in delivery.request) throw new Error('not a request');
      expect(parseBody(delivery.request)).toEqual(parseEach(event));
    }
  });
});
