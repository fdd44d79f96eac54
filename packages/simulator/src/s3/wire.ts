import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { S3Answer } from './call.ts';
import { S3Refusal } from './refusal.ts';
import { renderDocument } from './xml.ts';

/** The client is gone, or a fault has cut it off: no client is left to answer. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone' as const;
  readonly reset: boolean;

  /** @param how `reset`: end the connection with a TCP RST once everything is cleaned up. */
  constructor(how: 'lost' | 'reset') {
    super(how);
    this.reset = how === 'reset';
  }
}

/** One request and its response on the wire. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client holds its body back until it is told to send it. */
  awaitsContinue: boolean;
}

export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return { request, response, awaitsContinue: /^100-continue$/i.test(request.headers.expect ?? '') };
}

/** Ends a connection without an answer. A TCP RST also takes back what the peer has not read yet. */
export function endConnection({ request }: Exchange, reset: boolean): void {
  if (reset && !request.socket.destroyed) request.socket.resetAndDestroy();
  else request.socket.destroy();
}

/**
 * The bytes of a request. `100 Continue` is sent when they are first asked for, so that a refusal reaches a client before it
 * has sent a gigabyte. Leaving the iteration early keeps the connection, so that the refusal can still be answered.
 *
 * @param resetAfter throws {@link ConnectionGone} when that many bytes have come, or at the end of a shorter body.
 */
export async function* readRequest(exchange: Exchange, resetAfter?: number): AsyncGenerator<Uint8Array> {
  const { request, response } = exchange;
  if (exchange.awaitsContinue) response.writeContinue();
  exchange.awaitsContinue = false;
  let passed = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      passed += chunk.length;
      if (resetAfter !== undefined && passed >= resetAfter) break;
      yield chunk;
    }
  } catch {
    throw new ConnectionGone('lost');
  }
  if (resetAfter !== undefined) throw new ConnectionGone('reset');
}

/** The error document of a refusal. */
export function describeRefusal(
  refusal: S3Refusal,
  context: { readonly resource: string; readonly requestId: string; readonly method: string },
): S3Answer {
  const range: unknown = refusal.fields['ActualObjectSize'];
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/xml',
      ...(refusal.code === 'InvalidRange' ? { 'content-range': `bytes */${String(range)}` } : {}),
    },
    ...(context.method === 'HEAD'
      ? {}
      : {
          body: renderDocument('Error', {
            Code: refusal.code,
            Message: refusal.message,
            ...refusal.fields,
            Resource: context.resource,
            RequestId: context.requestId,
          }),
        }),
  };
}

/** Where a body ends before its time. */
export interface Cut {
  readonly afterBytes: number;
  readonly silent?: boolean;
}

async function sendCut(
  { request, response }: Exchange,
  body: AsyncIterable<Uint8Array>,
  cut: Cut,
): Promise<void> {
  response.flushHeaders();
  let left = cut.afterBytes;
  for await (const chunk of body) {
    const part = chunk.subarray(0, left);
    left -= part.length;
    if (part.length > 0) {
      // The callback comes when the bytes have left this process, or the connection has.
      await new Promise<void>((resolve) => {
        response.write(part, () => resolve());
      });
    }
    if (left <= 0) break;
  }
  if (cut.silent === true) return;
  // FIN, not RST: an RST would let the client's kernel throw away bytes it has not read yet.
  request.socket.destroySoon();
}

/**
 * Reads and drops the rest of a body that was refused half-way. Node does so only for untouched bodies; otherwise
 * the next request on the connection would wait behind it for ever, or, if the connection were closed, a client still
 * sending would see a reset and never the answer.
 */
async function drain({ request, response, awaitsContinue }: Exchange): Promise<void> {
  if (request.complete) return;
  if (awaitsContinue) {
    // Whether the client will send its body now is its choice: this connection cannot carry another request.
    response.setHeader('connection', 'close');
    return;
  }
  try {
    await finished(request.resume(), { writable: false });
  } catch {
    throw new ConnectionGone('lost');
  }
}

/** Sends an answer whole, or throws {@link ConnectionGone}. */
export async function sendAnswer(exchange: Exchange, answer: S3Answer, cut?: Cut): Promise<void> {
  const { response } = exchange;
  const { status, headers = {}, body } = answer;
  await drain(exchange);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) response.end();
  else if (typeof body === 'string') {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/xml');
    response.setHeader('content-length', Buffer.byteLength(body));
    response.end(body);
  } else if (cut !== undefined) await sendCut(exchange, body, cut);
  else {
    try {
      await pipeline(Readable.from(body, { objectMode: false, highWaterMark: 1 }), response);
    } catch {
      throw new ConnectionGone('lost');
    }
  }
}
