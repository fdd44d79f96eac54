import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AwsProblem, AwsRefusal, type AwsService, refusalOf } from './refusals.ts';
import { type S3ErrorCode, S3Refusal } from '../s3/refusal.ts';
import type { AwsEndpointOptions } from './endpoint.ts';
import { describeCause } from '../simulator-error.ts';
import { sha256Hex, type SigningCredentials, verifySignature } from './sigv4.ts';

/** One request that was signed with our key and names an operation of the service. */
export interface AwsCall<Operation extends string> {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  /** The connection it came on, for faults. */
  readonly socket: IncomingMessage['socket'];
}

export interface AwsJsonService<S extends AwsService, Operation extends string, Entry> {
  readonly credentials: SigningCredentials & { readonly service: S };
  /** What stands before the operation in `x-amz-target`, e.g. `TrentService`. */
  readonly target: string;
  /** Of `application/x-amz-json-`. */
  readonly version: '1.0' | '1.1';
  /** Before the code in `__type`; default none. */
  readonly typePrefix?: string;
  /** Where the words of a refusal stand. @default `message` */
  readonly messageMember?: 'message' | 'Message';
  /** Bytes. */
  readonly largestRequest: number;
  readonly isOperation: (name: string) => name is Operation;
  /** Called when a request arrives; what it gives stands for that request from then on. */
  readonly begin: () => Entry;
  /** Called as soon as the operation is known, before its input is. */
  readonly recognise: (entry: Entry, operation: Operation) => void;
  /** `undefined` is answered with an empty body. @throws a refusal, or {@link NoAnswer}. */
  readonly perform: (
    call: AwsCall<Operation>,
    entry: Entry,
  ) => object | undefined | Promise<object | undefined>;
  /** @param status 0 when no answer was sent. */
  readonly end: (entry: Entry, status: number, refusal: AwsRefusal<S> | undefined) => void;
}

export interface AwsJsonEndpoint {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The settings that point an AWS SDK client of another process here. */
  environment(): Record<string, string>;
  close(): Promise<void>;
}

/** The request ends without an answer: the connection is reset. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer' as const;
}

/** The signature check is S3's; its refusals have other names here. */
const SIGNATURE_PROBLEMS: Readonly<Partial<Record<S3ErrorCode, AwsProblem>>> = {
  AccessDenied: 'unsigned',
  InvalidAccessKeyId: 'unknown-key',
  InvalidToken: 'unknown-key',
  RequestTimeTooSkewed: 'wrong-signature',
  SignatureDoesNotMatch: 'wrong-signature',
};

/** @param service as it stands in signatures. */
export function credentialsFor<S extends AwsService>(
  service: S,
  { accessKeyId, secretAccessKey, sessionToken, region }: AwsEndpointOptions,
): SigningCredentials & { readonly service: S } {
  return {
    accessKeyId: accessKeyId ?? 'simulator',
    secretAccessKey: secretAccessKey ?? 'simulator-secret-key',
    sessionToken,
    region: region ?? 'us-east-1',
    service,
  };
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html */
const ENDPOINT_VARIABLES: Readonly<Record<AwsService, string>> = {
  athena: 'AWS_ENDPOINT_URL_ATHENA',
  kms: 'AWS_ENDPOINT_URL_KMS',
  secretsmanager: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  sqs: 'AWS_ENDPOINT_URL_SQS',
};

async function readBody<S extends AwsService, O extends string, E>(
  service: AwsJsonService<S, O, E>,
  request: IncomingMessage,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= service.largestRequest) chunks.push(chunk);
  }
  if (length > service.largestRequest) throw refusalOf(service.credentials.service, 'too-large');
  return Buffer.concat(chunks);
}

/** @throws a refusal when the request is not signed with our key, or not as it arrived. */
function requireSignature<S extends AwsService, O extends string, E>(
  service: AwsJsonService<S, O, E>,
  request: IncomingMessage,
  body: Buffer,
  now: number,
): void {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values !== undefined) headers.set(name, values.join(','));
  }
  const digest = sha256Hex(body);
  try {
    const signable = { method: request.method ?? '', path: request.url ?? '/', query: [], headers };
    const { payload } = verifySignature(signable, service.credentials, now, digest);
    if (payload !== digest) throw new S3Refusal('SignatureDoesNotMatch');
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    throw refusalOf(service.credentials.service, SIGNATURE_PROBLEMS[error.code] ?? 'incomplete-signature');
  }
}

function parseInput(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

async function perform<S extends AwsService, O extends string, E>(
  service: AwsJsonService<S, O, E>,
  request: IncomingMessage,
  entry: E,
  now: number,
): Promise<object | undefined> {
  const body = await readBody(service, request);
  requireSignature(service, request, body, now);
  const [prefix, operation = ''] = String(request.headers['x-amz-target']).split('.');
  if (request.method !== 'POST' || prefix !== service.target || !service.isOperation(operation)) {
    throw refusalOf(service.credentials.service, 'unknown-operation');
  }
  service.recognise(entry, operation);
  const input = parseInput(body);
  if (input === undefined) throw refusalOf(service.credentials.service, 'no-json');
  return service.perform({ operation, input, socket: request.socket }, entry);
}

async function answer<S extends AwsService, O extends string, E>(
  service: AwsJsonService<S, O, E>,
  request: IncomingMessage,
  response: ServerResponse,
  now: () => number,
): Promise<void> {
  const entry = service.begin();
  let reply: object | undefined;
  let refusal: AwsRefusal<S> | undefined;
  try {
    reply = await perform(service, request, entry, now());
  } catch (error) {
    if (error instanceof NoAnswer || request.socket.destroyed) {
      request.socket.resetAndDestroy();
      service.end(entry, 0, undefined);
      return;
    }
    refusal =
      error instanceof AwsRefusal
        ? (error as AwsRefusal<S>)
        : refusalOf(service.credentials.service, 'internal', describeCause(error));
    reply = {
      __type: `${service.typePrefix ?? ''}${refusal.code}`,
      [service.messageMember ?? 'message']: refusal.message,
    };
  }
  const status = refusal?.status ?? 200;
  // operations without an output answer with an empty body
  const text = reply === undefined ? '' : JSON.stringify(reply);
  response.writeHead(status, {
    'content-type': `application/x-amz-json-${service.version}`,
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
    // clients correct their clock by it
    date: new Date(now()).toUTCString(),
  });
  response.end(text);
  service.end(entry, status, refusal);
}

/**
 * An endpoint of a service that speaks AWS's JSON protocol (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html) on
 * 127.0.0.1: requests are signed, their operation stands in a header, input and output are JSON objects.
 */
export async function serveAwsJson<S extends AwsService, O extends string, E>(
  service: AwsJsonService<S, O, E>,
  { port = 0, now = Date.now }: AwsEndpointOptions,
): Promise<AwsJsonEndpoint> {
  const { accessKeyId, secretAccessKey, region, service: name } = service.credentials;
  const underWay = new Set<Promise<void>>();
  // a connection that closes while the client reuses it looks like a fault that was not set
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.on('error', () => {}); // a lost connection is seen through `destroyed`
    const work = answer(service, request, response, now).catch(() => {
      request.socket.destroy();
    });
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  });
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url,
    environment: () => ({
      [ENDPOINT_VARIABLES[name]]: url,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
    }),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      http.closeAllConnections();
      await closed;
      await Promise.all(underWay);
    },
  };
}
