/** Keys from where the settings say they are, and what can be written and read with them. */
import type { Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Envelope } from '../ports.ts';
import { type AnyEnvelopeReader, createEnvelopeReader } from './envelope-reader.ts';
import { readKeyringFile, readPrivateKeyFile, readPublicKeyFile } from './key-files.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from './key-wrap.ts';
import { keyringUnwrapper, keyringWrapper } from './keyring.ts';
import { createRsaUnwrapper, createRsaWrapper } from './raw-wrap.ts';
import { createS3ecEnvelope } from './s3ec-envelope.ts';
import { S3EC_V2 } from './s3ec-v2.ts';
import { S3EC_V3 } from './s3ec-v3.ts';
import { createStaticEnvelope, STATIC_GCM } from './static-gcm.ts';

export interface KeySources {
  /** 32 bytes; copied. */
  readonly staticKey?: Uint8Array | undefined;
  /** Id, ARN or alias of a KMS key. */
  readonly kmsKeyId?: string | undefined;
  readonly keyringFile?: string | undefined;
  readonly publicKeyFile?: string | undefined;
  readonly privateKeyFile?: string | undefined;
  readonly organizationId?: string | undefined;
}

export interface Writing {
  readonly mode: 'static' | 'kms' | 'aes' | 'rsa';
  readonly format: typeof STATIC_GCM | typeof S3EC_V2 | typeof S3EC_V3;
}

export interface KeyContext {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What new objects are written with. Reads key files; asks no service.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used or a source is missing.
 */
export async function openEnvelope(
  { mode, format }: Writing,
  sources: KeySources,
  context: KeyContext,
): Promise<Envelope> {
  if (mode === 'static' || format === STATIC_GCM) {
    return createStaticEnvelope(requireSource(sources.staticKey, 'the static key'));
  }
  const { organizationId } = sources;
  const wrapper = await openWrapper(mode, sources, context);
  return createS3ecEnvelope({ format, wrapper, ...(organizationId === undefined ? {} : { organizationId }) });
}

async function openWrapper(
  mode: 'kms' | 'aes' | 'rsa',
  sources: KeySources,
  context: KeyContext,
): Promise<KeyWrapper> {
  switch (mode) {
    case 'kms':
      return openKms(requireSource(sources.kmsKeyId, 'the KMS key'), context);
    case 'aes':
      return keyringWrapper(await readKeyringFile(requireSource(sources.keyringFile, 'the keyring')));
    case 'rsa': {
      const file = requireSource(sources.publicKeyFile, 'the public key');
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
  const { staticKey, kmsKeyId, keyringFile, privateKeyFile, organizationId } = sources;
  const unwrappers: KeyUnwrapper[] = [];
  if (kmsKeyId !== undefined) unwrappers.push(await openKms(kmsKeyId, context));
  if (keyringFile !== undefined) unwrappers.push(keyringUnwrapper(await readKeyringFile(keyringFile)));
  if (privateKeyFile !== undefined) {
    unwrappers.push(createRsaUnwrapper([{ key: await readPrivateKeyFile(privateKeyFile) }]));
  }
  return createEnvelopeReader({
    unwrappers,
    ...(staticKey === undefined ? {} : { staticKey }),
    ...(organizationId === undefined ? {} : { organizationId }),
  });
}

/** The AWS SDK's part for KMS is loaded only where a KMS key is used. */
async function openKms(keyId: string, { clock, logger }: KeyContext): Promise<KeyWrapper & KeyUnwrapper> {
  const { createKmsDataKeys } = await import('./kms-data-keys.ts');
  return createKmsWrap(createKmsDataKeys({ keyId, clock, logger }));
}

function requireSource<T>(source: T | undefined, what: string): T {
  if (source !== undefined) return source;
  throw new ArchiveError('CONFIG_INVALID', `${what} is not set`);
}
