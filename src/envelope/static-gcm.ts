/**
 * The format of the original tutorial: one static 256-bit key for all objects, a random IV per object.
 *
 *     body                    AES-256-GCM ciphertext ‖ 16-byte tag, no additional authenticated data
 *     x-amz-meta-encryption   aes-256-gcm
 *     x-amz-meta-iv           base64 of the 12-byte IV, padded: 16 characters
 *
 * It binds neither the ids of the recording nor the key. At most 2^32 objects may be written under one key: beyond that
 * the chance that two random 96-bit IVs coincide exceeds 2^-32 (SP 800-38D, 8.3).
 */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import type { Envelope, EnvelopeReader, ObjectStat } from '../ports.ts';
import {
  ALGORITHM,
  createSealingCipher,
  createUnsealingCipher,
  type GcmParameters,
  IV_LENGTH,
  KEY_LENGTH,
  plaintextSize,
  TAG_LENGTH,
} from './gcm.ts';
import { parseBase64, requireValue } from './metadata.ts';

export const STATIC_GCM = 'static-gcm';

/**
 * Writes `static-gcm` objects.
 *
 * @param key 32 bytes; copied, so that the caller may erase its own.
 * @throws `CONFIG_INVALID` when the key has another length.
 */
export function createStaticEnvelope(key: Uint8Array): Envelope {
  const staticKey = importStaticKey(key);
  return {
    format: STATIC_GCM,
    seal: () => {
      const iv = randomBytes(IV_LENGTH);
      return Promise.resolve({
        metadata: { encryption: ALGORITHM, iv: iv.toString('base64') },
        overhead: TAG_LENGTH,
        ...createSealingCipher({ key: staticKey, iv }),
      });
    },
  };
}

/**
 * Reads `static-gcm` objects.
 *
 * @param key 32 bytes; copied.
 * @throws `CONFIG_INVALID` when the key has another length.
 */
export function createStaticReader(key: Uint8Array): EnvelopeReader {
  const open = createStaticOpener(key);
  return {
    // oxlint-disable-next-line typescript/require-await -- so what is wrong with the metadata is a rejection like every other failure
    unseal: async (stat) => createUnsealingCipher(open(stat)),
  };
}

/** The key and IV of `static-gcm` objects. Throws as {@link createStaticReader}; what it returns, `OBJECT_MALFORMED`. */
export function createStaticOpener(
  key: Uint8Array,
): (stat: Pick<ObjectStat, 'metadata' | 'size'>) => GcmParameters {
  const staticKey = importStaticKey(key);
  return ({ metadata, size }) => {
    const iv = parseStaticMetadata(metadata);
    plaintextSize(size);
    return { key: staticKey, iv };
  };
}

/** The IV of a `static-gcm` object. @throws `OBJECT_MALFORMED` when the metadata are of another format or damaged. */
export function parseStaticMetadata(metadata: Readonly<Record<string, string>>): Buffer {
  if (requireValue(metadata, 'encryption') !== ALGORITHM) {
    throw new ArchiveError('OBJECT_MALFORMED', `metadata encryption is not "${ALGORITHM}"`);
  }
  return parseBase64(metadata, 'iv', IV_LENGTH);
}

function importStaticKey(key: Uint8Array): KeyObject {
  if (key.length !== KEY_LENGTH) {
    throw new ArchiveError('CONFIG_INVALID', `the static key has ${key.length} bytes instead of 32`);
  }
  // a KeyObject, unlike a Buffer, does not show its bytes when something prints the object that holds it
  return createSecretKey(key);
}
