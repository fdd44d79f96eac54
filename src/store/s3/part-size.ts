import { ArchiveError } from '../../errors.ts';

const MIB = 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: every part but the last, bytes. */
export const MIN_PART_BYTES = 5 * MIB;
export const MAX_PART_BYTES = 5 * 1024 * MIB;
export const MAX_PARTS = 10_000;

/**
 * The smallest that S3 takes: larger ones cost memory (the queue, and the part being filled) without being faster. Objects of more
 * than 48.8 GiB, which would be over 10,000 of them, get larger ones.
 */
export const DEFAULT_PART_BYTES = 5 * MIB;

/**
 * Bytes of each part but the last: `preferred`, unless an object of `contentLength` would then have more than 10,000 parts.
 *
 * @throws `CONFIG_INVALID` when `preferred` is outside S3's limits; `MEDIA_TOO_LARGE` when no part size would do.
 */
export function choosePartBytes(
  contentLength: number | undefined,
  preferred: number = DEFAULT_PART_BYTES,
): number {
  if (!Number.isSafeInteger(preferred) || preferred < MIN_PART_BYTES || preferred > MAX_PART_BYTES) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `a part of ${preferred} bytes is outside S3's limits (5 MiB to 5 GiB)`,
    );
  }
  const needed = Math.ceil((contentLength ?? 0) / MAX_PARTS);
  if (needed > MAX_PART_BYTES) throw tooManyParts();
  return needed <= preferred ? preferred : Math.ceil(needed / MIB) * MIB;
}

/** How many parts `size` bytes are cut into; an empty object is one (empty) part. */
export function countParts(size: number, partBytes: number): number {
  return Math.max(1, Math.ceil(size / partBytes));
}

export function tooManyParts(): ArchiveError {
  return new ArchiveError('MEDIA_TOO_LARGE', `the object has more than ${MAX_PARTS} parts`);
}
