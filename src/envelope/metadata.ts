/**
 * Strict reading of metadata values. S3 hands back whatever anyone with write access stored, so every value is checked
 * for exact form before it is used; no message repeats a value.
 */
import { ArchiveError } from '../errors.ts';

/** S3 user metadata, names without `x-amz-meta-`, or the map an instruction file holds: the same names. */
export type Metadata = Readonly<Record<string, string>>;

/** Characters. S3 itself allows 2 KB of user metadata per object; an instruction file may hold more, e.g. RSA wraps. */
const MAX_VALUE_LENGTH = 8192;

export function hasValue(metadata: Metadata, name: string): boolean {
  return Object.hasOwn(metadata, name);
}

/** @throws `OBJECT_MALFORMED` when the value is absent, empty, oversized or holds anything but printable US-ASCII. */
export function requireValue(metadata: Metadata, name: string): string {
  const value = hasValue(metadata, name) ? metadata[name] : undefined;
  if (value === undefined) throw malformed(`metadata ${name} is missing`);
  if (typeof value !== 'string') throw malformed(`metadata ${name} is not text`);
  if (value.length === 0) throw malformed(`metadata ${name} is empty`);
  if (value.length > MAX_VALUE_LENGTH) throw malformed(`metadata ${name} is too long`);
  // S3 double-encodes other text (RFC 2047), which not every client decodes
  if (!/^[\x20-\x7e]*$/.test(value)) throw malformed(`metadata ${name} is not printable ASCII`);
  return value;
}

/**
 * Base64 as RFC 4648, section 4, has it: padded, no line breaks, no bits beyond the last byte; so that one sequence of
 * bytes has one spelling, and changing any character is an error or other bytes.
 *
 * @param length bytes, exactly.
 * @throws `OBJECT_MALFORMED`.
 */
export function parseBase64(metadata: Metadata, name: string, length?: number): Buffer {
  const value = requireValue(metadata, name);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw malformed(`metadata ${name} is not canonical base64`);
  if (length !== undefined && bytes.length !== length) {
    throw malformed(`metadata ${name} has ${bytes.length} bytes instead of ${length}`);
  }
  return bytes;
}

export function malformed(message: string): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', message);
}
