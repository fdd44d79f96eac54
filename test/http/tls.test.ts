import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTransport, type TransportOptions } from '../../src/http/transport.ts';
import { failure } from '../failure.ts';
import { type Certificate, makeCertificate, trust } from './certificates.ts';
import { collect, sendBy } from './requests.ts';

const HOST = 'media.example.com';
const ours = makeCertificate(`DNS:${HOST}`, 'DNS:localhost', 'IP:127.0.0.1');
const strange = makeCertificate(`DNS:${HOST}`, 'IP:127.0.0.1');

/** `at` counts the requests of all connections. */
type Handler = (socket: TLSSocket, request: { readonly at: number; readonly raw: Socket }) => void;

/** What a handshake has come to. */
interface Secured {
  readonly servername: string | false | null | undefined;
  readonly alpnProtocol: string | false | null;
  readonly isResumed: boolean;
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function listen(server: net.Server, raws: readonly Socket[], address: string): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  closers.push(async () => {
    for (const raw of raws) raw.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** A server that answers by hand. `raws` are the connections below TLS, `secured` those whose handshake it has finished. */
async function serve(handler: Handler, { certificate = ours, address = '127.0.0.1' } = {}) {
  const raws: Socket[] = [];
  const secured: Secured[] = [];
  const requests: string[] = [];
  const server = tls.createServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    const raw = raws.at(-1) as Socket;
    secured.push({
      servername: socket.servername,
      alpnProtocol: socket.alpnProtocol,
      isResumed: socket.isSessionReused(),
    });
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      requests.push(text);
      text = '';
      handler(socket, { at: requests.length - 1, raw });
    });
    socket.on('error', () => {});
  });
  server.on('connection', (raw) => {
    raws.push(raw);
    raw.on('error', () => {});
  });
  const port = await listen(server, raws, address);
  return { url: new URL(`https://${HOST}:${port}/a?secret`), server, raws, secured, requests };
}

function client(options: TransportOptions = {}, isGuarded = true) {
  const transport = createTransport({
    // The guard is what makes names lead to addresses of the test's choice.
    ...(isGuarded ? { guard: { allowLoopback: true } } : {}),
    resolve: async () => ['127.0.0.1'],
    ...options,
  });
  closers.push(() => transport.close());
  const send = sendBy(transport);
  const read = async (url: URL) => (await collect((await send(url)).body)).toString();
  return { send, read };
}

const ok = (body: string, ...lines: string[]) =>
  ['HTTP/1.1 200 OK', ...lines, `content-length: ${body.length}`, '', body].join('\r\n');

const withHost = (url: URL, host: string) => new URL(url.href.replace(HOST, host));

describe.skipIf(ours === undefined || strange === undefined)('a connection over TLS [needs: openssl]', () => {
  let distrust = () => {};
  beforeAll(() => {
    distrust = trust(ours as Certificate);
  });
  afterAll(() => distrust());

  it('names the host it wants, and speaks HTTP/1.1 only', async () => {
    const { url, secured } = await serve((socket) => socket.write(ok('here')));
    expect(await client().read(url)).toBe('here');
    expect(secured[0]).toStrictEqual({ servername: HOST, alpnProtocol: 'http/1.1', isResumed: false });
  });

  it('frees each piece of a body once it has been copied, and loses none of it', async () => {
    const content = randomBytes(3_000_000);
    const { url } = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`);
      socket.write(content);
    });
    const pieces: Buffer[] = [];
    const connect = vi.spyOn(tls, 'connect');
    const { send } = client({ readBytes: 100_000 });
    closers.push(() => connect.mockRestore());
    const { body } = await send(url);
    const [{ value: socket } = { value: undefined }] = connect.mock.results;
    (socket as TLSSocket).prependListener('data', (piece: Buffer) => pieces.push(piece));
    expect((await collect(body)).equals(content)).toBe(true);
    // the last ones may have been handed over as they came
    const whole = pieces.filter(({ byteLength }) => byteLength > 0);
    expect(pieces.length).toBeGreaterThan(content.length / 16_384);
    expect(whole.length).toBeLessThanOrEqual(1);
  });

  it('names no host where the host is an address, which the certificate has to hold', async () => {
    const { url, secured } = await serve((socket) => socket.write(ok('here')));
    expect(await client().read(withHost(url, '127.0.0.1'))).toBe('here');
    expect(secured[0]?.servername).toBe(false);
  });

  it('goes to the next address of a host when the first does not answer', async () => {
    const { url } = await serve((socket) => socket.write(ok('here')));
    const { read } = client({ resolve: async () => ['::1', '127.0.0.1'] });
    expect(await read(withHost(url, 'localhost'))).toBe('here');
  });

  it.each([
    ['of another name', ours, 'other.example.com', '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of another address', ours, '127.0.0.2', '127.0.0.2', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that no authority vouches for', strange, HOST, '127.0.0.1', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])(
    'refuses a certificate %s, before a byte of the request is sent',
    async (_what, certificate, host, address, systemCode) => {
      const server = await serve((socket) => socket.write(ok('evil')), { certificate, address });
      const url = withHost(server.url, host);
      const { send } = client({}, net.isIP(host) === 0);
      for (let call = 1; call <= 2; call += 1) {
        const error = await failure(send(url, { headers: { authorization: 'secret' } }));
        expect(error).toMatchObject({
          code: 'TLS_UNTRUSTED',
          retryable: false,
          message: expect.stringMatching(
            new RegExp(`^${url.host}: its certificate is .*\\(${systemCode}\\)$`),
          ),
          details: { host: url.host, systemCode },
        });
        expect(server.raws.length).toBe(call);
      }
      for (const raw of server.raws) if (!raw.closed) await once(raw, 'close');
      expect(server.requests).toStrictEqual([]);
    },
  );

  it('checks the name although a session of the same server could be resumed', async () => {
    const { url, requests } = await serve((socket) => socket.write(ok('here', 'connection: close')));
    const { send, read } = client();
    expect(await read(url)).toBe('here');
    const { message } = await failure(send(withHost(url, 'other.example.com')));
    expect(message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(requests.length).toBe(1);
  });

  it('never sends in the clear what is for TLS, though a connection to the same port is open', async () => {
    const secure = await serve((socket) => socket.write(ok('secure')));
    const raws: Socket[] = [];
    let plain = '';
    const both = net.createServer((raw) => {
      raws.push(raw);
      raw.once('data', (bytes) => {
        // The first byte of a handshake: RFC 8446, section 5.1.
        if (bytes[0] === 22) {
          raw.pause();
          raw.unshift(bytes);
          secure.server.emit('connection', raw);
          return;
        }
        plain += bytes.toString();
        raw.write(ok('plain'));
        raw.on('data', (more) => {
          plain += more.toString();
          raw.write(ok('plain'));
        });
      });
    });
    const port = await listen(both, raws, '127.0.0.1');
    const { read } = client();
    const bodies: string[] = [];
    for (const scheme of ['http', 'https', 'http', 'https']) {
      bodies.push(await read(new URL(`${scheme}://${HOST}:${port}/${scheme}`)));
    }
    expect(bodies).toStrictEqual(['plain', 'secure', 'plain', 'secure']);
    expect(plain.match(/^GET \S+/gm)).toStrictEqual(['GET /http', 'GET /http']);
    expect(raws.length).toBe(2);
  });

  it('is used again', async () => {
    const { url, raws } = await serve((socket, { at }) => socket.write(ok(String(at))));
    const { read } = client();
    expect([await read(url), await read(url), await read(url)]).toStrictEqual(['0', '1', '2']);
    expect(raws.length).toBe(1);
  });

  /** One write that becomes two records of TLS (RFC 8446, section 5.1), which one read brings: an answer, and one nobody asked for. */
  const twoRecords = (answer: string) => {
    const [line = '', ...rest] = answer.split('\r\n');
    const padding = 'x'.repeat(16_384 - answer.length - 'padding: \r\n'.length);
    return `${[line, `padding: ${padding}`, ...rest].join('\r\n')}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`;
  };

  it.each([
    ['an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood', 'good', 200],
    [
      'an answer in chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n',
      'good',
      200,
    ],
    ['an answer of no bytes', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', '', 200],
    ['an answer without a body', 'HTTP/1.1 204 No Content\r\n\r\n', '', 204],
  ])(
    'is not used again when more has come behind %s, though the next request is sent at once',
    async (_what, answer, body, status) => {
      const { url, raws } = await serve((socket) => socket.write(twoRecords(answer)));
      const { send } = client();
      for (let round = 0; round < 20; round += 1) {
        const response = await send(url);
        const got = (await collect(response.body)).toString();
        expect([response.status, got]).toStrictEqual([status, body]);
      }
      expect(raws.length).toBe(20);
    },
  );

  it('resumes the session of the one before, of the same client and the same server', async () => {
    const close = (socket: TLSSocket) => socket.write(ok('here', 'connection: close'));
    const one = await serve(close);
    const other = await serve(close);
    const { read } = client();
    for (const { url } of [one, one, other, one]) await read(url);
    await client().read(one.url);
    expect(one.secured.map(({ isResumed }) => isResumed)).toStrictEqual([false, true, true, false]);
    expect(other.secured.map(({ isResumed }) => isResumed)).toStrictEqual([false]);
  });

  it('resumes no session with which a connection has failed', async () => {
    const { url, server, raws, secured } = await serve((socket) =>
      socket.write(ok('here', 'connection: close')),
    );
    const { send, read } = client();
    await read(url);
    server.once('connection', (raw: Socket) => raw.resetAndDestroy());
    expect((await failure(send(url))).details['systemCode']).toBe('ECONNRESET');
    await read(url);
    expect(raws.length).toBe(3);
    expect(secured.map(({ isResumed }) => isResumed)).toStrictEqual([false, false]);
  });

  it('brings a body of many megabytes whole, and no faster than it is read', async () => {
    const block = randomBytes(1024 * 1024);
    const BLOCKS = 32;
    let written = 0;
    const { url } = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${block.length * BLOCKS}\r\n\r\n`);
      const more = () => {
        if (written === BLOCKS) return;
        block[0] = written;
        written += 1;
        socket.write(Buffer.from(block), more);
      };
      more();
    });
    const { body } = await client().send(url);
    const received = createHash('sha256');
    const iterator = body[Symbol.asyncIterator]();
    const read = async () => {
      const { value, done } = await iterator.next();
      if (done === true) return 0;
      received.update(value);
      return value.byteLength;
    };
    let bytes = await read();
    // The server writes until the buffers of the system are full.
    let before = -1;
    for (let quiet = 0; quiet < 10; quiet = written === before ? quiet + 1 : 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(written).toBeLessThan(BLOCKS);
    for (let more = await read(); more > 0; more = await read()) bytes += more;
    expect(bytes).toBe(block.length * BLOCKS);
    const sent = createHash('sha256');
    for (let at = 0; at < BLOCKS; at += 1) {
      block[0] = at;
      sent.update(block);
    }
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it.each([
    ['a length', 'content-length: 9\r\n\r\nabc'],
    ['a chunk', 'transfer-encoding: chunked\r\n\r\n9\r\nabc'],
    ['chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n'],
  ])('tells of a connection that is cut inside %s, below TLS', async (_what, answer) => {
    const { url } = await serve((socket, { raw }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${answer}`, () => setTimeout(() => raw.destroy(), 5));
    });
    const { body } = await client().send(url);
    let got = '';
    const error = await failure(
      (async () => {
        for await (const chunk of body) got += Buffer.from(chunk).toString();
      })(),
    );
    expect(got).toBe('abc');
    expect(error).toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: `${url.host}: the connection ended inside the body`,
    });
  });

  it('tells of a connection that is cut before there is an answer, below TLS', async () => {
    const { url, raws } = await serve((_socket, { raw }) => raw.destroy());
    const { message } = await failure(client().send(url));
    expect(message).toBe(`${url.host}: the connection was closed`);
    expect(raws.length).toBe(1);
  });

  it('gives up on a server that says nothing, and on one that speaks no TLS', async () => {
    const raws: Socket[] = [];
    const accept = (answer: (raw: Socket) => void) =>
      net.createServer((raw) => {
        raws.push(raw);
        raw.on('error', () => {});
        answer(raw);
      });
    const silent = new URL(
      `https://${HOST}:${await listen(
        accept(() => {}),
        raws,
        '127.0.0.1',
      )}/`,
    );
    const { message, details } = await failure(client({ timeouts: { connectMs: 30 } }).send(silent));
    expect(message).toBe(`${silent.host}: no connection in time`);
    expect(details['timedOut']).toBe(true);
    const plain = accept((raw) => raw.write(ok('plain')));
    const url = new URL(`https://${HOST}:${await listen(plain, raws, '127.0.0.1')}/`);
    // Which of the two depends on the version of Node.
    expect((await failure(client().send(url))).message).toMatch(
      /: Error (?:EPROTO|ERR_SSL_WRONG_VERSION_NUMBER)$/,
    );
  });
});
