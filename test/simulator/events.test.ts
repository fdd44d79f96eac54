import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEvent } from '../../src/events/parse-event.ts';
import { EVENT_SHAPES } from '../../packages/simulator/src/archiving-events.ts';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';

const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const interactionId = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';
const startedAt = Date.UTC(2026, 10, 22, 23, 59, 50);

describe('archiving events', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator({ recordings: [{ id, interactionId, startedAt, seconds: 20 }, {}] });
  });
  afterAll(async () => simulator.close());

  it.each(EVENT_SHAPES)('emits the %s shape, understood by the parser', (shape) => {
    const event = simulator.event(id, shape);
    expect(parseEvent(event)).toMatchObject({
      kind: 'requests',
      requests: [{ mediaId: id, interactionId }],
    });
    expect(simulator.event(id, shape)).toEqual(event);
    expect(JSON.parse(JSON.stringify(event))).toEqual(event);
  });

  it('states the end of the recording where EventBridge does', () => {
    expect(simulator.event(id, 'eventbridge')).toMatchObject({
      time: '2026-11-23T00:00:10.000Z',
      'detail-type': 'archiving:events',
      detail: { data: { eventType: 'media', status: 'complete' }, timestamp: '2026-11-23T00:00:10.000Z' },
    });
  });

  it('batches several recordings, in any inner shape', () => {
    const [, second] = simulator.recordings;
    if (second === undefined) throw new Error('there are two');
    const batch = simulator.event(id, 'sqs', { more: [second], inner: 'webhook' }) as {
      Records: { body: string; eventSource: string; messageId: string }[];
    };
    expect(
      batch.Records.map(({ body }) => (JSON.parse(body) as { data: { mediaId: string } }).data.mediaId),
    ).toEqual([id, second.id]);
    expect(new Set(batch.Records.map(({ messageId }) => messageId)).size).toBe(2);
    expect(batch.Records[0]?.eventSource).toBe('aws:sqs');
  });

  it('lets the data be overridden, and follows the state of the recording', () => {
    expect(parseEvent(simulator.event(id, 'webhook', { data: { eventType: 'chat' } })).kind).toBe('ignored');
    const other = simulator.add({ status: 'processing' });
    expect(parseEvent(simulator.event(other.id, 'eventbridge')).kind).toBe('ignored');
    simulator.setStatus(other.id, 'complete');
    expect(parseEvent(simulator.event(other.id, 'eventbridge')).kind).toBe('requests');
  });

  it('encodes the body in base64 and signs the raw bytes when asked', () => {
    const event = simulator.event(id, 'http-v1', { base64: true, webhookSecret: 'quiet' }) as {
      body: string;
      isBase64Encoded: boolean;
      headers: Record<string, string>;
    };
    expect(event.isBase64Encoded).toBe(true);
    const raw = Buffer.from(event.body, 'base64');
    const mac = createHmac('sha256', 'quiet').update(raw).digest('base64');
    expect(event.headers['x-hub-signature-256']).toBe(`sha256=${mac}`);
    expect(JSON.parse(raw.toString())).toMatchObject({ data: { mediaId: id } });
  });

  it('knows no event of a recording that does not exist', () => {
    expect(() => simulator.event('nobody', 'bare')).toThrow(
      expect.objectContaining({ name: 'SimulatorError' }),
    );
  });
});
