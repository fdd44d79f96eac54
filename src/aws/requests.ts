/** How clients of the AWS SDK reach AWS: with the same proxies and the same trust as everything else. */
import type { defaultProvider } from '@aws-sdk/credential-provider-node';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { chooseProxy, type Proxies } from '../proxies.ts';
import { openTunnel } from '../http/tunnel.ts';
import { present } from '../present.ts';

export interface AwsTimeouts {
  /** TCP and TLS set-up, ms. */
  readonly connectMs: number;
  /** From sending the request to the response headers, ms. */
  readonly requestMs: number;
  /** Longest silence on a connection, ms. */
  readonly idleMs?: number;
}

/** As the SDK's own agents have it. */
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 50 } as const;

/**
 * Returns the `requestHandler` of an SDK client. The SDK's own agents use no proxy, and accept any certificate where
 * `NODE_TLS_REJECT_UNAUTHORIZED=0` says so.
 */
export function awsRequestHandler(
  { connectMs, requestMs, idleMs }: AwsTimeouts,
  proxies: Proxies | undefined,
) {
  const proxied = proxies?.https !== undefined || proxies?.http !== undefined;
  return {
    // a tunnel has its own time-out, and what is in it another one
    connectionTimeout: proxied ? 2 * connectMs : connectMs,
    requestTimeout: requestMs,
    throwOnRequestTimeout: true,
    ...present({ socketTimeout: idleMs }),
    httpAgent: new TunnelAgent(proxies, connectMs),
    httpsAgent: new SecureTunnelAgent(proxies, connectMs),
  };
}

/**
 * Returns what every client of the SDK is made with: the request handler and, behind a proxy, credentials that are asked for through it
 * as well. The SDK hands its own handler on to STS, but not to IAM Identity Center.
 */
export function awsConnection(timeouts: AwsTimeouts, proxies: Proxies | undefined) {
  const requestHandler = awsRequestHandler(timeouts, proxies);
  if (proxies?.https === undefined) return { requestHandler };
  const credentialDefaultProvider = (init: object): (() => Promise<Credentials>) => {
    let provider: Promise<() => Promise<Credentials>> | undefined;
    return async () => {
      provider ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider: provide }) =>
        provide({ ...init, clientConfig: { requestHandler } }),
      );
      return (await provider)();
    };
  };
  return { requestHandler, credentialDefaultProvider };
}

type Credentials = Awaited<ReturnType<ReturnType<typeof defaultProvider>>>;

/** What Node hands to `createConnection`; the rest is for `tls.connect`. */
interface PlaceOptions {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
}

type MaybeSocket = Duplex | null | undefined;
type Created = (error: Error | null, socket: Duplex) => void;

class TunnelAgent extends http.Agent {
  readonly #proxies: Proxies | undefined;
  readonly #timeoutMs: number;

  constructor(proxies: Proxies | undefined, timeoutMs: number) {
    super(AGENT_OPTIONS);
    this.#proxies = proxies;
    this.#timeoutMs = timeoutMs;
  }

  override createConnection(options: http.ClientRequestArgs, created?: Created): MaybeSocket {
    const { host, port } = placeOf(options, 80);
    const proxy = chooseProxy(this.#proxies, { secure: false, host, port });
    if (proxy === undefined) return super.createConnection(options, created);
    const tunnel = openTunnel(proxy, { host, port }, { timeoutMs: this.#timeoutMs });
    // Node's client does not resume a socket that is paused; nothing comes before it has asked for something
    return later(tunnel, (socket) => socket.resume(), created);
  }
}

class SecureTunnelAgent extends https.Agent {
  readonly #proxies: Proxies | undefined;
  readonly #timeoutMs: number;

  constructor(proxies: Proxies | undefined, timeoutMs: number) {
    // said, not inherited: NODE_TLS_REJECT_UNAUTHORIZED=0 must not weaken it
    super({ ...AGENT_OPTIONS, rejectUnauthorized: true });
    this.#proxies = proxies;
    this.#timeoutMs = timeoutMs;
  }

  override createConnection(options: https.RequestOptions, created?: Created): MaybeSocket {
    const { host, port } = placeOf(options, 443);
    const proxy = chooseProxy(this.#proxies, { secure: true, host, port });
    if (proxy === undefined) return super.createConnection(options, created);
    const tunnel = openTunnel(proxy, { host, port }, { timeoutMs: this.#timeoutMs });
    const secure = (socket: Socket) => {
      const inTunnel: https.RequestOptions & { readonly socket: Socket } = { ...options, socket };
      return super.createConnection(inTunnel);
    };
    return later(tunnel, secure, created);
  }
}

function placeOf(
  { host, port }: PlaceOptions,
  usualPort: number,
): { readonly host: string; readonly port: number } {
  return { host: host ?? 'localhost', port: Number(port ?? usualPort) };
}

/** Without a socket at once, an agent waits for `created` (https://nodejs.org/api/http.html#agentcreateconnectionoptions-callback). */
function later(
  tunnel: Promise<Socket>,
  secure: (socket: Socket) => MaybeSocket,
  created: Created | undefined,
): undefined {
  const tell = created as ((error: Error | null, socket?: MaybeSocket) => void) | undefined;
  tunnel.then(
    (socket) => tell?.(null, secure(socket)),
    (error: Error) => tell?.(error),
  );
}
