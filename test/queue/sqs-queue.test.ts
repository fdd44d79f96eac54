import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { signCall } from '../../src/aws/sign-request.ts';
import { systemClock } from '../../src/clock.ts';
import type { Transport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import { createSqsQueue } from '../../src/queue/sqs-queue.ts';
import { createClient, createQueue, CREDENTIALS, startEndpoint } from './sqs-fixture.ts';

const RECEIVE = { limit: 10, hideS: 30, waitS: 0 };

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('the queue and the AWS SDK understand each other', () => {
  it('what we send the SDK receives, and the other way round', async () => {
    const sqs = await startEndpoint();
    const [client, queue, url] = [createClient(sqs.url), createQueue(), sqs.queueUrl('recordings')];
    const attributes = { reason: 'EVENT_INVALID: ümläut, "quoted"', code: 'EVENT_INVALID' };
    const { messageId } = await queue.send(url, { body: '{"a":"ä€😀"}', attributes }, unlimited);
    // the SDK checks the digests of body and attributes
    const received = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MessageAttributeNames: ['All'], VisibilityTimeout: 0 }),
    );
    expect(received.Messages).toMatchObject([
      {
        MessageId: messageId,
        Body: '{"a":"ä€😀"}',
        MessageAttributes: { reason: { StringValue: attributes.reason }, code: { DataType: 'String' } },
      },
    ]);
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'a', MessageBody: 'two' },
          { Id: 'b', MessageBody: 'three', DelaySeconds: 900 },
        ],
      }),
    );
    expect(await queue.count(url, unlimited)).toBe(2);
    const ours = await queue.receive(url, RECEIVE, unlimited);
    expect(ours.map(({ body, attributes, receiveCount }) => ({ body, attributes, receiveCount }))).toEqual([
      { body: '{"a":"ä€😀"}', attributes, receiveCount: 2 },
      { body: 'two', attributes: {}, receiveCount: 1 },
    ]);
    expect(await queue.receive(url, RECEIVE, unlimited)).toEqual([]);
    for (const { receiptHandle } of ours) await queue.remove(url, receiptHandle, unlimited);
    expect(sqs.queues.bodies('recordings')).toEqual(['three']);
  });

  it('a message that is put off comes back when its time has come', async () => {
    let now = Date.now();
    const sqs = await startEndpoint({ now: () => now });
    const queue = createQueue({ clock: { now: () => now, sleep: () => Promise.resolve(), random: () => 0 } });
    const url = sqs.queueUrl('recordings');
    await queue.send(url, { body: 'x', attributes: {} }, unlimited);
    const [message] = await queue.receive(url, RECEIVE, unlimited);
    await queue.putOff(url, message?.receiptHandle ?? '', 300, unlimited);
    now += 299_000;
    expect(await queue.receive(url, RECEIVE, unlimited)).toEqual([]);
    now += 1_000;
    expect(await queue.receive(url, RECEIVE, unlimited)).toMatchObject([{ body: 'x', receiveCount: 2 }]);
  });
});

describe('what goes wrong with the queue', () => {
  it('is tried again when it may pass, a few times', async () => {
    const sqs = await startEndpoint();
    const [queue, url] = [createQueue(), sqs.queueUrl('recordings')];
    sqs.faults.add('SendMessage', 'RequestThrottled', 2);
    sqs.faults.add('SendMessage', 'InternalFailure', 2);
    await queue.send(url, { body: 'x', attributes: {} }, unlimited);
    expect(sqs.operations).toHaveLength(5);
    sqs.faults.add('SendMessage', 'InternalFailure', 99);
    expect(await codeOf(queue.send(url, { body: 'y', attributes: {} }, unlimited))).toBe('QUEUE_UNAVAILABLE');
    expect(sqs.queues.bodies('recordings')).toEqual(['x']);
    await sqs.close();
    expect(await codeOf(queue.count(url, unlimited))).toBe('QUEUE_UNAVAILABLE');
  });

  it('has a code of its own when it cannot pass, and is not repeated', async () => {
    const sqs = await startEndpoint();
    const url = sqs.queueUrl('recordings');
    const wrong = createQueue({
      credentials: () => Promise.resolve({ ...CREDENTIALS, secretAccessKey: 'canary-secret' }),
    });
    expect(await codeOf(wrong.count(url, unlimited))).toBe('QUEUE_DENIED');
    expect(await codeOf(createQueue().count(sqs.queueUrl('none'), unlimited))).toBe('QUEUE_MISSING');
    const nobody = createQueue({ credentials: () => Promise.reject(new Error('canary-secret')) });
    expect(await codeOf(nobody.count(url, unlimited))).toBe('QUEUE_DENIED');
    expect(await codeOf(createQueue({ region: undefined }).count(url, unlimited))).toBe('CONFIG_INVALID');
    sqs.faults.add('GetQueueAttributes', 'AccessDeniedException', 1);
    expect(await codeOf(createQueue().count(url, unlimited))).toBe('QUEUE_DENIED');
    const stop = AbortSignal.abort(new ArchiveError('INTERRUPTED', 'enough'));
    const over = { deadline: Number.POSITIVE_INFINITY, signal: stop };
    expect(await codeOf(createQueue().count(url, over))).toBe('INTERRUPTED');
  });
});

describe('the signature', () => {
  it('covers all headers and the body (that it is right, the endpoint checks above)', () => {
    const request = {
      host: 'sqs.eu-west-1.amazonaws.com',
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0' },
      body: '{}',
      region: 'eu-west-1',
      service: 'sqs',
      now: Date.UTC(2026, 0, 2, 3, 4, 5),
    };
    const headers = signCall(request, { ...CREDENTIALS, sessionToken: 'token' });
    expect(headers['x-amz-date']).toBe('20260102T030405Z');
    expect(headers['x-amz-security-token']).toBe('token');
    expect(headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=simulator\/20260102\/eu-west-1\/sqs\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
    );
    expect(signCall({ ...request, body: '{ }' }, CREDENTIALS)['authorization']).not.toBe(
      signCall(request, CREDENTIALS)['authorization'],
    );
  });
});

describe('the simulated queues', () => {
  it('refuse what SQS refuses', async () => {
    const sqs = await startEndpoint();
    const client = createClient(sqs.url);
    const QueueUrl = sqs.queueUrl('recordings');
    const nameOf = (work: Promise<unknown>) =>
      work.then(
        () => 'accepted',
        (error: unknown) => (error instanceof Error ? error.name : 'not an error'),
      );
    expect(await nameOf(client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a\u0001' })))).toBe(
      'InvalidMessageContents',
    );
    const big = 'x'.repeat(1_048_577);
    expect(await nameOf(client.send(new SendMessageCommand({ QueueUrl, MessageBody: big })))).not.toBe(
      'accepted',
    );
    const entries = Array.from({ length: 11 }, (_, index) => ({ Id: `${index}`, ReceiptHandle: 'x' }));
    expect(await nameOf(client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: entries })))).toBe(
      'TooManyEntriesInBatchRequest',
    );
    const change = { QueueUrl, ReceiptHandle: 'x', VisibilityTimeout: 1 };
    expect(await nameOf(client.send(new ChangeMessageVisibilityCommand(change)))).toBe(
      'ReceiptHandleIsInvalid',
    );
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    const names = ['All'] as const;
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }),
    );
    expect(Attributes).toEqual({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
  });
});

describe('where AWS_USE_FIPS_ENDPOINT is set', () => {
  /** The host that a request went to, and the queue that its body names. */
  async function sentTo(queueUrl: string, fips: boolean): Promise<{ host: string; named: unknown }> {
    let host = '';
    let named: unknown;
    const transport = {
      send: ({ url, body }: { url: URL; body?: unknown }) => {
        ({ host } = url);
        named = (JSON.parse(String(body)) as { QueueUrl: string }).QueueUrl;
        return Promise.reject(new ArchiveError('OUT_OF_TIME', 'enough seen'));
      },
      close: () => undefined,
    } as unknown as Transport;
    const queue = createSqsQueue({
      clock: systemClock,
      logger: silentLogger,
      region: undefined,
      credentials: () => Promise.resolve(CREDENTIALS),
      transport,
      fips,
    });
    await codeOf(queue.count(queueUrl, unlimited));
    return { host, named };
  }

  it.each([
    ['sqs.eu-central-1.amazonaws.com', 'sqs-fips.eu-central-1.amazonaws.com'],
    ['sqs.us-gov-west-1.amazonaws.com', 'sqs.us-gov-west-1.amazonaws.com'],
    ['sqs-fips.us-east-1.amazonaws.com', 'sqs-fips.us-east-1.amazonaws.com'],
    ['vpce-0a.sqs.us-east-1.vpce.amazonaws.com', 'vpce-0a.sqs.us-east-1.vpce.amazonaws.com'],
  ])('a queue at %s is reached at %s, and named as before', async (plain, validated) => {
    const url = `https://${plain}/123456789012/recordings`;
    expect(await sentTo(url, true)).toEqual({ host: validated, named: url });
    expect(await sentTo(url, false)).toEqual({ host: plain, named: url });
  });
});
