import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findFault, retryAfterHeader, type Fault, type FaultKind, type FaultPlan } from './faults.ts';
import { errorReply, type Dialect } from './genesys-errors.ts';
import { sendReply, textReply, type Reply } from './reply.ts';
import type { RouteMatch } from './routes.ts';
import { present } from './present.ts';

/** What was asked and what was answered. Carries no query, token, secret or body. */
export interface SimulatedRequest {
  readonly server: 'api' | 'media' | 's3' | 'kms';
  /** As in the route table, e.g. `GET /api/v2/media/{id}`; `unknown` when no route matched. */
  readonly route: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Of the recording or interaction, the S3 key, or the KMS key as the caller named it. */
  readonly id?: string;
  /** `undefined` until, or unless, a status line was sent. */
  readonly status: number | undefined;
  readonly range?: string;
  readonly hadAuthorization: boolean;
  /** Those of `HEADERS_OF_INTEREST` that were sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** The faults it suffered. */
  readonly faults: readonly FaultKind[];
  /** Epoch ms of the simulator's clock. */
  readonly time: number;
}

const HEADERS_OF_INTEREST = [
  'content-type',
  'accept',
  'accept-encoding',
  'user-agent',
  'if-match',
  'if-range',
];

export interface Call {
  readonly request: IncomingMessage;
  readonly match: RouteMatch;
  /** The whole request body as text. */
  readonly body: string;
  readonly faults: readonly Fault[];
  readonly query: URLSearchParams;
  /** Without its query, still percent-encoded. */
  readonly path: string;
  /** Of the token, once it was checked. */
  readonly clientId?: string;
}

export interface Service {
  readonly server: 'api' | 'media';
  /** `undefined`: no such route, see `unknown`. */
  match(method: string, path: string): RouteMatch | undefined;
  /** The answer to a request that matches no route. */
  unknown(method: string, path: string): Reply;
  handle(call: Call): Reply;
  /** Where `redirect` with `self` points: the same resource again. */
  locate(call: Pick<Call, 'match' | 'path'>): string;
}

export interface ServiceContext {
  readonly faults: FaultPlan;
  readonly now: () => number;
  /** Called when the request has been received, before it is answered. */
  readonly onArrival: (request: SimulatedRequest) => void;
  /** Called when its response has ended or its connection was lost. */
  readonly onEnd: (request: SimulatedRequest) => void;
}

/** Bytes of a request body the platform accepts: `request.bytes.max` of its published limits. */
const MAX_REQUEST_BYTES = 512_000;

export interface RunningServer {
  readonly url: string;
  /** Ends every connection, finished or not. */
  close(): Promise<void>;
}

/** Serves on 127.0.0.1. `port` 0 takes a free one. */
export async function serve(service: Service, context: ServiceContext, port: number): Promise<RunningServer> {
  // a connection that is closed while a client reuses it would look like a fault that was not set
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answer(service, context, request, response).catch(() => response.destroy());
  });
  return listen(server, port);
}

/** Starts `server` on 127.0.0.1. */
export async function listen(server: Server, port: number): Promise<RunningServer> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(
  service: Service,
  context: ServiceContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? 'GET';
  const [path, search] = splitTarget(request.url ?? '/');
  const match = service.match(method, path);
  const faults = match === undefined ? [] : context.faults.take(match.on, match.id);
  const entry = describeRequest(service, match, request, path, faults, context.now());
  context.onArrival(entry);
  response.once('close', () => context.onEnd(entry));
  // a lost connection is what several faults are about; it is seen through `destroyed` and 'close'
  response.on('error', () => {});

  const reset = findFault(faults, 'reset');
  if (reset !== undefined && reset.afterBytes === undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  const stall = findFault(faults, 'stall');
  if (stall !== undefined && stall.afterBytes === undefined) return;

  const body = await readBody(request);
  const reply = decide(
    service,
    context,
    { request, path, query: new URLSearchParams(search), faults },
    match,
    body,
  );
  entry.status = reply.status;
  await sendReply(request, response, reply, faults);
}

function decide(
  service: Service,
  context: ServiceContext,
  call: Omit<Call, 'match' | 'body'>,
  match: RouteMatch | undefined,
  body: string | undefined,
): Reply {
  if (match === undefined) return service.unknown(call.request.method ?? 'GET', call.path);
  if (body === undefined) return errorReply(match.dialect, 413);
  const locate = () => service.locate({ match, path: call.path });
  return (
    replaceReply(match.dialect, call.faults, context.now(), locate) ??
    service.handle({ ...call, match, body })
  );
}

/** The reply a fault puts in the place of the real one; `undefined` when none does. */
export function replaceReply(
  dialect: Dialect,
  faults: readonly Fault[],
  now: number,
  locate: () => string,
): Reply | undefined {
  for (const fault of faults) {
    if (fault.kind === 'status') return errorReply(dialect, fault.status);
    if (fault.kind === 'expired')
      return dialect === 'media-host'
        ? errorReply('media-host', 403, { message: 'Request has expired' })
        : errorReply(dialect, 401);
    if (fault.kind === 'html') return textReply(200, 'text/html; charset=utf-8', ERROR_PAGE);
    if (fault.kind === 'answer') return textReply(200, 'application/json', fault.body);
    if (fault.kind === 'redirect')
      return textReply(302, 'text/plain', '', { location: fault.to === 'self' ? locate() : fault.to });
    if (fault.kind === 'throttle') {
      const value = retryAfterHeader(fault.retryAfter, now);
      return throttleReply(dialect, value);
    }
  }
  return undefined;
}

const ERROR_PAGE =
  '<!doctype html>\n<html><head><title>Sign in</title></head>' +
  '<body><h1>Your session has ended</h1><p>Please sign in again to continue.</p></body></html>\n';

/** 429 as the platform sends it, or 503 SlowDown as S3 does. */
export function throttleReply(dialect: Dialect, retryAfter: string | undefined): Reply {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  if (dialect === 'media-host') return errorReply('media-host', 503, { headers });
  const stated = /^\d+$/.test(retryAfter ?? '');
  return errorReply(dialect, 429, {
    headers,
    code: stated ? 'too.many.requests.retry.after' : 'too.many.requests',
    message: stated
      ? `Rate limit exceeded the maximum. Retry the request in [${retryAfter}] seconds`
      : 'Rate limit exceeded the maximum [300] requests within [60] seconds',
    body: {
      limit: { key: 'client.credentials.token.rate.per.minute', namespace: 'platform.api', value: 300 },
    },
  });
}

function describeRequest(
  service: Service,
  match: RouteMatch | undefined,
  request: IncomingMessage,
  path: string,
  faults: readonly Fault[],
  time: number,
): SimulatedRequest & { status: number | undefined } {
  const headers = HEADERS_OF_INTEREST.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const { range } = request.headers;
  return {
    server: service.server,
    route: match?.route ?? 'unknown',
    method: request.method ?? 'GET',
    path,
    ...present({ id: match?.id }),
    status: undefined,
    ...present({ range }),
    hadAuthorization: request.headers.authorization !== undefined,
    headers: Object.fromEntries(headers),
    faults: faults.map((fault) => fault.kind),
    time,
  };
}

/** `undefined` when it is longer than the platform accepts. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  return length > MAX_REQUEST_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function splitTarget(target: string): [string, string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}
