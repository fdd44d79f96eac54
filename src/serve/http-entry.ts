import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ParsedEvent } from '../events/parse-event.ts';
import { isTimely, verifyWebhookSignature } from '../events/webhook-signature.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import type { Secret } from '../secret.ts';
import { limitConnections } from './connection-limit.ts';
import { decodeText } from '../text-file.ts';

/** Bytes. An archiving event is about 1 KiB; the Lambda entry has the same limit. */
export const MAX_BODY_BYTES = 256 * 1024;
/** What is too long is read on and thrown away up to here (bytes), so that its sender sees the answer and not a reset. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;
/** 64 MiB of bodies at the worst. */
export const MAX_CONNECTIONS = 256;
/** Seconds a sender is asked to wait before it sends again what could not be accepted. */
const RETRY_AFTER_S = 30;

export interface EntryTimeouts {
  /** ms for a request's headers. */
  readonly headersMs: number;
  /** ms for a whole request. */
  readonly requestMs: number;
  /** ms for which an idle connection is kept. */
  readonly keepAliveMs: number;
}

/** An event of 1 KiB takes no second; Genesys Cloud itself gives up on a webhook after 10 s. */
export const ENTRY_TIMEOUTS: EntryTimeouts = {
  headersMs: 5_000,
  requestMs: 10_000,
  // longer than a proxy keeps its own idle connections (ALB 60 s, nginx 60 to 75 s, Caddy 120 s): the side that sends must close first,
  // or a webhook meets a connection that is just being closed
  keepAliveMs: 130_000,
};

/** What `GET /health` answers with, besides `status`. */
export interface Health {
  readonly queued: number;
  readonly inFlight: number;
  /** Seconds since the oldest event of the queue was received. */
  readonly oldestAgeS: number;
  readonly failed: number;
  /** Code of the error that keeps the queue from being worked on; only while it does. */
  readonly pausedBy?: string;
}

export interface EntryOptions {
  /** Those that are active; a function is asked for each request. */
  readonly secrets: readonly Secret[] | (() => Promise<readonly Secret[]>);
  /** Versions of the signature that are accepted; default `any`. */
  readonly signatures?: 'any' | 'v2' | undefined;
  /** @throws `EVENT_INVALID`. */
  readonly parse: (event: unknown) => ParsedEvent;
  /** Resolves once the event is durable; see `Spool.add`. */
  readonly accept: (event: unknown, bodyHash: string) => Promise<'queued' | 'duplicate'>;
  readonly health: () => Promise<Health>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly timeouts?: Partial<EntryTimeouts>;
  /** Default {@link MAX_CONNECTIONS}. */
  readonly maxConnections?: number;
}

export interface HttpEntry {
  readonly server: Server;
  /** From now on webhooks are answered with 503, and connections are closed after each answer. */
  refuse(): void;
}

/**
 * The webhook entry: `POST /` and `POST /events` take an event, `GET /health` tells how things stand. 202 means that the event is
 * on disk and will be archived; every other answer but 200 (of a kind that is not archived) means that it was not taken.
 * The server is not listening yet.
 */
export function createHttpEntry(options: EntryOptions): HttpEntry {
  const { headersMs, requestMs, keepAliveMs } = { ...ENTRY_TIMEOUTS, ...options.timeouts };
  const state: EntryState = { refusing: false, spoolError: undefined };
  const server = createServer(
    {
      // of one request, from its first byte (of a connection, to its first byte): it does not end idle connections
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, headersMs / 4)),
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => void answerRequest(options, state, request, response),
  );
  limitConnections(server, options.maxConnections ?? MAX_CONNECTIONS);
  return {
    server,
    refuse() {
      state.refusing = true;
    },
  };
}

async function answerRequest(
  options: EntryOptions,
  state: EntryState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await respond(options, state, request).catch((error: unknown) =>
    failed(options.logger, error),
  );
  if (answer === undefined || response.destroyed) return;
  send(response, answer, {
    close: state.refusing || answer.close === true,
    head: request.method === 'HEAD',
  });
}

interface EntryState {
  refusing: boolean;
  /** Of the last attempt to write an event, if it failed. */
  spoolError: ArchiveError | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close?: true;
}

const UNAUTHENTICATED: Answer = { status: 401, body: { error: 'unauthorized' } };
const TOO_LARGE: Answer = {
  status: 413,
  body: { error: 'the body is longer than 256 KiB', code: 'EVENT_INVALID', retryable: false },
  close: true,
};

/** `undefined` when there is nobody left to answer. */
async function respond(
  options: EntryOptions,
  state: EntryState,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const [path = ''] = (request.url ?? '').split('?');
  const { method = '' } = request;
  if (path === '/health') {
    if (method === 'GET' || method === 'HEAD') return describeHealth(options, state);
    return methodNotAllowed('GET, HEAD');
  }
  if (path !== '/' && path !== '/events') return { status: 404, body: { error: 'not found' }, close: true };
  if (method !== 'POST') return methodNotAllowed('POST');
  if (state.refusing) return unavailable('the server is stopping');
  const raw = await readBody(request);
  if (raw === 'lost') return undefined;
  if (raw === 'too-large') return TOO_LARGE;
  const secrets = typeof options.secrets === 'function' ? await options.secrets() : options.secrets;
  if (!isAuthentic(secrets, options, request, raw)) {
    options.logger.log('warn', 'webhook refused', { code: 'WEBHOOK_UNAUTHENTICATED', state: 'refused' });
    return UNAUTHENTICATED;
  }
  return accept(options, state, raw);
}

/**
 * Without a secret the door is open, on this machine; yet a web page that is open in a browser on it must not come in, and
 * browsers say from where a request of a page comes.
 */
function isAuthentic(
  secrets: readonly Secret[],
  { clock, signatures: versions }: Pick<EntryOptions, 'clock' | 'signatures'>,
  { headers: received }: IncomingMessage,
  raw: Buffer,
): boolean {
  const headers = Object.fromEntries(
    Object.entries(received).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  if (!isTimely(headers, clock.now())) return false;
  if (secrets.length === 0) return headers['origin'] === undefined;
  const revealed = secrets.map((secret) => secret.reveal());
  return verifyWebhookSignature({ raw, headers, secrets: revealed, versions });
}

async function accept(options: EntryOptions, state: EntryState, raw: Buffer): Promise<Answer> {
  const { logger } = options;
  let event: unknown;
  try {
    event = readEvent(raw);
    const parsed = options.parse(event);
    if (parsed.kind === 'ignored') {
      logger.log('info', 'event ignored', { source: parsed.source, reason: parsed.reason, state: 'ignored' });
      return { status: 200, body: { success: true, ignored: 1 } };
    }
  } catch (caught) {
    const { code, message } = toArchiveError(caught);
    logger.log('warn', message, { code, state: 'refused' });
    return { status: 400, body: { error: message, code, retryable: false } };
  }
  const bodyHash = createHash('sha256').update(raw).digest('hex');
  try {
    const outcome = await options.accept(event, bodyHash);
    state.spoolError = undefined;
    logger.log('info', 'event accepted', { requestId: bodyHash, bytes: raw.byteLength, state: outcome });
    return {
      status: 202,
      body: { accepted: true, id: bodyHash, ...(outcome === 'duplicate' ? { duplicate: true } : {}) },
    };
  } catch (caught) {
    state.spoolError = toArchiveError(caught);
    const { code, message } = state.spoolError;
    logger.log('error', message, { code, state: 'refused' });
    return unavailable('the event could not be written to disk', code);
  }
}

/** @throws `EVENT_INVALID`. */
function readEvent(raw: Buffer): unknown {
  let event: unknown;
  try {
    event = JSON.parse(decodeText(raw, 'the event', 'EVENT_INVALID'));
    // deeper than the stack: such a thing could be read, and never be written
    JSON.stringify(event);
    return event;
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const problem = error instanceof SyntaxError ? 'is not JSON' : 'is nested too deeply';
    throw new ArchiveError('EVENT_INVALID', `the event ${problem}`);
  }
}

/** The body whole; `lost` when the sender went away or was too slow. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large' | 'lost'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_DISCARDED_BYTES) return 'too-large';
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    return 'lost';
  }
  return size > MAX_BODY_BYTES ? 'too-large' : Buffer.concat(chunks);
}

async function describeHealth(options: EntryOptions, { refusing, spoolError }: EntryState): Promise<Answer> {
  const figures = await options.health();
  const status = refusing ? 'stopping' : spoolError === undefined ? 'ok' : 'spool-unwritable';
  return {
    status: status === 'ok' ? 200 : 503,
    body: {
      status,
      ...present({ code: spoolError?.code }),
      ...figures,
    },
  };
}

function methodNotAllowed(allow: string): Answer {
  return { status: 405, body: { error: 'method not allowed' }, headers: { allow }, close: true };
}

function unavailable(error: string, code?: string): Answer {
  return {
    status: 503,
    body: { error, ...present({ code }), retryable: true },
    headers: { 'retry-after': String(RETRY_AFTER_S) },
  };
}

function failed(logger: Logger, caught: unknown): Answer {
  const error = toArchiveError(caught);
  logger.log('error', error.message, { code: error.code });
  return { status: 500, body: { error: 'unexpected failure', code: error.code, retryable: true } };
}

function send(
  response: ServerResponse,
  { status, body, headers }: Answer,
  { close, head }: { readonly close: boolean; readonly head: boolean },
): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(close ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(head ? undefined : text);
}
