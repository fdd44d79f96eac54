import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES } from '../../../src/http/response-head.ts';
import { createTransport, type TransportOptions } from '../../../src/http/transport.ts';
import { failure } from '../../failure.ts';
import { collect, sendBy } from '../requests.ts';

type Handler = (socket: Socket, request: { readonly index: number; readonly text: string }) => void;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** TLS with a key that both sides know: it needs no certificate. */
const PSK = { psk: Buffer.alloc(32, 1), identity: 'test' };
const PSK_CIPHERS = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
const PSK_SERVER: tls.TlsOptions = { ...PSK_CIPHERS, pskCallback: () => PSK.psk };
const PSK_CLIENT: tls.ConnectionOptions = {
  ...PSK_CIPHERS,
  pskCallback: () => PSK,
  checkServerIdentity: () => undefined,
};

/** A server that answers by hand: `handler` is called with each request's text, `index` counting those of one connection. */
async function serveBy(handler: Handler, isTls: boolean, { allowHalfOpen = false } = {}) {
  const sockets: Socket[] = [];
  const accept = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.setNoDelay(true);
    let text = '';
    let index = 0;
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const whole = text;
      text = '';
      handler(socket, { index, text: whole });
      index += 1;
    });
  };
  const server = isTls
    ? tls.createServer({ ...PSK_SERVER, allowHalfOpen }, accept)
    : net.createServer({ allowHalfOpen }, accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`), sockets };
}

/** Two ways of reading: the socket hands its bytes over as they come, or they are gathered first, as they are for TLS. */
const ways: Readonly<Record<string, TransportOptions>> = {
  fed: { readBytes: 1000 },
  gathered: {
    guard: { allowLoopback: true },
    connect: ({ host, port }) => net.connect({ host, port, noDelay: true }),
  },
  'gathered over TLS': {
    guard: { allowLoopback: true },
    connect: ({ host, port }) => tls.connect({ ...PSK_CLIENT, host, port }),
  },
};

function client(options: TransportOptions) {
  const transport = createTransport(options);
  closers.push(() => transport.close());
  return sendBy(transport);
}

/** What was written before must have been sent by now: the next write is one of its own. */
const flushed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.write('', () => setTimeout(resolve, 1));
  });

async function writeAll(socket: Socket, pieces: Iterable<string | Buffer>): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await flushed(socket);
  }
}

const ok = (body: string, ...lines: string[]) =>
  ['HTTP/1.1 200 OK', ...lines, `content-length: ${body.length}`, '', body].join('\r\n');

/** The next event of the event loop that has anything to read has been dealt with. */
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(Object.entries(ways))('a connection that is %s', (way, options) => {
  const isTls = way.endsWith('TLS');
  const serve = (handler: Handler, how = {}) => serveBy(handler, isTls, how);

  it('sends the request as it is meant', async () => {
    let seen = '';
    const { url } = await serve((socket, { text }) => {
      seen = text;
      socket.write(ok(''));
    });
    await client(options)(url, { method: 'POST', headers: { 'x-a': 'é' }, body: Buffer.from([1, 0xff]) });
    expect(seen.replace(/(user-agent: genesys-media-archive\/)[\w.+-]+/, '$1…')).toBe(
      `POST /a?b=c HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n` +
        'user-agent: genesys-media-archive/…\r\nx-a: é\r\ncontent-length: 2\r\n\r\n\x01\xff',
    );
  });

  it('sends a long body whole, behind the head as it is meant', async () => {
    const body = Buffer.from(Array.from({ length: 1_300_000 }, (_, at) => (at * 7) % 251));
    const received: Buffer[] = [];
    let head = '';
    let size = 0;
    const { url, sockets } = await serve((socket, { index, text }) => {
      if (index > 0) {
        socket.write(ok('again'));
        return;
      }
      const take = (bytes: Buffer) => {
        received.push(bytes);
        size += bytes.byteLength;
        if (size === body.byteLength) socket.write(ok('taken'));
      };
      head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
      take(Buffer.from(text.slice(head.length), 'latin1'));
      socket.on('data', take);
    });
    const send = client(options);
    const { body: answer } = await send(url, { method: 'PUT', headers: { 'x-a': 'é' }, body });
    expect((await collect(answer)).toString()).toBe('taken');
    expect(head).toContain('x-a: é\r\ncontent-length: 1300000\r\n');
    expect(Buffer.concat(received).equals(body)).toBe(true);
    expect((await collect((await send(url)).body)).toString()).toBe('again');
    expect(sockets.length).toBe(1);
  });

  it('skips interim answers, in one piece with the final one or not', async () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n';
    const { url, sockets } = await serve((socket, { index }) => {
      if (index === 0) socket.write(`${interim}${ok('one', 'x: 1')}`);
      else void writeAll(socket, [interim.slice(0, 60), interim.slice(60), ok('two')]);
    });
    const send = client(options);
    const first = await send(url);
    expect({ ...first.headers }).toStrictEqual({ x: '1', 'content-length': '3' });
    expect(await collect(first.body)).toStrictEqual(Buffer.from('one'));
    const second = await send(url);
    expect(await collect(second.body)).toStrictEqual(Buffer.from('two'));
    expect(sockets.length).toBe(1);
  });

  it('skips sixteen of them, and not one more', async () => {
    const { url } = await serve((socket, { text }) => {
      const interims = Number(/x-interims: (\d+)/.exec(text)?.[1]);
      socket.write(`${'HTTP/1.1 102 P\r\n\r\n'.repeat(interims)}${ok('done')}`);
    });
    const send = client(options);
    const { body } = await send(url, { headers: { 'x-interims': '16' } });
    expect((await collect(body)).toString()).toBe('done');
    const { message } = await failure(send(url, { headers: { 'x-interims': '17' } }));
    expect(message).toBe(`${url.host}: too many interim responses`);
  });

  it('refuses interim answers without end', async () => {
    const { url } = await serve((socket) => socket.write('HTTP/1.1 102 P\r\n\r\n'.repeat(50_000)));
    expect((await failure(client({ ...options, readBytes: 1024 * 1024 })(url))).message).toContain(
      'too many interim responses',
    );
  });

  it('refuses to become another protocol', async () => {
    const { url } = await serve((socket) => socket.write('HTTP/1.1 101 Switching\r\n\r\n'));
    expect((await failure(client(options)(url))).message).toContain('the response is malformed');
  });

  it('reads a head that comes byte by byte', async () => {
    const { url } = await serve((socket) => {
      void writeAll(socket, ok('body', 'etag: "x"'));
    });
    const { headers, body } = await client(options)(url);
    expect(headers['etag']).toBe('"x"');
    expect(await collect(body)).toStrictEqual(Buffer.from('body'));
  });

  it('reads a body that begins in the piece in which the head ends', async () => {
    const whole = ok('body');
    const head = whole.length - 4;
    for (const cut of [1, head - 20, head - 3, head - 1, head + 2]) {
      const { url, sockets } = await serve((socket) => {
        void writeAll(socket, [whole.slice(0, cut), whole.slice(cut)]);
      });
      const send = client(options);
      for (let round = 0; round < 2; round += 1) {
        expect((await collect((await send(url)).body)).toString()).toBe('body');
      }
      expect(sockets.length).toBe(1);
    }
  });

  it('reads chunks that come byte by byte', async () => {
    const wire =
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\nt: v\r\n\r\n';
    const { url, sockets } = await serve((socket) => void writeAll(socket, wire));
    const send = client(options);
    for (let round = 0; round < 2; round += 1) {
      expect(await collect((await send(url)).body)).toStrictEqual(Buffer.from('abcd'));
    }
    expect(sockets.length).toBe(1);
  });

  it('takes a head of 32 KiB, and no longer one, whether it ends or not', async () => {
    const start = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ';
    const { url } = await serve((socket, { text }) => {
      const extra = /x-extra: (\S+)/.exec(text)?.[1] ?? '';
      if (extra === 'endless') socket.write('x'.repeat(MAX_HEAD_BYTES));
      else socket.write(`${start}${'y'.repeat(MAX_HEAD_BYTES - 4 - start.length + Number(extra))}\r\n\r\n`);
    });
    const send = client(options);
    const { headers } = await send(url, { headers: { 'x-extra': '0' } });
    expect(headers['x']?.length).toBe(MAX_HEAD_BYTES - 4 - start.length);
    for (const extra of ['1', '5', '9000', 'endless']) {
      const { message, code } = await failure(send(url, { headers: { 'x-extra': extra } }));
      expect(code).toBe('MEDIA_UNAVAILABLE');
      expect(message).toBe(`${url.host}: the head of the response is too long`);
    }
  });

  it.each(['SSH-2.0-x\r\n\r\n', 'HTTP/1.1 200 OK\r\na : b\r\n\r\n'])('refuses %j', async (answer) => {
    const { url, sockets } = await serve((socket) => socket.write(answer));
    expect((await failure(client(options)(url))).message).toBe(`${url.host}: the response is malformed`);
    await until(() => sockets[0]?.closed === true);
  });

  it.each([
    ['a length', 'content-length: 3\r\n\r\nabc'],
    ['no body', 'content-length: 0\r\n\r\n'],
    ['chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  ])('takes nothing behind a response with %s for the next one', async (_what, answer) => {
    const { url, sockets } = await serve((socket, { index }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${answer}${index === 0 ? ok('evil') : ''}`);
    });
    const send = client(options);
    await collect((await send(url)).body);
    await collect((await send(url)).body);
    expect(sockets.length).toBe(2);
    await until(() => sockets[0]?.closed === true);
  });

  it('is destroyed by bytes that come when it is idle', async () => {
    const { url, sockets } = await serve((socket) => socket.write(ok('abc')));
    const send = client(options);
    await collect((await send(url)).body);
    sockets[0]?.write(ok('evil'));
    await until(() => sockets[0]?.closed === true);
    expect(await collect((await send(url)).body)).toStrictEqual(Buffer.from('abc'));
    expect(sockets.length).toBe(2);
  });

  it.each([
    ['a length', ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n', 'abc']],
    ['an empty body', ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n']],
    [
      'chunks whose end comes by itself',
      ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc', '\r\n0', '\r\n\r\n'],
    ],
  ])('is not used again when the server has closed it behind %s', async (_what, pieces) => {
    const { url, sockets } = await serve((socket) => void writeAll(socket, pieces));
    const send = client(options);
    await collect((await send(url)).body);
    sockets[0]?.end();
    // Closed both ways: the client has seen the end of it, although nobody asked for anything.
    await until(() => sockets[0]?.closed === true);
    await collect((await send(url)).body);
    expect(sockets.length).toBe(2);
  });

  it('is not kept when it was answered before the request was sent', async () => {
    const { url, sockets } = await serve((socket, { text }) => {
      if (text.startsWith('PUT')) socket.pause();
      socket.write(ok('early'));
    });
    const send = client(options);
    const { body } = await send(url, { method: 'PUT', body: Buffer.alloc(32 * 1024 * 1024) });
    expect(await collect(body)).toStrictEqual(Buffer.from('early'));
    await collect((await send(url)).body);
    expect(sockets.length).toBe(2);
  });

  it('is used again after HEAD, 204, 304, an empty body, a length and chunks', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n',
      ok(''),
      ok('abc'),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\nbc\r\n0\r\nt: v\r\n\r\n',
    ];
    const { url, sockets } = await serve((socket, { index }) => socket.write(answers[index] ?? ok('last')));
    const send = client(options);
    const bodies: string[] = [];
    for (const method of ['HEAD', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET'] as const) {
      bodies.push((await collect((await send(url, { method })).body)).toString());
    }
    expect(bodies).toStrictEqual(['', '', '', '', 'abc', 'abc', 'last']);
    expect(sockets.length).toBe(1);
  });

  it('does not mind that an empty body is read when it serves the next request already', async () => {
    const answers: (() => void)[] = [];
    const { url, sockets } = await serve((socket, { index }) => {
      if (index === 1) answers.push(() => socket.write(ok('second')));
      else socket.write(ok(index === 0 ? '' : 'third'));
    });
    const send = client(options);
    const first = await send(url);
    const second = send(url);
    await until(() => answers.length === 1);
    expect((await collect(first.body)).length).toBe(0);
    answers[0]?.();
    expect((await collect((await second).body)).toString()).toBe('second');
    expect((await collect((await send(url)).body)).toString()).toBe('third');
    expect(sockets.length).toBe(1);
  });

  it.each(isTls ? [] : ['while it is idle'])('is not used again after a reset %s', async () => {
    const { url, sockets } = await serve((socket) => socket.write(ok('abc')));
    const send = client(options);
    await collect((await send(url)).body);
    sockets[0]?.resetAndDestroy();
    await until(() => sockets[0]?.closed === true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    // On a busy machine the reset comes when the next request is under way already: that one fails, and no other.
    const { body } = await send(url).catch(() => send(url));
    expect((await collect(body)).toString()).toBe('abc');
    expect(sockets.length).toBe(2);
  });

  it('is not used again after "connection: close"', async () => {
    const { url, sockets } = await serve((socket) => socket.write(ok('abc', 'connection: close')));
    const send = client(options);
    expect(await collect((await send(url)).body)).toStrictEqual(Buffer.from('abc'));
    await until(() => sockets[0]?.closed === true);
    await collect((await send(url)).body);
    expect(sockets.length).toBe(2);
  });

  it('ends a body that only the end of the connection ends', async () => {
    const { url } = await serve((socket, { text }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      if (text.includes('x-empty')) socket.end();
      else socket.end('x'.repeat(70_000));
    });
    const send = client(options);
    expect((await collect((await send(url)).body)).length).toBe(70_000);
    expect((await collect((await send(url, { headers: { 'x-empty': '1' } })).body)).length).toBe(0);
  });

  it.each([
    ['a length', 'content-length: 9\r\n\r\nabc'],
    ['a chunk', 'transfer-encoding: chunked\r\n\r\n9\r\nabc'],
    ['chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n'],
  ])('tells of a connection that ends inside %s, after the bytes that came', async (_what, answer) => {
    const { url } = await serve((socket) => socket.end(`HTTP/1.1 200 OK\r\n${answer}`));
    const { body } = await client(options)(url);
    let got = '';
    const { code, message } = await failure(
      (async () => {
        for await (const chunk of body) got += Buffer.from(chunk).toString();
      })(),
    );
    expect(got).toBe('abc');
    expect(code).toBe('MEDIA_UNAVAILABLE');
    expect(message).toBe(`${url.host}: the connection ended inside the body`);
  });

  // Node resets no connection under TLS.
  it.each(isTls ? [] : ['content-length: 9', 'transfer-encoding: chunked', 'x: y'])(
    'a reset in the middle of a body with "%s" is an error',
    async (line) => {
      const { url, sockets } = await serve((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n2\r\n`),
      );
      const { body } = await client(options)(url);
      const iterator = body[Symbol.asyncIterator]();
      const work = (async () => {
        for (;;) if ((await iterator.next()).done === true) return;
      })();
      await turn();
      sockets[0]?.resetAndDestroy();
      expect(await failure(work)).toMatchObject({
        code: 'MEDIA_UNAVAILABLE',
        message: `${url.host}: Error ECONNRESET`,
      });
    },
  );

  it.each(isTls ? [] : ['there is a response'])('tells of a reset before %s', async () => {
    const { url } = await serve((socket) => socket.resetAndDestroy());
    expect((await failure(client(options)(url))).message).toBe(`${url.host}: Error ECONNRESET`);
  });

  it('gives up at once when the server ends the connection and reads no more of the request', async () => {
    const { url, sockets } = await serve(
      (socket) => {
        socket.pause();
        socket.end();
      },
      { allowHalfOpen: true },
    );
    const { message } = await failure(
      client(options)(url, { method: 'PUT', body: Buffer.alloc(32 * 1024 * 1024) }),
    );
    expect(message).toBe(`${url.host}: the connection was closed`);
    expect(sockets.length).toBe(1);
  });

  it('tells of a connection that ends before there is a response', async () => {
    const { url } = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\n'));
    expect((await failure(client(options)(url))).message).toBe(`${url.host}: the connection was closed`);
  });

  it('tells of a malformed chunk', async () => {
    const { url, sockets } = await serve((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n'),
    );
    const { body } = await client(options)(url);
    expect(await failure(collect(body))).toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: `${url.host}: the body is malformed`,
    });
    await until(() => sockets[0]?.closed === true);
  });

  it('gives the connection up when the body is discarded, and keeps it without a body', async () => {
    const { url, sockets } = await serve((socket, { index }) =>
      socket.write(index === 0 ? ok('') : 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
    );
    const send = client(options);
    (await send(url)).discard();
    (await send(url)).discard();
    expect(sockets.length).toBe(1);
    await until(() => sockets[0]?.closed === true);
  });

  it('reads no faster than it is asked', async () => {
    const block = Buffer.alloc(1024 * 1024, 7);
    const BLOCKS = 64;
    let written = 0;
    const { url } = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${block.length * BLOCKS}\r\n\r\n`);
      const more = () => {
        if (written === BLOCKS) return;
        written += 1;
        socket.write(block, more);
      };
      more();
    });
    const { body } = await client({ ...options, readBytes: 64 * 1024 })(url);
    // The server writes until what it has written is taken no more: the buffers of the system are full.
    let before = -1;
    for (let quiet = 0; quiet < 20; quiet = written === before ? quiet + 1 : 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(written).toBeLessThan(BLOCKS / 2);
    expect((await collect(body)).length).toBe(block.length * BLOCKS);
    expect(written).toBe(BLOCKS);
  });

  it('hands over exactly the bytes that were sent, in any pieces', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const next = random(seed);
      const body = Buffer.from(Array.from({ length: Math.floor(next() * 20_000) }, () => next() * 256));
      const chunked = seed % 2 === 0;
      const wire: Buffer[] = [];
      if (chunked) {
        for (let at = 0; at < body.length; ) {
          const size = 1 + Math.floor(next() ** 3 * 5000);
          const data = body.subarray(at, at + size);
          wire.push(Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n'));
          at += size;
        }
        wire.push(Buffer.from('0\r\n\r\n'));
      } else wire.push(body);
      const whole = Buffer.concat(wire);
      const pieces: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const size = 1 + Math.floor(next() ** 2 * 3000);
        pieces.push(whole.subarray(at, at + size));
        at += size;
      }
      const framing = chunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`;
      const { url, sockets } = await serve((socket) => {
        void writeAll(socket, [`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`, ...pieces]);
      });
      const send = client(options);
      for (let round = 0; round < 2; round += 1) {
        expect((await collect((await send(url)).body)).equals(body)).toBe(true);
      }
      expect(sockets.length).toBe(1);
    }
  });

  it.each(['a\r\nx-evil: 1', 'a\nb', 'a\rb', 'a\0b', 'a\u{100}'])(
    'does not send a header with the value %j',
    async (value) => {
      const { url, sockets } = await serve((socket) => socket.write(ok('')));
      const send = client(options);
      await expect(send(url, { headers: { 'x-a': value } })).rejects.toThrow(TypeError);
      await send(url);
      expect(sockets.length).toBe(1);
    },
  );
});
