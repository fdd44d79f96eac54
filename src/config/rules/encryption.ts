import { present } from '../../present.ts';
import type { Secret } from '../../secret.ts';
import type { Purpose, SettingName, SettingValues } from '../schema.ts';
import type { Problem } from '../sources.ts';

/** How the data keys of new objects are kept; `static` has none. */
export type KeyMode = 'static' | 'kms' | 'aes' | 'rsa';

export type ObjectFormat = 'static-gcm' | 's3ec-v2' | 's3ec-v3';

/** Where keys come from. Every source that is set reads; which one writes is {@link WritingSettings}. */
export interface KeySettings {
  /** 64 hex digits; `revealKey` gives the 32 bytes. */
  readonly key?: Secret;
  /** Id, ARN or alias of a KMS key. */
  readonly kmsKeyId?: string;
  readonly keyringFile?: string;
  /** RSA, PEM; writes. */
  readonly publicKeyFile?: string;
  /** RSA, PEM; reads. */
  readonly privateKeyFile?: string;
}

export interface WritingSettings {
  readonly mode: KeyMode;
  readonly format: ObjectFormat;
}

/** The sources that wrap data keys, by the mode each stands for. */
const WRAPPING = {
  ARCHIVE_KMS_KEY_ID: 'kms',
  ARCHIVE_KEYRING_FILE: 'aes',
  ARCHIVE_PUBLIC_KEY_FILE: 'rsa',
} as const satisfies Partial<Record<SettingName, KeyMode>>;
const WRAPPING_NAMES = Object.keys(WRAPPING) as (keyof typeof WRAPPING)[];

const READING_NAMES: readonly SettingName[] = [
  'ENCRYPTION_KEY_HEX',
  'ARCHIVE_KMS_KEY_ID',
  'ARCHIVE_KEYRING_FILE',
  'ARCHIVE_PRIVATE_KEY_FILE',
];

/** Purposes for which no key of recordings has to be there: the sealer can open none. */
const WITHOUT_KEYS: ReadonlySet<Purpose> = new Set(['store', 'keys', 'wrap', 'seal']);

/**
 * What contradicts itself among the settings of keys and formats: exactly one of them must decide what new objects are
 * written with, or they could end up under another key than was meant.
 *
 * @param unusable names that were given and could not be taken, which is a problem of its own already.
 * @param hasPublicKey ARCHIVE_PUBLIC_KEY_FILE is set, also where `purpose` does not use it.
 */
export function findEncryptionProblems(
  values: SettingValues,
  unusable: ReadonlySet<string>,
  purpose: Purpose,
  hasPublicKey = false,
): Problem[] {
  const isUnusable = (name: SettingName) => unusable.has(name);
  if (WITHOUT_KEYS.has(purpose)) return [];
  if (purpose === 'restore') {
    const known = READING_NAMES.some((name) => values[name] !== undefined || isUnusable(name));
    if (known) return [];
    // who archives for a public key has every reason to take it for the key to read with
    return hasPublicKey
      ? [missing('ARCHIVE_PRIVATE_KEY_FILE', ': ARCHIVE_PUBLIC_KEY_FILE can only write')]
      : [missing('ENCRYPTION_KEY_HEX', ', and so is every other source of keys to read with')];
  }
  if (isUnusable('ARCHIVE_FORMAT') || WRAPPING_NAMES.some(isUnusable)) return [];
  const wrapping = WRAPPING_NAMES.filter((name) => values[name] !== undefined);
  const hasStaticKey = values.ENCRYPTION_KEY_HEX !== undefined || isUnusable('ENCRYPTION_KEY_HEX');
  const { ARCHIVE_FORMAT: format } = values;
  const isV3 = (format ?? 's3ec-v3') === 's3ec-v3' && wrapping.length > 0;
  if (values.ARCHIVE_KEY_PLACEMENT === 'records' && !isV3) {
    const text =
      'is records, which only the format s3ec-v3 has: set ARCHIVE_FORMAT to s3ec-v3, and a wrapping key';
    return [{ name: 'ARCHIVE_KEY_PLACEMENT', text }];
  }
  if (format === 'static-gcm') return hasStaticKey ? [] : [missing('ENCRYPTION_KEY_HEX')];
  const [first, second] = wrapping;
  if (first === undefined) {
    if (!hasStaticKey) return [missing('ENCRYPTION_KEY_HEX')];
    const text = `needs a source of wrapping keys: one of ${WRAPPING_NAMES.join(', ')}`;
    return format === undefined ? [] : [{ name: 'ARCHIVE_FORMAT', text }];
  }
  if (second !== undefined) {
    const text = `and ${first} are both set, and only one can write; set the others where recordings are only read`;
    return [{ name: second, text }];
  }
  return first === 'ARCHIVE_KMS_KEY_ID' &&
    values.GENESYS_ORGANIZATION_ID === undefined &&
    !isUnusable('GENESYS_ORGANIZATION_ID')
    ? [missing('GENESYS_ORGANIZATION_ID', ', and ARCHIVE_KMS_KEY_ID binds every data key to it')]
    : [];
}

/** Called when there are no problems. */
export function readKeySettings(values: SettingValues): KeySettings {
  const {
    ENCRYPTION_KEY_HEX: key,
    ARCHIVE_KMS_KEY_ID: kmsKeyId,
    ARCHIVE_KEYRING_FILE: keyringFile,
    ARCHIVE_PUBLIC_KEY_FILE: publicKeyFile,
    ARCHIVE_PRIVATE_KEY_FILE: privateKeyFile,
  } = values;
  return present({ key, kmsKeyId, keyringFile, publicKeyFile, privateKeyFile });
}

/** Called when there are no problems. The tutorial's one key alone writes the tutorial's format. */
export function chooseWriting(values: SettingValues): WritingSettings {
  const { ARCHIVE_FORMAT: format } = values;
  const wrapping = WRAPPING_NAMES.find((name) => values[name] !== undefined);
  if (wrapping === undefined || format === 'static-gcm') return { mode: 'static', format: 'static-gcm' };
  return { mode: WRAPPING[wrapping], format: format ?? 's3ec-v3' };
}

function missing(name: SettingName, tail = ''): Problem {
  return { name, text: `is missing${tail}` };
}
