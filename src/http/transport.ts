import { lookup as systemLookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { abortReason } from '../clock.ts';
import { ArchiveError, describeForeign, type ErrorCode } from '../errors.ts';
import { readBody } from './read-body.ts';
import { DEFAULT_TIMEOUTS, type HttpTimeouts } from './timeouts.ts';
import { checkAddress } from './url-guard.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** What a network failure or timeout of this call is reported as. */
  readonly failure: ErrorCode;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, once. Throws `failure` when the connection drops, stalls or crawls; see {@link readBody}. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up without reading the body. */
  discard(): void;
}

/** Sends one request, follows no redirect, repeats nothing. */
export interface Transport {
  /** @throws `request.failure` for network errors and timeouts (retryable); `URL_REFUSED`; the signal's reason. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes idle connections. */
  close(): void;
}

export interface TransportOptions {
  readonly timeouts?: Partial<HttpTimeouts>;
  /**
   * Set for addresses that others hand us: every address a host name resolves to is checked, and the connection is made to
   * exactly the checked ones, so that a name cannot resolve to something else in between (DNS rebinding).
   */
  readonly guard?: { readonly allowLoopback: boolean };
  /** Injected in tests. Resolves a name to all its addresses. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Injected in tests: makes the connection instead of `net`/`tls`. Called only with addresses that passed the guard. */
  readonly connect?: (target: { host: string; port: number; addresses: readonly string[] }) => Duplex;
}

const resolveAll = async (host: string): Promise<readonly string[]> =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

export function createTransport(options: TransportOptions = {}): Transport {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };
  const resolve = options.resolve ?? resolveAll;

  async function vetted(url: URL, failure: ErrorCode): Promise<readonly string[] | undefined> {
    if (options.guard === undefined) return undefined;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    let addresses: readonly string[];
    try {
      addresses = isIP(host) === 0 ? await resolve(host) : [host];
    } catch (error) {
      throw networkFailure(failure, url, error);
    }
    if (addresses.length === 0) throw new ArchiveError(failure, `${url.hostname} has no address`);
    for (const address of addresses) checkAddress(address, host, options.guard);
    return addresses;
  }

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const { url, signal, failure } = request;
    if (signal.aborted) throw abortReason(signal);
    const addresses = await vetted(url, failure);
    const secure = url.protocol === 'https:';
    return new Promise<HttpResponse>((resolved, rejected) => {
      const { connect } = options;
      const outgoing = (secure ? https : http).request(url, {
        method: request.method,
        headers: {
          'user-agent': `genesys-media-archive/${PACKAGE_VERSION}`,
          ...request.headers,
          ...(request.body === undefined
            ? {}
            : { 'content-length': String(Buffer.byteLength(request.body)) }),
        },
        ...(connect === undefined
          ? { agent: agents[secure ? 'https:' : 'http:'] }
          : {
              createConnection: () =>
                connect({
                  host: url.hostname,
                  port: Number(url.port) || (secure ? 443 : 80),
                  addresses: addresses ?? [],
                }),
            }),
        ...(addresses === undefined ? {} : { lookup: lookupOf(addresses) }),
      });
      const fail = (error: ArchiveError) => {
        settle();
        outgoing.destroy();
        rejected(error);
      };
      const onAbort = () => fail(abortReason(signal));
      const late = (what: string) => () =>
        fail(new ArchiveError(failure, `${url.host}: no ${what} in time`, { details: { host: url.host } }));
      const headersTimer = setTimeout(late('response'), timeouts.headersMs);
      let connectTimer: NodeJS.Timeout | undefined;
      const settle = () => {
        clearTimeout(headersTimer);
        clearTimeout(connectTimer);
        signal.removeEventListener('abort', onAbort);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      outgoing.on('socket', (socket) => {
        if (!socket.connecting) return;
        connectTimer = setTimeout(late('connection'), timeouts.connectMs);
        socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connectTimer));
      });
      outgoing.on('error', (error) => {
        settle();
        rejected(networkFailure(failure, url, error));
      });
      outgoing.on('response', (incoming) => {
        settle();
        resolved({
          status: incoming.statusCode ?? 0,
          headers: flatten(incoming.headers),
          body: readBody(incoming, { host: url.host, failure, signal, timeouts }),
          discard: () => {
            incoming.on('error', () => {});
            incoming.destroy();
          },
        });
      });
      outgoing.end(request.body);
    });
  }

  return {
    send,
    close: () => {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = all;
  return (_host, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, first?.address ?? '', first?.family ?? 4);
  };
}

function networkFailure(code: ErrorCode, url: URL, error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  return new ArchiveError(code, `${url.host}: ${describeForeign(error)}`, { details: { host: url.host } });
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
