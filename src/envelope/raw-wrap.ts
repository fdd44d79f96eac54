/**
 * Key wraps that need no service: `AES/GCM` (`02` in format V3) and `RSA-OAEP-SHA1` (`22`).
 *
 * Neither authenticates the ids of a recording, and every holder of the public key can write objects an RSA reader accepts;
 * what an object is must then be known from its signed receipt.
 */
import {
  constants,
  createHash,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import { createSealingCipher, createUnsealingCipher, IV_LENGTH, KEY_LENGTH, TAG_LENGTH } from './gcm.ts';
import {
  type ContentAlgorithm,
  type KeyUnwrapper,
  type KeyWrapper,
  unwrapFailed,
  type StoredDataKey,
  type WrapAlgorithm,
  type WrappedDataKey,
} from './key-wrap.ts';

/** The name of the key id in a material description. */
export const KEY_ID = 'kid';

/** What a key id may be: it stands in metadata, JSON and messages as it is. */
export const KID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/** Bytes: IV ‖ wrapped 32-byte key ‖ tag. */
export const AES_WRAP_LENGTH = IV_LENGTH + KEY_LENGTH + TAG_LENGTH;

/** Bits; NIST SP 800-57 part 1, table 2: 128 bits of security, enough beyond 2030. Shorter keys only read. */
export const MIN_RSA_WRITING_BITS = 3072;
const MIN_RSA_READING_BITS = 2048;
/** Bits. What a longer key wraps leaves no room in the 2,048 bytes of S3 user metadata for the ids and the mark of a writer. */
export const MAX_RSA_WRITING_BITS = 8192;

/** Bytes of the `0x20` before the data key in an RSA wrap: it states the key's length. */
const LENGTH_PREFIX = 1;

export interface AesWrappingKey {
  readonly kid: string;
  /** 32 bytes. */
  readonly key: KeyObject | Uint8Array;
}

/**
 * A key to read with. One with a `kid` reads only objects whose material description names it; one without reads objects
 * of other writers too, who describe their keys as they like.
 */
export interface RawUnwrappingKey {
  readonly kid?: string;
  /** A 32-byte AES key, or an RSA private key. */
  readonly key: KeyObject | Uint8Array;
}

/**
 * EDK = IV(12) ‖ AES-256-GCM(wrapping key, IV, AAD = name of the content algorithm, data key) ‖ tag(16).
 * At most 2^32 data keys may be wrapped by one key, for their IVs are random (SP 800-38D, 8.3).
 *
 * @throws `CONFIG_INVALID` when the key has not 32 bytes, or its kid other characters than {@link KID_PATTERN}.
 */
export function createAesWrapper(wrappingKey: AesWrappingKey): KeyWrapper {
  if (!KID_PATTERN.test(wrappingKey.kid)) {
    throw new ArchiveError('CONFIG_INVALID', 'a kid has 1 to 64 letters, digits, ".", "_" or "-"');
  }
  const key = importAesKey(wrappingKey.key);
  const wrap = (dataKey: Uint8Array, contentAlgorithm: ContentAlgorithm): WrappedDataKey => {
    const iv = randomBytes(IV_LENGTH);
    const cipher = createSealingCipher({
      key,
      iv,
      additionalAuthenticatedData: Buffer.from(contentAlgorithm),
    });
    const wrapped = Buffer.concat([iv, cipher.update(dataKey), cipher.final()]);
    return { wrapAlgorithm: 'AES/GCM', wrapped, description: { [KEY_ID]: wrappingKey.kid } };
  };
  return rawWrapper('AES/GCM', wrappingKey.kid, wrap);
}

/** @throws `CONFIG_INVALID` when a key has not 32 bytes. */
export function createAesUnwrapper(wrappingKeys: readonly RawUnwrappingKey[]): KeyUnwrapper {
  const keys = wrappingKeys.map(({ kid, key }) => ({ kid, key: importAesKey(key) }));
  return {
    wrapAlgorithm: 'AES/GCM',
    unwrap: (edk, contentAlgorithm) =>
      firstThatFits(keys, edk, ({ key }) => {
        const cipher = createUnsealingCipher({
          key,
          iv: edk.wrapped.subarray(0, IV_LENGTH),
          additionalAuthenticatedData: Buffer.from(contentAlgorithm),
        });
        return Buffer.concat([cipher.update(edk.wrapped.subarray(IV_LENGTH)), cipher.final()]);
      }),
  };
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };

/**
 * EDK = RSA-OAEP(SHA-1, MGF1-SHA-1, no label) of `0x20 ‖ data key ‖ name of the content algorithm`. SHA-1 is what AWS's
 * clients read; OAEP does not rest on its collision resistance. The writer can never read what it wrote.
 *
 * @throws `CONFIG_INVALID` when the key is not an RSA public key of 3072 to 8192 bits.
 */
export function createRsaWrapper(publicKey: KeyObject): KeyWrapper {
  if (publicKey.type !== 'public') {
    throw new ArchiveError('CONFIG_INVALID', 'writing takes an RSA public key, and no private one');
  }
  requireRsa(publicKey, MIN_RSA_WRITING_BITS);
  if ((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) > MAX_RSA_WRITING_BITS) {
    throw new ArchiveError('CONFIG_INVALID', `an RSA key of at most ${MAX_RSA_WRITING_BITS} bits is needed`, {
      hint: 'S3 keeps 2,048 bytes of metadata with an object, and the wrapped data key is among them',
    });
  }
  const kid = rsaKeyId(publicKey);
  const wrap = (dataKey: Uint8Array, contentAlgorithm: ContentAlgorithm): WrappedDataKey => {
    const message = Buffer.concat([Uint8Array.of(KEY_LENGTH), dataKey, Buffer.from(contentAlgorithm)]);
    const wrapped = publicEncrypt({ key: publicKey, ...OAEP }, message);
    message.fill(0);
    return { wrapAlgorithm: 'RSA-OAEP-SHA1', wrapped, description: { [KEY_ID]: kid } };
  };
  return rawWrapper('RSA-OAEP-SHA1', kid, wrap);
}

/** What the two raw wraps have in common: they are made here, at once, and bind no context. */
function rawWrapper(
  wrapAlgorithm: WrapAlgorithm,
  kid: string,
  wrap: (dataKey: Uint8Array, contentAlgorithm: ContentAlgorithm) => WrappedDataKey,
): KeyWrapper {
  return {
    bindsContext: false,
    generate: (contentAlgorithm) => {
      const plaintext = randomBytes(KEY_LENGTH);
      return Promise.resolve({ ...wrap(plaintext, contentAlgorithm), plaintext });
    },
    wrap: (dataKey, contentAlgorithm) => Promise.resolve(wrap(dataKey, contentAlgorithm)),
    isOwn: (key) => key.wrapAlgorithm === wrapAlgorithm && key.description[KEY_ID] === kid,
  };
}

/** @throws `CONFIG_INVALID` when a key is not an RSA private key of at least 2048 bits. */
export function createRsaUnwrapper(privateKeys: readonly RawUnwrappingKey[]): KeyUnwrapper {
  const keys = privateKeys.map(({ kid, key }) => {
    if (key instanceof Uint8Array || key.type !== 'private') {
      throw new ArchiveError('CONFIG_INVALID', 'reading needs an RSA private key');
    }
    requireRsa(key, MIN_RSA_READING_BITS);
    return { kid, key };
  });
  return {
    wrapAlgorithm: 'RSA-OAEP-SHA1',
    unwrap: (edk, contentAlgorithm) =>
      firstThatFits(keys, edk, ({ key }) => {
        const message = privateDecrypt({ key, ...OAEP }, edk.wrapped);
        const dataKey = Buffer.from(message.subarray(LENGTH_PREFIX, LENGTH_PREFIX + KEY_LENGTH));
        const algorithm = message.subarray(LENGTH_PREFIX + KEY_LENGTH).toString('latin1');
        const length = message[0];
        message.fill(0);
        if (length !== KEY_LENGTH || algorithm !== contentAlgorithm) throw unwrapFailed();
        return dataKey;
      }),
  };
}

/** `rsa-` and 16 hex digits of SHA-256 over the public key's SubjectPublicKeyInfo: the same for both halves of a pair. */
export function rsaKeyId(key: KeyObject): string {
  const spki = (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });
  return `rsa-${createHash('sha256').update(spki).digest('hex').slice(0, 16)}`;
}

function firstThatFits<T extends { readonly kid: string | undefined }>(
  keys: readonly T[],
  edk: StoredDataKey,
  unwrap: (key: T) => Uint8Array,
): Promise<Uint8Array> {
  for (const key of keys) {
    if (key.kid !== undefined && key.kid !== edk.description[KEY_ID]) continue;
    try {
      return Promise.resolve(unwrap(key));
    } catch {
      // another key may fit; when none does, the message below covers them all
    }
  }
  return Promise.reject(unwrapFailed());
}

function importAesKey(key: KeyObject | Uint8Array): KeyObject {
  const secret = key instanceof Uint8Array ? createSecretKey(key) : key;
  // undefined of a key that is not symmetric
  if (secret.symmetricKeySize !== KEY_LENGTH) {
    throw new ArchiveError('CONFIG_INVALID', 'an AES wrapping key must have 32 bytes');
  }
  return secret;
}

function requireRsa(key: KeyObject, minBits: number): void {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < minBits) {
    throw new ArchiveError('CONFIG_INVALID', `an RSA key of at least ${minBits} bits is needed`);
  }
}
