import type { IncomingMessage } from 'node:http';
import type { Bucket } from './bucket.ts';
import type { ObjectDescription } from './records.ts';
import type { InspectedBody } from './body.ts';
import { notImplemented, S3Refusal } from './refusal.ts';
import { decodeUri, type SignableRequest } from '../aws/sigv4.ts';

export type S3Operation =
  | 'ListBuckets'
  | 'HeadBucket'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'PutObjectLegalHold'
  | 'PutObjectRetention'
  | 'GetObjectLockConfiguration'
  | 'GetObjectLegalHold'
  | 'GetObjectRetention'
  | 'GetObjectTagging'
  | 'PutObjectTagging'
  | 'ListObjectVersions'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts';

/** A request line and headers, understood. */
export interface ParsedRequest extends SignableRequest {
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

/** One authenticated request, as the operations see it. */
export interface S3Call {
  readonly operation: S3Operation;
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  /** Epoch ms. */
  readonly now: number;
  /** The body, checked against every header that describes it. Call at most once. */
  body(options?: { readonly ignoreChecksums: boolean }): InspectedBody;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
}

/** Sub-resources and parameters each operation understands; any other parameter is refused, never ignored. */
const PARAMETERS: Readonly<Record<S3Operation, readonly string[]>> = {
  ListBuckets: [],
  HeadBucket: [],
  ListObjectsV2: [
    'list-type',
    'prefix',
    'delimiter',
    'start-after',
    'continuation-token',
    'max-keys',
    'encoding-type',
  ],
  ListMultipartUploads: [
    'uploads',
    'prefix',
    'key-marker',
    'upload-id-marker',
    'max-uploads',
    'encoding-type',
  ],
  PutObject: [],
  CopyObject: [],
  GetObject: ['versionId'],
  HeadObject: ['versionId'],
  DeleteObject: ['versionId'],
  PutObjectLegalHold: ['legal-hold'],
  PutObjectRetention: ['retention'],
  GetObjectLockConfiguration: ['object-lock'],
  GetObjectLegalHold: ['legal-hold'],
  GetObjectRetention: ['retention'],
  GetObjectTagging: ['tagging'],
  PutObjectTagging: ['tagging'],
  ListObjectVersions: ['versions', 'prefix', 'key-marker', 'version-id-marker', 'max-keys', 'encoding-type'],
  CreateMultipartUpload: ['uploads'],
  UploadPart: ['partNumber', 'uploadId'],
  CompleteMultipartUpload: ['uploadId'],
  AbortMultipartUpload: ['uploadId'],
  ListParts: ['uploadId', 'max-parts', 'part-number-marker', 'encoding-type'],
};

/** `x-amz-` headers with a meaning here, besides `x-amz-meta-*` and `x-amz-checksum-*`. */
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-mp-object-size',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-tagging',
  'x-amz-trailer',
  'x-amz-user-agent',
]);

export function parseRequest(request: IncomingMessage): ParsedRequest {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = (mark < 0 ? '' : target.slice(mark + 1))
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return equals < 0
        ? [decodeUri(pair), '']
        : [decodeUri(pair.slice(0, equals)), decodeUri(pair.slice(equals + 1))];
    });
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values !== undefined) headers.set(name, values.join(','));
  }
  const [, bucket = '', key = ''] = /^\/([^/]*)(?:\/([\s\S]*))?$/.exec(path) ?? [];
  return {
    method: request.method ?? '',
    path,
    query,
    headers,
    bucket: decodeUri(bucket),
    key: decodeUri(key),
  };
}

/** With a meaning in CopyObject only. */
const COPY_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
  'x-amz-metadata-directive',
  'x-amz-source-expected-bucket-owner',
]);

function nameOperation({ method, bucket, key, query, headers }: ParsedRequest): S3Operation | undefined {
  const has = (name: string) => query.some(([given]) => given === name);
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined;
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method !== 'GET') return undefined;
    if (has('uploads')) return 'ListMultipartUploads';
    if (has('versions')) return 'ListObjectVersions';
    if (has('object-lock')) return 'GetObjectLockConfiguration';
    return query.some(([name, value]) => name === 'list-type' && value === '2') ? 'ListObjectsV2' : undefined;
  }
  switch (method) {
    case 'PUT':
      if (has('uploadId') || has('partNumber')) return 'UploadPart';
      if (has('legal-hold')) return 'PutObjectLegalHold';
      if (has('retention')) return 'PutObjectRetention';
      if (has('tagging')) return 'PutObjectTagging';
      return headers.has('x-amz-copy-source') ? 'CopyObject' : 'PutObject';
    case 'GET':
      if (has('tagging')) return 'GetObjectTagging';
      if (has('legal-hold')) return 'GetObjectLegalHold';
      if (has('retention')) return 'GetObjectRetention';
      return has('uploadId') ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'DELETE':
      return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (has('uploads')) return 'CreateMultipartUpload';
      return has('uploadId') ? 'CompleteMultipartUpload' : undefined;
    default:
      return undefined;
  }
}

/**
 * Which operation a request asks for.
 *
 * @throws `NotImplemented` for every operation, parameter and header outside the archiver's use: a header that is ignored
 *   (an ACL, a lock, a copy source) would be success reported for something that did not happen.
 */
export function recogniseOperation(request: ParsedRequest): S3Operation {
  const operation = nameOperation(request);
  if (operation === undefined) throw notImplemented(`${request.method} with these parameters`);
  // `x-id` is a label the SDK adds for access logs.
  const foreign = request.query.find(([name]) => name !== 'x-id' && !PARAMETERS[operation].includes(name));
  if (foreign !== undefined) throw notImplemented(`the parameter ${foreign[0]} of ${operation}`);
  for (const [name, value] of request.headers) {
    if (!name.startsWith('x-amz-') || KNOWN_HEADERS.has(name)) continue;
    if (name.startsWith('x-amz-meta-') || name.startsWith('x-amz-checksum-')) continue;
    if (operation === 'CopyObject' && COPY_HEADERS.has(name)) continue;
    if (name === 'x-amz-storage-class' && value === 'STANDARD') continue;
    throw notImplemented(`the header ${name}`);
  }
  return operation;
}

/** Bytes of UTF-8, per https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const MAX_METADATA_BYTES = 2048;
const MAX_KEY_BYTES = 1024;

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** @throws `KeyTooLongError`. */
export function assertKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= MAX_KEY_BYTES) return;
  throw new S3Refusal('KeyTooLongError', undefined, { Size: size, MaxSizeAllowed: MAX_KEY_BYTES });
}

/** @throws `MetadataTooLarge`. */
export function readDescription(headers: ReadonlyMap<string, string>): ObjectDescription {
  const metadata: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of headers) {
    if (!name.startsWith('x-amz-meta-')) continue;
    const bare = name.slice('x-amz-meta-'.length);
    size += Buffer.byteLength(bare) + Buffer.byteLength(value);
    metadata[bare] = value;
  }
  if (size > MAX_METADATA_BYTES) {
    throw new S3Refusal('MetadataTooLarge', undefined, { Size: size, MaxSizeAllowed: MAX_METADATA_BYTES });
  }
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = headers.get(name);
    if (value !== undefined) kept[name] = value;
  }
  // `aws-chunked` says how the body travelled, not what it is.
  const encodings = (kept['content-encoding'] ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  if (encodings.length > 0) kept['content-encoding'] = encodings.join(',');
  else delete kept['content-encoding'];
  return { metadata, headers: { 'content-type': 'binary/octet-stream', ...kept } };
}

/**
 * Reports whether the write is meant to create only, or to replace the object of this entity tag only.
 *
 * @throws `NotImplemented` for the other conditions.
 */
export function readWriteCondition(headers: ReadonlyMap<string, string>): {
  readonly ifAbsent: boolean;
  /** Without quotes. */
  readonly ifMatch: string | undefined;
} {
  const ifMatch = headers.get('if-match');
  const condition = headers.get('if-none-match');
  if ((condition !== undefined && condition !== '*') || (condition !== undefined && ifMatch !== undefined))
    throw notImplemented('If-None-Match other than * on writes');
  return { ifAbsent: condition === '*', ifMatch: ifMatch?.replaceAll('"', '') };
}

/** A whole number from a query or header. @throws `InvalidArgument` when it is none or out of bounds. */
export function readNumber(
  text: string | undefined,
  bounds: { readonly name: string; readonly least: number; readonly most: number; readonly absent: number },
): number {
  if (text === undefined) return bounds.absent;
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value < bounds.least || value > bounds.most) {
    throw new S3Refusal(
      'InvalidArgument',
      `${bounds.name} must be an integer between ${bounds.least} and ${bounds.most}`,
      {
        ArgumentName: bounds.name,
        ArgumentValue: text,
      },
    );
  }
  return value;
}

/** Sent with `delete` and conditional headers alike; S3 quotes entity tags everywhere. */
export const quote = (etag: string) => `"${etag}"`;
