import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import { limitConnections } from './connection-limit.ts';
import {
  type Answer,
  answerWebhook,
  type Door,
  type DoorState,
  methodNotAllowed,
  unavailable,
} from './door.ts';

/** 64 MiB of bodies at the worst. */
export const MAX_CONNECTIONS = 256;
export { type Health, MAX_BODY_BYTES } from './door.ts';

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

/** Of the one server, with one door or many. */
export interface SharedEntryOptions {
  readonly logger: Logger;
  readonly timeouts?: Partial<EntryTimeouts>;
  /** Default {@link MAX_CONNECTIONS}. */
  readonly maxConnections?: number;
}

export type EntryOptions = Door & SharedEntryOptions;

export interface HttpEntry {
  readonly server: Server;
  /** From now on webhooks are answered with 503, and connections are closed after each answer. */
  refuse(): void;
}

/**
 * The webhook entry: `POST /events/NAME` takes an event of an archive, `GET /health/NAME` tells how it stands, and `GET /health` how all
 * stand. Where there is but one archive, `POST /` and `POST /events` are its own as well. 202 means that the event is on disk and will
 * be archived; every other answer but 200 (of a kind that is not archived) means that it was not taken. The server is not listening yet.
 */
export function createHttpEntry(options: EntryOptions): HttpEntry {
  return createSharedEntry([options], options);
}

/** The same with a door for each of several archives. */
export function createSharedEntry(doors: readonly Door[], options: SharedEntryOptions): HttpEntry {
  const { headersMs, requestMs, keepAliveMs } = { ...ENTRY_TIMEOUTS, ...options.timeouts };
  const state: EntryState = { refusing: false, doors: doors.map(() => ({ spoolError: undefined })) };
  const server = createServer(
    {
      // of one request, from its first byte (of a connection, to its first byte): it does not end idle connections
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, headersMs / 4)),
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => void answerRequest({ doors, logger: options.logger, state }, request, response),
  );
  limitConnections(server, options.maxConnections ?? MAX_CONNECTIONS);
  return {
    server,
    refuse() {
      state.refusing = true;
    },
  };
}

interface SharedEntry {
  readonly doors: readonly Door[];
  readonly logger: Logger;
  readonly state: EntryState;
}

async function answerRequest(
  { doors, logger, state }: SharedEntry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await respond(doors, state, request).catch((error: unknown) => failed(logger, error));
  if (answer === undefined || response.destroyed) return;
  send(response, answer, {
    close: state.refusing || answer.close === true,
    head: request.method === 'HEAD',
  });
}

interface EntryState {
  refusing: boolean;
  /** Of each door, in their order. */
  readonly doors: readonly DoorState[];
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'not found' }, close: true };

/** An event that does not say which archive it is for could be taken for one of another organization. */
const SEVERAL: Answer = {
  status: 400,
  body: {
    error: 'several archives are served here: send the event to /events/NAME, with the name of its archive',
    code: 'EVENT_INVALID',
    retryable: false,
  },
  close: true,
};

/** `undefined` when the sender has gone. */
async function respond(
  doors: readonly Door[],
  state: EntryState,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const [path = ''] = (request.url ?? '').split('?');
  const { method = '' } = request;
  const [, what, name] = /^\/(?:(events|health)(?:\/([^/]+))?)?$/.exec(path) ?? [];
  if (path !== '/' && what === undefined) return NOT_FOUND;
  const named = name === undefined ? doors : doors.filter((door) => door.name === name);
  const [door, another] = named;
  if (door === undefined) return NOT_FOUND;
  if (what === 'health') {
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed('GET, HEAD');
    return describeHealth(
      named,
      named.map((one) => state.doors[doors.indexOf(one)]),
      state.refusing,
    );
  }
  if (method !== 'POST') return methodNotAllowed('POST');
  if (another !== undefined) return SEVERAL;
  if (state.refusing) return unavailable('the server is stopping');
  const own = state.doors[doors.indexOf(door)];
  return own === undefined ? NOT_FOUND : answerWebhook(door, own, request);
}

/** The figures of all `doors` together; of several that are not well, the first. */
async function describeHealth(
  doors: readonly Door[],
  states: readonly (DoorState | undefined)[],
  refusing: boolean,
): Promise<Answer> {
  const all = await Promise.all(doors.map(async (door) => door.health()));
  const spoolError = states.find((state) => state?.spoolError !== undefined)?.spoolError;
  const status = refusing ? 'stopping' : spoolError === undefined ? 'ok' : 'spool-unwritable';
  const sum = (figure: 'queued' | 'inFlight' | 'failed') =>
    all.reduce((total, one) => total + one[figure], 0);
  const pausedBy = all.find((one) => one.pausedBy !== undefined)?.pausedBy;
  return {
    status: status === 'ok' ? 200 : 503,
    body: {
      status,
      ...present({ code: spoolError?.code }),
      queued: sum('queued'),
      inFlight: sum('inFlight'),
      oldestAgeS: Math.max(...all.map(({ oldestAgeS }) => oldestAgeS)),
      failed: sum('failed'),
      ...present({ pausedBy }),
    },
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
