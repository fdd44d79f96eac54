import { createHash } from 'node:crypto';
import {
  assertDigest,
  type Checksum,
  createChecksum,
  parseAlgorithm,
  readChecksumHeader,
} from './checksum.ts';
import type { ChecksumAlgorithm } from './checksum.ts';
import { decodeChunked, STREAMING_PAYLOADS } from './chunked.ts';
import { S3Refusal } from './refusal.ts';
import { equalSignatures, type RequestSignature } from '../aws/sigv4.ts';

/** Bytes, 5 GiB: the most one PutObject or UploadPart may carry. */
const MAX_BODY_BYTES = 5 * 1024 ** 3;

export interface BodyFacts {
  /** Bytes. */
  readonly size: number;
  readonly md5: Buffer;
  /** What the client stated and the bytes confirmed. */
  readonly checksum: Checksum | undefined;
}

/** A request body that checks itself while it is read. */
export interface InspectedBody {
  /** Throws before it completes when the bytes are not what the headers, the trailer or the signature say. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Known once `chunks` has completed. */
  readonly facts: () => BodyFacts;
}

interface Expectation {
  readonly length: number;
  readonly sha256: string | undefined;
  readonly md5: Buffer | undefined;
  readonly checksum: Checksum | undefined;
  /** The algorithm whose value arrives after the body. */
  readonly trailer: ChecksumAlgorithm | undefined;
}

function readLength(headers: ReadonlyMap<string, string>, chunked: boolean): number {
  const text = headers.get(chunked ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw new S3Refusal('MissingContentLength');
  const length = Number(text);
  if (length > MAX_BODY_BYTES) throw new S3Refusal('EntityTooLarge');
  return length;
}

function readContentMd5(headers: ReadonlyMap<string, string>): Buffer | undefined {
  const text = headers.get('content-md5');
  if (text === undefined) return undefined;
  const md5 = Buffer.from(text, 'base64');
  if (md5.length !== 16 || md5.toString('base64') !== text) throw new S3Refusal('InvalidDigest');
  return md5;
}

function readTrailer(headers: ReadonlyMap<string, string>): ChecksumAlgorithm | undefined {
  const trailer = headers.get('x-amz-trailer');
  if (trailer === undefined) return undefined;
  const match = /^x-amz-checksum-([a-z0-9]+)$/i.exec(trailer.trim());
  if (match === null) {
    throw new S3Refusal('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
  }
  return parseAlgorithm(match[1] ?? '');
}

function readExpectation(headers: ReadonlyMap<string, string>, signature: RequestSignature): Expectation {
  const { payload } = signature;
  const chunked = STREAMING_PAYLOADS.has(payload);
  const hex = /^[0-9a-f]{64}$/.test(payload);
  if (!chunked && !hex && payload !== 'UNSIGNED-PAYLOAD') {
    throw new S3Refusal(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-* or a valid sha256 value.',
    );
  }
  const checksum = readChecksumHeader(headers);
  if (checksum !== undefined) assertDigest(checksum.algorithm, checksum.value);
  const trailer = chunked && payload.endsWith('-TRAILER') ? readTrailer(headers) : undefined;
  const announced = headers.get('x-amz-sdk-checksum-algorithm');
  if (announced !== undefined && parseAlgorithm(announced) !== (checksum?.algorithm ?? trailer)) {
    throw new S3Refusal(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return {
    length: readLength(headers, chunked),
    sha256: hex ? payload : undefined,
    md5: readContentMd5(headers),
    checksum,
    trailer: checksum === undefined ? trailer : undefined,
  };
}

/** Checks what the trailer said against what was computed. */
function confirmTrailer(
  algorithm: ChecksumAlgorithm,
  trailers: ReadonlyMap<string, string>,
  computed: string,
): Checksum {
  const stated = readChecksumHeader(trailers);
  if (stated?.algorithm !== algorithm) throw new S3Refusal('MalformedTrailerError');
  assertDigest(algorithm, stated.value);
  if (stated.value !== computed) throw badDigest(algorithm);
  return stated;
}

const badDigest = (algorithm: ChecksumAlgorithm) =>
  new S3Refusal('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);

/**
 * Wraps a raw request body: decodes `aws-chunked`, counts, and compares with Content-Length, Content-MD5, the signed SHA-256
 * and an additional checksum in a header or trailer. Headers that cannot be right are refused here, before any byte is read.
 */
export function inspectBody(
  raw: AsyncIterable<Uint8Array>,
  headers: ReadonlyMap<string, string>,
  signature: RequestSignature,
): InspectedBody {
  const expected = readExpectation(headers, signature);
  let facts: BodyFacts | undefined;
  return {
    chunks: checkBody(raw, expected, signature, (confirmed) => {
      facts = confirmed;
    }),
    facts: () => {
      if (facts === undefined) throw new S3Refusal('InternalError', 'the body was not read to its end');
      return facts;
    },
  };
}

async function* checkBody(
  raw: AsyncIterable<Uint8Array>,
  expected: Expectation,
  signature: RequestSignature,
  onEnd: (facts: BodyFacts) => void,
): AsyncGenerator<Uint8Array> {
  let trailers: ReadonlyMap<string, string> = new Map();
  const chunks = STREAMING_PAYLOADS.has(signature.payload)
    ? decodeChunked(raw, signature, (received) => {
        trailers = received;
      })
    : raw;
  const md5 = createHash('md5');
  const algorithm = expected.checksum?.algorithm ?? expected.trailer;
  const checksum = algorithm === undefined ? undefined : createChecksum(algorithm);
  // One pass of SHA-256 is enough when it is both the signed payload and the additional checksum.
  const sha256 =
    expected.sha256 === undefined || algorithm === 'SHA256' ? undefined : createChecksum('SHA256');
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > expected.length) {
      throw new S3Refusal('InvalidRequest', 'The body is longer than its declared length.');
    }
    md5.update(chunk);
    checksum?.update(chunk);
    sha256?.update(chunk);
    yield chunk;
  }
  if (size !== expected.length) throw new S3Refusal('IncompleteBody');
  const digest = checksum?.digest();
  const payload = algorithm === 'SHA256' ? digest : sha256?.digest();
  const computed = { md5: md5.digest(), payload: payload?.toString('hex'), checksum: digest };
  onEnd({ size, md5: computed.md5, checksum: confirm(expected, computed, trailers) });
}

interface Computed {
  readonly md5: Buffer;
  /** SHA-256 in hex, where the signature has it. */
  readonly payload: string | undefined;
  readonly checksum: Buffer | undefined;
}

/** Compares what was computed with what was stated. @returns the checksum that was stated. */
function confirm(
  expected: Expectation,
  { md5, payload, checksum }: Computed,
  trailers: ReadonlyMap<string, string>,
): Checksum | undefined {
  if (expected.sha256 !== undefined && !equalSignatures(expected.sha256, payload ?? '')) {
    throw new S3Refusal('XAmzContentSHA256Mismatch');
  }
  if (expected.md5 !== undefined && !expected.md5.equals(md5)) {
    throw new S3Refusal('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const computed = checksum?.toString('base64') ?? '';
  if (expected.checksum !== undefined && expected.checksum.value !== computed) {
    throw badDigest(expected.checksum.algorithm);
  }
  return expected.trailer === undefined
    ? expected.checksum
    : confirmTrailer(expected.trailer, trailers, computed);
}
