import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { signWebhook } from '../../src/events/webhook-signature.ts';
import type { EventShape } from '../../packages/simulator/src/simulator.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { start, type StartOptions } from './start.ts';

let open: Awaited<ReturnType<typeof start>>[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});
async function started(options?: StartOptions) {
  const all = await start(options);
  open.push(all);
  const ids = all.simulator.recordings.map(({ id }) => id);
  return { ...all, ids, id: ids[0] ?? '' };
}

interface Answer {
  statusCode: number;
  headers?: Record<string, string>;
  body: string;
  batchItemFailures: { itemIdentifier: string }[];
}

const bodyOf = (answer: unknown): unknown => JSON.parse((answer as Answer).body);
const fields = (answer: unknown): Answer => answer as Answer;

describe('an event that names several recordings', () => {
  it('archives what can be, and throws for the rest', async () => {
    const { handle, simulator, objects, ids } = await started();
    const [first = '', ...others] = ids;
    simulator.faults.add({ on: 'media', id: first, times: 99, fault: { kind: 'status', status: 400 } });
    const Records = ids.map((id, at) => ({
      messageId: `${at}`,
      body: JSON.stringify(simulator.event(id, 'bare')),
    }));
    const event = { Type: 'Notification', Message: JSON.stringify({ Records }) };
    await expect(handle(event)).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
    expect((await objects()).map((key) => key.replace(/^.*\//, '')).toSorted()).toEqual(
      others.map((id) => `${id}.enc`).toSorted(),
    );
    simulator.faults.clear();
    expect(fields(await handle(event)).statusCode).toBe(200);
    expect(await objects()).toHaveLength(3);
  });
});

describe('asynchronous and bare events', () => {
  it.each<EventShape>(['eventbridge', 'webhook', 'bare'])(
    '%s: answers with the tutorial’s body',
    async (shape) => {
      const { handle, simulator, id, objects } = await started();
      const answer = await handle(simulator.event(id, shape));
      expect(fields(answer).statusCode).toBe(200);
      const { success, s3Key } = bodyOf(answer) as { success: boolean; s3Key: string };
      expect(success).toBe(true);
      expect(s3Key).toMatch(new RegExp(`^archive/\\d{4}/\\d\\d/\\d\\d/${id}\\.enc$`));
      expect(await objects()).toEqual([s3Key]);
    },
  );

  it('a failure is thrown, not returned as success', async () => {
    const { handle, simulator, id } = await started();
    simulator.faults.add({ on: 'media', times: 99, fault: { kind: 'status', status: 500 } });
    await expect(handle(simulator.event(id, 'eventbridge'))).rejects.toMatchObject({
      code: 'GENESYS_UNAVAILABLE',
      retryable: true,
    });
  });

  it('"not ready" and "gone" are thrown too, so that they are never taken for done', async () => {
    const { handle, simulator, id } = await started();
    const early = simulator.event(id, 'bare');
    simulator.setStatus(id, 'processing');
    await expect(handle(early)).rejects.toMatchObject({
      code: 'MEDIA_NOT_READY',
      retryable: true,
    });
    const unknown = { mediaId: '00000000-0000-4000-8000-000000000000', interactionId: id };
    await expect(handle(unknown)).rejects.toMatchObject({ code: 'MEDIA_NOT_FOUND', retryable: false });
  });

  it('an event that names no recording is thrown with the missing field', async () => {
    const { handle } = await started();
    await expect(handle({ detail: { data: { mediaId: 'x' } } })).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
    await expect(handle({})).rejects.toThrow(/mediaId/);
  });

  it('events that are not about complete media are acknowledged and counted as ignored', async () => {
    const { handle, simulator, id, objects } = await started();
    const event = simulator.event(id, 'bare') as object;
    const answer = await handle({ ...event, status: 'processing' });
    expect(bodyOf(answer)).toEqual({ success: true, ignored: 1 });
    expect(bodyOf(await handle({ ...event, eventType: 'transcript' }))).toEqual({
      success: true,
      ignored: 1,
    });
    expect(await objects()).toEqual([]);
    expect(simulator.requests).toEqual([]);
  });

  it('one token serves warm invocations', async () => {
    const { handle, simulator, ids } = await started();
    for (const id of ids) await handle(simulator.event(id, 'eventbridge'));
    expect(simulator.requests.filter(({ route }) => route === 'POST /oauth/token')).toHaveLength(1);
  });

  it('stops before the invocation’s time is over, and leaves nothing behind', async () => {
    const { handle, simulator, id, objects, dir } = await started();
    simulator.faults.add({ on: 'media', times: 99, fault: { kind: 'throttle', retryAfter: 20 } });
    const context = { getRemainingTimeInMillis: () => 15_000 };
    await expect(handle(simulator.event(id, 'bare'), context)).rejects.toMatchObject({
      code: 'GENESYS_THROTTLED',
      retryable: true,
    });
    const over = { getRemainingTimeInMillis: () => 4_000 };
    await expect(handle(simulator.event(id, 'bare'), over)).rejects.toMatchObject({ code: 'OUT_OF_TIME' });
    expect(await objects()).toEqual([]);
    expect(dir).toBeTruthy();
  });
});

describe('SQS batches', () => {
  const batch = (records: readonly { messageId: string; body: unknown }[]) => ({
    Records: records.map(({ messageId, body }) => ({
      messageId,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      eventSource: 'aws:sqs',
    })),
  });

  it('names exactly the records that failed, each on its own', async () => {
    const { handle, simulator, ids, objects } = await started();
    const [first = '', second = '', third = ''] = ids;
    const early = simulator.event(second, 'eventbridge');
    simulator.setStatus(second, 'processing');
    const answer = await handle(
      batch([
        { messageId: 'good', body: simulator.event(first, 'eventbridge') },
        { messageId: 'not-ready', body: early },
        { messageId: 'poison', body: '{"no": "ids"}' },
        { messageId: 'not-json', body: 'hello' },
        { messageId: 'other', body: { ...(simulator.event(third, 'bare') as object), eventType: 'chat' } },
        { messageId: 'also-good', body: simulator.event(third, 'webhook') },
      ]),
    );
    const failed = fields(answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    expect(failed.toSorted()).toEqual(['not-json', 'not-ready', 'poison']);
    expect(await objects()).toHaveLength(2);
  });

  it('understands EventBridge events in a batch, and acknowledges it when all went well, duplicates included', async () => {
    const { handle, simulator, id, objects } = await started();
    const body = simulator.event(id, 'eventbridge');
    const answer = await handle(batch(Array.from({ length: 10 }, (_, n) => ({ messageId: `m${n}`, body }))));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await objects()).toHaveLength(1);
  });

  it('begins no record that it has no time for', async () => {
    const { handle, simulator, ids } = await started();
    const records = ids.map((id) => ({ messageId: id, body: simulator.event(id, 'bare') }));
    const answer = await handle(batch(records), { getRemainingTimeInMillis: () => 9_000 });
    expect(fields(answer).batchItemFailures).toHaveLength(3);
    expect(simulator.requests).toEqual([]);
  });
});

describe('the HTTP entry', () => {
  const secret = 'a-webhook-secret-of-some-length';
  const sign = (raw: string, by = secret) => `sha256=${createHmac('sha256', by).update(raw).digest('hex')}`;
  const request = (raw: string, headers: Record<string, string>, isBase64Encoded = false) => ({
    version: '2.0',
    rawPath: '/',
    headers: { 'content-type': 'application/json', ...headers },
    requestContext: { http: { method: 'POST', path: '/' } },
    body: isBase64Encoded ? Buffer.from(raw).toString('base64') : raw,
    isBase64Encoded,
  });
  const signed = { env: { ARCHIVE_WEBHOOK_SECRET: `${secret},an-older-webhook-secret` } };

  it.each<EventShape>(['http-v1', 'http-v2', 'function-url'])(
    '%s: archives a signed request',
    async (shape) => {
      const { handle, simulator, id } = await started(signed);
      const event = simulator.event(id, shape) as {
        body: string;
        isBase64Encoded?: boolean;
        headers: object;
      };
      const raw = Buffer.from(event.body, event.isBase64Encoded === true ? 'base64' : 'utf8').toString();
      const answer = await handle({
        ...event,
        headers: { ...event.headers, 'X-Hub-Signature-256': sign(raw) },
      });
      expect(fields(answer)).toMatchObject({
        statusCode: 200,
        headers: { 'content-type': 'application/json' },
      });
      expect(bodyOf(answer)).toMatchObject({ success: true });
    },
  );

  it('accepts base64 bodies and either of two active secrets', async () => {
    const { handle, simulator, id } = await started(signed);
    const raw = JSON.stringify(simulator.event(id, 'webhook'));
    const older = { 'x-hub-signature-256': sign(raw, 'an-older-webhook-secret') };
    expect(fields(await handle(request(raw, older, true))).statusCode).toBe(200);
  });

  it('answers 401 without detail to everything that is not signed', async () => {
    const { handle, simulator, id, objects } = await started(signed);
    const raw = JSON.stringify(simulator.event(id, 'webhook'));
    const attempts = [
      request(raw, {}),
      request(raw, { 'x-hub-signature-256': sign(raw, 'wrong') }),
      request(`${raw} `, { 'x-hub-signature-256': sign(raw) }),
      request(raw, { 'x-hub-signature-256': 'sha256=' }),
      request('x'.repeat(300_000), {}),
    ];
    for (const attempt of attempts) {
      expect(await handle(attempt)).toEqual({
        statusCode: 401,
        headers: { 'content-type': 'application/json' },
        body: '{"error":"unauthorized"}',
      });
    }
    expect(await objects()).toEqual([]);
    expect(simulator.requests).toEqual([]);
  });

  it('refuses a signed request whose timestamp is outside the replay window', async () => {
    const { handle, simulator, id, clock } = await started(signed);
    const raw = JSON.stringify(simulator.event(id, 'webhook'));
    const at = (offsetS: number) => ({
      'x-hub-signature-256': sign(raw),
      'x-genesys-archive-timestamp': String(Math.round(clock.now() / 1000) + offsetS),
    });
    for (const offsetS of [-310, 310]) {
      expect(fields(await handle(request(raw, at(offsetS)))).statusCode).toBe(401);
    }
    expect(simulator.requests).toEqual([]);
    expect(fields(await handle(request(raw, at(-200)))).statusCode).toBe(200);
  });

  it('accepts the signature that covers the time, and only that one once the setting says so', async () => {
    const only = { env: { ...signed.env, ARCHIVE_WEBHOOK_SIGNATURE: 'v2' } };
    for (const [options, old] of [
      [signed, 200],
      [only, 401],
    ] as const) {
      const { handle, simulator, id, clock } = await started(options);
      const raw = JSON.stringify(simulator.event(id, 'webhook'));
      const time = String(Math.round(clock.now() / 1000));
      const headers = {
        'X-Genesys-Archive-Timestamp': time,
        'X-Hub-Signature-256': signWebhook(secret, time, raw),
      };
      expect(fields(await handle(request(raw, headers))).statusCode).toBe(200);
      expect(fields(await handle(request(`${raw} `, headers))).statusCode).toBe(401);
      expect(fields(await handle(request(raw, { 'x-hub-signature-256': sign(raw) }))).statusCode).toBe(old);
    }
  });

  it('refuses to run open on Lambda without an explicit setting', async () => {
    const closed = await started();
    const raw = JSON.stringify(closed.simulator.event(closed.id, 'webhook'));
    const refusal = await closed.handle(request(raw, {}));
    expect(fields(refusal).statusCode).toBe(500);
    expect(bodyOf(refusal)).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await closed.objects()).toEqual([]);

    const opened = await started({ env: { ARCHIVE_WEBHOOK_OPEN: '1' } });
    const event = JSON.stringify(opened.simulator.event(opened.id, 'webhook'));
    expect(fields(await opened.handle(request(event, {}))).statusCode).toBe(200);
  });

  it('answers failures with a status and the tutorial’s {error}', async () => {
    const { handle, simulator, ids } = await started({ onLambda: false });
    const [first = '', second = '', third = ''] = ids;
    const post = (body: unknown) => handle(request(JSON.stringify(body), {}));
    expect(fields(await post({ nothing: true }))).toMatchObject({ statusCode: 400 });
    expect(bodyOf(await post({ nothing: true }))).toMatchObject({
      error: expect.stringMatching(/mediaId/) as unknown,
    });

    const early = simulator.event(first, 'webhook');
    simulator.setStatus(first, 'processing');
    const notReady = fields(await post(early));
    expect(notReady).toMatchObject({ statusCode: 503, headers: { 'retry-after': '60' } });
    expect(bodyOf(notReady)).toMatchObject({ code: 'MEDIA_NOT_READY', retryable: true });

    const missing = { mediaId: '00000000-0000-4000-8000-000000000000', interactionId: first };
    expect(fields(await post(missing)).statusCode).toBe(404);

    simulator.faults.add({ on: 'media', times: 99, fault: { kind: 'status', status: 403 } });
    expect(fields(await post(simulator.event(second, 'webhook'))).statusCode).toBe(500);
    simulator.faults.clear();
    simulator.faults.add({ on: 'download', times: 99, fault: { kind: 'html' } });
    expect(fields(await post(simulator.event(third, 'webhook'))).statusCode).toBe(503);
    expect(
      fields(await post({ ...(simulator.event(third, 'bare') as object), eventType: 'x' })).statusCode,
    ).toBe(200);
  });

  it('answers an unreadable request', async () => {
    const { handle } = await started({ onLambda: false });
    expect(fields(await handle(request('{"mediaId":', {}))).statusCode).toBe(400);
    expect(fields(await handle(request('x'.repeat(300_000), {}))).statusCode).toBe(400);
    expect(
      fields(await handle({ ...request('!!!', {}), isBase64Encoded: true, body: '!!!' })).statusCode,
    ).toBe(400);
  });
});

describe('what is logged', () => {
  it('never holds a token, secret, key, signature or link', async () => {
    const { handle, simulator, ids, logger, env, clock } = await started();
    const [first = '', second = ''] = ids;
    await handle(simulator.event(first, 'bare'));
    for (const [on, fault] of [
      ['token', { kind: 'status', status: 401 }],
      ['media', { kind: 'status', status: 500 }],
      ['download', { kind: 'expired' }],
      ['download', { kind: 'html' }],
      ['interaction', { kind: 'status', status: 403 }],
    ] as const) {
      simulator.faults.clear();
      simulator.faults.add({ on, times: 99, fault });
      if (on === 'token') clock.advance(90_000_000);
      await handle(simulator.event(second, 'bare')).catch(() => {});
    }
    const printed = logger.lines.join('\n');
    expect(printed).toContain('GENESYS_AUTH_REJECTED');
    expect(printed).not.toMatch(/Bearer|X-Amz|client_secret|authorization/i);
    expect(printed).not.toContain(env['GENESYS_CLIENT_SECRET']);
    expect(printed).not.toContain(env['ENCRYPTION_KEY_HEX']);
  });
});

describe('a message of a queue', () => {
  it.each([
    ['1', 0],
    ['2', 1],
    [undefined, 1],
  ] as const)(
    'delivered for the time %s, is looked up %i times before it is fetched',
    async (count, times) => {
      const looked: string[] = [];
      const openStore = async () => {
        const dir = await mkdtemp(join(tmpdir(), 'looked-'));
        onTestFinished(() => rm(dir, { recursive: true }));
        const store = createDirectoryStore(dir);
        const head: typeof store.head = (key, budget) => {
          // whether the recording was erased is asked while the download begins
          if (!key.startsWith('erasures/')) looked.push(key);
          return store.head(key, budget);
        };
        return { ...store, head };
      };
      const { handle, simulator, id } = await started({ openStore });
      const record = {
        messageId: 'one',
        body: JSON.stringify(simulator.event(id, 'eventbridge')),
        eventSource: 'aws:sqs',
        attributes: count === undefined ? {} : { ApproximateReceiveCount: count },
      };
      expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
      expect(looked).toHaveLength(times);
    },
  );
});
