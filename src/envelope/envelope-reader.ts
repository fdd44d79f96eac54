/** One reader for every format, which goes by the metadata and the keys it holds. */
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, Unsealer } from '../ports.ts';
import { detectFormat } from './detect.ts';
import type { EncryptionContext, KeyUnwrapper } from './key-wrap.ts';
import { unsealS3ecV2 } from './s3ec-v2.ts';
import { unsealS3ecV3 } from './s3ec-v3.ts';
import { createStaticReader, STATIC_GCM } from './static-gcm.ts';

export interface ReadingKeys {
  /** 32 bytes; reads `static-gcm`. */
  readonly staticKey?: Uint8Array;
  /** At most one for each wrap algorithm; they read `s3ec-v2` and `s3ec-v3`. */
  readonly unwrappers?: readonly KeyUnwrapper[];
}

export interface UnsealOptions {
  /** The body of `<key>.instruction`; see `needsInstruction`. */
  readonly instruction?: string;
  /** The ids the caller knows from elsewhere, never from the object: see `recordingContext`. */
  readonly expectedContext?: EncryptionContext;
}

export interface AnyEnvelopeReader extends EnvelopeReader {
  /**
   * @throws `OBJECT_MALFORMED` before any key is used; `CONTEXT_MISMATCH` before any key service is asked;
   *   `DECRYPT_FAILED` when the key is not held, does not fit, or is not the one the object commits to.
   */
  unseal(stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>, options?: UnsealOptions): Promise<Unsealer>;
}

/** @throws `CONFIG_INVALID` when the static key has not 32 bytes. */
export function createEnvelopeReader(keys: ReadingKeys): AnyEnvelopeReader {
  const unwrappers = keys.unwrappers ?? [];
  const staticReader = keys.staticKey === undefined ? undefined : createStaticReader(keys.staticKey);
  return {
    // async, so that what is wrong with the metadata is a rejection like every other failure
    // oxlint-disable-next-line typescript/require-await
    unseal: async (stat, options = {}) => {
      const { format, metadata } = detectFormat(stat.metadata, options.instruction);
      if (format !== STATIC_GCM) {
        const unseal = format === 's3ec-v2' ? unsealS3ecV2 : unsealS3ecV3;
        return unseal(metadata, stat.size, unwrappers, options.expectedContext);
      }
      if (staticReader === undefined) {
        throw new ArchiveError('DECRYPT_FAILED', 'no key is configured for objects of format static-gcm', {
          hint: 'set ENCRYPTION_KEY_HEX to the key they were written with',
        });
      }
      return staticReader.unseal(stat);
    },
  };
}
