import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';

/** What IAM is asked for one request; some requests need several. */
export interface AwsCall {
  /** e.g. `s3:PutObject`. https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html */
  readonly action: string;
  readonly resource: string;
  /** The condition keys that the request carries, of those that policies here speak of. */
  readonly conditions: Readonly<Record<string, string>>;
  /** The operation of the service, e.g. `CompleteMultipartUpload`. */
  readonly operation: string;
}

export interface Recorder {
  readonly calls: readonly AwsCall[];
  /** The environment with each AWS endpoint behind a recorder. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const ENDPOINTS = [
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_ENDPOINT_URL_SECRETS_MANAGER',
] as const;
/** Their calls go where the URL of the queue says. */
const QUEUE_SETTINGS = ['ARCHIVE_QUEUE_URL', 'ARCHIVE_DEAD_LETTER_QUEUE_URL'] as const;

/**
 * Stands before the AWS endpoints of `environment` and writes down what IAM would be asked. Requests go on as they came, their
 * signatures included, for the host they were signed for is not changed.
 *
 * @param arnOf names the resource of a key, queue or secret, as the caller named it.
 */
export async function recordAwsCalls(
  environment: Readonly<Record<string, string>>,
  arnOf: (service: 'kms' | 'sqs', name: string) => string,
): Promise<Recorder> {
  const calls: AwsCall[] = [];
  const servers: http.Server[] = [];
  const recorded: Record<string, string> = { ...environment };
  const proxyOf = new Map<string, string>();
  for (const name of ENDPOINTS) {
    const { [name]: target } = environment;
    if (target === undefined) continue;
    const server = http.createServer((request, response) => {
      forward(request, response, target, (body) => calls.push(...describe(request, body, arnOf))).catch(
        () => {
          request.socket.destroy();
        },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    recorded[name] = url;
    proxyOf.set(target, url);
  }
  for (const name of QUEUE_SETTINGS) {
    const url = environment[name] === undefined ? undefined : new URL(environment[name]);
    const proxy = url === undefined ? undefined : proxyOf.get(url.origin);
    if (url !== undefined && proxy !== undefined) recorded[name] = `${proxy}${url.pathname}`;
  }
  return {
    calls,
    environment: recorded,
    close: async () => {
      await Promise.all(
        servers.map(async (server) => {
          const closed = once(server, 'close');
          server.close();
          server.closeAllConnections();
          await closed;
        }),
      );
    },
  };
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  record: (body: Buffer | undefined) => void,
): Promise<void> {
  const { hostname, port } = new URL(target);
  const { method, url: path, rawHeaders } = request;
  const onward = http.request({ hostname, port, method, path, headers: rawHeaders, agent: false });
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  // inputs of the JSON services are small, and say what is asked for
  if (request.headers['x-amz-target'] === undefined) {
    record(undefined);
    await pipeline(request, onward);
  } else {
    const body = await buffer(request);
    record(body);
    onward.end(body);
  }
  const [answer] = await answered;
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  await pipeline(answer, response);
}

function describe(
  request: IncomingMessage,
  body: Buffer | undefined,
  arnOf: (service: 'kms' | 'sqs', name: string) => string,
): AwsCall[] {
  if (body === undefined) return describeS3(request);
  const [target = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
  const input = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
  const text = (name: string) => String(input[name]);
  if (target === 'TrentService') {
    const context = (name: string) =>
      Object.fromEntries(
        Object.entries((input[name] ?? {}) as Record<string, string>).map(([key, value]) => {
          return [`kms:EncryptionContext:${key}`, value];
        }),
      );
    const call = (action: string, key: string, contextName: string): AwsCall => ({
      action: `kms:${action}`,
      resource: arnOf('kms', text(key)),
      conditions: context(contextName),
      operation,
    });
    return operation === 'ReEncrypt'
      ? [
          call('ReEncryptFrom', 'SourceKeyId', 'SourceEncryptionContext'),
          call('ReEncryptTo', 'DestinationKeyId', 'DestinationEncryptionContext'),
        ]
      : [{ ...call(operation, 'KeyId', 'EncryptionContext'), ...signing(operation, input) }];
  }
  if (target === 'AmazonSQS') {
    const resource = arnOf('sqs', text('QueueUrl').split('/').at(-1) ?? '');
    return [{ action: `sqs:${operation}`, resource, conditions: {}, operation }];
  }
  return [{ action: `${target}:${operation}`, resource: text('SecretId'), conditions: {}, operation }];
}

/** The condition keys of a signature, in the place of those of an encryption context. */
function signing(operation: string, input: Readonly<Record<string, unknown>>): Partial<AwsCall> {
  if (operation !== 'Sign') return {};
  const { SigningAlgorithm, MessageType } = input;
  return {
    conditions: {
      'kms:SigningAlgorithm': String(SigningAlgorithm),
      'kms:MessageType': String(MessageType),
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
function describeS3({ method = '', url = '/', headers }: IncomingMessage): AwsCall[] {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [bucket = '', ...rest] = decodeURIComponent(pathname).slice(1).split('/');
  const key = rest.join('/');
  const resource = `arn:aws:s3:::${bucket}${key === '' ? '' : `/${key}`}`;
  const isWrite = method === 'PUT' || method === 'POST';
  const operation = operationOf(method, key, searchParams, headers['x-amz-copy-source'] !== undefined);
  const known = ACTIONS[operation] ?? operation;
  const action = searchParams.has('versionId') ? (OF_VERSIONS[known] ?? known) : known;
  const ifNoneMatch = headers['if-none-match'];
  const conditions: Record<string, string> =
    isWrite && ifNoneMatch !== undefined ? { 's3:if-none-match': ifNoneMatch } : {};
  const isListing = operation === 'ListObjectsV2' || operation === 'ListObjectVersions';
  const prefix = isListing ? searchParams.get('prefix') : null;
  if (prefix !== null) conditions['s3:prefix'] = prefix;
  const call: AwsCall = { action: `s3:${action}`, resource, conditions, operation };
  const source = headers['x-amz-copy-source'];
  if (typeof source !== 'string') return [call];
  const [copied = ''] = decodeURIComponent(source).replace(/^\//, '').split('?');
  const copy = { ...call, conditions: { ...conditions, 's3:x-amz-copy-source': copied } };
  return [copy, { ...call, action: 's3:GetObject', resource: `arn:aws:s3:::${copied}`, conditions: {} }];
}

const ACTIONS: Readonly<Record<string, string>> = {
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  HeadObject: 'GetObject',
  HeadBucket: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListParts: 'ListMultipartUploadParts',
};

/** What the same is called where a version is named: a right of its own. */
const OF_VERSIONS: Readonly<Record<string, string>> = {
  GetObject: 'GetObjectVersion',
  DeleteObject: 'DeleteObjectVersion',
};

/** Of an object, by their names in the query. */
const SUBRESOURCES = { 'legal-hold': 'LegalHold', retention: 'Retention', tagging: 'Tagging' } as const;

function operationOf(method: string, key: string, query: URLSearchParams, copies: boolean): string {
  const upload = query.has('uploadId');
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (query.has('object-lock')) return 'GetObjectLockConfiguration';
    if (query.has('versions')) return 'ListObjectVersions';
    return query.has('uploads') ? 'ListMultipartUploads' : 'ListObjectsV2';
  }
  for (const [name, of] of Object.entries(SUBRESOURCES))
    if (query.has(name)) return `${method === 'PUT' ? 'Put' : 'Get'}Object${of}`;
  switch (method) {
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return upload ? 'ListParts' : 'GetObject';
    case 'PUT':
      if (upload) return copies ? 'UploadPartCopy' : 'UploadPart';
      return copies ? 'CopyObject' : 'PutObject';
    case 'POST':
      return upload ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
    default:
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
  }
}
