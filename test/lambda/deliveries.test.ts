import { afterEach, describe, expect, it } from 'vitest';
import { start, type StartOptions } from './start.ts';

let open: Awaited<ReturnType<typeof start>>[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});
async function started(options?: StartOptions) {
  const all = await start(options);
  open.push(all);
  return { ...all, ids: all.simulator.recordings.map(({ id }) => id) };
}

const BAD = { mediaId: '../x', interactionId: 'y' };
const snsEvent = (...messages: readonly unknown[]) => ({
  Records: messages.map((message) => ({
    EventSource: 'aws:sns',
    Sns: { Type: 'Notification', Message: JSON.stringify(message) },
  })),
});
const messages = (...bodies: readonly unknown[]) =>
  bodies.map((body, index) => ({
    messageId: `m${index}`,
    receiptHandle: `r${index}`,
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:recordings',
    body: JSON.stringify(body),
  }));
const failed = (requestPayload: unknown) => ({
  requestContext: { condition: 'RetriesExhausted' },
  requestPayload,
  responsePayload: { errorType: 'GENESYS_UNAVAILABLE' },
});
/** A queue that would take every dead letter. */
const takingQueue = {
  send: () => Promise.resolve({ messageId: 'dead' }),
  receive: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
  putOff: () => Promise.resolve(),
  count: () => Promise.resolve(0),
  close: () => {},
};

describe('deliveries of several events', () => {
  it.each<[string, (...events: readonly unknown[]) => unknown]>([
    ['SNS', snsEvent],
    ['an array of a pipe', (...events) => events],
    ['a failed invocation by SNS', (...events) => failed(snsEvent(...events))],
  ])('%s: archives every event, and answers once', async (_, deliver) => {
    const { handle, simulator, ids, objects } = await started();
    const answer = await handle(deliver(...ids.map((id) => simulator.event(id, 'eventbridge'))));
    expect(answer).toMatchObject({ statusCode: 200, body: expect.stringContaining('"s3Keys"') });
    expect(await objects()).toHaveLength(3);
  });

  it.each<[string, (...events: readonly unknown[]) => unknown]>([
    ['SNS', snsEvent],
    ['an array of a pipe', (...events) => events],
    ['a failed invocation', (...events) => failed(events)],
  ])(
    '%s: one that is malformed keeps none back, and is thrown so that the platform keeps the delivery',
    async (_, deliver) => {
      const queue = { ...takingQueue };
      const { handle, simulator, ids, objects } = await started({
        queue,
        env: { ARCHIVE_DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/dead' },
      });
      const [first, ...rest] = ids.map((id) => simulator.event(id, 'bare'));
      await expect(handle(deliver(first, BAD, ...rest))).rejects.toMatchObject({ code: 'EVENT_INVALID' });
      expect(await objects()).toHaveLength(3);
    },
  );

  it('of several failures the one that may pass is thrown: another delivery is worth it', async () => {
    const { handle, simulator, ids, objects } = await started();
    const [first = ''] = ids;
    simulator.faults.add({ on: 'media', id: first, times: 99, fault: { kind: 'status', status: 500 } });
    const events = ids.map((id) => simulator.event(id, 'bare'));
    await expect(handle(snsEvent(BAD, ...events))).rejects.toMatchObject({ code: 'GENESYS_UNAVAILABLE' });
    expect(await objects()).toHaveLength(2);
  });

  it('a single notification is thrown as it failed, and archived as any event', async () => {
    const { handle, simulator, ids, objects } = await started();
    await expect(handle(snsEvent(BAD))).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    await handle(snsEvent(simulator.event(ids[0] ?? '', 'webhook')));
    expect(await objects()).toHaveLength(1);
  });

  it('messages of a pipe are answered with the ids of those that failed', async () => {
    const { handle, simulator, ids, objects } = await started();
    const [one = '', two = ''] = ids;
    const batch = messages(
      simulator.event(one, 'eventbridge'),
      BAD,
      snsEvent(simulator.event(two, 'bare')),
      failed(simulator.event(one, 'bare')),
    );
    expect(await handle(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(await objects()).toHaveLength(2);
  });

  it('a message with several events is done only when all are, and none is kept back', async () => {
    const { handle, simulator, ids, objects } = await started();
    const events = ids.map((id) => simulator.event(id, 'bare'));
    expect(await handle({ Records: messages([events[0], BAD, events[1]], events) })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }],
    });
    expect(await objects()).toHaveLength(3);
  });

  it('has no time left: nothing is taken for done', async () => {
    const { handle, simulator, ids, objects } = await started();
    const events = ids.map((id) => simulator.event(id, 'bare'));
    const context = { getRemainingTimeInMillis: () => 6_000 };
    await expect(handle(snsEvent(...events), context)).rejects.toMatchObject({ retryable: true });
    expect(await objects()).toEqual([]);
  });

  it('an HTTP request is checked for its signature however its body is wrapped', async () => {
    const { handle, simulator, ids, objects } = await started({
      env: { ARCHIVE_WEBHOOK_SECRET: 'a-secret-of-the-entry' },
    });
    const event = simulator.event(ids[0] ?? '', 'bare');
    for (const body of [event, [event], snsEvent(event), failed(event)]) {
      const request = {
        requestContext: { http: { method: 'POST' } },
        headers: {},
        body: JSON.stringify(body),
      };
      expect(await handle(request)).toMatchObject({ statusCode: 401 });
    }
    expect(await objects()).toEqual([]);
  });
});
