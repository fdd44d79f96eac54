/** The console’s requests and answers as events of a Function URL and as response streams. */
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sharedSignal } from '../clock.ts';
import { type ConsoleAnswer, type ConsoleRequest, MAX_BODY_BYTES } from '../console/exchange.ts';
import { ArchiveError } from '../errors.ts';

/** ms before the invocation's end at which what is under way is given up. */
const RESERVE_MS = 2_000;
/**
 * The host by which a person asked. CloudFront writes it over any that came, and nothing but CloudFront can invoke the function; `host` names the
 * Function URL.
 */
export const VIEWER_HOST = 'x-viewer-host';

/** Of a Function URL. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads */
export interface FunctionUrlEvent {
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  /** Names in lower case; without cookies. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: { readonly http?: { readonly method?: string } };
}

/** What the runtime gives a handler that streams; the names are AWS's. */
export interface StreamRuntime {
  streamifyResponse<Handler>(handler: Handler): Handler;
  readonly HttpResponseStream: { from(stream: Writable, head: StreamHead): Writable };
}

export interface StreamHead {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

export function requestOf(
  event: FunctionUrlEvent,
  remainingMs: number,
): { readonly request: ConsoleRequest; readonly end: () => void } {
  const gone = new AbortController();
  const over = () => gone.abort(new ArchiveError('INTERRUPTED', 'the time of the invocation is over'));
  const timer = setTimeout(over, Math.max(0, remainingMs - RESERVE_MS));
  const { [VIEWER_HOST]: host, ...headers } = event.headers ?? {};
  const request: ConsoleRequest = {
    method: event.requestContext?.http?.method ?? '',
    path: event.rawPath ?? '/',
    query: new URLSearchParams(event.rawQueryString ?? ''),
    headers: { ...headers, cookie: event.cookies?.join('; '), host: host ?? '' },
    body: () => {
      const body = Buffer.from(event.body ?? '', event.isBase64Encoded === true ? 'base64' : 'utf8');
      return body.length <= MAX_BODY_BYTES
        ? Promise.resolve(body)
        : Promise.reject(
            new ArchiveError('REQUEST_INVALID', `the body is larger than ${MAX_BODY_BYTES} bytes`),
          );
    },
    signal: sharedSignal(gone),
  };
  return { request, end: () => clearTimeout(timer) };
}

/** Sends an answer; one that breaks off breaks the stream. */
export async function sendAnswer(
  runtime: Pick<StreamRuntime, 'HttpResponseStream'>,
  stream: Writable,
  { answer, isHead }: { readonly answer: ConsoleAnswer; readonly isHead: boolean },
): Promise<void> {
  const { status, headers, cookie, body } = answer;
  // a stream is sent in chunks, and has no other length
  const { 'content-length': _length, ...kept } = headers;
  const out = runtime.HttpResponseStream.from(stream, {
    statusCode: status,
    headers: kept,
    cookies: cookie === undefined ? [] : [cookie].flat(),
  });
  // the head goes out with the first write, and a stream of nothing has none
  out.write(new Uint8Array(0));
  await pipeline(Readable.from(bodyOf(body, isHead, kept), { objectMode: false }), out);
}

async function* bodyOf(
  body: ConsoleAnswer['body'],
  isHead: boolean,
  { 'content-type': type }: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === undefined || body instanceof Uint8Array) {
    if (!isHead && body !== undefined) yield body;
    return;
  }
  const source = body[Symbol.asyncIterator]();
  try {
    if (isHead) return;
    for (;;) {
      const piece = await source.next();
      if (piece.done === true) return;
      yield piece.value;
      // an invocation that waits costs as one that works: the page asks again after each event
      if (type === 'text/event-stream') return;
    }
  } finally {
    // a generator that was never begun does not end itself
    await source.return?.();
  }
}
