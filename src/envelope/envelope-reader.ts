/** One reader for every format, which goes by the metadata and the keys it holds. */
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, RangeReader, Unsealer, UnsealRequest } from '../ports.ts';
import { type DetectedFormat, detectFormat, needsInstruction } from './detect.ts';
import { createUnsealingCipher, type GcmParameters } from './gcm.ts';
import {
  bindsStoredContext,
  type EncryptionContext,
  type KeyUnwrapper,
  requireContextHolds,
} from './key-wrap.ts';
import { CONTEXT_NAMES } from './s3ec/envelope.ts';
import { createRangeUnsealer } from './range.ts';
import { openS3ecV2, parseS3ecV2, S3EC_V2 } from './s3ec/v2.ts';
import { openS3ecV3, parseS3ecV3, S3EC_V3 } from './s3ec/v3.ts';
import { createStaticOpener, STATIC_GCM } from './static-gcm.ts';

export interface ReadingKeys {
  /** 32 bytes; reads `static-gcm`. */
  readonly staticKey?: Uint8Array;
  /** At most one for each wrap algorithm; they read `s3ec-v2` and `s3ec-v3`. */
  readonly unwrappers?: readonly KeyUnwrapper[];
  /** The organization all recordings belong to; where it is known, KMS wraps are held to it. */
  readonly organizationId?: string;
}

export interface UnsealOptions extends UnsealRequest {
  /** The body of `<key>.instruction`, when the caller has it already. */
  readonly instruction?: string;
  /** The whole context as the caller knows it from elsewhere, never from the object: see `recordingContext`. */
  readonly expectedContext?: EncryptionContext;
}

export interface AnyEnvelopeReader extends EnvelopeReader, RangeReader {
  /**
   * @throws `OBJECT_MALFORMED` before any key is used; `CONTEXT_MISMATCH` before any key service is asked;
   *   `DECRYPT_FAILED` when the key is not held, does not fit, or is not the one the object commits to.
   */
  unseal(stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>, options?: UnsealOptions): Promise<Unsealer>;
}

/** @throws `CONFIG_INVALID` when the static key has not 32 bytes. */
export function createEnvelopeReader(keys: ReadingKeys): AnyEnvelopeReader {
  const unwrappers = keys.unwrappers ?? [];
  const openStatic = keys.staticKey === undefined ? undefined : createStaticOpener(keys.staticKey);
  const detect = async (metadata: ObjectStat['metadata'], options: UnsealOptions) => {
    const { readInstruction, instruction } = options;
    if (instruction !== undefined || readInstruction === undefined) {
      return detectFormat(metadata, instruction);
    }
    if (needsInstruction(metadata)) return detectFormat(metadata, await readInstruction());
    const detected = detectFormat(metadata);
    // an object of the static key may have been given an instruction file, which reads it without that key
    if (detected.format !== STATIC_GCM || openStatic !== undefined) return detected;
    return detectFormat(metadata, await readInstruction());
  };
  type Subject = Pick<ObjectStat, 'metadata' | 'size' | 'key'>;
  const open = async (stat: Subject, options: UnsealOptions) => {
    const detected = await detect(stat.metadata, options);
    return { detected, parameters: await openDetected(stat, detected, options) };
  };
  const openDetected = async (
    stat: Subject,
    detected: DetectedFormat,
    options: UnsealOptions,
  ): Promise<GcmParameters> => {
    const { format, metadata } = detected;
    if (format !== STATIC_GCM) {
      requireExpectedIds(detected, stat.size, keys.organizationId, options.expected);
      const openS3ec = format === S3EC_V2 ? openS3ecV2 : openS3ecV3;
      return openS3ec(
        { metadata, size: stat.size },
        { unwrappers, expected: options.expectedContext },
        options.budget,
      );
    }
    if (openStatic === undefined) {
      throw new ArchiveError('DECRYPT_FAILED', 'no key is configured for objects of format static-gcm', {
        hint: 'set ENCRYPTION_KEY_HEX to the key they were written with',
      });
    }
    return openStatic({ metadata, size: stat.size });
  };
  return {
    unseal: async (stat, options = {}) => createUnsealingCipher((await open(stat, options)).parameters),
    unsealRange: async (stat, options = {}) => {
      const { detected, parameters } = await open(stat, options);
      // V3 commits to its key, the others do not: any key decrypts them, to anything, until the tag is checked
      return createRangeUnsealer(parameters, stat.size, {
        keyIsBound: detected.format === S3EC_V3,
        keyIsWrapped: detected.format !== STATIC_GCM,
      });
    },
  };
}

/** Raw wraps bind no ids, so only KMS wraps can be held to any. @throws `CONTEXT_MISMATCH`, `OBJECT_MALFORMED`. */
function requireExpectedIds(
  { format, metadata }: DetectedFormat,
  size: number,
  organizationId: string | undefined,
  expected: UnsealRequest['expected'] = {},
): void {
  const header = format === 's3ec-v2' ? parseS3ecV2(metadata, size) : parseS3ecV3(metadata, size);
  if (!bindsStoredContext(header)) return;
  requireContextHolds(header.description, {
    [CONTEXT_NAMES.organizationId]: organizationId,
    [CONTEXT_NAMES.conversationId]: expected.conversationId,
    [CONTEXT_NAMES.recordingId]: expected.recordingId,
  });
}
