import { lookup as systemLookup } from 'node:dns/promises';
import { validateHeaderValue } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { abortReason } from '../clock.ts';
import { ArchiveError, describeForeign, type ErrorCode, systemCodeOf } from '../errors.ts';
import { chooseProxy, type Proxies, type ProxyServer } from '../proxies.ts';
import { ConnectionProblem } from './body-source.ts';
import type { Connection } from './connection/connection.ts';
import { faultError, faultOf } from './connection/faults.ts';
import { ConnectionPool, type Target } from './connection/pool.ts';
import { readBody } from './read-body.ts';
import { DEFAULT_TIMEOUTS, type HttpTimeouts } from './timeouts.ts';
import { openTunnel } from './tunnel.ts';
import { checkAddress } from './url-guard.ts';

/** Where a request goes: an URL, or what one would say. */
export type HttpTarget = Readonly<
  Pick<URL, 'protocol' | 'host' | 'hostname' | 'port' | 'pathname' | 'search'>
>;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: HttpTarget;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  /** What a network failure or timeout of this call is reported as. */
  readonly failure: ErrorCode;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body, once; a chunk is valid until the next one is asked for. Throws `failure` when the connection drops, stalls or crawls; see
   * {@link readBody}.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up without reading the body; one that has none is kept. */
  discard(): void;
}

/** Sends one request, follows no redirect, repeats nothing. */
export interface Transport {
  /** @throws `request.failure` for network errors and timeouts (retryable); `URL_REFUSED`; the signal's reason. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Opens a connection ahead of the first request to `url`, which then saves its round trips. Sends nothing, reports no failure, and does
   * nothing where addresses are guarded.
   */
  openAhead?(url: HttpTarget): void;
  /** Closes idle connections. */
  close(): void;
}

export interface TransportOptions {
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Bytes read at a time from a connection, and kept for each; default 16 KiB, enough for the answers of an API. */
  readonly readBytes?: number;
  /**
   * Set for addresses that others hand us: every address a host name resolves to is checked, and the connection is made to
   * exactly the checked ones, so that a name cannot resolve to something else in between (DNS rebinding).
   */
  readonly guard?: { readonly allowLoopback: boolean };
  /**
   * What requests go through. A name that is reached through a proxy is resolved by the proxy, so that {@link guard} can judge only
   * addresses that stand in the URL itself.
   */
  readonly proxies?: Proxies | undefined;
  /** Injected in tests. Resolves a name to all its addresses. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Injected in tests: makes the connection instead of `net`/`tls`. Called only with addresses that passed the guard. */
  readonly connect?: (target: { host: string; port: number; addresses: readonly string[] }) => Duplex;
}

const resolveAll = async (host: string): Promise<readonly string[]> =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

const DEFAULT_READ_BYTES = 16 * 1024;

const USER_AGENT = `genesys-media-archive/${PACKAGE_VERSION}`;

/**
 * An HTTP/1.1 client over sockets of its own. Node's costs twice the CPU time for small requests and for every byte of a download
 * (docs/decisions/008).
 */
export function createTransport(options: TransportOptions = {}): Transport {
  return new SocketTransport(options);
}

class SocketTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #timeouts: HttpTimeouts;
  readonly #pool: ConnectionPool;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#pool = new ConnectionPool({
      readBytes: options.readBytes ?? DEFAULT_READ_BYTES,
      connect: options.connect,
    });
  }

  openAhead(url: HttpTarget): void {
    const target: Target = { ...this.#placeOf(url), addresses: undefined };
    // a proxy is asked when there is something to ask it for
    if (this.#options.guard !== undefined || target.proxy !== undefined) return;
    try {
      this.#pool.openAhead(target, this.#timeouts.connectMs);
    } catch {
      // the request itself says what is wrong with it
    }
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const { url, signal } = request;
    if (signal.aborted) throw abortReason(signal);
    const place = this.#placeOf(url);
    const addresses = await this.#vetted(request, place);
    if (signal.aborted) throw abortReason(signal);
    const head = formatHead(request);
    const target: Target = { ...place, addresses };
    const idle = await this.#pool.takeIdle(target);
    const tunnel =
      place.proxy === undefined || idle !== undefined
        ? undefined
        : await this.#tunnelTo(place.proxy, target, request);
    if (signal.aborted) {
      idle?.destroy();
      tunnel?.destroy();
      throw abortReason(signal);
    }
    const open = () => idle ?? this.#pool.open(target, tunnel);
    return exchange(request, {
      head,
      open,
      timeouts: this.#timeouts,
      // TLS in a tunnel never says that it is connecting
      isConnecting: ({ socket }) =>
        tunnel === undefined ? 'connecting' in socket && socket.connecting === true : target.secure,
      connectedBy: target.secure ? 'secureConnect' : 'connect',
    });
  }

  close(): void {
    this.#pool.close();
  }

  #placeOf(url: HttpTarget): Pick<Target, 'secure' | 'host' | 'port' | 'proxy'> {
    // Stryker disable next-line Regex: brackets stand at both ends of a host name, or nowhere
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const secure = url.protocol === 'https:';
    const port = Number(url.port) || (secure ? 443 : 80);
    return { secure, host, port, proxy: chooseProxy(this.#options.proxies, { secure, host, port }) };
  }

  async #vetted(
    { url, failure }: HttpRequest,
    { host, proxy }: Pick<Target, 'host' | 'proxy'>,
  ): Promise<readonly string[] | undefined> {
    const { guard, resolve = resolveAll } = this.#options;
    if (guard === undefined || (proxy !== undefined && isIP(host) === 0)) return undefined;
    let addresses: readonly string[];
    try {
      addresses = isIP(host) === 0 ? await resolve(host) : [host];
    } catch (error) {
      throw networkFailure(failure, url, error);
    }
    if (addresses.length === 0) throw new ArchiveError(failure, `${url.hostname} has no address`);
    for (const address of addresses) checkAddress(address, host, guard);
    return addresses;
  }

  async #tunnelTo(
    proxy: ProxyServer,
    target: Target,
    { url, failure, signal }: HttpRequest,
  ): Promise<Socket> {
    try {
      return await openTunnel(proxy, target, { signal, timeoutMs: this.#timeouts.connectMs });
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      throw networkFailure(failure, url, error);
    }
  }
}

interface Exchange {
  readonly head: string;
  /** An idle connection, or one that is made now. */
  readonly open: () => Connection;
  readonly isConnecting: (connection: Connection) => boolean;
  /** The event that says that it is connected. */
  readonly connectedBy: 'connect' | 'secureConnect';
  readonly timeouts: HttpTimeouts;
}

/** One request and the head of its answer, within their timeouts. */
async function exchange(
  { method, url, signal, failure, body }: HttpRequest,
  { head, open, isConnecting, connectedBy, timeouts }: Exchange,
): Promise<HttpResponse> {
  return new Promise<HttpResponse>((resolved, rejected) => {
    let connection: Connection | undefined;
    const fail = (error: ArchiveError) => {
      settle();
      connection?.destroy();
      rejected(error);
    };
    const onAbort = () => fail(abortReason(signal));
    const late = (what: string) => () =>
      fail(
        new ArchiveError(failure, `${url.host}: no ${what} in time`, {
          details: { host: url.host, timedOut: true },
        }),
      );
    const headersTimer = setTimeout(late('response'), timeouts.headersMs);
    let connectTimer: NodeJS.Timeout | undefined;
    const settle = () => {
      clearTimeout(headersTimer);
      clearTimeout(connectTimer);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      connection = open();
      if (isConnecting(connection)) {
        connectTimer = setTimeout(late('connection'), timeouts.connectMs);
        connection.socket.once(connectedBy, () => clearTimeout(connectTimer));
      }
    } catch (error) {
      settle();
      rejected(networkFailure(failure, url, error));
      return;
    }
    const receive = async (taken: Connection) => {
      try {
        const { head: answer, body: source } = await taken.send(method, head, body);
        settle();
        resolved({
          status: answer.status,
          headers: answer.headers,
          body: readBody(source, { host: url.host, failure, signal, timeouts }),
          discard: () => source.destroy(),
        });
      } catch (error) {
        settle();
        rejected(networkFailure(failure, url, error));
      }
    };
    void receive(connection);
  });
}

/** @throws a `TypeError` when a header value holds what no header may. */
function formatHead({ method, url, headers, body }: HttpRequest): string {
  const all: Readonly<Record<string, string>> = {
    host: url.host,
    connection: 'keep-alive',
    'user-agent': USER_AGENT,
    ...headers,
    // A method whose body is of interest states that it has none (RFC 9110, section 8.6).
    ...(body === undefined && (method === 'GET' || method === 'HEAD' || method === 'DELETE')
      ? {}
      : { 'content-length': String(Buffer.byteLength(body ?? '')) }),
  };
  let text = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(all)) {
    validateHeaderValue(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

function networkFailure(code: ErrorCode, url: HttpTarget, error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const fault = faultOf(error);
  if (fault !== undefined) return faultError(fault, code, url.host, url.host);
  const what = error instanceof ConnectionProblem ? error.message : describeForeign(error);
  return new ArchiveError(code, `${url.host}: ${what}`, {
    details: { host: url.host, systemCode: systemCodeOf(error) },
  });
}
