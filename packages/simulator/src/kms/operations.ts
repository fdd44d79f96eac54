import { constants, createPrivateKey, privateDecrypt, publicEncrypt, randomBytes, sign } from 'node:crypto';
import {
  cancelKeyDeletion,
  createAlias,
  createKey,
  describeKey,
  getPublicKey,
  listAliases,
  listKeys,
  OAEP_HASHES,
  scheduleKeyDeletion,
  setEnabled,
} from './administration.ts';
import { keyIdOfBlob, openBlob, sealBlob } from './ciphertext.ts';
import { type KeyStore, type KmsKey, requireUsable, SIGNING_SPEC } from './keys.ts';
import {
  invalid,
  type KmsCall,
  type Operation,
  readContext,
  readInteger,
  readText,
  requireBlob,
  requireKnown,
  requireText,
} from './parameters.ts';
import { KmsRefusal } from '../aws/refusals.ts';

/** Bytes; https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CIPHERTEXT_BYTES = 6144;
function requireSymmetric(key: KmsKey): Buffer {
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw new KmsRefusal('InvalidKeyUsageException');
  return Buffer.from(key.material, 'base64');
}

/** The hash of an asymmetric algorithm; `undefined` for the symmetric one. */
function requireAlgorithm(key: KmsKey, name: string | undefined): string | undefined {
  const symmetric = key.spec === 'SYMMETRIC_DEFAULT';
  if ((name ?? 'SYMMETRIC_DEFAULT') === 'SYMMETRIC_DEFAULT' && symmetric) return undefined;
  const hash = OAEP_HASHES[name ?? ''];
  if (symmetric || key.spec === SIGNING_SPEC || hash === undefined)
    throw new KmsRefusal('InvalidKeyUsageException');
  return hash;
}

function generateDataKey({ keys, input }: KmsCall): Record<string, string> {
  requireKnown(input, ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext', 'DryRun']);
  const context = readContext(input);
  const spec = readText(input, 'KeySpec');
  const stated = readInteger(input, 'NumberOfBytes', { least: 1, most: 1024 });
  const length = spec === undefined ? stated : { AES_256: 32, AES_128: 16 }[spec];
  if (length === undefined || (spec !== undefined && stated !== undefined)) {
    throw invalid('Please specify either number of bytes or key spec.');
  }
  const key = requireUsable(keys, keys.resolve(requireText(input, 'KeyId')));
  const secret = requireSymmetric(key);
  if (input['DryRun'] === true) throw new KmsRefusal('DryRunOperationException');
  const plaintext = randomBytes(length);
  return {
    KeyId: keys.arn(key),
    Plaintext: plaintext.toString('base64'),
    CiphertextBlob: sealBlob(key.id, secret, plaintext, context).toString('base64'),
  };
}

function generateDataKeyWithoutPlaintext(call: KmsCall): object {
  const { Plaintext: _, ...rest } = generateDataKey(call);
  return rest;
}

function encrypt({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId', 'Plaintext', 'EncryptionContext', 'EncryptionAlgorithm', 'DryRun']);
  const plaintext = requireBlob(input, 'Plaintext', MAX_PLAINTEXT_BYTES);
  const context = readContext(input);
  const key = requireUsable(keys, keys.resolve(requireText(input, 'KeyId')));
  const algorithm = readText(input, 'EncryptionAlgorithm');
  const oaepHash = requireAlgorithm(key, algorithm);
  if (input['DryRun'] === true) throw new KmsRefusal('DryRunOperationException');
  const blob =
    oaepHash === undefined
      ? sealBlob(key.id, requireSymmetric(key), plaintext, context)
      : publicEncrypt({ key: key.material, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, plaintext);
  return {
    KeyId: keys.arn(key),
    CiphertextBlob: blob.toString('base64'),
    EncryptionAlgorithm: algorithm ?? 'SYMMETRIC_DEFAULT',
  };
}

/** @throws `InvalidCiphertextException`, `IncorrectKeyException`, and what the state of the key brings. */
function openSymmetric(
  keys: KeyStore,
  blob: Buffer,
  context: Readonly<Record<string, string>>,
  expected: KmsKey | undefined,
): { readonly key: KmsKey; readonly plaintext: Buffer } {
  const key = keys.byId(keyIdOfBlob(blob));
  if (key === undefined) throw new KmsRefusal('InvalidCiphertextException');
  if (expected !== undefined && expected.id !== key.id) throw new KmsRefusal('IncorrectKeyException');
  return { key, plaintext: openBlob(requireSymmetric(requireUsable(keys, key)), blob, context) };
}

function decrypt({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId', 'CiphertextBlob', 'EncryptionContext', 'EncryptionAlgorithm', 'DryRun']);
  const blob = requireBlob(input, 'CiphertextBlob', MAX_CIPHERTEXT_BYTES);
  const context = readContext(input);
  const name = readText(input, 'KeyId');
  const expected = name === undefined ? undefined : keys.resolve(name);
  const algorithm = readText(input, 'EncryptionAlgorithm');
  if (expected !== undefined && expected.spec !== 'SYMMETRIC_DEFAULT') {
    const plaintext = decryptRsa(requireUsable(keys, expected), algorithm, blob);
    return {
      KeyId: keys.arn(expected),
      Plaintext: plaintext.toString('base64'),
      EncryptionAlgorithm: algorithm,
    };
  }
  if ((algorithm ?? 'SYMMETRIC_DEFAULT') !== 'SYMMETRIC_DEFAULT') {
    throw new KmsRefusal('InvalidKeyUsageException');
  }
  const { key, plaintext } = openSymmetric(keys, blob, context, expected);
  if (input['DryRun'] === true) throw new KmsRefusal('DryRunOperationException');
  return {
    KeyId: keys.arn(key),
    Plaintext: plaintext.toString('base64'),
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  };
}

function decryptRsa(key: KmsKey, algorithm: string | undefined, blob: Buffer): Buffer {
  const oaepHash = requireAlgorithm(key, algorithm);
  if (oaepHash === undefined) throw new KmsRefusal('InvalidKeyUsageException');
  try {
    const privateKey = createPrivateKey(key.material);
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, blob);
  } catch {
    throw new KmsRefusal('InvalidCiphertextException');
  }
}

function reEncrypt({ keys, input }: KmsCall): object {
  requireKnown(input, [
    'CiphertextBlob',
    'SourceKeyId',
    'SourceEncryptionContext',
    'SourceEncryptionAlgorithm',
    'DestinationKeyId',
    'DestinationEncryptionContext',
    'DestinationEncryptionAlgorithm',
    'DryRun',
  ]);
  const blob = requireBlob(input, 'CiphertextBlob', MAX_CIPHERTEXT_BYTES);
  const sourceName = readText(input, 'SourceKeyId');
  const expected = sourceName === undefined ? undefined : keys.resolve(sourceName);
  const destination = requireUsable(keys, keys.resolve(requireText(input, 'DestinationKeyId')));
  const secret = requireSymmetric(destination);
  const source = openSymmetric(keys, blob, readContext(input, 'SourceEncryptionContext'), expected);
  if (input['DryRun'] === true) throw new KmsRefusal('DryRunOperationException');
  const context = readContext(input, 'DestinationEncryptionContext');
  return {
    CiphertextBlob: sealBlob(destination.id, secret, source.plaintext, context).toString('base64'),
    SourceKeyId: keys.arn(source.key),
    KeyId: keys.arn(destination),
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  };
}

/** Pure Ed25519 of the message itself; https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
function signMessage({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId', 'Message', 'MessageType', 'SigningAlgorithm', 'DryRun']);
  const message = requireBlob(input, 'Message', MAX_PLAINTEXT_BYTES);
  const algorithm = requireText(input, 'SigningAlgorithm');
  const key = requireUsable(keys, keys.resolve(requireText(input, 'KeyId')));
  if (key.spec !== SIGNING_SPEC) throw new KmsRefusal('InvalidKeyUsageException');
  if (algorithm === 'ED25519_PH_SHA_512') throw new KmsRefusal('UnsupportedOperationException');
  if (algorithm !== 'ED25519_SHA_512') throw new KmsRefusal('InvalidKeyUsageException');
  if ((readText(input, 'MessageType') ?? 'RAW') !== 'RAW') {
    throw invalid('ED25519_SHA_512 requires MessageType RAW');
  }
  if (input['DryRun'] === true) throw new KmsRefusal('DryRunOperationException');
  return {
    KeyId: keys.arn(key),
    Signature: sign(null, message, key.material).toString('base64'),
    SigningAlgorithm: algorithm,
  };
}

const OPERATIONS = {
  CancelKeyDeletion: cancelKeyDeletion,
  CreateAlias: createAlias,
  CreateKey: createKey,
  Decrypt: decrypt,
  DescribeKey: describeKey,
  DisableKey: (call) => setEnabled(call, false),
  EnableKey: (call) => setEnabled(call, true),
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GetPublicKey: getPublicKey,
  ListAliases: listAliases,
  ListKeys: listKeys,
  ReEncrypt: reEncrypt,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: signMessage,
} satisfies Record<string, Operation>;

export type KmsOperation = keyof typeof OPERATIONS;

export const KMS_OPERATIONS: Readonly<Record<KmsOperation, Operation>> = OPERATIONS;

export function isKmsOperation(name: string): name is KmsOperation {
  return Object.hasOwn(KMS_OPERATIONS, name);
}
