/**
 * Amazon S3 Encryption Client objects, formats V2 and V3, on their own: no dependency but Node's crypto, no network.
 * For any such object of any writer (AWS's clients for Java, Go, .NET, Python, Ruby, PHP and C++, services that keep
 * client-side encrypted objects), and to write objects those clients read.
 *
 *     const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([{ key }])] });
 *     const unsealer = await reader.unseal({ key: 'a.bin', metadata, size: body.length });
 *     const plaintext = Buffer.concat([unsealer.update(body), unsealer.final()]);
 */
export { ArchiveError, type ErrorCode } from './errors.ts';
export { type DetectedFormat, detectFormat, needsInstruction } from './envelope/detect.ts';
export {
  type AnyEnvelopeReader,
  createEnvelopeReader,
  type ReadingKeys,
  type UnsealOptions,
} from './envelope/envelope-reader.ts';
export type { RangeReader, RangeUnsealer } from './ports.ts';
export { ciphertextSize, MAX_PLAINTEXT_SIZE, plaintextSize } from './envelope/gcm.ts';
export {
  type ContentAlgorithm,
  createKmsWrap,
  createLegacyKmsUnwrap,
  type DataKey,
  type DataKeyService,
  type EncryptionContext,
  type KeyUnwrapper,
  type KeyWrapper,
  type ReadableWrapAlgorithm,
  type StoredDataKey,
  type WrapAlgorithm,
  type WrappedDataKey,
} from './envelope/key-wrap.ts';
export type { Metadata } from './envelope/metadata.ts';
export {
  type AesWrappingKey,
  createAesUnwrapper,
  createAesWrapper,
  createRsaUnwrapper,
  createRsaWrapper,
  type RawUnwrappingKey,
  rsaKeyId,
} from './envelope/raw-wrap.ts';
export { parseS3ecV2, type S3ecV2Header, sealS3ecV2, unsealS3ecV2 } from './envelope/s3ec/v2.ts';
export {
  createS3ecV3Instruction,
  type InstructionFile,
  parseS3ecV3,
  type Placement,
  type S3ecV3Header,
  type S3ecV3Sealer,
  sealS3ecV3,
  unsealS3ecV3,
} from './envelope/s3ec/v3.ts';
export type { Sealer, Unsealer } from './ports.ts';
