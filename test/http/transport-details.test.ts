import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { readText } from '../../src/http/read-body.ts';
import { createTransport, type HttpRequest, type TransportOptions } from '../../src/http/transport.ts';
import { failure } from '../failure.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(listener: http.RequestListener): Promise<{ url: URL; server: http.Server }> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), server };
}

function transport(options: TransportOptions = {}) {
  const created = createTransport(options);
  closers.push(() => created.close());
  return created;
}

const get = (url: URL, signal = unlimited.signal) =>
  ({ method: 'GET', url, headers: {}, signal, failure: 'MEDIA_UNAVAILABLE' }) as const;

/** Says nothing, and never connects, unless it is told to. */
function connectingSocket(): net.Socket {
  const socket = new net.Socket();
  Object.defineProperty(socket, 'connecting', { value: true, configurable: true });
  return socket;
}

describe('what a request looks like', () => {
  it('names the product, and states a length only with a body', async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const { url } = await serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    const client = transport();
    await readText((await client.send(get(url))).body, 10, 'UNEXPECTED');
    await readText(
      (await client.send({ ...get(url), method: 'POST', body: 'grüße' })).body,
      10,
      'UNEXPECTED',
    );
    expect(seen[0]?.['user-agent']).toMatch(/^genesys-media-archive\/\d+\.\d+\.\d+/);
    expect(seen[0]).not.toHaveProperty('content-length');
    expect(seen[1]).toMatchObject({ 'content-length': '7' });
    expect(seen[1]).not.toHaveProperty('transfer-encoding');
  });

  it('joins repeated header fields by a comma', async () => {
    const { url } = await serve((_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end();
    });
    const { headers } = await transport().send(get(url));
    expect(headers['set-cookie']).toBe('a=1, b=2');
    expect(Object.values(headers).every((value) => typeof value === 'string')).toBe(true);
  });
});

describe('the length of a body', () => {
  /** Sends what a client sends, and gives back the length it states. */
  async function statedLength(method: HttpRequest['method'], body?: string) {
    let seen: string | undefined;
    const { url } = await serve((request, response) => {
      seen = request.headers['content-length'];
      response.end();
    });
    (await transport().send({ ...get(url), method, ...(body === undefined ? {} : { body }) })).discard();
    return seen;
  }

  it.each(['GET', 'HEAD', 'DELETE'] as const)('is not stated by %s without one', async (method) => {
    expect(await statedLength(method)).toBeUndefined();
    expect(await statedLength(method, 'grüße')).toBe('7');
  });

  it.each(['POST', 'PUT', 'PATCH'] as const)('is 0 for %s without one', async (method) => {
    expect(await statedLength(method)).toBe('0');
    expect(await statedLength(method, 'grüße')).toBe('7');
  });
});

describe('how a request fails', () => {
  it.each([
    ['https://media.example.com/x?secret', 443],
    ['https://media.example.com:444/x?secret', 444],
    ['http://media.example.com/x?secret', 80],
  ])('%s: no connection in time, with the host in the details', async (text, port) => {
    const targets: unknown[] = [];
    const client = transport({
      timeouts: { connectMs: 20, headersMs: 5000 },
      connect: (target) => {
        targets.push(target);
        return connectingSocket();
      },
    });
    const url = new URL(text);
    const error = await failure(client.send(get(url)));
    expect(error).toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: `${url.host}: no connection in time`,
      details: { host: url.host, timedOut: true },
    });
    expect(targets).toEqual([{ host: 'media.example.com', port, addresses: [] }]);
  });

  it('a connection that stands is waited for as long as headers may take', async () => {
    const client = transport({
      timeouts: { connectMs: 1, headersMs: 60 },
      connect: () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() }),
    });
    const error = await failure(client.send(get(new URL('http://media.example.com/'))));
    expect(error).toMatchObject({
      message: 'media.example.com: no response in time',
      details: { host: 'media.example.com', timedOut: true },
    });
  });

  it.each(['connect', 'secureConnect'] as const)('%s ends the time for connecting', async (event) => {
    const url = new URL(event === 'connect' ? 'http://media.example.com/' : 'https://media.example.com/');
    const client = transport({
      timeouts: { connectMs: 40, headersMs: 160 },
      connect: () => {
        const socket = connectingSocket();
        setTimeout(() => socket.emit(event), 5);
        return socket;
      },
    });
    expect((await failure(client.send(get(url)))).message).toBe('media.example.com: no response in time');
  });

  it('a connection that is used again is waited for as long as headers may take', async () => {
    let answered = 0;
    const { url, server } = await serve((_request, response) => {
      answered += 1;
      if (answered === 1) response.end('first');
      else setTimeout(() => response.end('second'), 700);
    });
    let accepted = 0;
    server.on('connection', () => (accepted += 1));
    const client = transport({ timeouts: { connectMs: 500 } });
    expect(await readText((await client.send(get(url))).body, 10, 'UNEXPECTED')).toBe('first');
    expect(await readText((await client.send(get(url))).body, 10, 'UNEXPECTED')).toBe('second');
    expect(accepted).toBe(1);
  });

  it('a connection that cannot even be begun is a failure of the network', async () => {
    const client = transport({
      connect: () => {
        throw Object.assign(new Error('secret'), { code: 'EMFILE' });
      },
    });
    expect(await failure(client.send(get(new URL('http://media.example.com/x'))))).toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: 'media.example.com: Error EMFILE',
      details: { host: 'media.example.com', systemCode: 'EMFILE' },
    });
  });

  it('a connection that is over before it is used is a failure of the network', async () => {
    const client = transport({ connect: () => new Duplex({ read: () => {} }).destroy() });
    const { message } = await failure(client.send(get(new URL('http://media.example.com/x'))));
    expect(message).toBe('media.example.com: the connection was closed');
  });

  it('neither asks for an address nor connects once its signal has aborted', async () => {
    const reason = new ArchiveError('OUT_OF_TIME', 'over');
    const controller = new AbortController();
    const done: string[] = [];
    const client = transport({
      guard: { allowLoopback: true },
      resolve: async () => {
        done.push('resolved');
        controller.abort(reason);
        return ['127.0.0.1'];
      },
      connect: () => {
        done.push('connected');
        return new Duplex({ read: () => {} });
      },
    });
    for (let call = 0; call < 2; call += 1) {
      expect(await failure(client.send(get(new URL('http://localhost/'), controller.signal)))).toBe(reason);
    }
    expect(done).toStrictEqual(['resolved']);
  });

  it('a name without an address, and a resolver that fails, are failures of the network', async () => {
    const url = new URL('https://media.example.com/x');
    const guard = { allowLoopback: false };
    const empty = await failure(transport({ guard, resolve: async () => [] }).send(get(url)));
    expect(empty).toMatchObject({ code: 'MEDIA_UNAVAILABLE', message: 'media.example.com has no address' });
    const resolve = () => Promise.reject(Object.assign(new Error('secret'), { code: 'ENOTFOUND' }));
    const error = await failure(transport({ guard, resolve }).send(get(url)));
    expect(error).toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: 'media.example.com: Error ENOTFOUND',
      details: { host: 'media.example.com' },
    });
    const refused = new ArchiveError('URL_REFUSED', 'not there');
    expect(await failure(transport({ guard, resolve: () => Promise.reject(refused) }).send(get(url)))).toBe(
      refused,
    );
  });

  it('an IP address is checked without being resolved, in brackets or not', async () => {
    const asked: string[] = [];
    const connected: (readonly string[])[] = [];
    const client = transport({
      guard: { allowLoopback: true },
      resolve: (host) => {
        asked.push(host);
        return Promise.resolve(['127.0.0.1']);
      },
      connect: ({ addresses }) => {
        connected.push(addresses);
        const duplex = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
        setImmediate(() => duplex.destroy(new Error('enough')));
        return duplex;
      },
    });
    for (const url of ['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://localhost:1/']) {
      await failure(client.send(get(new URL(url))));
    }
    expect(asked).toEqual(['localhost']);
    expect(connected).toEqual([['127.0.0.1'], ['::1'], ['127.0.0.1']]);
  });

  it('resolves with the system where no resolver is given', async () => {
    const { url } = await serve((_request, response) => response.end('here'));
    const client = transport({ guard: { allowLoopback: true } });
    const response = await client.send(get(new URL(`http://localhost:${url.port}/`)));
    expect(await readText(response.body, 10, 'UNEXPECTED')).toBe('here');
  });
});

describe('what is left afterwards', () => {
  it('any duplex stream that has answered in full can be asked again', async () => {
    const asked: string[] = [];
    let made = 0;
    const client = transport({
      connect: () => {
        made += 1;
        return new Duplex({
          read: () => {},
          write(chunk: Buffer, _encoding, done) {
            asked.push(chunk.toString().split(' ')[1] ?? '');
            this.push('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
            done();
          },
        });
      },
    });
    for (const path of ['/1', '/2']) {
      const { body } = await client.send(get(new URL(path, 'http://media.example.com/')));
      expect(await readText(body, 10, 'UNEXPECTED')).toBe('ok');
    }
    expect([made, asked]).toStrictEqual([1, ['/1', '/2']]);
  });

  const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

  it('a signal that aborts later does nothing, and has no listener any more', async () => {
    const { url } = await serve((_request, response) => response.end('done'));
    const controller = new AbortController();
    const counted = { added: 0, removed: 0 };
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      counted.added += 1;
      expect(args[2]).toEqual({ once: true });
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      expect(args[0]).toBe('abort');
      counted.removed += 1;
      remove(...args);
    };
    const response = await transport().send(get(url, signal));
    expect(await readText(response.body, 10, 'UNEXPECTED')).toBe('done');
    expect(counted.added).toBeGreaterThan(0);
    expect(counted.removed).toBe(counted.added);
    controller.abort();
  });

  it('a response that is discarded closes its connection', async () => {
    let closed = 0;
    const { url } = await serve((request, response) => {
      request.socket.on('close', () => {
        closed += 1;
      });
      response.write('some');
    });
    const response = await transport().send(get(url));
    response.discard();
    await settled();
    expect(closed).toBe(1);
  });

  it('connections are kept until close', async () => {
    const { url, server } = await serve((_request, response) => response.end('ok'));
    const open = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    const client = createTransport();
    await readText((await client.send(get(url))).body, 10, 'UNEXPECTED');
    await settled();
    expect(await open()).toBe(1);
    client.close();
    await settled();
    expect(await open()).toBe(0);
  });
});
