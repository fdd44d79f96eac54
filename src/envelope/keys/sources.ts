/** Keys from where the settings say they are, and what can be written and read with them. */
import type { Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Envelope } from '../../ports.ts';
import { present } from '../../present.ts';
import type { Proxies } from '../../proxies.ts';
import { type AnyEnvelopeReader, createEnvelopeReader } from '../envelope-reader.ts';
import { readKeyringFile, readPrivateKeyFiles, readPublicKeyFile } from './files.ts';
import type { KmsClientOptions } from '../kms/client.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../key-wrap.ts';
import { keyringUnwrapper, keyringWrapper } from './keyring.ts';
import { createRsaUnwrapper, createRsaWrapper, rsaKeyId } from '../raw-wrap.ts';
import { createS3ecEnvelope } from '../s3ec/envelope.ts';
import { S3EC_V2 } from '../s3ec/v2.ts';
import { S3EC_V3 } from '../s3ec/v3.ts';
import { createStaticEnvelope, STATIC_GCM } from '../static-gcm.ts';

export interface KeySources {
  /** 32 bytes; copied. */
  readonly staticKey?: Uint8Array | undefined;
  /** Id, ARN or alias of a KMS key. */
  readonly kmsKeyId?: string | undefined;
  readonly keyringFile?: string | undefined;
  readonly publicKeyFile?: string | undefined;
  readonly privateKeyFile?: string | undefined;
  readonly organizationId?: string | undefined;
  /** What a KMS key is reached through. */
  readonly proxies?: Proxies | undefined;
}

export interface Writing {
  readonly mode: 'static' | 'kms' | 'aes' | 'rsa';
  readonly format: typeof STATIC_GCM | typeof S3EC_V2 | typeof S3EC_V3;
  /** Where wrapped data keys are kept; with `records` by the caller, who gets them of the sealer. Default `metadata`. */
  readonly placement?: 'metadata' | 'records';
}

export interface KeyContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of who asks KMS; without them, those that the AWS SDK finds. */
  readonly credentials?: NonNullable<KmsClientOptions['credentials']>;
}

/**
 * What new objects are written with. Reads key files; asks no service.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used or a source is missing.
 */
export async function openEnvelope(
  { mode, format, placement = 'metadata' }: Writing,
  sources: KeySources,
  context: KeyContext,
): Promise<Envelope> {
  if (mode === 'static' || format === STATIC_GCM) {
    return createStaticEnvelope(requireSource(sources.staticKey, 'the static key', 'ENCRYPTION_KEY_HEX'));
  }
  const { organizationId } = sources;
  const wrapper = await openWrapper(mode, sources, context);
  return createS3ecEnvelope({
    format,
    wrapper,
    placement: placement === 'records' ? 'instruction' : 'metadata',
    ...present({ organizationId }),
  });
}

/** A wrapping key to move data keys under. */
export interface WrapChoice {
  readonly mode: 'kms' | 'aes' | 'rsa';
  /** With `kms`: another key than the configured one. */
  readonly kmsKeyId?: string;
}

/**
 * The one meant by `kms`, `kms:KEY`, `aes` or `rsa`; without a word, the only one that is configured.
 *
 * @throws `USAGE`, `CONFIG_INVALID` (not retryable).
 */
export function chooseWrap(word: string | undefined, sources: KeySources): WrapChoice {
  if (word === undefined) {
    const { kmsKeyId, keyringFile, publicKeyFile } = sources;
    const set = Object.entries({ kms: kmsKeyId, aes: keyringFile, rsa: publicKeyFile }).flatMap(
      ([mode, source]) => (source === undefined ? [] : [mode as WrapChoice['mode']]),
    );
    const [mode, other] = set;
    if (mode !== undefined && other === undefined) return { mode };
    throw new ArchiveError(
      'CONFIG_INVALID',
      mode === undefined
        ? 'no wrapping key is configured'
        : `several wrapping keys are configured: ${set.join(', ')}`,
      {
        hint:
          mode === undefined
            ? 'set ARCHIVE_KMS_KEY_ID, ARCHIVE_KEYRING_FILE or ARCHIVE_PUBLIC_KEY_FILE'
            : 'name one with --wrap kms, --wrap aes or --wrap rsa',
      },
    );
  }
  if (word === 'kms' || word === 'aes' || word === 'rsa') return { mode: word };
  if (/^kms:[A-Za-z0-9:/_-]{1,2048}$/.test(word)) return { mode: 'kms', kmsKeyId: word.slice('kms:'.length) };
  throw new ArchiveError('USAGE', '--wrap must be kms, kms:KEY, aes or rsa', {
    hint: 'KEY is the id, ARN or alias of a KMS key, e.g. --wrap kms:alias/recordings',
  });
}

/**
 * The chosen wrapping key. Data keys under the configured KMS key move to another one within KMS.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used or the source is not set.
 */
export function openWrap(
  { mode, kmsKeyId }: WrapChoice,
  sources: KeySources,
  context: KeyContext,
): Promise<KeyWrapper> {
  if (kmsKeyId === undefined) return openWrapper(mode, sources, context);
  return openKms({ keyId: kmsKeyId, sourceKeyId: sources.kmsKeyId, proxies: sources.proxies }, context);
}

/** Everything configured that unwraps data keys. @throws `CONFIG_INVALID` when a key file cannot be used. */
export async function openUnwrappers(sources: KeySources, context: KeyContext): Promise<KeyUnwrapper[]> {
  const { kmsKeyId, keyringFile, privateKeyFile } = sources;
  const unwrappers: KeyUnwrapper[] = [];
  if (kmsKeyId !== undefined)
    unwrappers.push(await openKms({ keyId: kmsKeyId, proxies: sources.proxies }, context));
  if (keyringFile !== undefined) unwrappers.push(keyringUnwrapper(await readKeyringFile(keyringFile)));
  if (privateKeyFile !== undefined) {
    const keys = await readPrivateKeyFiles(privateKeyFile);
    // the one that an object names first: it is nearly always the right one
    const named = keys.map((key) => ({ kid: rsaKeyId(key), key }));
    unwrappers.push(createRsaUnwrapper([...named, ...keys.map((key) => ({ key }))]));
  }
  return unwrappers;
}

async function openWrapper(
  mode: 'kms' | 'aes' | 'rsa',
  sources: KeySources,
  context: KeyContext,
): Promise<KeyWrapper> {
  switch (mode) {
    case 'kms': {
      const keyId = requireSource(sources.kmsKeyId, 'the KMS key', 'ARCHIVE_KMS_KEY_ID');
      return openKms({ keyId, sourceKeyId: keyId, proxies: sources.proxies }, context);
    }
    case 'aes':
      return keyringWrapper(
        await readKeyringFile(requireSource(sources.keyringFile, 'the keyring', 'ARCHIVE_KEYRING_FILE')),
      );
    case 'rsa': {
      const file = requireSource(sources.publicKeyFile, 'the public key', 'ARCHIVE_PUBLIC_KEY_FILE');
      return createRsaWrapper(await readPublicKeyFile(file));
    }
  }
}

/**
 * Reads every format that the sources hold a key for. Reads key files; asks no service.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used.
 */
export async function openEnvelopeReader(
  sources: KeySources,
  context: KeyContext,
): Promise<AnyEnvelopeReader> {
  const { staticKey, organizationId } = sources;
  const unwrappers = await openUnwrappers(sources, context);
  return createEnvelopeReader({
    unwrappers,
    ...present({ staticKey, organizationId }),
  });
}

interface KmsSource {
  readonly keyId: string;
  /** The key that data keys are moved from. */
  readonly sourceKeyId?: string | undefined;
  readonly proxies: Proxies | undefined;
}

/** The AWS SDK's part for KMS is loaded only where a KMS key is used. */
async function openKms(
  { keyId, sourceKeyId, proxies }: KmsSource,
  { clock, logger, credentials }: KeyContext,
): Promise<KeyWrapper & KeyUnwrapper> {
  const { createKmsDataKeys } = await import('../kms/data-keys.ts');
  const given = present({ sourceKeyId, credentials });
  return createKmsWrap(createKmsDataKeys({ keyId, clock, logger, proxies, ...given }));
}

function requireSource<T>(source: T | undefined, what: string, variable: string): T {
  if (source !== undefined) return source;
  throw new ArchiveError('CONFIG_INVALID', `${what} is not set`, { hint: `set ${variable}` });
}
