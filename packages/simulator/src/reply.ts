import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { findFault, resolveOffset, type BodyOffset, type Fault } from './faults.ts';

/** A response that has been decided but not sent. */
export interface Reply {
  readonly status: number;
  /** Without Content-Length: that follows from the body, and from the faults. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
}

export interface ReplyBody {
  /** Bytes. */
  readonly length: number;
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export function textReply(
  status: number,
  contentType: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const bytes = Buffer.from(text);
  return {
    status,
    headers: { 'content-type': contentType, ...headers },
    body: { length: bytes.length, read: () => [bytes] },
  };
}

type Ending = 'complete' | 'cut' | 'reset' | 'stall';

interface PlannedReply {
  readonly ending: Ending;
  /** Bytes of the body that are sent before the ending. */
  readonly sent: number;
  readonly framing: 'length' | 'chunked' | 'close';
  readonly bytesPerSecond: number | undefined;
}

/** What the faults make of a response with a body of `length` bytes. */
function planDelivery(length: number, faults: readonly Fault[]): PlannedReply {
  const cut = findFault(faults, 'cut');
  const reset = findFault(faults, 'reset');
  const stall = findFault(faults, 'stall');
  const place = (offset: BodyOffset) => Math.min(length, resolveOffset(offset, length));
  const unframed = cut?.keepLength === false ? 'close' : 'length';
  const common = {
    framing: findFault(faults, 'chunked') === undefined ? unframed : 'chunked',
    bytesPerSecond: findFault(faults, 'trickle')?.bytesPerSecond,
  } as const;
  if (cut !== undefined) return { ...common, ending: 'cut', sent: place(cut.atByte) };
  if (reset?.afterBytes !== undefined) return { ...common, ending: 'reset', sent: place(reset.afterBytes) };
  if (stall?.afterBytes !== undefined) return { ...common, ending: 'stall', sent: place(stall.afterBytes) };
  return { ...common, ending: 'complete', sent: length };
}

/** Sends `reply` as far and as fast as the faults let it. Settles when nothing more will be sent; never rejects. */
export async function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  faults: readonly Fault[],
): Promise<void> {
  const delivery = planDelivery(reply.body.length, faults);
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  if (delivery.framing === 'length') response.setHeader('content-length', reply.body.length);
  if (delivery.framing === 'close') {
    // a removed header is not added again by Node: without length and chunks, the body ends where the connection does
    response.removeHeader('transfer-encoding');
    response.setHeader('connection', 'close');
  }
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  try {
    await sendBody(response, reply.body, delivery);
  } catch {
    // the file could not be read to its end, or the client left: either way all that can still be told is a broken body
    response.destroy();
    return;
  }
  await conclude(response, delivery);
}

async function sendBody(response: ServerResponse, body: ReplyBody, delivery: PlannedReply): Promise<void> {
  let left = delivery.sent;
  if (left === 0) return;
  for await (const chunk of body.read()) {
    const wanted = chunk.subarray(0, Math.min(chunk.length, left));
    for await (const slice of pace(response, wanted, delivery.bytesPerSecond)) {
      if (response.destroyed) return;
      if (!response.write(slice)) await untilWritable(response);
    }
    left -= wanted.length;
    if (left === 0) return;
  }
}

/** Milliseconds between two drops of a trickle. */
const DROP_INTERVAL_MS = 50;

async function* pace(
  response: ServerResponse,
  chunk: Uint8Array,
  bytesPerSecond: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytesPerSecond === undefined) {
    yield chunk;
    return;
  }
  const drop = Math.max(1, Math.round((bytesPerSecond * DROP_INTERVAL_MS) / 1000));
  for (let at = 0; at < chunk.length && !response.destroyed; at += drop) {
    const slice = chunk.subarray(at, at + drop);
    yield slice;
    await pause(response, (slice.length / bytesPerSecond) * 1000);
  }
}

/** Waits, but not longer than the connection lives. */
async function pause(response: ServerResponse, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    response.once('close', done);
  });
}

async function untilWritable(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
    if (response.destroyed) done();
  });
}

async function conclude(response: ServerResponse, delivery: PlannedReply): Promise<void> {
  if (delivery.ending === 'stall' || response.destroyed) return;
  if (delivery.ending === 'complete' || delivery.framing === 'close') {
    response.end();
    return;
  }
  await flushed(response);
  if (delivery.ending === 'cut') {
    response.socket?.destroySoon();
    return;
  }
  await letReceiverRead(response);
  response.socket?.resetAndDestroy();
}

/** Milliseconds, and turns of the event loop, before a reset: a receiver that is told of it loses what it has not read. */
const RESET_DELAY_MS = 20;
const RESET_DELAY_TURNS = 10;

async function letReceiverRead(response: ServerResponse): Promise<void> {
  await pause(response, RESET_DELAY_MS);
  // the receiver may live in this very process, which may have been too busy to read at all meanwhile
  for (let turn = 0; turn < RESET_DELAY_TURNS; turn += 1) await setImmediate();
}

/** Resolves when all that was written has been handed to the operating system. */
async function flushed(response: ServerResponse): Promise<void> {
  const { socket } = response;
  if (socket === null || socket.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    const check = () => {
      if (socket.writableLength > 0 && !socket.destroyed) return;
      socket.off('drain', check);
      socket.off('close', check);
      clearInterval(timer);
      resolve();
    };
    // 'drain' is only promised after a write() that returned false
    const timer = setInterval(check, 5);
    socket.on('drain', check);
    socket.on('close', check);
  });
}
