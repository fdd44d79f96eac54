import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import {
  createHttpEntry,
  ENTRY_TIMEOUTS,
  type EntryOptions,
  type HttpEntry,
} from '../../src/serve/http-entry.ts';
import { recordingLogger } from '../recording-logger.ts';

let entry: HttpEntry | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (entry === undefined) return;
  const closed = once(entry.server, 'close');
  entry.server.close();
  entry.server.closeAllConnections();
  await closed;
  entry = undefined;
});

async function listen(options: Partial<EntryOptions> = {}): Promise<number> {
  entry = createHttpEntry({
    secrets: [],
    parse: () => ({ kind: 'ignored', source: 'http', reason: 'a test' }) as never,
    accept: () => Promise.resolve('queued'),
    health: () => Promise.resolve({ queued: 0, inFlight: 0, oldestAgeS: 0, failed: 0 }),
    clock: { now: () => 0 },
    logger: recordingLogger(),
    ...options,
  });
  entry.server.listen(0, '127.0.0.1');
  await once(entry.server, 'listening');
  return (entry.server.address() as AddressInfo).port;
}

function ask(port: number, agent: Agent | false = false): Promise<{ status: number; reused: boolean }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path: '/health', agent });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, reused: request.reusedSocket }));
    });
    request.end();
  });
}

async function connectSilently(port: number): Promise<Socket> {
  const socket = net.connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** However it is closed: a reset is an error first. */
const untilClosed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the connections of the webhook entry', () => {
  it('are kept idle for longer than common proxies keep theirs, unless the settings say otherwise', () => {
    const env = {
      GENESYS_CLIENT_ID: 'id',
      GENESYS_CLIENT_SECRET: 'secret',
      GENESYS_ENVIRONMENT: 'mypurecloud.com',
      ENCRYPTION_KEY_HEX: 'ab'.repeat(32),
    };
    // ALB 60 s, nginx 60 to 75 s, Traefik 90 s, Caddy 120 s
    expect(loadConfig({ env }, 'archive').serveKeepAliveMs).toBeGreaterThan(120_000);
    expect(ENTRY_TIMEOUTS.keepAliveMs).toBeGreaterThan(120_000);
    const set = loadConfig({ env: { ...env, ARCHIVE_SERVE_KEEP_ALIVE: '10m' } }, 'archive');
    expect(set.serveKeepAliveMs).toBe(600_000);
  });

  it('take a request after they have been idle for longer than headers may take', async () => {
    const port = await listen({ timeouts: { headersMs: 100, requestMs: 150, keepAliveMs: 60_000 } });
    const agent = new Agent({ keepAlive: true });
    try {
      expect(await ask(port, agent)).toStrictEqual({ status: 200, reused: false });
      await wait(600);
      expect(await ask(port, agent)).toStrictEqual({ status: 200, reused: true });
    } finally {
      agent.destroy();
    }
  });

  it('are closed when they have been idle for as long as the setting says', async () => {
    const port = await listen({ timeouts: { keepAliveMs: 100 } });
    const socket = await connectSilently(port);
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    socket.resume();
    // without the setting it stays open for longer than a test may take
    await untilClosed(socket);
    expect(socket.closed).toBe(true);
  });

  it('that say nothing are closed after the time for headers', async () => {
    const port = await listen({ timeouts: { headersMs: 100, requestMs: 200 } });
    const socket = await connectSilently(port);
    socket.resume();
    // without the setting it stays open for longer than a test may take
    await untilClosed(socket);
    expect(socket.closed).toBe(true);
  });

  it('do not keep a sender out when as many as are allowed say nothing', async () => {
    const port = await listen();
    const silent: Socket[] = [];
    for (let count = 0; count < 256; count += 1) silent.push(await connectSilently(port));
    expect((await ask(port)).status).toBe(200);
    await wait(20);
    expect(silent.map(({ closed, destroyed }) => closed || destroyed).indexOf(false)).toBe(1);
  });

  it('make room by the one that is idle longest, never by one with a request', async () => {
    let answer = () => {};
    const health = () =>
      new Promise<never>((resolve) => {
        answer = () => resolve({ queued: 0, inFlight: 0, oldestAgeS: 0, failed: 0 } as never);
      });
    const port = await listen({ maxConnections: 2, health });
    const busy = await connectSilently(port);
    busy.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await wait(30);
    const second = await connectSilently(port);
    second.resume();
    const third = await connectSilently(port);
    third.resume();
    await untilClosed(second);
    third.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await wait(30);
    const refused = await connectSilently(port);
    refused.resume();
    await untilClosed(refused);
    expect([busy.destroyed, third.destroyed]).toStrictEqual([false, false]);
    answer();
  });
});
