/**
 * How a data key is kept beside the object it encrypts: wrapped by AWS KMS, by an AES-256 key, or for an RSA key.
 *
 * In both S3 Encryption Client formats the wrap also binds the name of the content algorithm, so that no writer can relabel
 * an object into a weaker mode (CVE-2020-8912).
 */
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { KEY_LENGTH } from './gcm.ts';
import { malformed, type StringMap } from './metadata.ts';

/** As it stands in metadata: format V2's cipher name, format V3's algorithm suite id 0x0073 in decimal. */
export type ContentAlgorithm = 'AES/GCM/NoPadding' | '115';

export type WrapAlgorithm = 'kms+context' | 'AES/GCM' | 'RSA-OAEP-SHA1';

/**
 * Also `kms`, which services of AWS still write (Amazon SES, for the mail it stores): its encryption context does not name the content
 * algorithm. It is read by a {@link createLegacyKmsUnwrap}, and only where a caller asks for one.
 */
export type ReadableWrapAlgorithm = WrapAlgorithm | 'kms';

/** What must be known to decrypt, and stands in AWS CloudTrail in clear text: ids only, never a name or number. */
export type EncryptionContext = StringMap;

/** A data key at rest, as any client may have wrapped it. */
export interface StoredDataKey {
  readonly wrapAlgorithm: ReadableWrapAlgorithm;
  readonly wrapped: Uint8Array;
  /** For the wraps of KMS the complete encryption context; for the others a material description, e.g. `{"kid": …}`. */
  readonly description: StringMap;
}

/** A data key at rest, as it is wrapped here. */
export interface WrappedDataKey extends StoredDataKey {
  readonly wrapAlgorithm: WrapAlgorithm;
}

/** A data key in use; its receiver erases `plaintext` as soon as a cipher holds it. */
export interface DataKey extends WrappedDataKey {
  /** 32 bytes. */
  readonly plaintext: Uint8Array;
}

export interface KeyWrapper {
  /** Whether `context` is authenticated by the wrap. Raw wraps bind the content algorithm only. */
  readonly bindsContext: boolean;
  /** A fresh data key for one object. @throws what the {@link DataKeyService} throws. */
  generate(contentAlgorithm: ContentAlgorithm, context: EncryptionContext, budget?: Budget): Promise<DataKey>;
  /**
   * Wraps a data key that exists already, e.g. the static key of objects that are adopted.
   *
   * @param dataKey 32 bytes; left to the caller to erase.
   * @throws what the {@link DataKeyService} throws; `CONFIG_INVALID` when it cannot wrap given keys.
   */
  wrap(
    dataKey: Uint8Array,
    contentAlgorithm: ContentAlgorithm,
    context: EncryptionContext,
    budget?: Budget,
  ): Promise<WrappedDataKey>;
  /** Whether `key` is under this wrapping key already, as far as that can be seen without a request. */
  isOwn(key: StoredDataKey): boolean;
  /**
   * Moves a data key under this wrapping key where that can be done without unwrapping it here; `undefined` when it cannot, or
   * not for this one; `'own'` when it turned out to be under this key already.
   *
   * @throws what the {@link DataKeyService} throws.
   */
  rewrap?(key: StoredDataKey, budget?: Budget): Promise<WrappedDataKey | 'own' | undefined>;
}

export interface KeyUnwrapper {
  readonly wrapAlgorithm: ReadableWrapAlgorithm;
  /** @throws `DECRYPT_FAILED` when the key is not held or does not fit, and what the {@link DataKeyService} throws. */
  unwrap(key: StoredDataKey, contentAlgorithm: ContentAlgorithm, budget?: Budget): Promise<Uint8Array>;
}

/** AWS KMS, or what stands in for it. Errors are {@link ArchiveError}s, retryable where KMS says so. */
export interface DataKeyService {
  /** `kms:GenerateDataKey`, `KeySpec` AES_256. */
  generate(
    context: EncryptionContext,
    budget?: Budget,
  ): Promise<{ readonly plaintext: Uint8Array; readonly wrapped: Uint8Array }>;
  /** `kms:Decrypt` with exactly the context the key was generated with. */
  decrypt(wrapped: Uint8Array, context: EncryptionContext, budget?: Budget): Promise<Uint8Array>;
  /** `kms:Encrypt` of a data key that exists already. */
  encrypt?(plaintext: Uint8Array, context: EncryptionContext, budget?: Budget): Promise<Uint8Array>;
  /** `kms:ReEncrypt` from its present key to this one, in the same context: the plaintext stays in KMS. */
  reencrypt?(
    wrapped: Uint8Array,
    context: EncryptionContext,
    budget?: Budget,
  ): Promise<{ readonly wrapped: Uint8Array; readonly sameKey: boolean }>;
}

/** The name under which the content algorithm stands in a KMS encryption context. Callers may not set it. */
export const CONTENT_ALGORITHM_NAME = 'aws:x-amz-cek-alg';
/** Written into the context by the oldest clients; no part of what a caller supplies. */
const KEY_ID_NAME = 'kms_cmk_id';

/** AWS KMS with the encryption context bound: `kms+context`, in format V3 `12`. */
export function createKmsWrap(service: DataKeyService): KeyWrapper & KeyUnwrapper {
  return {
    bindsContext: true,
    wrapAlgorithm: 'kms+context',
    isOwn: () => false,
    async generate(contentAlgorithm, context, budget) {
      const description = describeContext(context, contentAlgorithm);
      const { plaintext, wrapped } = await ours(service.generate(description, budget));
      if (plaintext.length !== KEY_LENGTH) {
        throw new ArchiveError('UNEXPECTED', `the key service gave a data key of ${plaintext.length} bytes`);
      }
      return { wrapAlgorithm: 'kms+context', wrapped, description, plaintext };
    },
    async wrap(dataKey, contentAlgorithm, context, budget) {
      const description = describeContext(context, contentAlgorithm);
      if (service.encrypt === undefined) {
        throw new ArchiveError(
          'CONFIG_INVALID',
          'this key service cannot wrap a data key that exists already',
        );
      }
      const wrapped = await ours(service.encrypt(dataKey, description, budget));
      return { wrapAlgorithm: 'kms+context', wrapped, description };
    },
    async rewrap(key, budget) {
      if (key.wrapAlgorithm !== 'kms+context' || service.reencrypt === undefined) return undefined;
      const { wrapped, sameKey } = await ours(service.reencrypt(key.wrapped, key.description, budget));
      return sameKey ? 'own' : { wrapAlgorithm: 'kms+context', wrapped, description: key.description };
    },
    unwrap: (key, _, budget) => ours(service.decrypt(key.wrapped, key.description, budget)),
  };
}

/**
 * AWS KMS as the oldest clients used it: `kms`, in format V2. Reads only. The context is authenticated as a whole, but does not name the
 * content algorithm; that cannot move an object to a weaker one here, where AES-GCM is the only one (CVE-2020-8912).
 */
export function createLegacyKmsUnwrap(service: Pick<DataKeyService, 'decrypt'>): KeyUnwrapper {
  return {
    wrapAlgorithm: 'kms',
    unwrap: (key, _, budget) => ours(service.decrypt(key.wrapped, key.description, budget)),
  };
}

/** The wraps whose context KMS authenticates. */
export function bindsStoredContext({ wrapAlgorithm }: Pick<StoredDataKey, 'wrapAlgorithm'>): boolean {
  return wrapAlgorithm === 'kms+context' || wrapAlgorithm === 'kms';
}

/** What to set to read data keys of each wrap. */
const READING_SETTINGS: Readonly<Record<StoredDataKey['wrapAlgorithm'], string>> = {
  'kms+context': 'set ARCHIVE_KMS_KEY_ID to the key they were written with',
  kms: 'set ARCHIVE_KMS_KEY_ID to the key they were written with',
  'AES/GCM': 'set ARCHIVE_KEYRING_FILE to the keyring they were written with',
  'RSA-OAEP-SHA1':
    'set ARCHIVE_PRIVATE_KEY_FILE to the private half of the key pair; ARCHIVE_PUBLIC_KEY_FILE only writes',
};

/** The whole context as KMS is told it. @throws `CONFIG_INVALID` for what metadata cannot carry. */
function describeContext(context: EncryptionContext, contentAlgorithm: ContentAlgorithm): EncryptionContext {
  for (const [name, value] of Object.entries(context)) requireSafeContext(name, value);
  return { ...context, [CONTENT_ALGORITHM_NAME]: contentAlgorithm };
}

/** What a data key is unwrapped with. */
export interface KeyHolders {
  readonly unwrappers: readonly KeyUnwrapper[];
  /**
   * The context the reader knows from elsewhere, without {@link CONTENT_ALGORITHM_NAME}. Only a KMS wrap can be held to it: raw wraps
   * carry no authenticated context.
   */
  readonly expected?: EncryptionContext | undefined;
}

/**
 * Returns the data key of an object.
 *
 * @throws `CONTEXT_MISMATCH` before any key service is asked; `OBJECT_MALFORMED`; `DECRYPT_FAILED`.
 */
export async function unwrapDataKey(
  key: StoredDataKey,
  contentAlgorithm: ContentAlgorithm,
  { unwrappers, expected }: KeyHolders,
  budget?: Budget,
): Promise<Uint8Array> {
  if (key.wrapAlgorithm === 'kms+context' && key.description[CONTENT_ALGORITHM_NAME] !== contentAlgorithm) {
    throw malformed('the encryption context does not bind the content algorithm');
  }
  if (bindsStoredContext(key) && expected !== undefined) {
    requireSameContext(callerContext(key.description), expected);
  }
  const unwrapper = unwrappers.find((candidate) => candidate.wrapAlgorithm === key.wrapAlgorithm);
  if (unwrapper === undefined) {
    throw new ArchiveError(
      'DECRYPT_FAILED',
      `no key is configured for data keys wrapped by ${key.wrapAlgorithm}`,
      { hint: READING_SETTINGS[key.wrapAlgorithm] },
    );
  }
  const plaintext = await unwrapper.unwrap(key, contentAlgorithm, budget);
  if (plaintext.length !== KEY_LENGTH) throw unwrapFailed();
  return plaintext;
}

/** The context as a caller supplies it: without what the clients themselves add. */
export function callerContext(stored: EncryptionContext): EncryptionContext {
  const own = Object.entries(stored).filter(
    ([name]) => name !== CONTENT_ALGORITHM_NAME && name !== KEY_ID_NAME,
  );
  return Object.fromEntries(own);
}

/** One message for every way an unwrap can fail: which of them it was would help only an attacker. */
export function unwrapFailed(): ArchiveError {
  return new ArchiveError(
    'DECRYPT_FAILED',
    'the data key could not be unwrapped: the wrapping key is wrong or the object was changed',
  );
}

function requireSameContext(stored: EncryptionContext, expected: EncryptionContext): void {
  const names = Object.keys(expected);
  const same =
    names.length === Object.keys(stored).length &&
    names.every((name) => Object.hasOwn(stored, name) && stored[name] === expected[name]);
  if (!same) throw contextMismatch();
}

/**
 * Holds a stored context to the names a reader knows the values of, when it does not know all of them.
 *
 * @throws `CONTEXT_MISMATCH`, also when a name is not in the context at all.
 */
export function requireContextHolds(
  stored: EncryptionContext,
  known: Readonly<Record<string, string | undefined>>,
): void {
  const differing = Object.entries(known).flatMap(([name, value]) =>
    value === undefined || (Object.hasOwn(stored, name) && isSameValue(stored[name] ?? '', value))
      ? []
      : [name],
  );
  if (differing.length === 0) return;
  const boundTo = stored[ORGANIZATION_NAME];
  // all ids agree but the one that comes from a setting: the setting is the first suspect, not the object
  throw differing.length === 1 && differing[0] === ORGANIZATION_NAME && boundTo !== undefined
    ? otherOrganization(boundTo)
    : contextMismatch();
}

/** What the organization is called in an encryption context. */
export const ORGANIZATION_NAME = 'genesys-cloud-organization-id';

function otherOrganization(boundTo: string): ArchiveError {
  return new ArchiveError(
    'CONTEXT_MISMATCH',
    'the object is bound to another organization than GENESYS_ORGANIZATION_ID names',
    {
      hint: 'check GENESYS_ORGANIZATION_ID: `genesys-archive inspect` shows the organization of the object, and its receipt names it as ids.organization',
      details: { setting: 'GENESYS_ORGANIZATION_ID', boundTo },
    },
  );
}

/** A UUID is the same in any letter case (RFC 9562, section 4). */
function isSameValue(one: string, other: string): boolean {
  const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  return one === other || (uuid.test(one) && one.toLowerCase() === other.toLowerCase());
}

function contextMismatch(): ArchiveError {
  return new ArchiveError('CONTEXT_MISMATCH', 'the object is bound to other ids than the ones asked for');
}

function requireSafeContext(name: string, value: string): void {
  if (name === CONTENT_ALGORITHM_NAME || name === KEY_ID_NAME) {
    throw new ArchiveError('CONFIG_INVALID', `the encryption context may not set ${name}`);
  }
  // what S3 returns unchanged in a header, and needs no escape in JSON
  const safe = /^[A-Za-z0-9._:/@=+-]{1,256}$/;
  if (!safe.test(name) || !safe.test(value)) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      'the encryption context may hold only letters, digits and ._:/@=+- (at most 256 characters a value)',
    );
  }
}

async function ours<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toArchiveError(error);
  }
}
