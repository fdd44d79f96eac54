import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Refusal } from '../s3/refusal.ts';
import { sha256Hex, type SigningCredentials, verifySignature } from '../sigv4.ts';
import { SqsQueues } from './queues.ts';
import {
  isSqsOperation,
  type SqsErrorCode,
  SQS_OPERATIONS,
  type SqsOperation,
  SqsRefusal,
} from './operations.ts';

export type { SqsOperation } from './operations.ts';

export interface SqsOptions {
  /** Names of the queues; default `recordings` and `recordings-dead`. */
  readonly queues?: readonly string[];
  /** Default `simulator`. */
  readonly accessKeyId?: string;
  /** Default `simulator-secret-key`. */
  readonly secretAccessKey?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Epoch ms; default the system's clock. */
  readonly now?: () => number;
}

export interface SqsEndpoint {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** URL of a queue, as messages are sent to it. */
  queueUrl(name: string): string;
  /** What stands in a queue, whether it is hidden at the moment or not. For tests; costs no delivery. */
  readonly queues: SqsQueues;
  /** The names of the operations that came, in their order. */
  readonly operations: readonly SqsOperation[];
  readonly faults: {
    /** The next `times` requests for `operation` are answered with `code`. */
    add(operation: SqsOperation, code: SqsErrorCode, times?: number): void;
  };
  /** The settings that point an AWS SDK client of another process here. */
  environment(): Record<string, string>;
  close(): Promise<void>;
}

/** Stands in URLs of queues where AWS has the number of the account. */
const ACCOUNT = '000000000000';
/** Bytes; a batch of ten messages in AWS is at most 1 MiB. */
const LARGEST_REQUEST = 1_200_000;
const TARGET = /^AmazonSQS\.([A-Za-z]{1,60})$/;

/** The signature check is S3's; its refusals have other names here. */
const SIGNATURE_REFUSALS: Readonly<Record<string, SqsErrorCode>> = {
  AccessDenied: 'MissingAuthenticationTokenException',
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
};

interface Server {
  readonly credentials: SigningCredentials;
  readonly queues: SqsQueues;
  readonly now: () => number;
  readonly operations: SqsOperation[];
  readonly faults: { operation: SqsOperation; code: SqsErrorCode; left: number }[];
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LARGEST_REQUEST) chunks.push(chunk);
  }
  if (length > LARGEST_REQUEST) throw new SqsRefusal('BatchRequestTooLong');
  return Buffer.concat(chunks);
}

/** @throws `SqsRefusal` when the request is not signed with our key, or not as it arrived. */
function requireSignature({ credentials, now }: Server, request: IncomingMessage, body: Buffer): void {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values !== undefined) headers.set(name, values.join(','));
  }
  const digest = sha256Hex(body);
  try {
    const signable = { method: request.method ?? '', path: request.url ?? '/', query: [], headers };
    const { payload } = verifySignature(signable, credentials, now(), digest);
    if (payload !== digest) throw new S3Refusal('SignatureDoesNotMatch');
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    throw new SqsRefusal(SIGNATURE_REFUSALS[error.code] ?? 'InvalidSignatureException');
  }
}

async function perform(server: Server, request: IncomingMessage): Promise<object | undefined> {
  const body = await readBody(request);
  requireSignature(server, request, body);
  const [, name = ''] = TARGET.exec(String(request.headers['x-amz-target'])) ?? [];
  if (request.method !== 'POST' || !isSqsOperation(name)) throw new SqsRefusal('UnknownOperationException');
  server.operations.push(name);
  const fault = server.faults.find(({ operation, left }) => operation === name && left > 0);
  if (fault !== undefined) {
    fault.left -= 1;
    throw new SqsRefusal(fault.code);
  }
  let input: unknown;
  try {
    input = JSON.parse(body.toString());
  } catch {
    input = undefined;
  }
  if (typeof input !== 'object' || input === null) throw new SqsRefusal('SerializationException');
  return SQS_OPERATIONS[name]({ queues: server.queues, input: { ...input }, now: server.now() });
}

async function answer(server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let status = 200;
  let reply: object | undefined;
  try {
    reply = await perform(server, request);
  } catch (error) {
    const refusal = error instanceof SqsRefusal ? error : new SqsRefusal('InternalFailure');
    ({ status } = refusal);
    reply = { __type: `com.amazonaws.sqs#${refusal.code}`, message: refusal.message };
  }
  // operations without an output answer with an empty body
  const text = reply === undefined ? '' : JSON.stringify(reply);
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
    // clients correct their clock by it
    date: new Date(server.now()).toUTCString(),
  });
  response.end(text);
}

/**
 * Starts a small Amazon SQS on 127.0.0.1, by its JSON protocol, requests signed: standard queues, in memory. What it does not have,
 * it refuses by name.
 *
 * Known differences from AWS: messages keep their order, are delivered at least once and never twice at a time; a receive does not
 * wait; queues have no policies of their own, redrive policies among them.
 */
export async function startSqs(options: SqsOptions = {}): Promise<SqsEndpoint> {
  const now = options.now ?? Date.now;
  const credentials: SigningCredentials = {
    accessKeyId: options.accessKeyId ?? 'simulator',
    secretAccessKey: options.secretAccessKey ?? 'simulator-secret-key',
    region: options.region ?? 'us-east-1',
    service: 'sqs',
  };
  const queues = new SqsQueues(options.queues ?? ['recordings', 'recordings-dead']);
  const server: Server = { credentials, queues, now, operations: [], faults: [] };
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.on('error', () => {}); // a lost connection is the client's business
    answer(server, request, response).catch(() => request.socket.destroy());
  });
  http.listen(options.port ?? 0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url,
    queueUrl: (name) => `${url}/${ACCOUNT}/${name}`,
    queues,
    operations: server.operations,
    faults: {
      add: (operation, code, times = 1) => void server.faults.push({ operation, code, left: times }),
    },
    environment: () => ({
      AWS_ENDPOINT_URL_SQS: url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: credentials.region,
    }),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      http.closeAllConnections();
      await closed;
    },
  };
}
