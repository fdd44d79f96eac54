import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { unlimited } from '../../../src/clock.ts';
import { createMediaOpener } from '../../../src/genesys/media/download.ts';
import { mediaPolicy } from '../../../src/genesys/media/hosts.ts';
import { createTransport } from '../../../src/http/transport.ts';
import { checkUrl } from '../../../src/http/url-guard.ts';
import { silentLogger } from '../../../src/log.ts';
import { fastClock } from '../../fast-clock.ts';
import { type Attack, codeOf, type Kind } from '../attack.ts';

const MAY = 'answers in the place of the platform or of a media host; holds no certificate of another';
const HOSTS = ['media.example.com', 's3.amazonaws.com/genesys-media-archive'];

/** A link that the platform hands out, or a media host redirects to. */
function link(name: string, ...urls: readonly string[]): Attack {
  return {
    name,
    may: MAY,
    outcome: urls.map(() => 'URL_REFUSED'),
    attempt: () =>
      Promise.all(urls.map((url) => codeOf(() => checkUrl(url, { hosts: HOSTS, allowLoopback: false })))),
  };
}

interface Download {
  readonly url: string;
  readonly addresses?: readonly string[];
  readonly allowLoopback?: boolean;
}

/** @returns what came of a download, and whether anything was connected to. */
async function download({ url, addresses = [], allowLoopback = false }: Download) {
  let connections = 0;
  const connect = () => {
    connections += 1;
    const duplex = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    setImmediate(() => duplex.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
    return duplex;
  };
  const transport = createTransport({
    guard: { allowLoopback },
    ...(allowLoopback ? {} : { connect, resolve: () => Promise.resolve([...addresses]) }),
  });
  const policy = { hosts: HOSTS, allowLoopback };
  const opener = createMediaOpener({ transport, policy, clock: fastClock(), logger: silentLogger });
  const item = { ids: { recordingId: 'r', conversationId: 'c' }, url };
  try {
    const code = await codeOf(async () => {
      const { chunks } = await opener.open(item, () => Promise.resolve(item), unlimited);
      for await (const chunk of chunks) void chunk;
    });
    return { code, connections };
  } finally {
    transport.close();
  }
}

function resolved(name: string, ...answers: readonly (readonly string[])[]): Attack {
  return {
    name,
    may: 'decides what the name of a media host resolves to',
    outcome: answers.map(() => ({ code: 'URL_REFUSED', connections: 0 })),
    attempt: () =>
      Promise.all(
        answers.map((addresses) => download({ url: 'https://media.example.com/a.wav', addresses })),
      ),
  };
}

/** A media host that is allowed, and answers with this. */
async function answering(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.wav`;
    return (await download({ url, allowLoopback: true })).code;
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

/** A server that answers each request with two answers. @returns what three requests, one behind the other, are told. */
async function unasked(): Promise<readonly string[]> {
  const answer = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(`${answer('good')}${answer('evil')}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const transport = createTransport({ guard: { allowLoopback: true } });
  try {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const told: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { body } = await transport.send({
        method: 'GET',
        url,
        headers: {},
        signal: new AbortController().signal,
        failure: 'MEDIA_UNAVAILABLE',
      });
      let text = '';
      for await (const chunk of body) text += Buffer.from(chunk).toString('latin1');
      told.push(text);
    }
    return told;
  } finally {
    transport.close();
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
}

export const network: Kind = {
  title: 'links, redirects, names and answers from the network',
  attacks: [
    link(
      'leads a download to the metadata service of the machine',
      'http://169.254.169.254/latest/meta-data/',
      'https://169.254.169.254/latest/meta-data/',
      'https://[fd00:ec2::254]/latest/meta-data/',
      'https://2852039166/',
    ),
    link(
      'leads a download to a host whose name only looks like one of the list',
      'https://media.example.com.evil.example/a.wav',
      'https://evilmedia.example.com/a.wav',
      'https://media.example.com@evil.example/a.wav',
    ),
    link(
      'leads a download to another bucket with the path of the listed one',
      'https://attacker.s3.amazonaws.com/genesys-media-archive/a.wav',
      'https://s3.amazonaws.com/genesys-media-archive-evil/a.wav',
      'https://s3.amazonaws.com/genesys-media-archive/..%2fevil/a.wav',
      'https://s3.amazonaws.com/evil/genesys-media-archive/a.wav',
    ),
    link(
      'leads a download away from https on port 443',
      'http://media.example.com/a.wav',
      'https://media.example.com:8443/a.wav',
      'file:///etc/passwd',
      'gopher://media.example.com/',
    ),
    resolved(
      'has the name of a media host resolve to this machine or its network',
      ['127.0.0.1'],
      ['10.0.0.7'],
      ['169.254.169.254'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['64:ff9b::7f00:1'],
    ),
    resolved('has one of several addresses of a media host be an internal one', [
      '93.184.216.34',
      '10.0.0.7',
    ]),
    {
      name: 'redirects an allowed download to an address that is not allowed',
      may: MAY,
      outcome: 'URL_REFUSED',
      attempt: () =>
        answering((_, response) => response.writeHead(302, { location: 'http://127.0.0.2:80/' }).end()),
    },
    {
      name: 'redirects a download in a circle',
      may: MAY,
      outcome: 'MEDIA_UNAVAILABLE',
      attempt: () => answering((_, response) => response.writeHead(302, { location: '/a.wav' }).end()),
    },
    {
      name: 'sends an answer without a request behind one with a request',
      may: MAY,
      outcome: ['good', 'good', 'good'],
      attempt: unasked,
    },
    {
      name: 'serves a recording from a region that was not chosen',
      may: MAY,
      outcome: 'URL_REFUSED',
      attempt: () => {
        const places = {
          environment: 'mypurecloud.de',
          mediaHosts: [],
          regions: ['eu-central-1'],
          allowLoopback: false,
        };
        const ids = { recordingId: 'r', conversationId: 'c' };
        const url = 'https://media.mypurecloud.com/a.wav';
        return codeOf(() => checkUrl(url, mediaPolicy(places, { ids })));
      },
    },
  ],
};
