import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sharedSignal } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { type ConsoleAnswer, type ConsoleRequest, MAX_BODY_BYTES } from './exchange.ts';
import { present } from '../present.ts';

const MAX_HEAD_BYTES = 16 * 1024;
const HEADERS_MS = 30_000;
const REQUEST_MS = 60_000;
const KEEP_ALIVE_MS = 10_000;
const MAX_CONNECTIONS = 256;

/** A node:http server, not listening yet, that has `answer` answer each request. */
export function createNodeServer(answer: (request: ConsoleRequest) => Promise<ConsoleAnswer>): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      requireHostHeader: true,
    },
    (request, response) => void exchange(answer, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function exchange(
  answer: (request: ConsoleRequest) => Promise<ConsoleAnswer>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new ArchiveError('INTERRUPTED', 'who asked has gone')));
  const request = requestOf(message, sharedSignal(gone));
  const answered = await answer(request);
  if (response.destroyed) {
    await release(answered);
    return;
  }
  await send(response, answered, message.method === 'HEAD').catch(() => response.destroy());
}

/** A body that is not read may hold a connection or a file. */
async function release({ body }: ConsoleAnswer): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return;
  await body[Symbol.asyncIterator]().return?.();
}

function requestOf(message: IncomingMessage, signal: AbortSignal): ConsoleRequest {
  const url = message.url ?? '/';
  const at = url.indexOf('?');
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: message.method ?? '',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    headers,
    body: async () => readBody(message),
    signal,
  };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ArchiveError('REQUEST_INVALID', `the body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function send(
  response: ServerResponse,
  { status, headers, cookie, body }: ConsoleAnswer,
  isHead: boolean,
): Promise<void> {
  const known = body instanceof Uint8Array ? { 'content-length': String(body.length) } : {};
  response.writeHead(status, {
    ...known,
    ...headers,
    ...present({ 'set-cookie': cookie === undefined ? undefined : [cookie].flat() }),
  });
  if (isHead || body === undefined || body instanceof Uint8Array) {
    if (isHead) await release({ status, headers, ...present({ body }) });
    response.end(isHead || body === undefined ? undefined : body);
    return;
  }
  const source = body[Symbol.asyncIterator]();
  try {
    await pipeline(Readable.from({ [Symbol.asyncIterator]: () => source }, { objectMode: false }), response);
  } finally {
    // a generator that was never begun does not end itself when its stream is destroyed
    await source.return?.();
  }
}
