import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What an invocation ended with. */
export interface Outcome {
  readonly requestId: string;
  /** Of `…/response`. */
  readonly value?: unknown;
  /** Of one that was streamed; `broken` where the stream named an error at its end. */
  readonly stream?: { readonly bytes: Buffer; readonly contentType: string; readonly broken: boolean };
  /** Of `…/error`. */
  readonly error?: { readonly errorType?: string; readonly errorMessage?: string };
  /** ms between the answer and the deadline that the function was given; negative when it came too late. */
  readonly spareMs: number;
}

interface Invocation {
  readonly requestId: string;
  readonly body: string;
  readonly timeoutMs: number;
  deadline: number;
  readonly settle: (outcome: Outcome) => void;
}

export interface RuntimeApi {
  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` holds it. */
  readonly address: string;
  /** Resolves when the runtime asks for work for the first time; its value is what it reported instead, if it could not start. */
  readonly started: Promise<{ readonly errorType?: string } | undefined>;
  invoke(event: unknown, timeoutMs?: number): Promise<Outcome>;
  close(): Promise<void>;
}

export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:archiver';

/** The part of Lambda that a runtime talks to. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const running = new Map<string, Invocation>();
  let idle: ServerResponse | undefined;
  let start: (problem: { errorType?: string } | undefined) => void = () => {};
  const started = new Promise<{ errorType?: string } | undefined>((resolve) => {
    start = resolve;
  });

  const deliver = () => {
    const response = idle;
    const invocation = response === undefined ? undefined : waiting.shift();
    if (response === undefined || invocation === undefined) return;
    idle = undefined;
    invocation.deadline = Date.now() + invocation.timeoutMs;
    running.set(invocation.requestId, invocation);
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.requestId,
      'lambda-runtime-deadline-ms': String(invocation.deadline),
      'lambda-runtime-invoked-function-arn': FUNCTION_ARN,
      'lambda-runtime-trace-id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1',
    });
    response.end(invocation.body);
  };
  const finish = (requestId: string, how: Pick<Outcome, 'value' | 'error' | 'stream'>) => {
    const invocation = running.get(requestId);
    running.delete(requestId);
    invocation?.settle({ requestId, spareMs: invocation.deadline - Date.now(), ...how });
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').replace('/2018-06-01/runtime/', '');
    if (request.method === 'GET' && path === 'invocation/next') {
      idle = response;
      start(undefined);
      deliver();
      return;
    }
    const isStream = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
    const bytes = await buffer(request);
    const body: unknown = isStream ? undefined : JSON.parse(bytes.toString() || 'null');
    const [, requestId = '', what] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (what === 'response' && isStream) {
      const contentType = request.headers['content-type'] ?? '';
      const broken = request.trailers['lambda-runtime-function-error-type'] !== undefined;
      finish(requestId, { stream: { bytes, contentType, broken } });
    } else if (what === 'response') finish(requestId, { value: body });
    else if (what === 'error') finish(requestId, { error: body as NonNullable<Outcome['error']> });
    else if (path === 'init/error') start(body as { errorType?: string });
    response.writeHead(202, { 'content-type': 'application/json' });
    response.end('{"status":"OK"}');
  };
  const http = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    address: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    started,
    invoke: (event, timeoutMs = 60_000) =>
      new Promise((settle) => {
        const requestId = randomUUID();
        waiting.push({ requestId, body: JSON.stringify(event), timeoutMs, deadline: 0, settle });
        deliver();
      }),
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
