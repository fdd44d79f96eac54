/** How an object of either S3 Encryption Client format is opened: its header, then its data key, then the key and IV of its body. */
import type { Budget } from '../clock.ts';
import type { Unsealer } from '../ports.ts';
import { createUnsealingCipher, type GcmParameters, plaintextSize } from './gcm.ts';
import {
  type ContentAlgorithm,
  type EncryptionContext,
  type KeyUnwrapper,
  type ReadableWrapAlgorithm,
  type StoredDataKey,
  unwrapDataKey,
} from './key-wrap.ts';
import { hasValue, type Metadata, parseBase64, requireExactly } from './metadata.ts';
import { AES_WRAP_LENGTH } from './raw-wrap.ts';

/** Where the two formats differ. */
export interface S3ecReading<Header extends StoredDataKey> {
  readonly contentAlgorithm: ContentAlgorithm;
  /** @throws `OBJECT_MALFORMED`. */
  parse(metadata: Metadata, size: number): Header;
  /**
   * @param dataKey erased by the caller afterwards.
   * @throws `DECRYPT_FAILED` when it is visibly not the key of the object.
   */
  derive(dataKey: Uint8Array, header: Header): GcmParameters;
}

/**
 * The key and IV of the body of one object.
 *
 * @param metadata of the object, merged with its instruction file's where there is one.
 * @param size bytes of the body.
 * @param expected see {@link unwrapDataKey}.
 * @throws `OBJECT_MALFORMED`, `CONTEXT_MISMATCH`, `DECRYPT_FAILED`, none of them retryable; what an unwrapper throws.
 */
export type S3ecOpener = (
  metadata: Metadata,
  size: number,
  unwrappers: readonly KeyUnwrapper[],
  expected?: EncryptionContext,
  budget?: Budget,
) => Promise<GcmParameters>;

export function createS3ecOpener<Header extends StoredDataKey>(format: S3ecReading<Header>): S3ecOpener {
  return async (metadata, size, unwrappers, expected, budget) => {
    const header = format.parse(metadata, size);
    const dataKey = await unwrapDataKey(header, format.contentAlgorithm, unwrappers, expected, budget);
    try {
      return format.derive(dataKey, header);
    } finally {
      dataKey.fill(0);
    }
  };
}

/** Begins reading one object. Takes and throws what its {@link S3ecOpener} does. */
export function createS3ecUnsealer(
  open: S3ecOpener,
): (...object: Parameters<S3ecOpener>) => Promise<Unsealer> {
  return async (...object) => createUnsealingCipher(await open(...object));
}

/** The wrapped data key, of the length its wrap has where that is fixed. @throws `OBJECT_MALFORMED`. */
export function parseWrapped(metadata: Metadata, name: string, wrapAlgorithm: ReadableWrapAlgorithm): Buffer {
  return parseBase64(metadata, name, wrapAlgorithm === 'AES/GCM' ? AES_WRAP_LENGTH : undefined);
}

/**
 * Holds the body to the plaintext length some clients state; in V3 objects one of them leaves it empty.
 *
 * @throws `OBJECT_MALFORMED` also when the body cannot be one GCM message.
 */
export function requireStatedSize(metadata: Metadata, size: number): void {
  const name = 'x-amz-unencrypted-content-length';
  const bytes = plaintextSize(size);
  if (!hasValue(metadata, name) || metadata[name] === '') return;
  requireExactly(metadata, name, String(bytes));
}
