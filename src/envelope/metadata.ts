/**
 * Strict reading of metadata values. A store hands back what anyone with write access put there, so every value is
 * checked for its exact form before it is used; no message repeats a value.
 */
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata } from '../metadata-names.ts';

/** S3 user metadata, names without `x-amz-meta-`, or what an instruction file holds: the same names. */
export type Metadata = Readonly<Record<string, string>>;

/** A JSON object of strings: an encryption context or a material description. */
export type StringMap = Readonly<Record<string, string>>;

/** Characters. The longest legitimate value is an 8192-bit RSA wrap, 1368; a KMS ciphertext blob has at most 8192. */
const MAX_VALUE_LENGTH = 8192;

/** Bytes of names and values together; S3's limit on user metadata, which a longer wrap would break only at upload. */
const MAX_USER_METADATA_BYTES = 2048;

/** Bytes; an instruction file holds the metadata of one object, so this is several times the largest real one. */
const MAX_INSTRUCTION_LENGTH = 65_536;

export function hasValue(metadata: Metadata, name: string): boolean {
  return Object.hasOwn(metadata, name);
}

/** @throws `OBJECT_MALFORMED` when the value is absent, empty, oversized or holds anything but printable US-ASCII. */
export function requireValue(metadata: Metadata, name: string): string {
  const value: unknown = hasValue(metadata, name) ? metadata[name] : undefined;
  if (value === undefined) throw malformed(`metadata ${name} is missing`);
  if (typeof value !== 'string') throw malformed(`metadata ${name} is not text`);
  if (value.length === 0) throw malformed(`metadata ${name} is empty`);
  if (value.length > MAX_VALUE_LENGTH) throw malformed(`metadata ${name} is too long`);
  // S3 double-encodes other text (RFC 2047), which not every client decodes
  if (!/^[\x20-\x7e]*$/.test(value)) throw malformed(`metadata ${name} is not printable ASCII`);
  return value;
}

/** @throws `OBJECT_MALFORMED` when the value is anything but `expected`. */
export function requireExactly(metadata: Metadata, name: string, expected: string): void {
  if (requireValue(metadata, name) !== expected) throw malformed(`metadata ${name} is not "${expected}"`);
}

/**
 * Base64 as RFC 4648, section 4, has it: padded, no line breaks, no bits beyond the last byte; so that one sequence of
 * bytes has one spelling, and a change of any character is an error or other bytes.
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

/**
 * An IV or message id. All zeros are valid in theory and an uninitialised buffer in practice, so they are refused, as
 * AWS's own clients refuse them.
 *
 * @param length bytes, exactly.
 * @throws `OBJECT_MALFORMED`.
 */
export function parseNonce(metadata: Metadata, name: string, length: number): Buffer {
  const nonce = parseBase64(metadata, name, length);
  if (nonce.every((byte) => byte === 0)) throw malformed(`metadata ${name} is all zeros`);
  return nonce;
}

/** A JSON object of strings, without duplicate names. @throws `OBJECT_MALFORMED`. */
export function parseStringMap(metadata: Metadata, name: string): StringMap {
  return parseJsonObject(requireValue(metadata, name), `metadata ${name}`);
}

/** True when the value is absent, or written as one of the ways other clients have of saying nothing. */
export function isBlank(metadata: Metadata, name: string): boolean {
  return !hasValue(metadata, name) || metadata[name] === '' || metadata[name] === '{}';
}

/** Names a client wrote as JSON numbers in older instruction files. */
const NUMERIC_NAMES = new Set(['x-amz-tag-len', 'x-amz-unencrypted-content-length']);

/** The body of an instruction file: one JSON object of strings and nothing else. @throws `OBJECT_MALFORMED`. */
export function parseInstruction(body: string): Metadata {
  if (body.length > MAX_INSTRUCTION_LENGTH) throw malformed('the instruction file is too long');
  return canonicalMetadata(parseJsonObject(body, 'the instruction file', NUMERIC_NAMES)).metadata;
}

function parseJsonObject(text: string, what: string, numericNames?: ReadonlySet<string>): StringMap {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw malformed(`${what} is not a JSON object`);
  }
  const entries = Object.entries(parsed).map(([name, value]: [string, unknown]): [string, string] => {
    if (typeof value === 'string') return [name, value];
    if (numericNames?.has(name) === true && Number.isSafeInteger(value)) return [name, String(value)];
    throw malformed(`${what} holds a value that is not a string`);
  });
  // JSON.parse keeps the last of two equal names, other parsers the first. In a flat object every string is a name or
  // a value, so equal names show in the count.
  const strings = text.match(/"(?:[^"\\]|\\.)*"/g)?.length ?? 0;
  const expected = entries.length + Object.values(parsed).filter((value) => typeof value === 'string').length;
  if (strings !== expected) throw malformed(`${what} names something twice`);
  return Object.fromEntries(entries);
}

/**
 * Refuses metadata that S3 would refuse at the end of the upload.
 *
 * @throws `CONFIG_INVALID`; only an oversized wrapping key or context can cause it.
 */
export function requireFittingMetadata(metadata: Metadata): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) bytes += `x-amz-meta-${name}${value}`.length;
  if (bytes > MAX_USER_METADATA_BYTES) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `the envelope needs ${bytes} bytes of S3 user metadata of 2048`,
      {
        hint: 'use a smaller RSA key, shorter ids, or instruction files',
      },
    );
  }
}

export function malformed(message: string): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', message);
}
