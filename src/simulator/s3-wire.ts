import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Answer } from './s3-call.ts';
import { S3Refusal } from './s3-refusal.ts';
import { renderDocument } from './s3-xml.ts';

/** The client is gone, or a fault has cut it off: there is nobody left to answer. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone' as const;
}

/** TCP RST rather than FIN where the socket can do it. */
export function resetConnection(request: IncomingMessage): void {
  if (request.socket.destroyed) return;
  request.socket.resetAndDestroy();
}

/**
 * The bytes of a request. `100 Continue` is sent when they are first asked for, so that a refusal reaches a client before it
 * has sent a gigabyte. Leaving the iteration early keeps the connection, so that the refusal can still be answered.
 *
 * @param resetAfter reset the connection when that many bytes have come, or at the end of a shorter body.
 */
export async function* readRequest(
  request: IncomingMessage,
  response: ServerResponse,
  resetAfter?: number,
): AsyncGenerator<Uint8Array> {
  if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
  let passed = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      passed += chunk.length;
      if (resetAfter !== undefined && passed >= resetAfter) break;
      yield chunk;
    }
  } catch {
    throw new ConnectionGone('the request ended early');
  }
  if (resetAfter !== undefined) {
    resetConnection(request);
    throw new ConnectionGone('reset by a fault');
  }
  if (!request.complete) throw new ConnectionGone('the request ended early');
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
  request: IncomingMessage,
  response: ServerResponse,
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

/** Sends an answer whole, or throws {@link ConnectionGone}. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: S3Answer,
  cut?: Cut,
): Promise<void> {
  const { status, headers = {}, body } = answer;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // Whether a client that was never told to continue will send its body is unknown: the connection cannot be used again.
  if (!request.complete) response.setHeader('connection', 'close');
  if (body === undefined) response.end();
  else if (typeof body === 'string') {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/xml');
    response.setHeader('content-length', Buffer.byteLength(body));
    response.end(body);
  } else if (cut !== undefined) await sendCut(request, response, body, cut);
  else {
    try {
      await pipeline(Readable.from(body, { objectMode: false, highWaterMark: 1 }), response);
    } catch {
      throw new ConnectionGone('the answer could not be sent');
    }
  }
}
