/**
 * Listeners of the benchmark's servers, on loopback: bare sockets, because Node's own HTTP server would cost more than what is
 * measured. Both share two processors with it.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { RequestReader, type WireRequest } from './request-reader.ts';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Listening {
  /** Origin, e.g. `http://127.0.0.1:40001`. */
  readonly http: string;
  readonly https: string | undefined;
}

export type Answerer = (socket: net.Socket, request: WireRequest, origin: string) => void;

/** One for all connections: what is read is dealt with before the next read begins. */
const readBuffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** Serves on a free port over HTTP and, given a certificate, on another over HTTPS. */
export async function listen(answer: Answerer, certificate: Certificate | undefined): Promise<Listening> {
  const serve = (socket: net.Socket, origin: string): RequestReader => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    return new RequestReader({
      expectsContinue: () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      request: (request) => answer(socket, request, origin),
      refuse: () => socket.destroy(),
    });
  };
  const plain = net.createServer({ pauseOnConnect: true }, (accepted) => {
    const origin = originOf(plain, 'http');
    let reader: RequestReader | undefined;
    const socket = readInto(accepted, (bytes) => reader?.feed(bytes));
    reader = serve(socket, origin);
    socket.resume();
  });
  const http = await start(plain, 'http');
  if (certificate === undefined) return { http, https: undefined };
  const secure = tls.createServer(
    { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) },
    (socket) => {
      const reader = serve(socket, originOf(secure, 'https'));
      socket.on('data', (bytes: Buffer) => reader.feed(bytes));
    },
  );
  return { http, https: await start(secure, 'https') };
}

function start(server: net.Server, scheme: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(originOf(server, scheme)));
  });
}

function originOf(server: net.Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is not listening');
  return `${scheme}://127.0.0.1:${address.port}`;
}

/**
 * Reads an accepted connection into {@link readBuffer}. Only sockets made by hand take a buffer (`onread`), so the connection is
 * handed over to one of those, where Node lets it be; otherwise it is read in the usual way, into a new buffer each time.
 */
function readInto(accepted: net.Socket, onBytes: (bytes: Buffer) => void): net.Socket {
  const owner = accepted as unknown as Record<string, { useUserBuffer?: unknown } | null>;
  const handle = owner['_handle'];
  if (typeof handle?.useUserBuffer !== 'function') {
    accepted.on('data', onBytes);
    return accepted;
  }
  owner['_handle'] = null;
  const options: net.SocketConstructorOpts & { readonly handle: unknown; readonly onread: net.OnReadOpts } = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: readBuffer,
      callback: (length) => {
        onBytes(readBuffer.subarray(0, length));
        return true;
      },
    },
  };
  return new net.Socket(options);
}

/** Tells the process that started this one where it serves, and ends with its standard input. */
export function announce(listening: Listening): void {
  process.stdout.write(`${JSON.stringify(listening)}\n`);
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

/** Requests by kind, for `GET /-/counts`; `POST /-/reset` starts over. */
export class RequestCounts {
  #counts: Record<string, number> = {};

  add(kind: string): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  toJson(): string {
    return JSON.stringify(this.#counts);
  }

  clear(): void {
    this.#counts = {};
  }
}

/** From the arguments of a server: `[certificate file, key file]`, or nothing. */
export function certificateOf([certFile, keyFile]: readonly string[]): Certificate | undefined {
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}
