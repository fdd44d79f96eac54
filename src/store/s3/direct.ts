import type { S3Client } from '@aws-sdk/client-s3';
import { ArchiveError } from '../../errors.ts';
import { type AwsCredentials, signRequest } from '../../aws/sigv4.ts';
import type { HttpResponse, Transport } from '../../http/transport.ts';
import type { KeepOnWrite } from '../../ports.ts';
import { present } from '../../present.ts';
import type {
  BucketAddress,
  CallOptions,
  NewObject,
  NewPart,
  ObjectCalls,
  ObjectHead,
  Written,
} from './object-calls.ts';
import { locate, type BucketEndpoint } from './bucket-endpoint.ts';

/** Bytes of an error answer that are read; S3's have a few hundred. */
const MAX_ERROR_BYTES = 64 * 1024;

const META = 'x-amz-meta-';
const SHA256 = 'x-amz-checksum-sha256';
/** SHA-256 of nothing. */
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Request {
  readonly method: 'PUT' | 'HEAD';
  readonly path: string;
  /** In ascending order of the names; `x-id` names the operation, as the SDK's own requests do. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly payloadHash: string;
}

/**
 * The same three operations signed here and sent past the SDK: for a small object that costs a fraction of the CPU time
 * (docs/decisions/005). Endpoint, region and signing name are those the SDK itself chooses for the bucket, credentials come from its
 * provider.
 *
 * Buckets that want more than plain Signature Version 4 (S3 Express, multi-region access points) and clients that cannot be asked
 * go through `fallback`.
 */
export function createDirectCalls(
  client: S3Client,
  bucket: BucketAddress,
  transport: Transport,
  fallback: ObjectCalls,
): ObjectCalls {
  return new DirectCalls({ client, bucket, transport, fallback });
}

interface DirectOptions {
  readonly client: S3Client;
  readonly bucket: BucketAddress;
  readonly transport: Transport;
  readonly fallback: ObjectCalls;
}

class DirectCalls implements ObjectCalls {
  readonly #options: DirectOptions;
  #found: BucketEndpoint | 'unsupported' | undefined;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  async openAhead(): Promise<void> {
    const { transport } = this.#options;
    const at = await this.#endpoint().catch(() => undefined);
    if (at !== undefined) transport.openAhead?.({ ...at.origin, pathname: at.path, search: '' });
  }

  async put(object: NewObject, options: CallOptions): Promise<Written> {
    const at = await this.#endpoint();
    if (at === undefined) return this.#options.fallback.put(object, options);
    const { Key, body, digest, metadata, contentType, keep } = object;
    const headers: Record<string, string> = {
      'content-type': contentType,
      'if-none-match': '*',
      'x-amz-sdk-checksum-algorithm': 'SHA256',
      [SHA256]: digest.base64,
    };
    for (const name of Object.keys(metadata)) headers[META + name.toLowerCase()] = metadata[name] ?? '';
    if (keep !== undefined) Object.assign(headers, keepHeaders(keep));
    const query = { 'x-id': 'PutObject' };
    const payloadHash = digest.bytes.toString('hex');
    return written(
      await this.#send(at, { method: 'PUT', path: Key, query, headers, body, payloadHash }, options),
    );
  }

  async uploadPart(part: NewPart, options: CallOptions): Promise<Written> {
    const at = await this.#endpoint();
    if (at === undefined) return this.#options.fallback.uploadPart(part, options);
    const { Key, body, digest, UploadId, PartNumber } = part;
    const query = { partNumber: String(PartNumber), uploadId: UploadId, 'x-id': 'UploadPart' };
    const headers = { 'x-amz-sdk-checksum-algorithm': 'SHA256', [SHA256]: digest.base64 };
    const payloadHash = digest.bytes.toString('hex');
    return written(
      await this.#send(at, { method: 'PUT', path: Key, query, headers, body, payloadHash }, options),
    );
  }

  async head(Key: string, options: CallOptions): Promise<ObjectHead> {
    const at = await this.#endpoint();
    if (at === undefined) return this.#options.fallback.head(Key, options);
    const headers = { 'x-amz-checksum-mode': 'ENABLED' };
    const request: Request = { method: 'HEAD', path: Key, headers, payloadHash: EMPTY_HASH };
    return readHead((await this.#send(at, request, options)).headers);
  }

  async #endpoint(): Promise<BucketEndpoint | undefined> {
    this.#found ??= await locate(this.#options.client, this.#options.bucket);
    return this.#found === 'unsupported' ? undefined : this.#found;
  }

  async #send(at: BucketEndpoint, request: Request, { abortSignal }: CallOptions): Promise<HttpResponse> {
    const { client, bucket, transport } = this.#options;
    const credentials: AwsCredentials = await client.config.credentials();
    const query = Object.entries(request.query ?? {})
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&');
    const path = `${at.path}/${encodePath(request.path)}`;
    const { method, payloadHash, body } = request;
    const owner = present({ 'x-amz-expected-bucket-owner': bucket.ExpectedBucketOwner });
    const headers = signRequest(
      {
        method,
        path,
        query,
        headers: { ...request.headers, ...owner, host: at.host, 'x-amz-content-sha256': payloadHash },
        payloadHash,
        region: at.region,
        service: at.service,
        // the SDK learns from an answer how wrong this machine's clock is
        now: Date.now() + client.config.systemClockOffset,
      },
      credentials,
    );
    const response = await transport
      .send({
        method,
        url: { ...at.origin, pathname: path, search: query === '' ? '' : `?${query}` },
        headers,
        ...present({ body }),
        signal: abortSignal,
        failure: 'STORE_UNAVAILABLE',
      })
      .catch((error: unknown) => {
        throw lostAnswer(error);
      });
    if (response.status >= 200 && response.status < 300) {
      // It has none, by the rules of the operations; a server that sends one all the same loses its connection.
      response.discard();
      return response;
    }
    throw await refusalOf(method, response);
  }
}

const keepHeaders = (keep: KeepOnWrite): Readonly<Record<string, string>> =>
  'tag' in keep
    ? { 'x-amz-tagging': keep.tag }
    : {
        'x-amz-object-lock-mode': keep.lock.toUpperCase(),
        'x-amz-object-lock-retain-until-date': new Date(keep.until).toISOString(),
      };

function written({ headers }: HttpResponse): Written {
  return {
    etag: headers['etag'],
    sha256: headers[SHA256],
    versionId: headers['x-amz-version-id'],
    at: epochMs(headers['date']),
  };
}

function readHead(headers: HttpResponse['headers']): ObjectHead {
  const metadata: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (name.startsWith(META)) metadata[name.slice(META.length)] = headers[name] ?? '';
  }
  return {
    size: Number(headers['content-length'] ?? 0),
    metadata,
    contentType: headers['content-type'],
    etag: headers['etag'],
    versionId: headers['x-amz-version-id'],
    sha256: headers[SHA256],
    lastModified: epochMs(headers['last-modified']),
  };
}

/** Of a refusal, what `awsAnswerOf` may tell. */
const TOLD_HEADERS = ['date', 'age', 'retry-after', 'x-amz-bucket-region'] as const;

/** An answer that is no success, in the shape of the SDK's own errors; it holds nothing of the request. */
async function refusalOf(method: string, answer: HttpResponse): Promise<Error> {
  const { status, headers, body } = answer;
  const text = method === 'HEAD' ? '' : await readBeginning(body);
  answer.discard();
  const [, code] = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text) ?? [];
  const name = code ?? (method === 'HEAD' && status === 404 ? 'NotFound' : 'UnknownError');
  return Object.assign(new Error('S3 refused the request'), {
    name,
    $metadata: { httpStatusCode: status, requestId: headers['x-amz-request-id'] },
    $response: { headers: Object.fromEntries(TOLD_HEADERS.map((name) => [name, headers[name]])) },
  });
}

/** What is longer than any error of S3 is none; its status still counts. */
async function readBeginning(body: HttpResponse['body']): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    const part = Buffer.from(chunk.subarray(0, MAX_ERROR_BYTES - size));
    parts.push(part);
    size += part.byteLength;
    if (size === MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(parts, size).toString('utf8');
}

/** A request without an answer, in the shape of the SDK's own errors. */
function lostAnswer(error: unknown): unknown {
  if (!(error instanceof ArchiveError) || error.code !== 'STORE_UNAVAILABLE') return error;
  const { systemCode, timedOut, proxy } = error.details;
  if (proxy !== undefined) return error;
  const lost = new Error('S3 has not answered');
  if (systemCode !== undefined) return Object.assign(lost, { code: systemCode });
  // otherwise the connection was closed, or what came is no HTTP
  return Object.assign(lost, { name: timedOut === true ? 'TimeoutError' : 'NoAnswer' });
}

function epochMs(date: string | undefined): number | undefined {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? undefined : at;
}

function encodePath(path: string): string {
  return /^[A-Za-z0-9._~/-]*$/.test(path) ? path : path.split('/').map(encode).join('/');
}

/** RFC 3986, as S3 wants names in a path and in a query. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
