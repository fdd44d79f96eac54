import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { notImplemented, S3Refusal } from '../s3/refusal.ts';

/**
 * AWS Signature Version 4 as a server checks it, in the `Authorization` header form.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Milliseconds; S3 refuses older and newer requests alike. */
const ALLOWED_SKEW = 15 * 60 * 1000;

export interface SignableRequest {
  readonly method: string;
  /** As on the request line, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of an assumed role: a request may bear this one. Without it, none may. */
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** As it stands in the credential scope; default `s3`. */
  readonly service?: string;
}

/** What later signatures of the same request (chunks, trailers) build on. */
export interface RequestSignature {
  /** `x-amz-content-sha256`: 64 hex digits, `UNSIGNED-PAYLOAD` or a `STREAMING-…` name. */
  readonly payload: string;
  readonly signature: string;
  /** `yyyymmddThhmmssZ` */
  readonly timestamp: string;
  /** `date/region/service/aws4_request` */
  readonly scope: string;
  readonly signingKey: Buffer;
}

export const sha256Hex = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

const hmac = (key: string | Uint8Array, data: string) => createHmac('sha256', key).update(data).digest();

/** RFC 3986: everything but `A-Z a-z 0-9 - . _ ~` becomes `%XX` of its UTF-8 bytes. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** @throws `InvalidURI` when the escapes are malformed or not UTF-8. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Refusal('InvalidURI');
  }
}

const compareBytes = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** For S3 the path is encoded once, and neither `.` nor empty segments are normalised. */
export function canonicalRequest(
  request: SignableRequest,
  signedHeaders: readonly string[],
  payload: string,
): string {
  const path = request.path.split('/').map((segment) => encodeUri(decodeUri(segment)));
  const query = request.query
    .map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
    .sort((a, b) => compareBytes(a[0], b[0]) || compareBytes(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`);
  const headers = signedHeaders.map(
    (name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  return [
    request.method,
    path.join('/'),
    query.join('&'),
    headers.join(''),
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

export function deriveSigningKey(
  secretAccessKey: string,
  date: string,
  region: string,
  service = 's3',
): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), 'aws4_request');
}

export function signRequest(
  request: SignableRequest,
  signedHeaders: readonly string[],
  signing: Omit<RequestSignature, 'signature'>,
): string {
  const digest = sha256Hex(canonicalRequest(request, signedHeaders, signing.payload));
  return hmac(signing.signingKey, [ALGORITHM, signing.timestamp, signing.scope, digest].join('\n')).toString(
    'hex',
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
export function signChunk(request: RequestSignature, previous: string, chunkSha256: string): string {
  const { timestamp, scope, signingKey } = request;
  const lines = [`${ALGORITHM}-PAYLOAD`, timestamp, scope, previous, sha256Hex(''), chunkSha256];
  return hmac(signingKey, lines.join('\n')).toString('hex');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html; `trailers` is `name:value\n` each. */
export function signTrailers(request: RequestSignature, previous: string, trailers: string): string {
  const { timestamp, scope, signingKey } = request;
  const lines = [`${ALGORITHM}-TRAILER`, timestamp, scope, previous, sha256Hex(trailers)];
  return hmac(signingKey, lines.join('\n')).toString('hex');
}

export function equalSignatures(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected, 'latin1'), Buffer.from(given, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Epoch milliseconds of `yyyymmddThhmmssZ`, or `undefined`. */
function parseTimestamp(timestamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Checks who sent the request and that its line and headers arrived as they were signed. The body is checked while it is
 * received, against the returned `payload`.
 *
 * @param now epoch milliseconds.
 * @param bodySha256 stands in for `x-amz-content-sha256`, which only S3 insists on; 64 hex digits.
 * @throws `AccessDenied` (anonymous, unsigned headers), `AuthorizationHeaderMalformed`, `InvalidAccessKeyId`,
 *   `RequestTimeTooSkewed`, `SignatureDoesNotMatch`, `InvalidRequest`, `InvalidToken`; `NotImplemented` for presigned URLs.
 */
export function verifySignature(
  request: SignableRequest,
  credentials: SigningCredentials,
  now: number,
  bodySha256?: string,
): RequestSignature {
  const { date, region, service, signedHeaders, signature } = readAuthorization(request, credentials);
  const token = request.headers.get('x-amz-security-token');
  if (token !== undefined && token !== credentials.sessionToken) throw new S3Refusal('InvalidToken');
  const timestamp = requireTimestamp(request, date, now);
  requireSignedHeaders(request, signedHeaders);
  const payload = request.headers.get('x-amz-content-sha256') ?? bodySha256;
  if (payload === undefined) {
    throw new S3Refusal('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const signing = {
    payload,
    timestamp,
    scope: `${date}/${region}/${service}/aws4_request`,
    signingKey: deriveSigningKey(credentials.secretAccessKey, date, region, service),
  };
  if (!equalSignatures(signRequest(request, signedHeaders, signing), signature)) {
    throw new S3Refusal('SignatureDoesNotMatch');
  }
  return { ...signing, signature };
}

interface Authorization {
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const AUTHORIZATION =
  /^\S+ +Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request *, *SignedHeaders=([^,\s]+) *, *Signature=([0-9a-f]{64})$/;

/** Of the one caller, region and service that there are. */
function readAuthorization(request: SignableRequest, credentials: SigningCredentials): Authorization {
  if (request.query.some(([name]) => /^(x-amz-signature|x-amz-algorithm|signature)$/i.test(name))) {
    throw notImplemented('presigned URLs');
  }
  const authorization = request.headers.get('authorization');
  if (authorization === undefined) throw new S3Refusal('AccessDenied');
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw new S3Refusal(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    );
  }
  const match = AUTHORIZATION.exec(authorization);
  if (match === null) throw new S3Refusal('AuthorizationHeaderMalformed');
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  if (service !== (credentials.service ?? 's3')) throw new S3Refusal('AuthorizationHeaderMalformed');
  if (accessKeyId !== credentials.accessKeyId) throw new S3Refusal('InvalidAccessKeyId');
  if (region !== credentials.region) {
    throw new S3Refusal(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${credentials.region}'`,
      { Region: credentials.region },
    );
  }
  return { date, region, service, signedHeaders: names.split(';'), signature };
}

/** @param date of the credential. */
function requireTimestamp(request: SignableRequest, date: string, now: number): string {
  const timestamp = request.headers.get('x-amz-date') ?? '';
  const time = parseTimestamp(timestamp);
  if (time === undefined) {
    throw new S3Refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  if (Math.abs(now - time) > ALLOWED_SKEW) throw new S3Refusal('RequestTimeTooSkewed');
  if (!timestamp.startsWith(date)) {
    throw new S3Refusal('AuthorizationHeaderMalformed', 'Invalid credential date');
  }
  return timestamp;
}

function requireSignedHeaders(request: SignableRequest, signedHeaders: readonly string[]): void {
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  );
  if (unsigned.length === 0) return;
  throw new S3Refusal('AccessDenied', 'There were headers present in the request which were not signed', {
    HeadersNotSigned: unsigned.join(', '),
  });
}
