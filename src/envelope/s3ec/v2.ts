/**
 * Amazon S3 Encryption Client, object format V2 with `ALG_AES_256_GCM_IV12_TAG16_NO_KDF` (suite 0x0072).
 * https://github.com/awslabs/aws-encryption-sdk-specification/blob/main/s3-encryption/data-format/content-metadata.md
 *
 *     body                                AES-256-GCM(data key, IV) ciphertext ‖ 16-byte tag, no AAD, no key derivation
 *     x-amz-key-v2                        base64 of the wrapped data key
 *     x-amz-iv                            base64 of the 12-byte IV
 *     x-amz-cek-alg                       AES/GCM/NoPadding
 *     x-amz-tag-len                       128 (bits)
 *     x-amz-wrap-alg                      kms+context | AES/GCM | RSA-OAEP-SHA1; kms is read, and not written
 *     x-amz-matdesc                       JSON: the whole KMS encryption context, or the material description
 *     x-amz-unencrypted-content-length    bytes of plaintext; optional, read but not written
 *
 * It does not commit to its key: never use it with instruction files that others can write (CVE-2025-14763).
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import type { Sealer } from '../../ports.ts';
import { createSealingCipher, IV_LENGTH, TAG_LENGTH } from '../gcm.ts';
import type {
  EncryptionContext,
  KeyWrapper,
  ReadableWrapAlgorithm,
  StoredDataKey,
  WrappedDataKey,
} from '../key-wrap.ts';
import {
  isBlank,
  malformed,
  type Metadata,
  parseNonce,
  parseStringMap,
  requireExactly,
  requireFittingMetadata,
  requireValue,
  type StringMap,
} from '../metadata.ts';
import { createS3ecOpener, createS3ecUnsealer, parseWrapped, requireStatedSize } from './reading.ts';

export const S3EC_V2 = 's3ec-v2';
export const V2_CONTENT_ALGORITHM = 'AES/GCM/NoPadding';
const TAG_BITS = '128';
const WRAP_ALGORITHMS: ReadonlySet<string> = new Set<ReadableWrapAlgorithm>([
  'kms+context',
  'AES/GCM',
  'RSA-OAEP-SHA1',
  'kms',
]);

/** What the metadata of a V2 object say. */
export interface S3ecV2Header extends StoredDataKey {
  /** 12 bytes. */
  readonly iv: Uint8Array;
}

/**
 * Begins one V2 object, with a fresh data key and IV.
 *
 * @param context bound by a KMS wrap, ignored by the others.
 * @throws `CONFIG_INVALID` when the metadata would not fit into S3, and what `wrapper` throws.
 */
export async function sealS3ecV2(
  wrapper: KeyWrapper,
  context: EncryptionContext,
  budget?: Budget,
): Promise<Sealer> {
  const { plaintext: key, ...edk } = await wrapper.generate(V2_CONTENT_ALGORITHM, context, budget);
  const iv = randomBytes(IV_LENGTH);
  const metadata = formatS3ecV2(edk, iv);
  requireFittingMetadata(metadata);
  const cipher = createSealingCipher({ key, iv });
  key.fill(0);
  return { metadata, overhead: TAG_LENGTH, ...cipher };
}

/** The metadata of a V2 object, or what its instruction file holds. */
export function formatS3ecV2(edk: WrappedDataKey, iv: Uint8Array): Record<string, string> {
  return {
    'x-amz-key-v2': Buffer.from(edk.wrapped).toString('base64'),
    'x-amz-iv': Buffer.from(iv).toString('base64'),
    'x-amz-cek-alg': V2_CONTENT_ALGORITHM,
    'x-amz-tag-len': TAG_BITS,
    'x-amz-wrap-alg': edk.wrapAlgorithm,
    'x-amz-matdesc': JSON.stringify(edk.description),
  };
}

/** The key and IV of one V2 object: the data key as it is. */
export const openS3ecV2 = createS3ecOpener({
  contentAlgorithm: V2_CONTENT_ALGORITHM,
  parse: parseS3ecV2,
  derive: (dataKey, { iv }) => ({ key: createSecretKey(dataKey), iv }),
});

/** Begins reading one V2 object. */
export const unsealS3ecV2 = createS3ecUnsealer(openS3ecV2);

/** @throws `OBJECT_MALFORMED`. */
export function parseS3ecV2(metadata: Metadata, size: number): S3ecV2Header {
  requireExactly(metadata, 'x-amz-cek-alg', V2_CONTENT_ALGORITHM);
  requireExactly(metadata, 'x-amz-tag-len', TAG_BITS);
  requireStatedSize(metadata, size);
  const wrapAlgorithm = requireValue(metadata, 'x-amz-wrap-alg');
  if (!isWrapAlgorithm(wrapAlgorithm)) throw malformed('metadata x-amz-wrap-alg is not supported');
  return {
    wrapAlgorithm,
    wrapped: parseWrapped(metadata, 'x-amz-key-v2', wrapAlgorithm),
    description: parseDescription(metadata, wrapAlgorithm),
    iv: parseNonce(metadata, 'x-amz-iv', IV_LENGTH),
  };
}

/** AWS's clients take one that is absent or empty for `{}`. What KMS binds has to be stated. */
function parseDescription(metadata: Metadata, wrapAlgorithm: ReadableWrapAlgorithm): StringMap {
  const isRaw = wrapAlgorithm === 'AES/GCM' || wrapAlgorithm === 'RSA-OAEP-SHA1';
  return isRaw && isBlank(metadata, 'x-amz-matdesc') ? {} : parseStringMap(metadata, 'x-amz-matdesc');
}

function isWrapAlgorithm(name: string): name is ReadableWrapAlgorithm {
  return WRAP_ALGORITHMS.has(name);
}
