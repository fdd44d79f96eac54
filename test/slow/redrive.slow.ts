import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { type SqsEndpoint, startSqs } from '../../packages/simulator/src/sqs/sqs.ts';
import { createQueue } from '../queue/sqs-fixture.ts';
import { makeDirectory, runCli } from '../cli/run-cli.ts';

const REASON = 'EVENT_INVALID: mediaId is malformed';
let sqs: SqsEndpoint;
let simulator: Simulator;
let dir: string;
let env: Record<string, string>;
let removeDirectory: () => Promise<void>;
beforeEach(async () => {
  sqs = await startSqs();
  simulator = await startSimulator({ recordings: 12 });
  ({ dir, remove: removeDirectory } = await makeDirectory());
  env = {
    ...simulator.environment(),
    ...sqs.environment(),
    ARCHIVE_STORE: `file:${path.join(dir, 'archive')}`,
    ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4),
  };
});
afterEach(() => Promise.all([sqs.close(), simulator.close(), removeDirectory()]));

const dead = () => sqs.queueUrl('recordings-dead');
const live = () => sqs.queueUrl('recordings');
const run = (...args: string[]) => runCli(['redrive', ...args], { env });

/** All recordings of the simulator as dead letters. */
async function bury(): Promise<string[]> {
  const queue = createQueue();
  const bodies = simulator.recordings.map(({ id }) => JSON.stringify(simulator.event(id, 'eventbridge')));
  for (const body of bodies) {
    await queue.send(
      dead(),
      { body, attributes: { reason: REASON, code: 'EVENT_INVALID', own: 'x' } },
      unlimited,
    );
  }
  return bodies;
}

describe('redrive', () => {
  it('--dry-run shows why each message is there, and leaves all of them, visible', async () => {
    const bodies = await bury();
    const result = await run(dead(), '--dry-run', '--json');
    expect(result.code).toBe(0);
    const records = result.records();
    expect(records.at(-1)).toMatchObject({ type: 'summary', found: 12, done: 0 });
    expect(records.slice(0, -1).map(({ reason, state }) => [reason, state])).toEqual(
      bodies.map(() => [REASON, 'found']),
    );
    expect(sqs.queues.bodies('recordings-dead')).toEqual(bodies);
    expect(await createQueue().count(dead(), unlimited)).toBe(12);
    expect(simulator.requests).toEqual([]);
  });

  it('--to sends all back as they were, more than one receive can take', async () => {
    const bodies = await bury();
    const result = await run(dead(), '--to', live());
    expect(result).toMatchObject({ code: 0 });
    expect(result.stderr).toContain('12 messages sent, 0 left where they are');
    expect(sqs.queues.bodies('recordings')).toEqual(bodies);
    expect(sqs.queues.bodies('recordings-dead')).toEqual([]);
    expect(sqs.queues.find('recordings')?.[0]?.attributes).toEqual({
      own: { DataType: 'String', StringValue: 'x' },
    });
  });

  it('removes a message only after it has been sent: what cannot be sent stays', async () => {
    const bodies = await bury();
    sqs.faults.add('SendMessage', 'AccessDeniedException', 3);
    const result = await run(dead(), '--to', live());
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('9 messages sent, 3 left where they are');
    const all = [...sqs.queues.bodies('recordings'), ...sqs.queues.bodies('recordings-dead')];
    expect(new Set(all)).toEqual(new Set(bodies));
    expect(sqs.queues.bodies('recordings-dead')).toHaveLength(3);
    expect(await createQueue().count(dead(), unlimited)).toBe(3);
  });

  it('a message that was sent and could not be removed is in both queues, never in none', async () => {
    await bury();
    sqs.faults.add('DeleteMessage', 'AccessDeniedException', 2);
    expect((await run(dead(), '--to', live())).code).toBe(3);
    expect(sqs.queues.bodies('recordings')).toHaveLength(12);
    expect(sqs.queues.bodies('recordings-dead')).toHaveLength(2);
  });

  it('--archive archives each message, and leaves those that fail again', async () => {
    await bury();
    const id = simulator.recordings[4]?.id ?? '';
    simulator.faults.add({ on: 'media', id, times: 99, fault: { kind: 'status', status: 404 } });
    const result = await run(dead(), '--archive', '--json');
    expect(result.code).toBe(3);
    expect(result.records().filter(({ state }) => state === 'archived')).toHaveLength(11);
    expect(result.records().find(({ type }) => type === 'failed')).toMatchObject({ reason: REASON });
    expect(sqs.queues.bodies('recordings-dead')).toEqual([expect.stringContaining(id) as unknown]);
    const listed = await runCli(['list', '--json', '-q'], { env });
    expect(listed.records()).toHaveLength(11);
  });

  it('takes a file of messages in any form, and never changes it', async () => {
    const [one, two, three, four] = simulator.recordings.map(({ id }) => simulator.event(id, 'bare'));
    const messages = [
      { body: JSON.stringify(one), attributes: { reason: REASON } },
      { Messages: [{ Body: JSON.stringify(two), MessageAttributes: { reason: { StringValue: 'other' } } }] },
      three,
      { body: JSON.stringify(four) },
    ];
    const file = path.join(dir, 'dead.jsonl');
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    await writeFile(file, text);
    const shown = await run(file, '--dry-run');
    expect(shown.stdout.split('\n').map((line) => line.slice(10))).toEqual([
      `message 1  ${REASON}`,
      'message 2  other',
      'message 3  not stated',
      'message 4  not stated',
      '',
    ]);
    expect((await run(file, '--archive', '--limit', '3')).stderr).toContain('3 messages archived');
    expect((await run(file, '--to', live())).code).toBe(0);
    expect(sqs.queues.bodies('recordings')).toEqual(
      [one, two, three, four].map((event) => JSON.stringify(event)),
    );
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('asks what to do, and does not send credentials just anywhere', async () => {
    expect((await run(dead())).stderr).toContain('say what to do with the messages');
    expect((await run(dead(), '--archive', '--dry-run')).code).toBe(2);
    expect((await run(dead(), '--to', dead())).code).toBe(2);
    expect((await run(dead(), '--to', 'recordings')).code).toBe(2);
    const plain = await runCli(['redrive', dead(), '--dry-run'], { env: sqs.environment() });
    expect(plain).toMatchObject({ code: 2 });
    expect(plain.stderr).toContain('must start with https://');
    expect(sqs.operations).toEqual([]);
    const missing = await run(sqs.queueUrl('none'), '--dry-run');
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.stderr).toContain('[QUEUE_MISSING]');
  });
});

describe('records of failed invocations', () => {
  const failed = (requestPayload: unknown) => ({
    version: '1.0',
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload,
    responsePayload: { errorType: 'GENESYS_UNAVAILABLE', errorMessage: 'canary' },
  });
  const snsEvent = (event: unknown) => ({
    Records: [{ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message: JSON.stringify(event) } }],
  });

  it('are shown with what Lambda says of them, archived from a file in every form, and sent on whole', async () => {
    const events = simulator.recordings.map(({ id }) => simulator.event(id, 'eventbridge'));
    const [one, two, three, four, five] = events;
    const file = path.join(dir, 'dead.json');
    const letters = [
      failed(one),
      {
        body: JSON.stringify(failed(snsEvent(two))),
        messageId: 'm',
        eventSource: 'aws:sqs',
        attributes: { SentTimestamp: '1' },
      },
      { Messages: [{ Body: JSON.stringify(failed(three)) }] },
      snsEvent(four),
      [failed([five])],
    ];
    await writeFile(file, `\uFEFF${JSON.stringify(letters)}`, 'utf16le');
    const shown = await run(file, '--dry-run', '--json');
    expect(shown.stdout).not.toContain('"reason":"canary');
    expect(
      shown
        .records()
        .slice(0, -1)
        .map(({ reason }) => reason),
    ).toEqual([
      'RetriesExhausted: GENESYS_UNAVAILABLE',
      'RetriesExhausted: GENESYS_UNAVAILABLE',
      'RetriesExhausted: GENESYS_UNAVAILABLE',
      'not stated',
      'RetriesExhausted: GENESYS_UNAVAILABLE',
    ]);
    const archived = await run(file, '--archive');
    expect([archived.code, archived.stderr]).toEqual([0, expect.stringContaining('5 messages archived')]);
    expect((await run(file, '--to', live())).code).toBe(0);
    expect(sqs.queues.bodies('recordings')).toContain(JSON.stringify(failed(one)));
  });

  it('one event of a message that fails leaves the message where it is, and the others archived', async () => {
    const [one, two] = simulator.recordings.map(({ id }) => simulator.event(id, 'bare'));
    const body = JSON.stringify(failed([one, { mediaId: 'not an id' }, two]));
    await createQueue().send(dead(), { body, attributes: {} }, unlimited);
    const { code, stdout } = await run(dead(), '--archive');
    expect([code, stdout]).toEqual([
      2,
      expect.stringContaining('was: RetriesExhausted: GENESYS_UNAVAILABLE'),
    ]);
    expect(sqs.queues.bodies('recordings-dead')).toEqual([body]);
    const listed = await runCli(['list', '--json'], { env });
    expect(listed.records().filter(({ type }) => type === 'recording')).toHaveLength(2);
  });
});
