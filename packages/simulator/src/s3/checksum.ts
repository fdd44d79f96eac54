import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { notImplemented, S3Refusal } from './refusal.ts';

/**
 * S3's additional checksums. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 * SHA-256 is what the archiver sends, CRC32 what the SDK adds on its own; the rest of the list needs arithmetic Node lacks.
 */
export type ChecksumAlgorithm = 'SHA256' | 'SHA1' | 'CRC32';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a multipart object `base64-N`. */
  readonly value: string;
}

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { SHA256: 32, SHA1: 20, CRC32: 4 };

export const checksumHeader = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`;
/** e.g. `ChecksumSHA256`, as in XML documents. */
export const checksumElement = (algorithm: ChecksumAlgorithm) => `Checksum${algorithm}` as const;

/** Of what has one. */
export function checksumElements(checksum: Checksum | undefined): Readonly<Record<string, string>> {
  if (checksum === undefined) return {};
  return { [checksumElement(checksum.algorithm)]: checksum.value };
}

export function checksumHeaders(checksum: Checksum | undefined): Readonly<Record<string, string>> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value };
}

/** @throws `NotImplemented` for algorithms S3 knows and this endpoint does not. */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  if (upper === 'SHA256' || upper === 'SHA1' || upper === 'CRC32') return upper;
  throw notImplemented(`the checksum algorithm ${upper.replace(/[^A-Z0-9]/g, '')}`);
}

export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

export function createChecksum(algorithm: ChecksumAlgorithm): Hasher {
  if (algorithm === 'CRC32') {
    let state = 0;
    return {
      update: (chunk) => {
        state = crc32(chunk, state);
      },
      digest: () => {
        const digest = Buffer.alloc(4);
        digest.writeUInt32BE(state);
        return digest;
      },
    };
  }
  const hash = createHash(algorithm.toLowerCase());
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
}

/** The digest of the parts' digests, then their number. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  const hasher = createChecksum(algorithm);
  for (const part of parts) hasher.update(Buffer.from(part, 'base64'));
  return `${hasher.digest().toString('base64')}-${parts.length}`;
}

/** @throws `InvalidRequest` unless `value` is base64 of a digest of that algorithm. */
export function assertDigest(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== DIGEST_BYTES[algorithm] || bytes.toString('base64') !== value) {
    throw new S3Refusal('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
  }
}

/** Headers of the form `x-amz-checksum-…` that name no algorithm. */
const OTHER_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
  'x-amz-checksum-algorithm',
]);

/**
 * The one checksum a request's headers state, if any.
 *
 * @throws `InvalidRequest` for several; `NotImplemented` for an algorithm that is not supported.
 */
export function readChecksumHeader(headers: ReadonlyMap<string, string>): Checksum | undefined {
  const stated = [...headers].filter(
    ([name]) => name.startsWith('x-amz-checksum-') && !OTHER_HEADERS.has(name),
  );
  if (stated.length > 1) {
    throw new S3Refusal(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [first] = stated;
  if (first === undefined) return undefined;
  return { algorithm: parseAlgorithm(first[0].slice('x-amz-checksum-'.length)), value: first[1] };
}
