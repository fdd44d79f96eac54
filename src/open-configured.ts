/** What the entries open by the settings: stores, keys to read with, keys to sign with. */
import type { ReceiptTrust } from './audit/examine/ports.ts';
import { type Budget, type Clock, systemClock } from './clock.ts';
import {
  type ArchiveConfig,
  type KeysConfig,
  type RestoreConfig,
  revealKey,
  type StoreConfig,
  type WrapConfig,
} from './config/config.ts';
import { type KeySources, openEnvelopeReader } from './envelope/keys/sources.ts';
import { type Logger, silentLogger } from './log.ts';
import type { EnvelopeReader, ObjectStore, RangeReader, VersionedStore } from './ports.ts';
import { present } from './present.ts';
import { KEY_PREFIX } from './record/key-record.ts';
import { createLayout } from './record/layout.ts';
import type { ReceiptKey } from './record/receipt/keys.ts';
import type { ReceiptSigner } from './record/receipt/receipt.ts';
import { readSigningKey } from './secrets/contents.ts';
import { createSecretValues, type SecretValues } from './secrets/values.ts';
import { requireSigningKey } from './signing/require-signing-key.ts';
import { readReceiptKeys, readSigner, signerOf } from './signing-keys.ts';
import { openStore } from './store/open-store.ts';
import type { S3ClientOptions } from './store/s3/client.ts';
import { routePrefix } from './store/route-prefix.ts';

/** What the caller may have of its own. */
interface Tools {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Of who asks AWS; without them, those that the AWS SDK finds. */
  readonly credentials?: NonNullable<S3ClientOptions['credentials']>;
}

/**
 * Gives the signer of receipts: from a file at once; from a secret when it is needed, and again when the secret has another value;
 * of a KMS key the public half when it is needed.
 *
 * @throws `CONFIG_INVALID` for a file that holds no key; what Secrets Manager and KMS say is thrown by what is returned.
 */
export async function openSigner(
  {
    signingKeyFile,
    signingKeySecretArn: arn,
    signingKmsKeyId: keyId,
    proxies,
  }: Pick<WrapConfig, 'signingKeyFile' | 'signingKeySecretArn' | 'signingKmsKeyId' | 'proxies'>,
  secrets: SecretValues,
  context: Required<Pick<Tools, 'clock' | 'logger'>> & Pick<Tools, 'credentials'>,
): Promise<(budget: Budget) => Promise<ReceiptSigner | undefined>> {
  if (keyId !== undefined) {
    const { openKmsSigner } = await import('./signing/kms-signer.ts');
    return openKmsSigner({ keyId, proxies, ...context });
  }
  if (arn === undefined) {
    const signer = signingKeyFile === undefined ? undefined : await readSigner(signingKeyFile);
    return () => Promise.resolve(signer);
  }
  let known: { readonly pem: string; readonly signer: ReceiptSigner } | undefined;
  return async (budget) => {
    const pem = (await readSigningKey(arn, secrets, budget)).reveal();
    if (known?.pem !== pem) known = { pem, signer: signerOf(pem, 'the secret of the signing key') };
    return known.signer;
  };
}

/**
 * What recordings are held to when they are opened: the configured public keys, or else the public half of the key that signs.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used.
 */
export async function readTrust(config: StoreConfig): Promise<ReceiptTrust> {
  const { receiptPublicKeys, signingKeyFile, organizationId } = config;
  const layout = createLayout(config.layout);
  const own = receiptPublicKeys.length === 0 && signingKeyFile !== undefined;
  if (!own) return { keys: await readReceiptKeys(receiptPublicKeys), layout, organizationId };
  const { keyId, publicKey } = await readSigner(signingKeyFile);
  return { keys: new Map([[keyId, publicKey]]), layout, organizationId };
}

/**
 * The same for who also amends receipts, with the key that signs the amendments, where there is one.
 *
 * @throws `CONFIG_INVALID` when a key cannot be used; `SECRET_*`.
 */
export async function openAmending(
  config: StoreConfig & Pick<WrapConfig, 'signingKeySecretArn' | 'signingKmsKeyId'>,
  { clock = systemClock, logger = silentLogger }: Tools,
  budget: Budget,
): Promise<ReceiptTrust & { readonly signer: ReceiptSigner | undefined; readonly clock: Clock }> {
  const { proxies, signingKmsKeyId } = config;
  const secrets = createSecretValues({ clock, logger, proxies });
  const signer = await (await openSigner(config, secrets, { clock, logger }))(budget);
  const trust = await readTrust(config);
  const keys = new Map<string, ReceiptKey>(trust.keys);
  if (signer !== undefined) {
    requireSigningKey(signer, { keys, mustBeListed: signingKmsKeyId !== undefined, now: clock.now() });
    if (!keys.has(signer.keyId)) keys.set(signer.keyId, signer.publicKey);
  }
  return { ...trust, keys, signer, clock };
}

/**
 * Opens the store of an archive as its settings say: its key records are in it, wherever they are kept, and requests to S3 take the
 * proxy, the style of addresses and the owner of the bucket that are set. Makes no request.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a location is none.
 */
export async function openConfiguredStore(
  { store, keyRecords, s3, proxies }: Pick<ArchiveConfig, 'store' | 'keyRecords' | 's3' | 'proxies'>,
  { credentials, ...tools }: Tools = {},
): Promise<ObjectStore> {
  const { forcePathStyle, expectedBucketOwner } = s3;
  const open = (location: string) =>
    openStore(location, {
      ...tools,
      s3: { forcePathStyle, proxies, ...present({ credentials }) },
      ...present({ expectedBucketOwner }),
    });
  const opened = await open(store);
  return keyRecords === undefined || keyRecords === store
    ? opened
    : routePrefix(opened, KEY_PREFIX, await open(keyRecords));
}

/** The versions of what an archive keeps: of its objects, or of its key records. Opened by what erases and sweeps, and nothing else. */
export async function openConfiguredVersions(
  { store, keyRecords, s3, proxies }: Pick<ArchiveConfig, 'store' | 'keyRecords' | 's3' | 'proxies'>,
  tools: { readonly clock: Clock; readonly logger: Logger },
  which: 'objects' | 'key records' = 'objects',
): Promise<VersionedStore> {
  const { openVersions } = await import('./store/open-versions.ts');
  const { forcePathStyle, expectedBucketOwner } = s3;
  return openVersions(which === 'objects' ? store : (keyRecords ?? store), {
    ...tools,
    s3: { forcePathStyle, proxies },
    ...present({ expectedBucketOwner }),
  });
}

/**
 * Reads every format that the configured keys open. Makes no request.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a key file cannot be used.
 */
export function createReader(
  config: RestoreConfig,
  ports: Tools = {},
): Promise<EnvelopeReader & RangeReader> {
  const { clock = systemClock, logger = silentLogger, ...given } = ports;
  return openKeySources(config, (sources) => openEnvelopeReader(sources, { clock, logger, ...given }));
}

/** Hands the configured sources of keys to `use`; the static key is in clear only until that is done. */
export async function openKeySources<T>(
  { encryption, organizationId, proxies }: Pick<KeysConfig, 'encryption' | 'organizationId' | 'proxies'>,
  use: (sources: KeySources) => Promise<T>,
): Promise<T> {
  const { key, ...others } = encryption;
  const staticKey = key === undefined ? undefined : revealKey(key);
  try {
    return await use({ ...others, staticKey, organizationId, proxies });
  } finally {
    staticKey?.fill(0);
  }
}
