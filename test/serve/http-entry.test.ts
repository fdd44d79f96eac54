import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { SIGNATURE_HEADER, signWebhook, TIMESTAMP_HEADER } from '../../src/events/webhook-signature.ts';
import { Secret } from '../../src/secret.ts';
import {
  createHttpEntry,
  type EntryOptions,
  type HttpEntry,
  MAX_BODY_BYTES,
} from '../../src/serve/http-entry.ts';
import { recordingLogger } from '../recording-logger.ts';

const NOW = Date.UTC(2026, 4, 20, 12);
const SECRET = 'the-secret-of-this-test';
const OLD_SECRET = 'the-secret-before-it';
const EVENT = JSON.stringify({
  mediaId: '11111111-1111-4111-8111-111111111111',
  interactionId: '22222222-2222-4222-8222-222222222222',
});

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
}

let entry: HttpEntry | undefined;
afterEach(async () => {
  if (entry === undefined) return;
  const closed = once(entry.server, 'close');
  entry.server.close();
  entry.server.closeAllConnections();
  await closed;
  entry = undefined;
});

async function listen(options: Partial<EntryOptions> = {}) {
  const accepted: string[] = [];
  const logger = recordingLogger();
  entry = createHttpEntry({
    secrets: [new Secret(SECRET), new Secret(OLD_SECRET)],
    parse: (event) => parseEvent(event),
    accept: (_event, hash) => {
      const outcome = accepted.includes(hash) ? 'duplicate' : 'queued';
      accepted.push(hash);
      return Promise.resolve(outcome);
    },
    health: () => Promise.resolve({ queued: 3, inFlight: 1, oldestAgeS: 7, failed: 2 }),
    clock: { now: () => NOW },
    logger,
    ...options,
  });
  entry.server.listen(0, '127.0.0.1');
  await once(entry.server, 'listening');
  const { port } = entry.server.address() as AddressInfo;
  return { port, accepted, logger };
}

function send(
  port: number,
  method: string,
  path: string,
  body: string | Buffer = '',
  headers: Record<string, string | string[]> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path, headers, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        const parsed = text === '' ? undefined : (JSON.parse(text) as unknown);
        resolve({ status: statusCode, headers: response.headers, body: parsed });
      });
    });
    request.end(body);
  });
}

const sign = (body: string | Buffer, secret = SECRET, encoding: 'hex' | 'base64' = 'base64') => ({
  [SIGNATURE_HEADER]: `sha256=${createHmac('sha256', secret).update(body).digest(encoding)}`,
});
const post = (port: number, body: string | Buffer, headers: Record<string, string | string[]> = sign(body)) =>
  send(port, 'POST', '/', body, headers);

describe('the webhook entry', () => {
  it('answers 202 with the hash of the body, and says when it has it already', async () => {
    const { port, accepted } = await listen();
    const id = createHash('sha256').update(EVENT).digest('hex');
    expect(await post(port, EVENT)).toMatchObject({ status: 202, body: { accepted: true, id } });
    const again = await send(port, 'POST', '/events?from=a-proxy', EVENT, sign(EVENT, OLD_SECRET, 'hex'));
    expect(again).toMatchObject({ status: 202, body: { accepted: true, id, duplicate: true } });
    expect(accepted).toEqual([id, id]);
  });

  const now = String(NOW / 1000);
  it.each<[string, Record<string, string | string[]>]>([
    ['none', {}],
    ['of another secret', sign(EVENT, 'another')],
    ['of another body', sign(`${EVENT} `)],
    ['in another form', { [SIGNATURE_HEADER]: sign(EVENT)[SIGNATURE_HEADER]?.slice(7) ?? '' }],
    ['twice', { [SIGNATURE_HEADER]: [sign(EVENT), sign(EVENT)].map((one) => one[SIGNATURE_HEADER] ?? '') }],
    ['right, and too old', { ...sign(EVENT), [TIMESTAMP_HEADER]: String(NOW / 1000 - 301) }],
    ['right, and from the future', { ...sign(EVENT), [TIMESTAMP_HEADER]: String(NOW / 1000 + 301) }],
    ['right, and its time twice', { ...sign(EVENT), [TIMESTAMP_HEADER]: [now, now] }],
  ])('signature: %s: 401 without detail, and nothing is kept', async (_, headers) => {
    const { port, accepted, logger } = await listen();
    const reply = await post(port, EVENT, headers);
    expect(reply).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
    expect(Object.keys(reply.body as object)).toEqual(['error']);
    expect(accepted).toEqual([]);
    expect(logger.lines.join()).toContain('WEBHOOK_UNAUTHENTICATED');
    expect(logger.lines.join()).not.toContain(SECRET);
  });

  it('takes a timely one', async () => {
    const { port } = await listen();
    const headers = { ...sign(EVENT), [TIMESTAMP_HEADER]: String(NOW / 1000 - 300) };
    expect((await post(port, EVENT, headers)).status).toBe(202);
  });

  it('takes a signature that covers the time, also as the only kind, within its 5 minutes', async () => {
    const stated = (seconds: number, signedFor = seconds) => ({
      [TIMESTAMP_HEADER]: String(seconds),
      [SIGNATURE_HEADER]: signWebhook(SECRET, String(signedFor), EVENT),
    });
    const time = NOW / 1000;
    for (const signatures of ['any', 'v2'] as const) {
      const { port, accepted } = await listen({ signatures });
      expect((await post(port, EVENT, stated(time - 301))).status).toBe(401);
      expect((await post(port, EVENT, stated(time, time - 301))).status).toBe(401);
      expect(
        (await post(port, EVENT, { [SIGNATURE_HEADER]: stated(time)[SIGNATURE_HEADER] ?? '' })).status,
      ).toBe(401);
      expect(accepted).toEqual([]);
      expect((await post(port, EVENT, stated(time - 299))).status).toBe(202);
      expect((await post(port, EVENT, sign(EVENT))).status).toBe(signatures === 'any' ? 202 : 401);
    }
  });

  it('without a secret takes unsigned ones, but none from a page in a browser', async () => {
    const { port, accepted } = await listen({ secrets: [] });
    expect((await post(port, EVENT, {})).status).toBe(202);
    expect((await post(port, EVENT, { origin: 'https://example.com' })).status).toBe(401);
    expect(accepted).toHaveLength(1);
  });

  it.each([
    ['', 'the event is not JSON'],
    ['{"mediaId":', 'the event is not JSON'],
    ['[]', 'the event is not an object, so it has no mediaId'],
    ['{"mediaId":"11111111-1111-4111-8111-111111111111"}', 'interactionId is missing'],
    ['{"mediaId":"../../etc/passwd","interactionId":"1"}', 'mediaId is not an id: "../../etc/passwd"'],
    [`{"mediaId":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'the event is nested too deeply'],
  ])('400 for what names no recording, %#', async (body, error) => {
    const { port, accepted } = await listen();
    expect(await post(port, body)).toMatchObject({
      status: 400,
      body: { error, code: 'EVENT_INVALID', retryable: false },
    });
    expect(accepted).toEqual([]);
  });

  it('200 for an event of another kind, which is not kept', async () => {
    const { port, accepted } = await listen();
    const chat = JSON.stringify({ data: { ...(JSON.parse(EVENT) as object), eventType: 'chat' } });
    expect(await post(port, chat)).toMatchObject({ status: 200, body: { success: true, ignored: 1 } });
    expect(accepted).toEqual([]);
  });

  it('takes 256 KiB and answers 413 to a byte more, with and without its length', async () => {
    const { port, accepted } = await listen();
    const padded = (bytes: number) => `${EVENT}${' '.repeat(bytes - EVENT.length)}`;
    expect((await post(port, padded(MAX_BODY_BYTES))).status).toBe(202);
    const longer = padded(MAX_BODY_BYTES + 1);
    expect((await post(port, longer)).status).toBe(413);
    const chunked = { ...sign(longer), 'transfer-encoding': 'chunked' };
    expect(await post(port, longer, chunked)).toMatchObject({
      status: 413,
      headers: { connection: 'close' },
    });
    expect(accepted).toHaveLength(1);
  });

  it('does not read what is much too long to its end', async () => {
    const { port } = await listen();
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n');
    const block = Buffer.alloc(1024 * 1024, ' ');
    let sent = 0;
    while (!socket.destroyed && sent < 100) {
      sent += 1;
      if (!socket.write(block)) {
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
      }
    }
    expect(sent).toBeLessThan(100);
  });

  it('503 when the event cannot be kept, until it can again', async () => {
    let full = true;
    const { port } = await listen({
      accept: () =>
        full
          ? Promise.reject(new ArchiveError('STORE_FULL', 'spooling the event failed: Error ENOSPC'))
          : Promise.resolve('queued'),
    });
    expect(await post(port, EVENT)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '30' },
      body: { error: 'the event could not be written to disk', code: 'STORE_FULL', retryable: true },
    });
    const health = () => send(port, 'GET', '/health');
    expect(await health()).toMatchObject({
      status: 503,
      body: { status: 'spool-unwritable', code: 'STORE_FULL' },
    });
    full = false;
    expect((await post(port, EVENT)).status).toBe(202);
    expect((await health()).status).toBe(200);
  });

  it('tells how things stand, without a signature and without a secret', async () => {
    const { port } = await listen();
    const reply = await send(port, 'GET', '/health');
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
    expect(reply.body).toEqual({ status: 'ok', queued: 3, inFlight: 1, oldestAgeS: 7, failed: 2 });
    expect(await send(port, 'HEAD', '/health')).toMatchObject({ status: 200, body: undefined });
  });

  it.each([
    ['GET', '/', 405, 'POST'],
    ['PUT', '/events', 405, 'POST'],
    ['POST', '/health', 405, 'GET, HEAD'],
    ['GET', '/nothing', 404, undefined],
    ['POST', '/events/', 404, undefined],
    ['POST', '//', 404, undefined],
    ['GET', '/../health', 404, undefined],
  ])('%s %s: %i', async (method, path, status, allow) => {
    const { port, accepted } = await listen();
    const reply = await send(port, method, path, method === 'POST' ? EVENT : '', sign(EVENT));
    expect(reply.status).toBe(status);
    expect(reply.headers['allow']).toBe(allow);
    expect(accepted).toEqual([]);
  });

  it('refuses webhooks once it is stopping, and closes the connection', async () => {
    const { port, accepted } = await listen();
    entry?.refuse();
    expect(await post(port, EVENT)).toMatchObject({ status: 503, headers: { connection: 'close' } });
    expect(await send(port, 'GET', '/health')).toMatchObject({ status: 503, body: { status: 'stopping' } });
    expect(accepted).toEqual([]);
  });

  it('an unforeseen failure is a 500 that tells nothing', async () => {
    const { port } = await listen({ health: () => Promise.reject(new Error(`the ${SECRET}`)) });
    const reply = await send(port, 'GET', '/health');
    expect(reply.status).toBe(500);
    expect(JSON.stringify(reply.body)).not.toContain(SECRET);
  });

  it.each([
    ['its headers', 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['its body', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${EVENT.length}\r\n\r\n`],
  ])('a sender that trickles %s is cut off', async (_, head) => {
    const { port, accepted } = await listen({ timeouts: { headersMs: 200, requestMs: 400 } });
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    let reply = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      reply += part;
    });
    socket.write(head);
    const trickle = setInterval(() => socket.writable && socket.write('a'), 50);
    await once(socket, 'close');
    clearInterval(trickle);
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
    expect(accepted).toEqual([]);
  });

  it('a sender that goes away in the middle leaves nothing', async () => {
    const { port, accepted } = await listen();
    const socket = net.connect(port, '127.0.0.1').resume();
    socket.end(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT.slice(0, 20)}`);
    await once(socket, 'close');
    expect(accepted).toEqual([]);
    expect((await post(port, EVENT)).status).toBe(202);
  });
});
