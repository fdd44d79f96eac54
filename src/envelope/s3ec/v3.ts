/**
 * Amazon S3 Encryption Client, object format V3 with `ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY` (suite 0x0073).
 * https://github.com/awslabs/aws-encryption-sdk-specification/blob/main/s3-encryption/key-derivation.md
 *
 *     body       AES-256-GCM(DEK, IV = 12 × 0x01, AAD = 00 73) ciphertext ‖ 16-byte tag
 *     x-amz-c    115
 *     x-amz-3    base64 of the wrapped data key
 *     x-amz-w    12 (kms+context) | 02 (AES/GCM) | 22 (RSA-OAEP-SHA1)
 *     x-amz-i    base64 of the 28-byte message id
 *     x-amz-d    base64 of the 28-byte key commitment
 *     x-amz-t    with 12: JSON, the whole KMS encryption context
 *     x-amz-m    with 02 and 22: JSON, the material description
 *
 * With instruction placement 3, w, t and m stand in the object `<key>.instruction`, and c, d and i never do.
 * The IV is fixed, so a data key and message id must never meet twice: both are fresh for every attempt.
 */
import { createSecretKey, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { Sealer } from '../../ports.ts';
import { createSealingCipher, IV_LENGTH, KEY_LENGTH, TAG_LENGTH } from '../gcm.ts';
import type { EncryptionContext, KeyWrapper, WrapAlgorithm, WrappedDataKey } from '../key-wrap.ts';
import {
  isBlank,
  malformed,
  type Metadata,
  parseBase64,
  parseNonce,
  parseStringMap,
  requireExactly,
  requireFittingMetadata,
  requireValue,
  type StringMap,
} from '../metadata.ts';
import { createS3ecOpener, createS3ecUnsealer, parseWrapped, requireStatedSize } from './reading.ts';

export const S3EC_V3 = 's3ec-v3';
export const V3_CONTENT_ALGORITHM = '115';
/** Two bytes, big-endian. */
const SUITE_ID = Uint8Array.of(0x00, 0x73);
const FIXED_IV = new Uint8Array(IV_LENGTH).fill(0x01);
/** Bytes. */
const MESSAGE_ID_LENGTH = 28;
/** Bytes. */
const COMMITMENT_LENGTH = 28;

const WRAP_CODES: Readonly<Record<WrapAlgorithm, string>> = {
  'kms+context': '12',
  'AES/GCM': '02',
  'RSA-OAEP-SHA1': '22',
};

/** The metadata that stay with the object when the rest goes into an instruction file. */
export const V3_OBJECT_ONLY = ['x-amz-c', 'x-amz-d', 'x-amz-i'] as const;
export const INSTRUCTION_SUFFIX = '.instruction';

/** What the metadata of a V3 object say. */
export interface S3ecV3Header extends WrappedDataKey {
  /** 28 bytes. */
  readonly messageId: Uint8Array;
  /** 28 bytes. */
  readonly commitment: Uint8Array;
}

/** An object to store beside the encrypted one, under its key and {@link INSTRUCTION_SUFFIX}. */
export interface InstructionFile {
  readonly suffix: typeof INSTRUCTION_SUFFIX;
  readonly metadata: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export type Placement = 'metadata' | 'instruction';

/** A sealer whose object cannot be read without `instruction`, when there is one. */
export interface S3ecV3Sealer extends Sealer {
  readonly instruction?: InstructionFile;
}

/** HKDF-Expand(HKDF-Extract(salt = message id, data key), 00 73 ‖ "COMMITKEY", 28). */
export function deriveCommitment(dataKey: Uint8Array, messageId: Uint8Array): Buffer {
  return derive(dataKey, messageId, 'COMMITKEY', COMMITMENT_LENGTH);
}

/** HKDF-Expand(HKDF-Extract(salt = message id, data key), 00 73 ‖ "DERIVEKEY", 32). */
export function deriveEncryptionKey(dataKey: Uint8Array, messageId: Uint8Array): Buffer {
  return derive(dataKey, messageId, 'DERIVEKEY', KEY_LENGTH);
}

function derive(dataKey: Uint8Array, messageId: Uint8Array, label: string, length: number): Buffer {
  const info = Buffer.concat([SUITE_ID, Buffer.from(label)]);
  return Buffer.from(hkdfSync('sha512', dataKey, messageId, info, length));
}

/**
 * Begins one V3 object, with a fresh data key and message id.
 *
 * @param context bound by a KMS wrap, ignored by the others.
 * @throws `CONFIG_INVALID` when the metadata would not fit into S3, and what `wrapper` throws.
 */
export async function sealS3ecV3(
  wrapper: KeyWrapper,
  context: EncryptionContext,
  placement: Placement = 'metadata',
  budget?: Budget,
): Promise<S3ecV3Sealer> {
  const { plaintext: dataKey, ...edk } = await wrapper.generate(V3_CONTENT_ALGORITHM, context, budget);
  const messageId = randomBytes(MESSAGE_ID_LENGTH);
  const content = {
    'x-amz-c': V3_CONTENT_ALGORITHM,
    'x-amz-d': deriveCommitment(dataKey, messageId).toString('base64'),
    'x-amz-i': messageId.toString('base64'),
  };
  const wrap = wrapMetadata(edk);
  const metadata = placement === 'metadata' ? { ...content, ...wrap } : content;
  requireFittingMetadata(metadata);
  const key = deriveEncryptionKey(dataKey, messageId);
  const cipher = createSealingCipher({ key, iv: FIXED_IV, additionalAuthenticatedData: SUITE_ID });
  dataKey.fill(0);
  key.fill(0);
  return {
    metadata,
    overhead: TAG_LENGTH,
    ...(placement === 'metadata' ? {} : { wrap, instruction: createInstruction(wrap) }),
    ...cipher,
  };
}

/** The instruction file that holds `edk`; also what a rewrap stores in place of an earlier one. */
export function createS3ecV3Instruction(edk: WrappedDataKey): InstructionFile {
  return createInstruction(wrapMetadata(edk));
}

/**
 * The derived key and fixed IV of one V3 object. Nothing is derived for decryption before the stored key commitment has been
 * compared, in constant time, with the one the unwrapped data key gives.
 */
export const openS3ecV3 = createS3ecOpener({
  contentAlgorithm: V3_CONTENT_ALGORITHM,
  parse: parseS3ecV3,
  derive(dataKey, header) {
    requireCommitment(dataKey, header);
    const key = deriveEncryptionKey(dataKey, header.messageId);
    const parameters = { key: createSecretKey(key), iv: FIXED_IV, additionalAuthenticatedData: SUITE_ID };
    key.fill(0);
    return parameters;
  },
});

/** Begins reading one V3 object. */
export const unsealS3ecV3 = createS3ecUnsealer(openS3ecV3);

/** Compares in constant time. @throws `DECRYPT_FAILED`. */
export function requireCommitment(
  dataKey: Uint8Array,
  { messageId, commitment }: Pick<S3ecV3Header, 'messageId' | 'commitment'>,
): void {
  if (timingSafeEqual(deriveCommitment(dataKey, messageId), commitment)) return;
  throw new ArchiveError(
    'DECRYPT_FAILED',
    'the object does not commit to its data key: one of the two was replaced',
  );
}

/** @throws `OBJECT_MALFORMED`. */
export function parseS3ecV3(metadata: Metadata, size: number): S3ecV3Header {
  requireExactly(metadata, 'x-amz-c', V3_CONTENT_ALGORITHM);
  requireStatedSize(metadata, size);
  const wrapAlgorithm = parseWrapCode(requireValue(metadata, 'x-amz-w'));
  return {
    wrapAlgorithm,
    wrapped: parseWrapped(metadata, 'x-amz-3', wrapAlgorithm),
    description: parseDescription(metadata, wrapAlgorithm),
    messageId: parseNonce(metadata, 'x-amz-i', MESSAGE_ID_LENGTH),
    commitment: parseBase64(metadata, 'x-amz-d', COMMITMENT_LENGTH),
  };
}

/** t belongs to KMS and m to the raw wraps; the Go client writes the other one too, empty. */
function parseDescription(metadata: Metadata, wrapAlgorithm: WrapAlgorithm): StringMap {
  const [own, other] = wrapAlgorithm === 'kms+context' ? ['x-amz-t', 'x-amz-m'] : ['x-amz-m', 'x-amz-t'];
  if (!isBlank(metadata, other)) throw malformed(`metadata ${other} does not belong to this key wrap`);
  return isBlank(metadata, own) ? {} : parseStringMap(metadata, own);
}

function parseWrapCode(code: string): WrapAlgorithm {
  switch (code) {
    case '12':
      return 'kms+context';
    case '02':
      return 'AES/GCM';
    case '22':
      return 'RSA-OAEP-SHA1';
    default:
      throw malformed('metadata x-amz-w is not supported');
  }
}

/** The metadata that a rewrap replaces; `x-amz-t` and `x-amz-m` exclude each other. */
export function wrapMetadata(edk: WrappedDataKey): Record<string, string> {
  return {
    'x-amz-3': Buffer.from(edk.wrapped).toString('base64'),
    'x-amz-w': WRAP_CODES[edk.wrapAlgorithm],
    [edk.wrapAlgorithm === 'kms+context' ? 'x-amz-t' : 'x-amz-m']: JSON.stringify(edk.description),
  };
}

/** Also what an adoption or a rewrap stores, of either format. */
export function createInstruction(wrap: Metadata): InstructionFile {
  return {
    suffix: INSTRUCTION_SUFFIX,
    // its presence says it all; an empty value is dropped by some S3-compatible servers and HTTP proxies
    metadata: { 'x-amz-crypto-instr-file': 'true' },
    body: JSON.stringify(wrap),
  };
}
