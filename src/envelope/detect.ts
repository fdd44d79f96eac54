/**
 * Which format an object is in, by its metadata alone ("Determining S3EC Object Status" in the specification). Metadata
 * of two versions together are refused: choosing between them is how an attacker who can write headers, but knows no key,
 * moves an object to a weaker format.
 */
import { canonicalMetadata } from '../metadata-names.ts';
import { hasValue, malformed, type Metadata, parseInstruction } from './metadata.ts';
import { S3EC_V2 } from './s3ec/v2.ts';
import { type Placement, S3EC_V3, V3_OBJECT_ONLY } from './s3ec/v3.ts';
import { STATIC_GCM } from './static-gcm.ts';

const V1_ONLY = 'x-amz-key';
const V2_ONLY = 'x-amz-key-v2';
const V1_AND_V2 = ['x-amz-iv', 'x-amz-matdesc', 'x-amz-wrap-alg', 'x-amz-cek-alg', 'x-amz-tag-len'];
export const V3_WRAP = ['x-amz-3', 'x-amz-w', 'x-amz-t', 'x-amz-m'];

export interface DetectedFormat {
  readonly format: typeof STATIC_GCM | typeof S3EC_V2 | typeof S3EC_V3;
  readonly placement: Placement;
  /** What the format's reader takes: the object's metadata, the instruction file's, or for V3 both together. */
  readonly metadata: Metadata;
}

/**
 * @param stored metadata of the object, in any spelling of their names.
 * @param instruction the body of `<key>.instruction`, read only when {@link needsInstruction} says so or an existing
 *   static-gcm object has been given one.
 * @throws `OBJECT_MALFORMED` for no known format, for format V1 (whose CBC nothing authenticates), for several at once.
 */
export function detectFormat(stored: Metadata, instruction?: string): DetectedFormat {
  const { metadata } = canonicalMetadata(stored);
  const version = versionOf(metadata, 'the object');
  if (instruction !== undefined) return detectSplit(metadata, version, parseInstruction(instruction));
  if (version === 'v2') return { format: S3EC_V2, placement: 'metadata', metadata };
  if (version === 'v3') {
    if (needsInstruction(metadata))
      throw malformed('the data key is in an instruction file, which is missing');
    return { format: S3EC_V3, placement: 'metadata', metadata };
  }
  if (isStatic(metadata)) return { format: STATIC_GCM, placement: 'metadata', metadata };
  throw malformed('the metadata are of no known format');
}

/** Reports whether these metadata can be read only together with `<key>.instruction`. */
export function needsInstruction(stored: Metadata): boolean {
  const { metadata } = canonicalMetadata(stored);
  const version = versionOf(metadata, 'the object');
  if (version === 'v3') {
    return V3_OBJECT_ONLY.every((name) => hasValue(metadata, name)) && !hasAny(metadata, V3_WRAP);
  }
  return version === undefined && !isStatic(metadata);
}

function detectSplit(
  metadata: Metadata,
  version: 'v2' | 'v3' | undefined,
  instruction: Metadata,
): DetectedFormat {
  const other = versionOf(instruction, 'the instruction file');
  if (version === undefined && other === 'v2') {
    return { format: S3EC_V2, placement: 'instruction', metadata: instruction };
  }
  if (version !== 'v3' || other !== 'v3') {
    throw malformed('the object and its instruction file do not belong together');
  }
  if (hasAny(metadata, V3_WRAP))
    throw malformed('the object has a data key of its own and an instruction file');
  if (hasAny(instruction, V3_OBJECT_ONLY)) {
    throw malformed('the instruction file holds metadata that belong to the object only');
  }
  return { format: S3EC_V3, placement: 'instruction', metadata: { ...metadata, ...instruction } };
}

function versionOf(metadata: Metadata, what: string): 'v2' | 'v3' | undefined {
  const v1 = hasValue(metadata, V1_ONLY);
  const v2 = hasValue(metadata, V2_ONLY);
  const v3 = hasAny(metadata, V3_WRAP) || hasAny(metadata, V3_OBJECT_ONLY);
  const shared = hasAny(metadata, V1_AND_V2);
  if ((v1 && v2) || ((v1 || v2 || shared) && v3)) throw malformed(`${what} has metadata of several formats`);
  if (v1) {
    throw malformed(
      `${what} is in format V1 of the S3 Encryption Client, which nothing authenticates: it is not supported`,
    );
  }
  if (v2 || shared) return 'v2';
  return v3 ? 'v3' : undefined;
}

function isStatic(metadata: Metadata): boolean {
  return hasValue(metadata, 'encryption') && hasValue(metadata, 'iv');
}

function hasAny(metadata: Metadata, names: readonly string[]): boolean {
  return names.some((name) => hasValue(metadata, name));
}
