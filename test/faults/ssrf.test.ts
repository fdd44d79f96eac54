import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { isPublicAddress } from '../../src/http/addresses.ts';
import { createTransport, type TransportOptions } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import type { MediaItem } from '../../src/ports.ts';
import { fastClock } from '../fast-clock.ts';
import { HOSTILE_ADDRESSES, HOSTILE_URLS } from './hostile-urls.ts';

const HOSTS = ['media.example.com', 's3.amazonaws.com/genesys-media-archive'];
const PUBLIC = '93.184.216.34';
const ids = { recordingId: 'r', conversationId: 'c' };

interface Connection {
  readonly host: string;
  readonly addresses: readonly string[];
}

/** Ends in an error at once: nobody is connected to. */
function refuseConnection(): Duplex {
  const duplex = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  setImmediate(() => duplex.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
  return duplex;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Tries to download `url`; what came of it. */
async function download(url: string, options: TransportOptions, allowLoopback: boolean): Promise<string> {
  const transport = createTransport({ guard: { allowLoopback }, ...options });
  closers.push(() => transport.close());
  const clock = fastClock();
  const policy = { hosts: HOSTS, allowLoopback };
  const opener = createMediaOpener({ transport, policy, clock, logger: silentLogger });
  const item: MediaItem = { ids, url };
  try {
    const { chunks } = await opener.open(item, () => Promise.resolve(item), unlimited);
    let text = '';
    for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1');
    return `got ${text}`;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    // the address is named by its host at most
    const shown = JSON.stringify(error) + error.message;
    expect(shown).not.toMatch(/hunter2|FLUSHALL|security-credentials/);
    return error.code;
  }
}

describe('SSRF, seen by an injected connector', () => {
  it(`${HOSTILE_URLS.length} hostile URLs and a name that resolves anywhere: no connection is made`, async () => {
    expect(HOSTILE_URLS.length).toBeGreaterThanOrEqual(80);
    const made: Connection[] = [];
    const connect = (target: Connection) => {
      made.push(target);
      return refuseConnection();
    };
    for (const url of HOSTILE_URLS) {
      // every name resolves to a public address: it is for the URL alone to be refused
      const outcome = await download(url, { connect, resolve: async () => [PUBLIC] }, false);
      expect.soft({ url, outcome }).toEqual({ url, outcome: 'URL_REFUSED' });
    }
    expect(made).toEqual([]);
  });

  it('a media host whose name resolves to anything that is not public is not connected to', async () => {
    const made: Connection[] = [];
    const connect = (target: Connection) => {
      made.push(target);
      return refuseConnection();
    };
    for (const address of HOSTILE_ADDRESSES) {
      for (const answer of [[address], [PUBLIC, address], [address, PUBLIC, '2606:4700::1111']]) {
        const options = { connect, resolve: () => Promise.resolve(answer) };
        const outcome = await download('https://media.example.com/a.wav?sig=1', options, false);
        expect.soft({ answer, outcome }).toEqual({ answer, outcome: 'URL_REFUSED' });
      }
    }
    expect(made).toEqual([]);
    // and the connector does see what is allowed, so the tests above can fail
    const options = { connect, resolve: () => Promise.resolve([PUBLIC]) };
    expect(await download('https://media.example.com/a.wav?sig=1', options, false)).toBe('MEDIA_UNAVAILABLE');
    expect(made.length).toBeGreaterThan(0);
    expect(made[0]).toEqual({ host: 'media.example.com', port: 443, addresses: [PUBLIC] });
  });

  it('a resolver that changes its answer is asked once per request, and only what was checked is used', async () => {
    const made: Connection[] = [];
    const connect = (target: Connection) => {
      made.push(target);
      return refuseConnection();
    };
    let asked = 0;
    const rebinding = () => Promise.resolve([asked++ % 2 === 0 ? PUBLIC : '169.254.169.254']);
    const outcome = await download('https://media.example.com/a.wav', { connect, resolve: rebinding }, false);
    // the first attempt fails to connect, the second is refused by its address
    expect(outcome).toBe('URL_REFUSED');
    expect(asked).toBe(made.length + 1);
    for (const { addresses } of made) expect(addresses.every(isPublicAddress)).toBe(true);
  });
});

describe('SSRF, seen by decoys on 127.0.0.2 and 127.0.0.3', () => {
  const hits: string[] = [];
  const servers: http.Server[] = [];
  let port = 0;

  const listen = (address: string, at: number, answer: http.RequestListener) =>
    new Promise<number>((resolve) => {
      const server = http.createServer(answer);
      servers.push(server);
      server.listen(at, address, () => resolve((server.address() as AddressInfo).port));
    });

  beforeAll(async () => {
    // ?to= redirects there, ?via=n first goes through n more hops of this host
    port = await listen('127.0.0.1', 0, (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://host');
      const to = searchParams.get('to');
      const via = Number(searchParams.get('via') ?? '0');
      if (to === null) response.end('recording');
      else if (via === 0)
        response.writeHead(302, { location: Buffer.from(to, 'utf8').toString('latin1') }).end();
      else {
        const next = new URLSearchParams({ to, via: String(via - 1) }).toString();
        response.writeHead(307, { location: `/?${next}` }).end();
      }
    });
    for (const address of ['127.0.0.2', '127.0.0.3']) {
      await listen(address, port, (request, response) => {
        hits.push(`${address} ${request.url}`);
        response.end('decoy');
      });
    }
  });
  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  const start = (query: Record<string, string>) =>
    `http://127.0.0.1:${port}/?${new URLSearchParams(query).toString()}`;
  const decoys = () => [
    `http://127.0.0.2:${port}/`,
    `http://127.0.0.3:${port}/`,
    `http://127.2:${port}/`,
    `http://0x7f000002:${port}/`,
    `http://2130706435:${port}/`,
    `http://[::ffff:127.0.0.2]:${port}/`,
    `http://127.0.0.2.:${port}/`,
    `//127.0.0.3:${port}/`,
    `\\\\127.0.0.2:${port}\\`,
    `http://user@127.0.0.2:${port}/`,
    `http://decoy.localhost:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://[::]:${port}/`,
  ];

  it('the opener reaches the host that is allowed, also through redirects', async () => {
    expect(await download(start({}), {}, true)).toBe('got recording');
    expect(await download(start({ to: `http://127.0.0.1:${port}/` }), {}, true)).toBe('got recording');
    expect(await download(start({ to: '/', via: '1' }), {}, true)).toBe('got recording');
    expect(await download(start({ to: '/', via: '9' }), {}, true)).toBe('MEDIA_UNAVAILABLE');
  });

  it('no decoy is reached, directly or through a chain of redirects', async () => {
    const resolve = () => Promise.resolve(['127.0.0.2']);
    for (const decoy of decoys()) {
      const direct = decoy.startsWith('http') ? decoy : `http:${decoy}`;
      expect.soft(await download(direct, { resolve }, true)).toBe('URL_REFUSED');
      for (const via of ['0', '1', '2']) {
        const outcome = await download(start({ to: decoy, via }), { resolve }, true);
        expect.soft({ decoy, via, outcome }).toEqual({ decoy, via, outcome: 'URL_REFUSED' });
      }
    }
    expect(hits).toEqual([]);
  });

  it('no hostile URL is followed from a redirect', async () => {
    const resolve = () => Promise.resolve(['127.0.0.2']);
    // permitted here: the loopback host itself
    const own = /^(https?:\/\/(127\.0\.0\.1|127\.1|localhost|\[::1\]|\[0:0:0:0:0:0:0:1\])\.?\/|\/\w|$)/i;
    for (const url of HOSTILE_URLS.filter((hostile) => !own.test(hostile))) {
      const outcome = await download(start({ to: url }), { resolve }, true);
      expect.soft({ url, outcome }).toEqual({ url, outcome: 'URL_REFUSED' });
    }
    expect(hits).toEqual([]);
  });

  it('a name that first resolves to an allowed address and then to a decoy is refused the second time', async () => {
    let asked = 0;
    const resolve = () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '127.0.0.2']);
    const name = `http://localhost:${port}/?${new URLSearchParams({ to: `http://localhost:${port}/` }).toString()}`;
    expect(await download(name, { resolve }, true)).toBe('URL_REFUSED');
    expect(asked).toBe(2);
    expect(hits).toEqual([]);
  });
});
