/** How an object of either S3 Encryption Client format is opened: its header, then its data key, then the key and IV of its body. */
import type { Budget } from '../../clock.ts';
import type { Unsealer } from '../../ports.ts';
import { createUnsealingCipher, type GcmParameters, plaintextSize } from '../gcm.ts';
import {
  type ContentAlgorithm,
  type EncryptionContext,
  type KeyHolders,
  type KeyUnwrapper,
  type ReadableWrapAlgorithm,
  type StoredDataKey,
  unwrapDataKey,
} from '../key-wrap.ts';
import { hasValue, type Metadata, parseBase64, requireExactly } from '../metadata.ts';
import { AES_WRAP_LENGTH } from '../raw-wrap.ts';

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

/** One object of either format. */
export interface S3ecObject {
  /** Merged with that of its instruction file where it has one. */
  readonly metadata: Metadata;
  /** Bytes of the body. */
  readonly size: number;
}

/**
 * Returns the key and IV of the body of one object.
 *
 * @throws `OBJECT_MALFORMED`, `CONTEXT_MISMATCH`, `DECRYPT_FAILED`, none of them retryable; what an unwrapper throws.
 */
export type S3ecOpener = (object: S3ecObject, keys: KeyHolders, budget?: Budget) => Promise<GcmParameters>;

export function createS3ecOpener<Header extends StoredDataKey>(format: S3ecReading<Header>): S3ecOpener {
  return async ({ metadata, size }, keys, budget) => {
    const header = format.parse(metadata, size);
    const dataKey = await unwrapDataKey(header, format.contentAlgorithm, keys, budget);
    try {
      return format.derive(dataKey, header);
    } finally {
      dataKey.fill(0);
    }
  };
}

/** What `unsealS3ecV2` and `unsealS3ecV3` take: they are part of the library, and stay as they are. */
type UnsealArguments = [
  metadata: Metadata,
  size: number,
  unwrappers: readonly KeyUnwrapper[],
  expected?: EncryptionContext,
  budget?: Budget,
];

/** Begins reading one object. Throws what its {@link S3ecOpener} does. */
export function createS3ecUnsealer(open: S3ecOpener): (...object: UnsealArguments) => Promise<Unsealer> {
  return async (...[metadata, size, unwrappers, expected, budget]) =>
    createUnsealingCipher(await open({ metadata, size }, { unwrappers, expected }, budget));
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
