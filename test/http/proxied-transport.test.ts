import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTransport, type TransportOptions } from '../../src/http/transport.ts';
import { failure } from '../failure.ts';
import { type Certificate, makeCertificate, trust } from './certificates.ts';
import { listening, proxiesOf, startProxy, type TestProxyOptions } from './connect-proxy.ts';
import { collect, sendBy } from './requests.ts';

const HOST = 'media.example.com';
const ours = makeCertificate(`DNS:${HOST}`, 'DNS:localhost', 'IP:127.0.0.1', 'IP:2001:db8::1');
const strange = makeCertificate(`DNS:${HOST}`);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function origin(options: { certificate?: Certificate; body?: string } = {}) {
  const { certificate, body = 'here' } = options;
  const seen: string[] = [];
  const answer: http.RequestListener = ({ url = '', headers }, response) => {
    seen.push(`${headers.host ?? ''}${url}`);
    response.end(body);
  };
  const server =
    certificate === undefined ? http.createServer(answer) : https.createServer({ ...certificate }, answer);
  let connections = 0;
  server.on('connection', () => (connections += 1));
  const port = await listening(server);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, seen, connections: () => connections };
}

async function proxy(options: TestProxyOptions) {
  const started = await startProxy(options);
  closers.push(() => started.close());
  return started;
}

function client(variables: Record<string, string>, options: TransportOptions = {}) {
  const transport = createTransport({ proxies: proxiesOf(variables), ...options });
  closers.push(() => transport.close());
  const send = sendBy(transport);
  const read = async (url: string) => (await collect((await send(new URL(url))).body)).toString();
  return { send, read };
}

const local = (port: number, info = '') => `http://${info}127.0.0.1:${port}`;

describe.skipIf(ours === undefined || strange === undefined)('through a proxy [needs: openssl]', () => {
  const certificate = ours as Certificate;
  let distrust = () => {};
  beforeAll(() => {
    distrust = trust(certificate);
  });
  afterAll(() => distrust());

  it('https goes by CONNECT, with the name for the proxy to resolve and the certificate still checked here', async () => {
    const { port, seen } = await origin({ certificate });
    const { port: at, targets, requests, others } = await proxy({ route: port });
    const { read } = client({ https: local(at) });
    expect(await read(`https://${HOST}/a?secret`)).toBe('here');
    expect(seen).toStrictEqual([`${HOST}/a?secret`]);
    expect([targets, others]).toStrictEqual([[`${HOST}:443`], []]);
    expect(requests[0]).toMatch(
      /^CONNECT media\.example\.com:443 HTTP\/1\.1\r\nhost: media\.example\.com:443\r\n/,
    );
    expect(requests[0]).not.toMatch(/secret|proxy-authorization/i);
  });

  it('http goes by CONNECT as well, so that pages of the proxy are never taken for those of the target', async () => {
    const { port, seen } = await origin();
    const { port: at, targets, others } = await proxy({ route: port });
    const { read } = client({ http: local(at) });
    expect(await read('http://s3.internal:9000/bucket/key')).toBe('here');
    expect([targets, others]).toStrictEqual([['s3.internal:9000'], []]);
    expect(seen).toStrictEqual(['s3.internal:9000/bucket/key']);
  });

  it('https goes where the proxy itself is spoken to over TLS', async () => {
    const { port, connections } = await origin({ certificate, body: 'x'.repeat(300_000) });
    const { port: at, targets } = await proxy({ route: port, certificate });
    const { read } = client({ https: `https://localhost:${at}` });
    for (let call = 0; call < 3; call += 1) {
      expect((await read(`https://${HOST}/`)).length).toBe(300_000);
    }
    expect(targets).toStrictEqual([`${HOST}:443`]);
    expect(connections()).toBe(1);
  });

  it('a target is named by its IPv6 address in brackets', async () => {
    // without TLS: Node.js 22.23 finds no IPv6 address in a certificate
    const { port } = await origin({});
    const { port: at, targets } = await proxy({ route: port });
    expect(await client({ http: local(at) }).read('http://[2001:db8::1]:8443/')).toBe('here');
    expect(targets).toStrictEqual(['[2001:db8::1]:8443']);
  });

  it('a tunnel is used again for the same target, and for no other', async () => {
    const { port, connections } = await origin({ certificate });
    const { port: at, targets } = await proxy({ route: port });
    const { read } = client({ https: local(at) });
    for (let call = 0; call < 3; call += 1) await read(`https://${HOST}/`);
    await read(`https://${HOST}:8443/`);
    expect(targets).toStrictEqual([`${HOST}:443`, `${HOST}:8443`]);
    expect(connections()).toBe(2);
  });

  it('user name and password are sent to the proxy and to no other host', async () => {
    const { port, seen } = await origin({ certificate });
    const { port: at, requests } = await proxy({ route: port });
    await client({ https: local(at, 'user%40corp:p%3Ass@') }).read(`https://${HOST}/`);
    const encoded = Buffer.from('user@corp:p:ss').toString('base64');
    expect(requests[0]).toContain(`\r\nproxy-authorization: Basic ${encoded}\r\n`);
    expect(seen.join()).not.toContain(encoded);
  });

  it('what NO_PROXY names, and this machine itself, is reached directly', async () => {
    const { port } = await origin({ certificate });
    const { port: at, targets } = await proxy({ route: port });
    const resolve = async () => ['127.0.0.1'];
    const guard = { allowLoopback: true };
    const variables = { https: local(at), http: local(at), direct: '.example.com' };
    const { read } = client(variables, { resolve, guard });
    expect(await read(`https://${HOST}:${port}/`)).toBe('here');
    expect(await read(`https://127.0.0.1:${port}/`)).toBe('here');
    expect(targets).toStrictEqual([]);
  });

  it.each([
    [407, 'PROXY_REFUSED', false, /user name and password/],
    [403, 'PROXY_REFUSED', false, /CONNECT to media\.example\.com:443/],
    [405, 'PROXY_REFUSED', false, /allow CONNECT/],
    [400, 'PROXY_REFUSED', false, /allow CONNECT/],
    [302, 'PROXY_REFUSED', false, /allow CONNECT/],
    [502, 'MEDIA_UNAVAILABLE', true, undefined],
    [503, 'MEDIA_UNAVAILABLE', true, undefined],
    [504, 'MEDIA_UNAVAILABLE', true, undefined],
    [429, 'MEDIA_UNAVAILABLE', true, undefined],
  ] as const)('an answer of %i is %s, with any page', async (status, code, retryable, hint) => {
    const page = '<html>hunter2</html>';
    const answer = () => `HTTP/1.1 ${status} No\r\ncontent-length: ${page.length}\r\n\r\n${page}`;
    const { port } = await proxy({ answer });
    const { send } = client({ https: local(port, 'user:hunter2@') });
    const error = await failure(send(new URL(`https://${HOST}/`)));
    expect(error).toMatchObject({
      code,
      retryable,
      message: `${HOST}: proxy http://127.0.0.1:${port} answered ${status} to CONNECT ${HOST}:443`,
      details: { status, proxy: `http://127.0.0.1:${port}`, host: HOST },
    });
    if (hint !== undefined) expect(error.hint).toMatch(hint);
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|html|dXNlc/);
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /does not answer as a proxy does/],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', /does not answer as a proxy does/],
    ['a page behind its answer', 'HTTP/1.1 200 OK\r\n\r\n<html>', /sends more than its answer/],
    ['an end', '', /closed the connection without an answer/],
    ['half an answer', 'HTTP/1.1 200 OK\r\nvia: x', /closed the connection without an answer/],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`, /without an end/],
  ])('a proxy that answers with %s is worth another attempt', async (_what, answer, message) => {
    const { port } = await proxy({ answer: () => answer });
    const error = await failure(client({ https: local(port) }).send(new URL(`https://${HOST}/`)));
    expect(error).toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true });
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      'with fields that a tunnel has no use for',
      'HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['by HTTP/1.0', 'HTTP/1.0 200 Connection established\r\n\r\n'],
    ['after an interim one', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['in pieces', 'HTTP/1.1 2|00 OK\r\n\r|\n'],
  ])('a proxy may answer %s', async (_what, answer) => {
    const { port } = await origin();
    const server = net.createServer((socket) => {
      const answerInPieces = async () => {
        socket.pause();
        for (const piece of answer.split('|')) {
          socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const there = net.connect(port, '127.0.0.1');
        socket.pipe(there).pipe(socket);
        there.on('error', () => {});
      };
      socket.once('data', () => void answerInPieces());
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const at = (server.address() as AddressInfo).port;
    expect(await client({ http: local(at) }).read('http://s3.internal/')).toBe('here');
  });

  it('a proxy that is not there, or keeps silent, is named', async () => {
    const server = net.createServer();
    const silent = net.createServer((socket) => socket.on('error', () => {}));
    for (const one of [server, silent]) {
      one.listen(0, '127.0.0.1');
      await once(one, 'listening');
    }
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const url = new URL(`https://${HOST}/`);
    const gone = await failure(client({ https: local(port) }).send(url));
    expect(gone).toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true, hint: /HTTPS_PROXY/ });
    expect(gone.message).toBe(
      `${HOST}: proxy http://127.0.0.1:${port} cannot be reached: Error ECONNREFUSED`,
    );
    closers.push(() => silent.close());
    const at = (silent.address() as AddressInfo).port;
    const late = await failure(client({ https: local(at) }, { timeouts: { connectMs: 40 } }).send(url));
    expect(late.message).toBe(`${HOST}: proxy http://127.0.0.1:${at} has not connected in time`);
    expect(late.details).toMatchObject({ timedOut: true });
  });

  it('an interruption ends the wait for a proxy', async () => {
    const silent = net.createServer((socket) => socket.on('error', () => {}));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closers.push(() => silent.close());
    const { send } = client({ https: local((silent.address() as AddressInfo).port) });
    const controller = new AbortController();
    const sent = send(new URL(`https://${HOST}/`), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('interrupted')), 20);
    await expect(sent).rejects.toThrow('interrupted');
  });

  it('a certificate that is not trusted is told apart: the proxy’s from the target’s', async () => {
    const { port } = await origin({ certificate: strange as Certificate });
    const { port: plain } = await proxy({ route: port });
    const { port: secure, requests } = await proxy({ route: port, certificate: strange });
    const url = new URL(`https://${HOST}/`);
    const target = await failure(client({ https: local(plain) }).send(url));
    expect(target).toMatchObject({ code: 'TLS_UNTRUSTED', retryable: false, hint: /NODE_EXTRA_CA_CERTS/ });
    expect(target.message).toBe(`${HOST}: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`);
    const own = await failure(client({ https: `https://user:pass@localhost:${secure}` }).send(url));
    expect(own).toMatchObject({ code: 'TLS_UNTRUSTED', retryable: false });
    expect(own.message).toContain(`${HOST}: proxy https://localhost:${secure}: its certificate is`);
    expect(requests).toStrictEqual([]);
  });

  it('an address that stands in the URL is judged all the same, and a name is left to the proxy', async () => {
    const { port } = await origin({ certificate });
    const { port: at, targets } = await proxy({ route: port });
    const resolve = () => Promise.reject(new Error('no name may be resolved'));
    const { send, read } = client({ https: local(at) }, { guard: { allowLoopback: false }, resolve });
    for (const host of ['10.0.0.1', '169.254.169.254', '[fd00::1]']) {
      expect((await failure(send(new URL(`https://${host}/`)))).code).toBe('URL_REFUSED');
    }
    expect(targets).toStrictEqual([]);
    expect(await read(`https://${HOST}/`)).toBe('here');
  });
});

/** Runs `script` (TypeScript of a module) in a process of its own. */
function runApart(script: string, env: Record<string, string>): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'apart-'));
  try {
    const entry = path.join(dir, 'entry.ts');
    const bundle = path.join(dir, 'entry.mjs');
    writeFileSync(entry, script);
    execFileSync(
      path.resolve('node_modules/.bin/esbuild'),
      [
        entry,
        '--bundle',
        '--platform=node',
        '--format=esm',
        `--outfile=${bundle}`,
        '--define:PACKAGE_VERSION="0"',
        '--log-level=error',
        `--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
      ],
      { stdio: 'pipe' },
    );
    return execFileSync(process.execPath, [bundle], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe.skipIf(ours === undefined)('trust, in a process of its own [needs: openssl]', () => {
  const SERVER = `
    import https from 'node:https';
    import { createTransport } from '${path.resolve('src/http/transport.ts')}';
    import { awsConnection } from '${path.resolve('src/aws/requests.ts')}';
    const server = https.createServer({ cert: process.env.CERT, key: process.env.KEY }, (_q, a) => a.end('here'));
    server.listen(0, '127.0.0.1', async () => {
      const { port } = server.address();
      const transport = createTransport();
      const ours = await transport
        .send({ method: 'GET', url: new URL('https://localhost:' + port + '/'), headers: {}, signal: new AbortController().signal, failure: 'MEDIA_UNAVAILABLE' })
        .then(({ status }) => status, ({ code }) => code);
      const { httpsAgent } = awsConnection({ connectMs: 1000, requestMs: 1000 }, undefined).requestHandler;
      const sdk = await new Promise((resolve) => {
        https.get({ host: 'localhost', port, path: '/', agent: httpsAgent }, ({ statusCode }) => resolve(statusCode)).on('error', ({ code }) => resolve(code));
      });
      console.log(ours, sdk);
      process.exit(0);
    });`;
  const identity = { CERT: ours?.cert ?? '', KEY: ours?.key ?? '' };

  it('NODE_EXTRA_CA_CERTS is trusted, by the clients of AWS as well', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'ca-'));
    const file = path.join(dir, 'ca.pem');
    writeFileSync(file, identity.CERT);
    expect(runApart(SERVER, { ...identity, NODE_EXTRA_CA_CERTS: file })).toBe('200 200');
    rmSync(dir, { recursive: true });
  });

  it('NODE_TLS_REJECT_UNAUTHORIZED=0 weakens nothing', () => {
    expect(runApart(SERVER, { ...identity, NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toBe(
      'TLS_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT',
    );
  });
});
