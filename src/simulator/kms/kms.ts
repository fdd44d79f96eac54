import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeForeign } from '../../errors.ts';
import { type KmsFault, type KmsFaultRule, KmsFaults } from './faults.ts';
import { KeyStore } from './keys.ts';
import { isKmsOperation, KMS_OPERATIONS, type KmsOperation } from './operations.ts';
import type { KmsInput } from './parameters.ts';
import { type KmsErrorCode, KmsRefusal } from './refusal.ts';
import { type S3ErrorCode, S3Refusal } from '../s3/refusal.ts';
import { sha256Hex, type SigningCredentials, verifySignature } from '../sigv4.ts';

export type { KmsFault, KmsFaultRule } from './faults.ts';
export type { KmsOperation } from './operations.ts';
export type { KmsErrorCode } from './refusal.ts';

export interface KmsOptions {
  /** Keys are kept below it, each in a file of mode 0600, and are there again after a restart. Default: in memory only. */
  readonly dir?: string | undefined;
  /** Symmetric keys that are made when they do not exist; default `alias/recordings`. */
  readonly aliases?: readonly string[];
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
  /** Called when a request has been answered or cut off. */
  readonly onRequest?: (request: KmsRequest) => void;
  /** Asked for every authenticated request that no rule of `faults` strikes. */
  readonly fault?: (operation: KmsOperation) => KmsFault | undefined;
}

/** What was asked. Never key material, plaintext, ciphertext or the values of a context. */
export interface KmsRequest {
  /** `undefined` for what the endpoint does not know, or was not signed for. */
  readonly operation: KmsOperation | undefined;
  /** The key as the caller named it. */
  readonly keyId: string | undefined;
  /** Names of the encryption context, sorted. */
  readonly contextNames: readonly string[];
  /** 0 when no answer was sent. */
  readonly status: number;
  readonly error: KmsErrorCode | undefined;
}

type RequestEntry = { -readonly [K in keyof KmsRequest]: KmsRequest[K] };

export interface KmsEndpoint {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The settings that point an AWS SDK client of another process here. */
  environment(): Record<string, string>;
  /** The latest 10,000, in the order they came. */
  readonly requests: readonly KmsRequest[];
  readonly faults: { add(rule: KmsFaultRule): void; clear(): void };
  close(): Promise<void>;
}

/** The alias of the key every endpoint has unless told otherwise. */
export const DEFAULT_ALIAS = 'alias/recordings';

/** How many requests are remembered. */
const REMEMBERED = 10_000;
/** Bytes; KMS takes ciphertexts of 6 KiB and contexts of 8 KiB. */
const LARGEST_REQUEST = 65_536;
const TARGET = /^TrentService\.([A-Za-z]{1,60})$/;

/** The signature check is S3's; its refusals have other names here. */
const SIGNATURE_REFUSALS: Readonly<Partial<Record<S3ErrorCode, KmsErrorCode>>> = {
  AccessDenied: 'MissingAuthenticationTokenException',
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
};

/** The request ends without an answer. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer' as const;
}

interface Server {
  readonly options: KmsOptions;
  readonly credentials: SigningCredentials;
  readonly keys: KeyStore;
  readonly faults: KmsFaults;
  readonly now: () => number;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LARGEST_REQUEST) chunks.push(chunk);
  }
  if (length > LARGEST_REQUEST) throw new KmsRefusal('SerializationException');
  return Buffer.concat(chunks);
}

/** @throws `KmsRefusal` when the request is not signed with our key, or not as it arrived. */
function requireSignature(server: Server, request: IncomingMessage, body: Buffer): void {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values !== undefined) headers.set(name, values.join(','));
  }
  const digest = sha256Hex(body);
  try {
    const signable = { method: request.method ?? '', path: request.url ?? '/', query: [], headers };
    const { payload } = verifySignature(signable, server.credentials, server.now(), digest);
    if (payload !== digest) throw new S3Refusal('SignatureDoesNotMatch');
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    throw new KmsRefusal(SIGNATURE_REFUSALS[error.code] ?? 'IncompleteSignatureException');
  }
}

function parseInput(body: Buffer): KmsInput {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch {
    throw new KmsRefusal('SerializationException');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new KmsRefusal('SerializationException');
  }
  return { ...parsed };
}

function describeInput(entry: RequestEntry, input: KmsInput): void {
  const name = input['KeyId'] ?? input['DestinationKeyId'];
  const context: unknown = input['EncryptionContext'] ?? input['DestinationEncryptionContext'] ?? {};
  entry.keyId = typeof name === 'string' ? name : undefined;
  entry.contextNames = typeof context === 'object' && context !== null ? Object.keys(context).sort() : [];
}

async function perform(server: Server, request: IncomingMessage, entry: RequestEntry): Promise<object> {
  const body = await readBody(request);
  requireSignature(server, request, body);
  const [, name = ''] = TARGET.exec(String(request.headers['x-amz-target'])) ?? [];
  if (request.method !== 'POST' || !isKmsOperation(name)) throw new KmsRefusal('UnknownOperationException');
  entry.operation = name;
  const input = parseInput(body);
  describeInput(entry, input);
  const fault = server.faults.take(name) ?? server.options.fault?.(name);
  if (fault?.kind === 'error') throw new KmsRefusal(fault.code);
  if (fault?.kind === 'reset') throw new NoAnswer();
  // The connection stays open and silent until either side gives up
  if (fault?.kind === 'stall') {
    await once(request.socket, 'close');
    throw new NoAnswer();
  }
  const answer = await KMS_OPERATIONS[name]({ keys: server.keys, input, now: server.now() });
  if (fault?.kind === 'lost-answer') throw new NoAnswer();
  return answer;
}

async function answerRequest(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  entry: RequestEntry,
): Promise<void> {
  let answer: object;
  let status = 200;
  try {
    answer = await perform(server, request, entry);
  } catch (error) {
    if (error instanceof NoAnswer || request.socket.destroyed) {
      request.socket.resetAndDestroy();
      return;
    }
    const refusal =
      error instanceof KmsRefusal ? error : new KmsRefusal('KMSInternalException', describeForeign(error));
    status = refusal.status;
    entry.error = refusal.code;
    answer = { __type: refusal.code, message: refusal.message };
  }
  entry.status = status;
  const text = JSON.stringify(answer);
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
    // clients correct their clock by it
    date: new Date(server.now()).toUTCString(),
  });
  response.end(text);
}

/**
 * Starts a small AWS KMS on 127.0.0.1: real keys and real encryption, contexts and key states enforced as KMS enforces them,
 * requests signed. What it does not have, it refuses by name.
 *
 * Known differences from AWS: there are no key policies, grants or other accounts (a fault stands for a policy that denies);
 * changes take effect at once; keys do not rotate; lists are never truncated.
 */
export async function startKms(options: KmsOptions = {}): Promise<KmsEndpoint> {
  const now = options.now ?? Date.now;
  const credentials: SigningCredentials = {
    accessKeyId: options.accessKeyId ?? 'simulator',
    secretAccessKey: options.secretAccessKey ?? 'simulator-secret-key',
    region: options.region ?? 'us-east-1',
    service: 'kms',
  };
  const keys = await KeyStore.open({ dir: options.dir, region: credentials.region, now });
  for (const alias of options.aliases ?? [DEFAULT_ALIAS]) {
    if (keys.byAlias(alias) === undefined) await keys.create('SYMMETRIC_DEFAULT', '', [alias]);
  }
  const server: Server = { options, credentials, keys, faults: new KmsFaults(), now };
  const requests: KmsRequest[] = [];
  const underWay = new Set<Promise<void>>();

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const entry: RequestEntry = {
      operation: undefined,
      keyId: undefined,
      contextNames: [],
      status: 0,
      error: undefined,
    };
    requests.push(entry);
    if (requests.length > REMEMBERED) requests.shift();
    response.on('error', () => {}); // a lost connection is seen through `destroyed`
    await answerRequest(server, request, response, entry).catch(() => request.socket.destroy());
    options.onRequest?.(entry);
  };
  // a connection that closes while the client reuses it looks like a fault nobody asked for
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const work = serve(request, response);
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  });
  http.listen(options.port ?? 0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  return {
    url,
    environment: () => ({
      AWS_ENDPOINT_URL_KMS: url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: credentials.region,
    }),
    requests,
    faults: server.faults,
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
