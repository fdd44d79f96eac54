import { createHmac } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { checkSignature } from '../../src/record/receipt/receipt.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { unlimited } from '../../src/clock.ts';
import { METRICS, METRICS_NAMESPACE, METRICS_SERVICE } from '../../src/config/metric-names.ts';
import type { SimulatorOptions } from '../../packages/simulator/src/simulator.ts';
import { startFunction, startWorld, WEBHOOK_SECRET, type World } from './lambda-function.ts';

/**
 * The bundle in the runtime that AWS runs functions in, with a Runtime API of ours before it, and the simulator's Genesys Cloud, S3,
 * KMS, SQS and Secrets Manager around it. `npm run test:lambda` installs the runtime and names it here.
 */
const { TEST_LAMBDA_RUNTIME: runtime, TEST_LAMBDA_NODES } = process.env;
const nodes = TEST_LAMBDA_NODES?.split(',') ?? [process.execPath];

const ids = (world: World) => {
  const [first, second, third] = world.simulator.recordings;
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are three');
  return [first, second, third] as const;
};
const bodyOf = (value: unknown) =>
  JSON.parse((value as { readonly body?: string } | undefined)?.body ?? 'null') as {
    readonly s3Key?: string;
    readonly code?: string;
  } | null;

/** What stays of a log when debugging is over: one line a recording. The start warns of the loopback addresses of these tests. */
const reportsIn = (log: readonly Readonly<Record<string, unknown>>[]) =>
  log.filter(({ level }) => level === 'INFO' || level === 'ERROR');

const needs = runtime === undefined ? ' [needs: TEST_LAMBDA_RUNTIME]' : '';
describe.skipIf(runtime === undefined).each(nodes)(`the bundle under aws-lambda-ric${needs}, %s`, (node) => {
  const start = async (
    options: SimulatorOptions = {},
    more: { readonly handler?: string; readonly environment?: Readonly<Record<string, string>> } = {},
  ) => {
    const world = await startWorld(options);
    const environment = { ...world.environment, ...more.environment };
    const lambda = await startFunction({ node, runtime: runtime ?? '', ...more, environment });
    // whatever a test does: nothing secret in what was printed
    onTestFinished(() => {
      for (const canary of world.canaries) expect(lambda.output()).not.toContain(canary);
    });
    return { ...world, ...lambda };
  };

  it('event in, object and signed receipt out, reference written back; one line and its metrics on the output', async () => {
    const world = await start();
    const [first] = ids(world);
    const { value, error, lines, requestId } = await world.invoke(
      world.simulator.event(first.id, 'eventbridge'),
    );
    expect([error, value]).toEqual([undefined, expect.objectContaining({ statusCode: 200 })]);
    const key = bodyOf(value)?.s3Key ?? '';
    expect(world.simulator.interaction(first.interactionId)).toMatchObject({ s3_archive_key: key });
    const object = await world.store.head(key, unlimited);
    expect(object?.size).toBe(first.bytes + 16);
    expect(object?.metadata).toMatchObject({ 'x-amz-c': '115' });
    const { body } = await world.store.get(receiptKey(key), unlimited);
    const receipt = parseReceipt((await buffer(body)).toString(), key);
    expect(receipt.plaintext?.sha256).toBe(await first.sha256());
    expect(checkSignature(receipt, world.receiptKeys)).toBe('valid');

    const reports = reportsIn(lines.log);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      level: 'INFO',
      message: 'recording processed',
      service: METRICS_SERVICE,
      cold_start: true,
      function_name: 'archiver',
      function_request_id: requestId,
      recordingId: first.id,
      conversationId: first.interactionId,
      source: 'eventbridge',
      state: 'archived',
      attempt: 1,
      bytes: first.bytes + 16,
      durationMs: expect.any(Number) as number,
      key,
    });
    expect(lines.metrics).toHaveLength(1);
    expect(lines.metrics[0]).toMatchObject({
      service: METRICS_SERVICE,
      [METRICS.archived]: 1,
      [METRICS.bytes]: first.bytes + 16,
      [METRICS.duration]: expect.any(Number) as number,
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: METRICS_NAMESPACE,
            Dimensions: [['service']],
            Metrics: expect.arrayContaining([
              { Name: METRICS.archived, Unit: 'Count' },
              { Name: METRICS.bytes, Unit: 'Bytes' },
              { Name: METRICS.duration, Unit: 'Milliseconds' },
            ]) as unknown,
          },
        ],
      },
    });

    // the same event again, warm: found, and not downloaded again
    const again = await world.invoke(world.simulator.event(first.id, 'eventbridge'));
    expect(again.value).toEqual(value);
    expect(again.lines.log.map(({ state, cold_start: cold }) => [state, cold])).toEqual([['found', false]]);
    expect(again.lines.metrics[0]).toMatchObject({ [METRICS.found]: 1 });
    expect(again.lines.metrics[0]).not.toHaveProperty(METRICS.bytes);
    expect(world.secrets.requests.map(({ error: refused }) => refused)).toEqual([undefined, undefined]);
  });

  it('an event of the published API', async () => {
    const world = await start({ conversations: [{ recordings: [{}, { kind: 'chat' }] }] });
    const [conversation] = world.simulator.world.conversations;
    const { value, error, lines } = await world.invoke(
      world.simulator.conversationEvent(conversation?.id ?? ''),
    );
    expect([error, value]).toEqual([undefined, expect.objectContaining({ statusCode: 200 })]);
    const found = reportsIn(lines.log).map(({ recordingId, state }) => [recordingId, state]);
    expect(found).toEqual(conversation?.recordings.map(({ id }) => [id, 'archived']));
    expect(lines.metrics[0]).toMatchObject({ [METRICS.archived]: [1, 1] });
  });

  it('a batch: what is done is acknowledged, what is not ready put off, what can never be set aside with its reason', async () => {
    const world = await start();
    const [first, second] = ids(world);
    const { queues } = world.sqs;
    for (const body of [
      JSON.stringify(world.simulator.event(first.id, 'eventbridge')),
      JSON.stringify(world.simulator.event(second.id, 'eventbridge')),
      '{"detail": {"data": {}}}',
    ]) {
      queues.send('recordings', body, {}, Date.now(), 0);
    }
    world.simulator.setStatus(second.id, 'processing');
    const messages = queues.receive('recordings', 10, 600, Date.now());
    const [, late, poison] = messages;
    const { value, lines } = await world.invoke({
      Records: messages.map(({ id, handle, body, receiveCount }) => ({
        messageId: id,
        receiptHandle: handle,
        body,
        attributes: { ApproximateReceiveCount: String(receiveCount) },
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:recordings',
      })),
    });
    expect(value).toEqual({ batchItemFailures: [{ itemIdentifier: late?.id }] });
    const [dead] = queues.find('recordings-dead') ?? [];
    expect(dead?.body).toBe(poison?.body);
    expect(dead?.attributes['code']?.StringValue).toBe('EVENT_INVALID');
    expect(new Set(world.sqs.operations)).toEqual(new Set(['ChangeMessageVisibility', 'SendMessage']));
    const reports = reportsIn(lines.log).map(({ level, state, code, requestId, attempt }) => {
      return [requestId, { level, state, code, attempt }] as const;
    });
    expect(reports).toHaveLength(3);
    expect(Object.fromEntries(reports)).toEqual({
      [messages[0]?.id ?? '']: { level: 'INFO', state: 'archived', attempt: 1 },
      [late?.id ?? '']: { level: 'INFO', state: 'not-ready', code: 'MEDIA_NOT_READY', attempt: 1 },
      [poison?.id ?? '']: { level: 'ERROR', state: 'failed', code: 'EVENT_INVALID', attempt: 1 },
    });
    expect(lines.metrics[0]).toMatchObject({
      [METRICS.archived]: 1,
      [METRICS.notReady]: 1,
      [METRICS.failed]: 1,
    });
  });

  it('a webhook: signed it is archived, unsigned it is refused and costs nothing', async () => {
    const world = await start();
    const [first] = ids(world);
    const body = JSON.stringify(world.simulator.event(first.id, 'webhook'));
    const request = (headers: object) => ({ requestContext: { http: { method: 'POST' } }, headers, body });
    const unsigned = await world.invoke(request({}));
    expect(unsigned.value).toMatchObject({ statusCode: 401, body: '{"error":"unauthorized"}' });
    expect(world.simulator.requests).toEqual([]);
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('base64');
    const signed = await world.invoke(request({ 'x-hub-signature-256': `sha256=${signature}` }));
    expect(signed.value).toMatchObject({ statusCode: 200 });
    expect(signed.lines.log.map(({ source, state }) => [source, state])).toEqual([['http', 'archived']]);
  });

  it('a bare event', async () => {
    const world = await start();
    const [first] = ids(world);
    const { value } = await world.invoke(world.simulator.event(first.id, 'bare'));
    expect(value).toMatchObject({ statusCode: 200 });
  });

  it('a failure is reported to the platform under its code, and logged and counted once', async () => {
    const world = await start();
    const [first, second] = ids(world);
    const refusal = { kind: 'status', status: 403 } as const;
    world.simulator.faults.add({ on: 'media', id: first.id, times: 9, fault: refusal });
    const { error, value, lines } = await world.invoke(world.simulator.event(first.id, 'eventbridge'));
    expect([value, error?.errorType]).toEqual([undefined, 'GENESYS_FORBIDDEN']);
    expect(error?.errorMessage).toContain('media:view');
    const ours = lines.log.filter(({ recordingId }) => recordingId === first.id);
    expect(ours).toEqual([
      expect.objectContaining({ level: 'ERROR', code: 'GENESYS_FORBIDDEN', state: 'failed', attempt: 1 }),
    ]);
    expect(lines.metrics[0]).toMatchObject({ [METRICS.failed]: 1, [METRICS.authFailures]: 1 });
    // the next invocation of the same environment is none the worse
    expect((await world.invoke(world.simulator.event(second.id, 'bare'))).value).toMatchObject({
      statusCode: 200,
    });
  });

  it('settings that cannot be used, and secrets that may not be read, are failures with a code too', async () => {
    const world = await start({}, { environment: { ARCHIVE_LOG_LEVEL: 'loud' } });
    const [first] = ids(world);
    const { error, lines } = await world.invoke(world.simulator.event(first.id, 'bare'));
    expect(error?.errorType).toBe('CONFIG_INVALID');
    expect(error?.errorMessage).toContain('ARCHIVE_LOG_LEVEL');
    expect(lines.metrics[0]).toMatchObject({ [METRICS.failed]: 1 });

    const other = await start();
    other.secrets.faults.add('AccessDeniedException', Number.POSITIVE_INFINITY);
    const denied = await other.invoke(other.simulator.event(ids(other)[0].id, 'bare'));
    expect(denied.error?.errorType).toBe('SECRET_DENIED');
    expect(denied.lines.metrics[0]).toMatchObject({ [METRICS.authFailures]: 1 });
    expect(other.simulator.requests).toEqual([]);
  });

  it('a recording that does not fit into the time: given up, its upload aborted, and reported before the deadline', async () => {
    const world = await start({ recordings: [{ bytes: 20_000_000 }, {}, {}] });
    const [first, second] = ids(world);
    await world.invoke(world.simulator.event(second.id, 'bare'));
    // the second part never comes to its end
    const stall = { kind: 'stall', afterBytes: 12_000_000 } as const;
    world.simulator.faults.add({ on: 'download', id: first.id, times: 99, fault: stall });
    // ms; 5,000 of them are kept back
    const { error, value, spareMs } = await world.invoke(world.simulator.event(first.id, 'bare'), 15_000);
    expect([value, error?.errorType]).toEqual([undefined, 'OUT_OF_TIME']);
    expect(spareMs).toBeGreaterThan(0);
    const asked = world.simulator.requests.filter(({ server }) => server === 's3').map(({ route }) => route);
    expect(asked).toEqual(
      expect.arrayContaining(['CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload']),
    );
    expect(asked).not.toContain('CompleteMultipartUpload');
  });

  it('a handler that is not there is an error of the start', async () => {
    const { startError } = await start({}, { handler: 'archive.nothing' });
    expect(startError?.errorType).toBe('Runtime.HandlerNotFound');
  });

  it('makes no request while it starts', async () => {
    const world = await start();
    expect(world.startError).toBeUndefined();
    expect([world.simulator.requests, world.secrets.requests, world.sqs.operations]).toEqual([[], [], []]);
    expect(world.simulator.s3?.requests).toEqual([]);
  });
});
