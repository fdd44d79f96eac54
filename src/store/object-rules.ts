import { ArchiveError } from '../errors.ts';
import type { PutOptions } from '../ports.ts';

/** Bytes. S3 allows 1024; what is left is room for the prefix a store adds in front. */
export const MAX_KEY_BYTES = 512;

/**
 * Bytes of all names and values together.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
 */
export const MAX_METADATA_BYTES = 2048;

/** All ASCII, so that JavaScript's order of strings is the UTF-8 byte order S3 lists in. */
const KEY_CHARACTERS = /^[A-Za-z0-9._=+@:/-]*$/;
const METADATA_NAME = /^[a-z0-9!#$%&'*+.^_|~-]+$/;
/** What every HTTP implementation carries unchanged: no control characters, no space at either end. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Reports whether `key` obeys the rule stated at `ObjectStore`. */
export function isObjectKey(key: string): boolean {
  return (
    key.length <= MAX_KEY_BYTES &&
    KEY_CHARACTERS.test(key) &&
    key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  );
}

/** @throws `KEY_INVALID` (not retryable) for a key that breaks the rule stated at `ObjectStore`. */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw invalidKey(key, 'is not an object key');
}

/** @throws `KEY_INVALID` (not retryable) for a prefix that no key can begin with. */
export function assertListPrefix(prefix: string): void {
  if (!KEY_CHARACTERS.test(prefix) || prefix.startsWith('/') || prefix.length > MAX_KEY_BYTES) {
    throw invalidKey(prefix, 'is not the beginning of an object key');
  }
}

export function invalidKey(key: string, why: string): ArchiveError {
  // A refused key may hold anything, line breaks and terminal escapes included.
  const shown = key.replaceAll(/[^A-Za-z0-9._=+@:/-]/g, '?').slice(0, 80);
  return new ArchiveError('KEY_INVALID', `"${shown}${key.length > 80 ? '…' : ''}" ${why}`);
}

/**
 * Metadata and content type as every store takes them, so that an archive can move from one kind of store to another: names
 * in lower case (S3 folds them), values of printable ASCII (HTTP headers), 2 KB in all.
 *
 * @throws `OBJECT_MALFORMED` (not retryable), naming the metadata name, never its value.
 */
export function assertPutOptions({ metadata, contentType }: PutOptions): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    bytes += name.length + value.length;
    if (!METADATA_NAME.test(name) || !HEADER_VALUE.test(value)) {
      const shown = name.replaceAll(/[^A-Za-z0-9._-]/g, '?').slice(0, 40);
      throw new ArchiveError(
        'OBJECT_MALFORMED',
        `metadata "${shown}" is not a lower-case name with an ASCII value`,
      );
    }
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw new ArchiveError('OBJECT_MALFORMED', `metadata of ${bytes} bytes exceed ${MAX_METADATA_BYTES}`);
  }
  if (!HEADER_VALUE.test(contentType)) {
    throw new ArchiveError('OBJECT_MALFORMED', 'the content type is not printable ASCII');
  }
}

/** Inclusive, as in the `Range` header of HTTP. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** @throws `OBJECT_MALFORMED` for a range that is none; S3 would ignore it and send the whole object. */
export function assertRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { first, last } = range;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
    throw new ArchiveError('OBJECT_MALFORMED', `bytes ${first} to ${last} are not a range`);
  }
}

export function rangeNotSatisfiable(key: string, first: number, size?: number): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', 'the object ends before the bytes asked for', {
    details: { key, first, size },
  });
}
