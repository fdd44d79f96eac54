import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionPool, type Target } from '../../../src/http/connection/pool.ts';
import { createTransport, type HttpResponse, type TransportOptions } from '../../../src/http/transport.ts';
import { collect, sendBy } from '../requests.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** `sockets` are the connections that are open, `accepted` counts all there were. */
async function serve(listener: http.RequestListener, host = '127.0.0.1', port = 0) {
  const server = http.createServer({ keepAliveTimeout: 0 }, listener);
  const sockets = new Set<net.Socket>();
  const counted = { accepted: 0 };
  server.on('connection', (socket) => {
    counted.accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const { port: given } = server.address() as AddressInfo;
  return { url: new URL(`http://${host}:${given}/`), sockets, counted };
}

function client(options: TransportOptions = {}) {
  const transport = createTransport(options);
  closers.push(() => transport.close());
  return { transport, send: sendBy(transport) };
}

async function text({ body }: HttpResponse): Promise<string> {
  return (await collect(body)).toString();
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

/** Connections that keep this process alive, at both of their ends. */
const referenced = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describe('the connections of a client', () => {
  it('are those of one host and port each', async () => {
    const first = await serve((_request, response) => response.end('first'));
    const port = Number(first.url.port);
    const second = await serve((_request, response) => response.end('second'), '127.0.0.2', port);
    const third = await serve((_request, response) => response.end('third'));
    const { send } = client();
    const bodies: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      for (const { url } of [first, second, third]) bodies.push(await text(await send(url)));
    }
    expect(bodies).toStrictEqual(['first', 'second', 'third', 'first', 'second', 'third']);
    expect([first, second, third].map(({ counted }) => counted.accepted)).toStrictEqual([1, 1, 1]);
  });

  it.each([
    ['64 of them are kept', {}, 70, 64],
    ['of those with large buffers, 16 MiB of them are kept', { readBytes: 4 * 1024 * 1024 }, 6, 4],
  ] as const)('are as many as are needed at once; %s', async (_what, options, most, kept) => {
    let waiting: http.ServerResponse[] = [];
    const { url, sockets, counted } = await serve((_request, response) => void waiting.push(response));
    const { send } = client(options);
    const askFor = async (count: number) => {
      const work = Promise.all(Array.from({ length: count }, async () => text(await send(url))));
      await until(() => waiting.length === count);
      for (const response of waiting) response.end('ok');
      waiting = [];
      await work;
    };
    await askFor(most);
    await until(() => sockets.size <= kept);
    await askFor(kept);
    expect(sockets.size).toBe(kept);
    expect(counted.accepted).toBe(most);
  });

  it('do not keep the process alive while they are idle', async () => {
    let answer: http.ServerResponse | undefined;
    const { url, sockets, counted } = await serve((_request, response) => {
      answer = response;
    });
    const { send } = client();
    const seen: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const response = send(url);
      await until(() => answer !== undefined);
      seen.push(referenced());
      answer?.end('ok');
      answer = undefined;
      await text(await response);
      seen.push(referenced());
    }
    expect(seen.map((count) => count - (seen[0] as number))).toStrictEqual([0, -1, 0, -1]);
    expect([sockets.size, counted.accepted]).toStrictEqual([1, 1]);
  });

  it('end with the client, those in use with their response', async () => {
    let answer: http.ServerResponse | undefined;
    const { url, sockets } = await serve((request, response) => {
      if (request.url === '/idle') {
        response.end('ok');
        return;
      }
      answer = response.writeHead(200, { 'content-length': '4' });
      answer.write('so');
    });
    const { transport, send } = client();
    const { body } = await send(url);
    await text(await send(new URL('/idle', url)));
    expect(sockets.size).toBe(2);
    transport.close();
    await until(() => sockets.size === 1);
    answer?.end('me');
    let all = '';
    for await (const chunk of body) all += Buffer.from(chunk).toString();
    expect(all).toBe('some');
    await until(() => sockets.size === 0);
  });

  it.skipIf(process.platform !== 'linux')('are probed while they are idle [needs: linux]', async () => {
    const { url } = await serve((_request, response) => response.end('ok'));
    const { send } = client();
    await text(await send(url));
    const port = Number(url.port).toString(16).toUpperCase().padStart(4, '0');
    // Of the client's end: remote address and port, state 01 (established), …, timer 02 (keep-alive) and when it fires, 1/100 s.
    const end = new RegExp(`: \\S+ 0100007F:${port} 01 \\S+ 02:([0-9A-F]{8}) `);
    const [, fires = ''] = end.exec(readFileSync('/proc/net/tcp', 'utf8')) ?? [];
    expect(Number.parseInt(fires, 16)).toBeGreaterThan(0);
    expect(Number.parseInt(fires, 16)).toBeLessThanOrEqual(110);
  });
});

describe('a new connection', () => {
  const at = (url: URL, addresses: readonly string[] | undefined, host = 'localhost'): Target => ({
    secure: false,
    host,
    port: Number(url.port),
    addresses,
  });
  async function addressOf(target: Target): Promise<string | undefined> {
    const { socket } = new ConnectionPool({ readBytes: 1000 }).open(target);
    closers.push(() => void socket.destroy());
    await once(socket, 'connect');
    return (socket as net.Socket).remoteAddress;
  }

  it('goes to nothing but the addresses that were checked, to the next where the first does not answer', async () => {
    const { url } = await serve(() => {}, '127.0.0.2');
    expect(await addressOf(at(url, ['127.0.0.2']))).toBe('127.0.0.2');
    expect(await addressOf(at(url, ['127.0.0.3', '::1', '127.0.0.2']))).toBe('127.0.0.2');
    expect(await addressOf(at(url, undefined, '127.0.0.2'))).toBe('127.0.0.2');
    // What the name means by itself does not matter.
    const { url: named } = await serve(() => {});
    const refused = { code: 'ECONNREFUSED' };
    await expect(addressOf(at(named, ['127.0.0.3', '127.0.0.4']))).rejects.toMatchObject(refused);
    await expect(addressOf(at(named, ['127.0.0.3']))).rejects.toMatchObject(refused);
  });

  it('goes to the first of them where Node is told to try no others', async () => {
    const { url } = await serve(() => {}, '127.0.0.2');
    const before = net.getDefaultAutoSelectFamily();
    closers.push(() => net.setDefaultAutoSelectFamily(before));
    net.setDefaultAutoSelectFamily(false);
    expect(await addressOf(at(url, ['127.0.0.2', '127.0.0.3']))).toBe('127.0.0.2');
  });
});

describe('a plain connection', () => {
  it('reads into one buffer of its own over and over', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '300000' });
      response.end(Buffer.alloc(300_000, 'x'));
    });
    const { send } = client({ readBytes: 50_000 });
    const homes = new Set<ArrayBufferLike>();
    const seen: Buffer[] = [];
    for (let request = 0; request < 2; request += 1) {
      for await (const chunk of (await send(url)).body) {
        homes.add(chunk.buffer);
        expect(chunk.buffer.byteLength).toBe(50_000);
        seen.push(Buffer.from(chunk));
      }
    }
    expect(Buffer.concat(seen).equals(Buffer.alloc(600_000, 'x'))).toBe(true);
    expect(homes.size).toBe(1);
  });
});

describe('a connection that is handed in', () => {
  /** Answers each request with how many there were. */
  class Answering extends Duplex {
    private count = 0;
    override _read(): void {}
    override _write(_request: Buffer, _encoding: string, done: () => void): void {
      done();
      this.count += 1;
      this.push(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${this.count}`);
    }
  }

  it.each([
    ['with the addresses that were checked', { guard: { allowLoopback: true } }, ['127.0.0.1']],
    ['with none where none were', {}, []],
  ] as const)('is asked for %s, and kept', async (_how, options, addresses) => {
    const asked: unknown[] = [];
    const { send } = client({
      ...options,
      connect: (target) => {
        asked.push(target);
        return new Answering();
      },
    });
    const url = new URL('http://127.0.0.1:8080/');
    expect(await text(await send(url))).toBe('1');
    expect(await text(await send(url))).toBe('2');
    expect(asked).toEqual([{ host: '127.0.0.1', port: 8080, addresses }]);
  });

  it.each([
    ['are used again where a request counts as sent a turn after its answer, as over TLS', 1, 1],
    ['are not used again where a request was answered and never sent', Number.POSITIVE_INFINITY, 3],
  ])('%s', async (_what, turns, opened) => {
    /** Answers at once what it was given, and says some turns of the event loop later that it has taken it. */
    class Late extends Duplex {
      override _read(): void {}

      override _write(_chunk: Buffer, _encoding: string, taken: () => void): void {
        this.push('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere');
        if (turns === 1) setImmediate(taken);
      }
    }
    const made: Duplex[] = [];
    const { send } = client({
      connect: () => {
        made.push(new Late());
        return made.at(-1) as Duplex;
      },
    });
    for (let round = 0; round < 3; round += 1) {
      expect(await text(await send(new URL('http://127.0.0.1:8080/')))).toBe('here');
      // until the pool has looked again
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(made.length).toBe(opened);
    expect(made.filter(({ destroyed }) => !destroyed).length).toBe(opened === 1 ? 1 : 0);
  });
});

describe('a connection that is opened ahead of a request', () => {
  it('is the one that the request takes, connected or not', async () => {
    for (const wait of [0, 50]) {
      const server = await serve((_request, response) => response.end('here'));
      const { transport, send } = client();
      transport.openAhead?.(server.url);
      if (wait > 0) await until(() => server.counted.accepted === 1);
      expect(await text(await send(server.url))).toBe('here');
      expect(server.counted.accepted).toBe(1);
    }
  });

  it('is for one request: a second at the same time opens its own', async () => {
    const server = await serve((_request, response) => response.end('here'));
    const { transport, send } = client();
    transport.openAhead?.(server.url);
    const answers = await Promise.all([send(server.url), send(server.url)]);
    expect(await Promise.all(answers.map(text))).toEqual(['here', 'here']);
    expect(server.counted.accepted).toBe(2);
  });

  it('reports no failure: the request says what is wrong', async () => {
    const server = await serve((_request, response) => response.end());
    const gone = new URL(server.url);
    await closers.pop()?.();
    const { transport, send } = client();
    transport.openAhead?.(gone);
    await expect(send(gone)).rejects.toThrow('ECONNREFUSED');
  });

  it('that the server closes again is not used', async () => {
    let isFirst = true;
    const server = net.createServer((socket) => {
      if (isFirst) socket.destroy();
      else socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere'));
      isFirst = false;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => void server.close());
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { transport, send } = client();
    transport.openAhead?.(url);
    await until(() => !isFirst);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await text(await send(url))).toBe('here');
  });

  it('keeps no process alive', async () => {
    const server = await serve((_request, response) => response.end());
    const { transport } = client();
    const before = referenced();
    transport.openAhead?.(server.url);
    await until(() => server.counted.accepted === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // the server's end of it
    expect(referenced()).toBeLessThanOrEqual(before + 1);
  });

  it('is not opened where addresses are guarded, or through a proxy', async () => {
    const server = await serve((_request, response) => response.end());
    const { transport } = client({ guard: { allowLoopback: true } });
    transport.openAhead?.(server.url);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(server.counted.accepted).toBe(0);
  });
});
