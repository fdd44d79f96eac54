import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { NO_PROXIES, parseDirectRules, parseProxy, type Proxies } from '../../src/proxies.ts';
import type { Certificate } from './certificates.ts';

export interface TestProxy {
  readonly port: number;
  /** What `CONNECT` asked for, in order. */
  readonly targets: string[];
  /** The whole heads. */
  readonly requests: string[];
  /** What came other than `CONNECT`. */
  readonly others: string[];
  close(): Promise<void>;
}

export interface TestProxyOptions {
  /** Speaks TLS to its clients. */
  readonly certificate?: Certificate | undefined;
  /** Where targets really are, by `host:port`; a target that is not named is refused with 502. */
  readonly routes?: Readonly<Record<string, number>>;
  /** All targets, instead of `routes`. */
  readonly route?: number;
  /** Answers instead of connecting. */
  readonly answer?: (target: string, head: string) => string | undefined;
}

/** A proxy that knows only `CONNECT`, on this machine. */
export async function startProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const [targets, requests, others]: string[][] = [[], [], []];
  const accept = (socket: Socket) => {
    socket.on('error', () => {});
    let text = '';
    const read = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', read);
      requests?.push(text);
      const [, target = ''] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(text) ?? [];
      if (target === '') others?.push(text);
      else targets?.push(target);
      const answer = options.answer?.(target, text);
      if (answer !== undefined) {
        socket.end(answer);
        return;
      }
      const port = options.route ?? options.routes?.[target];
      if (port === undefined) {
        socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 12\r\n\r\n<html></html');
        return;
      }
      const there = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(there).pipe(socket);
      });
      sockets.add(there);
      there.on('error', () => socket.destroy());
      there.on('close', () => socket.destroy());
      socket.on('close', () => there.destroy());
    };
    socket.on('data', read);
  };
  const server: Server =
    options.certificate === undefined
      ? net.createServer(accept)
      : tls.createServer({ ...options.certificate }, accept);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    targets: targets ?? [],
    requests: requests ?? [],
    others: others ?? [],
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Settings as they are read from the variables. */
export function proxiesOf({ https, http: plain, direct = '' }: Record<string, string>): Proxies {
  const read = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const result = parseProxy(text);
    if ('problem' in result) throw new Error(result.problem);
    return result.value;
  };
  return { ...NO_PROXIES, https: read(https), http: read(plain), direct: parseDirectRules(direct) };
}

export async function listening(server: http.Server | tls.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
