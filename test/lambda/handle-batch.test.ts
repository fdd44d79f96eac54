import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBudget, systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { type BatchRecord } from '../../src/events/sqs-batch.ts';
import { MAX_PAUSE_MS } from '../../src/circuit.ts';
import { ConfigCircuit } from '../../src/lambda/config-circuit.ts';
import { type BatchAnswer, GRACE_MS, handleBatch, queueUrlOf, Pace } from '../../src/lambda/handle-batch.ts';
import { silentLogger } from '../../src/log.ts';
import type { QueuedMessage } from '../../src/queue/message-queue.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { SqsEndpoint } from '../../packages/simulator/src/sqs/sqs.ts';
import { createQueue, CREDENTIALS, startEndpoint } from '../queue/sqs-fixture.ts';
import { start, type StartOptions } from './start.ts';

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.map((close) => close()));
  open = [];
});

/** The handler between a queue and its dead-letter queue. */
async function started(options: StartOptions = {}, deadLetters = true) {
  const sqs = await startEndpoint();
  const queue = createQueue();
  const url = sqs.queueUrl('recordings');
  const deadUrl = sqs.queueUrl('recordings-dead');
  const env = {
    ARCHIVE_QUEUE_URL: url,
    ...(deadLetters ? { ARCHIVE_DEAD_LETTER_QUEUE_URL: deadUrl } : {}),
    ...options.env,
  };
  const all = await start({ ...options, env, queue });
  open.push(all.close);
  /** What an event source mapping does: receives a batch, hands it over, deletes what is not named as failed. */
  const poll = async () => {
    const messages = await queue.receive(url, { limit: 10, hideS: 600, waitS: 0 }, unlimited);
    const answer = (await all.handle(asBatch(messages))) as BatchAnswer;
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiptHandle } of messages) {
      if (!failed.has(messageId)) await queue.remove(url, receiptHandle, unlimited);
    }
    return { received: messages.length, failed: failed.size };
  };
  const send = (body: unknown) =>
    queue.send(
      url,
      { body: typeof body === 'string' ? body : JSON.stringify(body), attributes: {} },
      unlimited,
    );
  return { ...all, sqs, queue, url, deadUrl, poll, send };
}

function asBatch(messages: readonly QueuedMessage[]) {
  return {
    Records: messages.map(({ messageId, receiptHandle, body }) => ({
      messageId,
      receiptHandle,
      body,
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:recordings',
    })),
  };
}

const deadLettersOf = (sqs: SqsEndpoint) =>
  (sqs.queues.find('recordings-dead') ?? []).map(({ body, attributes }) => ({
    body,
    reason: attributes['reason']?.StringValue,
    code: attributes['code']?.StringValue,
  }));

describe('poison', () => {
  it('1 in 10: 9 acknowledged, 1 in the dead-letter queue with the reason, none lost', async () => {
    const { sqs, send, poll, simulator, objects } = await started({ simulator: { recordings: 9 } });
    for (const { id } of simulator.recordings) await send(simulator.event(id, 'eventbridge'));
    await send('{"mediaId":"not an id"}');
    expect(await poll()).toEqual({ received: 10, failed: 0 });
    expect(await objects()).toHaveLength(9);
    expect(sqs.queues.bodies('recordings')).toEqual([]);
    expect(deadLettersOf(sqs)).toEqual([
      {
        body: '{"mediaId":"not an id"}',
        code: 'EVENT_INVALID',
        reason: expect.stringContaining('EVENT_INVALID: ') as unknown,
      },
    ]);
  });

  it('stays in its queue when there is no dead-letter queue, or it cannot be reached', async () => {
    const without = await started({}, false);
    await without.send('x');
    expect(await without.poll()).toEqual({ received: 1, failed: 1 });
    const unreachable = await started();
    await unreachable.send('x');
    unreachable.sqs.faults.add('SendMessage', 'AccessDeniedException');
    expect(await unreachable.poll()).toEqual({ received: 1, failed: 1 });
    expect(unreachable.sqs.queues.bodies('recordings')).toEqual(['x']);
    expect(unreachable.logger.lines.join('\n')).toContain('QUEUE_DENIED');
  });

  it('is not what may succeed later, or once something is set right', async () => {
    const { sqs, send, poll, simulator } = await started({ simulator: { recordings: 2 } });
    const [one, two] = simulator.recordings;
    simulator.faults.add({
      on: 'media',
      id: one?.id ?? '',
      times: 99,
      fault: { kind: 'status', status: 500 },
    });
    simulator.faults.add({
      on: 'media',
      id: two?.id ?? '',
      times: 99,
      fault: { kind: 'status', status: 403 },
    });
    for (const { id } of simulator.recordings) await send(simulator.event(id, 'bare'));
    expect(await poll()).toEqual({ received: 2, failed: 2 });
    expect(deadLettersOf(sqs)).toEqual([]);
  });
});

describe('a recording that is not ready', () => {
  it('is put off for as long as the platform suggests, not longer and not shorter', async () => {
    const { sqs, send, poll, simulator } = await started({ simulator: { recordings: 1 } });
    const id = simulator.recordings[0]?.id ?? '';
    simulator.setStatus(id, 'processing');
    await send(simulator.event(id, 'bare'));
    const before = Date.now();
    expect(await poll()).toEqual({ received: 1, failed: 1 });
    const [message] = sqs.queues.find('recordings') ?? [];
    const delayMs = (message?.visibleAt ?? 0) - before;
    // received with 600 s; the delay is the resolver's own
    expect(delayMs).toBeLessThan(599_000);
    expect(delayMs).toBeGreaterThan(1_000);
    expect(sqs.operations.filter((name) => name === 'ChangeMessageVisibility')).toHaveLength(1);
  });

  it('comes back when the visibility timeout ends where it cannot be put off', async () => {
    const { sqs, send, poll, simulator } = await started({ simulator: { recordings: 1 } });
    const id = simulator.recordings[0]?.id ?? '';
    simulator.setStatus(id, 'processing');
    await send(simulator.event(id, 'bare'));
    sqs.faults.add('ChangeMessageVisibility', 'AccessDeniedException');
    expect(await poll()).toEqual({ received: 1, failed: 1 });
    expect(sqs.queues.bodies('recordings')).toHaveLength(1);
  });

  it('knows its queue by the ARN of the message', () => {
    const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/calls.fifo';
    expect(queueUrlOf('arn:aws:sqs:eu-west-1:123456789012:calls.fifo')).toBe(url);
    expect(queueUrlOf('arn:aws-cn:sqs:cn-north-1:123456789012:q')).toBe(
      'https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q',
    );
    for (const wrong of [undefined, '', 'arn:aws:sns:eu-west-1:123456789012:q', 'arn:aws:sqs:e/x:1:q']) {
      expect(queueUrlOf(wrong)).toBeUndefined();
    }
  });
});

describe('a configuration error', () => {
  it('stops the work after five in a row, for a cool-down, then lets one try', async () => {
    const { clock, handle, simulator, objects } = await started({ simulator: { recordings: 10 } });
    const deliver = async () => {
      const messages = simulator.recordings.map(({ id }) => ({
        messageId: id,
        receiptHandle: 'x',
        body: JSON.stringify(simulator.event(id, 'bare')),
        attributes: {},
        receiveCount: 1,
      }));
      const before = simulator.requests.length;
      const answer = (await handle(asBatch(messages))) as BatchAnswer;
      return { failed: answer.batchItemFailures.length, asked: simulator.requests.length - before };
    };
    simulator.faults.add({ on: 'token', times: 9999, fault: { kind: 'status', status: 401 } });
    const first = await deliver();
    expect(first.failed).toBe(10);
    expect(first.asked).toBeGreaterThan(0);
    expect(await deliver()).toEqual({ failed: 10, asked: 0 });
    clock.advance(MAX_PAUSE_MS);
    const probing = await deliver();
    expect(probing.failed).toBe(10);
    expect(probing.asked).toBeGreaterThan(0);
    expect(probing.asked).toBeLessThan(first.asked + 1);
    expect(await deliver()).toEqual({ failed: 10, asked: 0 });
    simulator.faults.clear();
    expect(await deliver()).toEqual({ failed: 10, asked: 0 });
    clock.advance(MAX_PAUSE_MS);
    await deliver(); // one probe, and what comes after it has succeeded
    expect((await deliver()).failed).toBe(0);
    expect(await objects()).toHaveLength(10);
  });
});

describe('a recording that does not fit into the time left', () => {
  it('is given up with its multipart upload, and named before the invocation ends', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'deadline-'));
    open.push(() => rm(dir, { recursive: true, force: true }));
    const { simulator, handle } = await started({
      simulator: { recordings: [{ bytes: 40_000_000 }, {}], s3: { dir, bucket: 'calls' } },
      env: { ARCHIVE_STORE: 's3://calls' },
      openStore: (simulator) =>
        openStore('s3://calls', {
          s3: {
            endpoint: simulator.s3?.url ?? '',
            region: 'us-east-1',
            forcePathStyle: true,
            credentials: CREDENTIALS,
          },
        }),
    });
    const [slow, quick] = simulator.recordings;
    if (slow === undefined || quick === undefined) throw new Error('there are two');
    // a part takes 1.7 s, all of it 8 s
    simulator.faults.add({
      on: 'download',
      id: slow.id,
      times: 99,
      fault: { kind: 'trickle', bytesPerSecond: 5_000_000 },
    });
    const messages = [slow, quick].map(({ id }) => ({
      messageId: id,
      receiptHandle: 'x',
      body: JSON.stringify(simulator.event(id, 'bare')),
      attributes: {},
      receiveCount: 1,
    }));
    // ms: 5,000 are kept back, and 5,000 are the least to begin with
    const context = { getRemainingTimeInMillis: () => 10_050 };
    const answer = (await handle(asBatch(messages), context)) as BatchAnswer;
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: slow.id }]);
    const operations = simulator.requests.filter(({ server }) => server === 's3').map(({ route }) => route);
    expect(operations).toContain('CreateMultipartUpload');
    expect(operations).toContain('UploadPart');
    expect(operations).toContain('AbortMultipartUpload');
    expect(operations).not.toContain('CompleteMultipartUpload');
  });
});

describe('the end of the time', () => {
  const record = (messageId: string): BatchRecord => ({
    messageId,
    body: {},
    text: '{}',
    receiptHandle: undefined,
    sourceArn: undefined,
  });
  // enough memory for four at once
  const optionsFor = () => ({
    clock: systemClock,
    logger: silentLogger,
    config: {},
    circuit: new ConfigCircuit(systemClock),
    pace: new Pace(),
    memoryMb: 360,
  });

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('the answer comes although the work does not stop, and names what was not done', async () => {
    const { budget, end } = startBudget(systemClock, Date.now() + 60_000, 5_000);
    const archive = (body: unknown) => (body === 'quick' ? Promise.resolve() : new Promise(() => {}));
    const records = [record('stuck'), { ...record('quick'), body: 'quick' }, record('stuck too')];
    let answer: BatchAnswer | undefined;
    const watch = async () => {
      answer = await handleBatch({ ...optionsFor(), archive }, records, budget);
    };
    void watch();
    await vi.advanceTimersByTimeAsync(55_000 + GRACE_MS - 1);
    expect(answer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      'stuck',
      'stuck too',
    ]);
    end();
  });

  it('nothing is begun that would take longer than what is left, going by the records before', async () => {
    const { budget, end } = startBudget(systemClock, Date.now() + 100_000);
    const begun: string[] = [];
    const archive = async (body: unknown) => {
      begun.push(String(body));
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    };
    const records = Array.from({ length: 8 }, (_, index) => ({ ...record(`m${index}`), body: index }));
    const answer = handleBatch({ ...optionsFor(), archive }, records, budget);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await answer).batchItemFailures).toHaveLength(4);
    expect(begun).toEqual(['0', '1', '2', '3']);
    end();
  });

  it('an error that is not ours is a failure like any other', async () => {
    const archive = () => Promise.reject(new ArchiveError('UNEXPECTED', 'x'));
    const answer = await handleBatch({ ...optionsFor(), archive }, [record('a')], unlimited);
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'a' }]);
  });
});
