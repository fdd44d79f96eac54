import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { readText } from '../../src/http/read-body.ts';
import { createTransport, type Transport, type TransportOptions } from '../../src/http/transport.ts';
import { failure } from '../failure.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(listener: http.RequestListener, host = '127.0.0.1', port = 0): Promise<URL> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return new URL(`http://${host}:${(server.address() as AddressInfo).port}/`);
}

function transport(options: TransportOptions = {}): Transport {
  const created = createTransport(options);
  closers.push(async () => created.close());
  return created;
}

const get = (url: URL, signal = unlimited.signal) =>
  ({ method: 'GET', url, headers: {}, signal, failure: 'MEDIA_UNAVAILABLE' }) as const;

const drain = async (body: AsyncIterable<Uint8Array>) => {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.byteLength;
  return bytes;
};

describe('createTransport', () => {
  it('sends method, headers and body, and hands over status, headers and body', async () => {
    const url = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.writeHead(418, { 'x-seen': `${request.method} ${request.headers['content-length']}` });
        response.end(Buffer.concat(parts));
      });
    });
    const response = await transport().send({ ...get(url), method: 'POST', body: 'grüße' });
    expect(response.status).toBe(418);
    expect(response.headers['x-seen']).toBe('POST 7');
    expect(await readText(response.body, 100, 'UNEXPECTED')).toBe('grüße');
  });

  it('follows no redirect of its own accord', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );
    const response = await transport().send(get(url));
    response.discard();
    expect(response.status).toBe(302);
    expect(response.headers['location']).toBe('/elsewhere');
  });

  it('reuses a connection whose body was read to its end', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    });
    const client = transport();
    for (let call = 0; call < 3; call += 1) {
      const response = await client.send(get(url));
      await drain(response.body);
    }
    expect(ports.size).toBe(1);
  });

  it.each([
    ['no response', { headersMs: 50 }, () => {}],
    ['a stalled body', { idleMs: 50 }, (response: http.ServerResponse) => response.write('some')],
  ] as const)('gives up on %s', async (_name, timeouts, act) => {
    const url = await serve((_request, response) => act(response));
    const client = transport({ timeouts });
    const error = await failure(client.send(get(url)).then((response) => drain(response.body)));
    expect(error).toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true });
  });

  it('gives up on a body that crawls', async () => {
    const url = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
    });
    const timeouts = { minimumSpeedWindowMs: 100, minimumBytesPerSecond: 100_000 };
    const response = await transport({ timeouts }).send(get(url));
    expect((await failure(drain(response.body))).message).toMatch(/too slow/);
  });

  it('does not blame the host for a slow consumer', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(1024 * 1024)));
    const response = await transport({ timeouts: { idleMs: 40 } }).send(get(url));
    let bytes = 0;
    for await (const chunk of response.body) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 200));
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(1024 * 1024);
  });

  it('a body cut short of its Content-Length is an error, not an end', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(Buffer.alloc(500), () => response.destroy());
    });
    const response = await transport().send(get(url));
    expect(await failure(drain(response.body))).toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true });
  });

  it('a chunked body cut before its last chunk is an error', async () => {
    const url = await serve((_request, response) => {
      response.write(Buffer.alloc(500), () => response.destroy());
    });
    const response = await transport().send(get(url));
    expect((await failure(drain(response.body))).code).toBe('MEDIA_UNAVAILABLE');
  });

  it('reports a refused connection with host and system code, without path or query', async () => {
    const url = await serve(() => {});
    await closers.pop()?.();
    const error = await failure(transport().send(get(new URL('/secret/path?sig=canary', url))));
    expect(error.code).toBe('MEDIA_UNAVAILABLE');
    expect(error.message).toContain('ECONNREFUSED');
    expect(JSON.stringify(error)).not.toMatch(/secret|canary/);
  });

  it('stops with the reason of its signal, before, during headers and during the body', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/body') response.write('some');
    });
    const client = transport();
    const reason = new ArchiveError('OUT_OF_TIME', 'over');
    expect(await failure(client.send(get(url, AbortSignal.abort(reason))))).toBe(reason);

    const headers = new AbortController();
    const waiting = failure(client.send(get(url, headers.signal)));
    setTimeout(() => headers.abort(reason), 30);
    expect(await waiting).toBe(reason);

    const body = new AbortController();
    const response = await client.send(get(new URL('/body', url), body.signal));
    const reading = failure(drain(response.body));
    setTimeout(() => body.abort(reason), 30);
    expect(await reading).toBe(reason);
  });

  it('readText refuses an answer over its limit', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(2000)));
    const response = await transport().send(get(url));
    expect((await failure(readText(response.body, 1000, 'GENESYS_BAD_RESPONSE'))).code).toBe(
      'GENESYS_BAD_RESPONSE',
    );
  });
});

describe('createTransport with a guard', () => {
  /** Servers where a failing guard would end up: on this machine, and counting. */
  async function decoys() {
    let connections = 0;
    const first = await serve(() => {}, '127.0.0.2');
    for (const host of ['127.0.0.2', '127.0.0.3']) {
      const server = net.createServer(() => {
        connections += 1;
      });
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    }
    return { port: Number(first.port), count: () => connections };
  }

  it.each([
    ['a private address', ['10.0.0.1']],
    ['a metadata address', ['169.254.169.254']],
    ['one bad address among good ones', ['93.184.216.34', '192.168.0.7']],
    ['another loopback address', ['127.0.0.2']],
    ['a mapped address', ['::ffff:10.0.0.1']],
    ['no valid address at all', ['not-an-address']],
  ])('refuses %s before a connection is made', async (_name, addresses) => {
    const { count } = await decoys();
    const made: unknown[] = [];
    const client = transport({
      guard: { allowLoopback: true },
      resolve: async () => addresses,
      connect: (target) => {
        made.push(target);
        return new net.Socket();
      },
    });
    const error = await failure(client.send(get(new URL('https://media.example.com/x'))));
    expect(error.code).toBe('URL_REFUSED');
    expect(made).toEqual([]);
    expect(count()).toBe(0);
  });

  it('connects to the very addresses it checked, even when the name resolves to another next (rebinding)', async () => {
    const good = await serve((_request, response) => response.end('good'));
    let decoyed = 0;
    await serve(
      (_request, response) => {
        decoyed += 1;
        response.end('decoy');
      },
      '127.0.0.2',
      Number(good.port),
    );
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.2']];
    const client = transport({
      guard: { allowLoopback: true },
      resolve: async () => answers.shift() ?? ['127.0.0.2'],
    });
    const url = new URL(`http://media.example.com:${good.port}/`);
    const response = await client.send(get(url));
    expect(await readText(response.body, 100, 'UNEXPECTED')).toBe('good');
    expect((await failure(client.send(get(url)))).code).toBe('URL_REFUSED');
    expect(decoyed).toBe(0);
  });

  it('refuses IP literals of the host itself', async () => {
    const { port, count } = await decoys();
    const client = transport({ guard: { allowLoopback: true } });
    expect((await failure(client.send(get(new URL(`http://127.0.0.2:${port}/`))))).code).toBe('URL_REFUSED');
    expect(count()).toBe(0);
  });

  it('hands a public address on to the connector', async () => {
    const made: unknown[] = [];
    const client = transport({
      guard: { allowLoopback: false },
      resolve: async () => ['93.184.216.34', '2606:4700::1111'],
      connect: (target) => {
        made.push(target);
        const socket = new net.Socket();
        process.nextTick(() => socket.destroy(new Error('no network in tests')));
        return socket;
      },
    });
    await failure(client.send(get(new URL('https://media.example.com/x'))));
    expect(made).toEqual([
      { host: 'media.example.com', port: 443, addresses: ['93.184.216.34', '2606:4700::1111'] },
    ]);
  });
});
