/** What the KMS endpoint does with keys, as opposed to what it does with their help. */
import { createPublicKey } from 'node:crypto';
import { KEY_OWNER, type KeySpec, type KeyStore, type KmsKey, requireUsable, SIGNING_SPEC } from './keys.ts';
import { type KmsCall, readInteger, readText, requireKnown, requireText } from './parameters.ts';
import { KmsRefusal } from '../aws/refusals.ts';
import { present } from '../present.ts';

/** The hash of each asymmetric algorithm. */
export const OAEP_HASHES: Readonly<Record<string, string>> = {
  RSAES_OAEP_SHA_1: 'sha1',
  RSAES_OAEP_SHA_256: 'sha256',
};
/** Of Ed25519 keys; the second, of a digest, is shown and not played here. */
const SIGNING_ALGORITHMS = ['ED25519_SHA_512', 'ED25519_PH_SHA_512'];
const KEY_SPECS: readonly KeySpec[] = ['SYMMETRIC_DEFAULT', 'RSA_2048', 'RSA_3072', 'RSA_4096', SIGNING_SPEC];
/** ms */
const DAY = 86_400_000;

function describe(keys: KeyStore, key: KmsKey): object {
  return {
    AWSAccountId: KEY_OWNER,
    KeyId: key.id,
    Arn: keys.arn(key),
    CreationDate: key.createdAt / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: usageOf(key),
    KeyState: key.state,
    ...present({ DeletionDate: key.deletionAt === undefined ? undefined : key.deletionAt / 1000 }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    ...algorithmsOf(key),
    MultiRegion: false,
  };
}

/** What each usage can do; a key has one. https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html */
function algorithmsOf({ spec }: KmsKey): object {
  if (spec === SIGNING_SPEC) return { SigningAlgorithms: SIGNING_ALGORITHMS };
  return {
    EncryptionAlgorithms: spec === 'SYMMETRIC_DEFAULT' ? ['SYMMETRIC_DEFAULT'] : Object.keys(OAEP_HASHES),
  };
}

const usageOf = ({ spec }: Pick<KmsKey, 'spec'>) =>
  spec === SIGNING_SPEC ? 'SIGN_VERIFY' : 'ENCRYPT_DECRYPT';

export async function createKey({ keys, input }: KmsCall): Promise<object> {
  requireKnown(input, ['Description', 'KeySpec', 'KeyUsage', 'CustomerMasterKeySpec']);
  const wanted =
    readText(input, 'KeySpec') ?? readText(input, 'CustomerMasterKeySpec') ?? 'SYMMETRIC_DEFAULT';
  const spec = KEY_SPECS.find((known) => known === wanted);
  if (spec === undefined) throw new KmsRefusal('UnsupportedOperationException');
  // the usage of a key that signs has to be said
  if ((readText(input, 'KeyUsage') ?? 'ENCRYPT_DECRYPT') !== usageOf({ spec })) {
    throw new KmsRefusal('ValidationException', `KeyUsage is not compatible with KeySpec ${spec}`);
  }
  return { KeyMetadata: describe(keys, await keys.create(spec, readText(input, 'Description') ?? '')) };
}

export function describeKey({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId']);
  return { KeyMetadata: describe(keys, keys.resolve(requireText(input, 'KeyId'))) };
}

export function getPublicKey({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId']);
  const key = requireUsable(keys, keys.resolve(requireText(input, 'KeyId')));
  if (key.spec === 'SYMMETRIC_DEFAULT') throw new KmsRefusal('UnsupportedOperationException');
  const spki = createPublicKey(key.material).export({ type: 'spki', format: 'der' });
  return {
    KeyId: keys.arn(key),
    PublicKey: spki.toString('base64'),
    KeySpec: key.spec,
    KeyUsage: usageOf(key),
    ...algorithmsOf(key),
  };
}

export function listKeys({ keys, input }: KmsCall): object {
  requireKnown(input, ['Limit']);
  const listed = keys.list().map((key) => ({ KeyId: key.id, KeyArn: keys.arn(key) }));
  return { Keys: listed, Truncated: false };
}

export function listAliases({ keys, input }: KmsCall): object {
  requireKnown(input, ['KeyId', 'Limit']);
  const name = readText(input, 'KeyId');
  const of = name === undefined ? keys.list() : [keys.resolve(name, 'key')];
  const listed = of.flatMap((key) =>
    key.aliases.map((alias) => ({
      AliasName: alias,
      AliasArn: keys.aliasArn(alias),
      TargetKeyId: key.id,
    })),
  );
  return { Aliases: listed, Truncated: false };
}

export async function createAlias({ keys, input }: KmsCall): Promise<object> {
  requireKnown(input, ['AliasName', 'TargetKeyId']);
  const key = keys.resolve(requireText(input, 'TargetKeyId'), 'key');
  await keys.addAlias(key, requireText(input, 'AliasName'));
  return {};
}

/** @throws `KMSInvalidStateException` while deletion is pending. */
export async function setEnabled({ keys, input }: KmsCall, enabled: boolean): Promise<object> {
  requireKnown(input, ['KeyId']);
  const key = keys.resolve(requireText(input, 'KeyId'), 'key');
  if (key.state === 'PendingDeletion') requireUsable(keys, key);
  await keys.save({ ...key, state: enabled ? 'Enabled' : 'Disabled' });
  return {};
}

export async function scheduleKeyDeletion({ keys, input, now }: KmsCall): Promise<object> {
  requireKnown(input, ['KeyId', 'PendingWindowInDays']);
  const days = readInteger(input, 'PendingWindowInDays', { least: 7, most: 30 }) ?? 30;
  const key = keys.resolve(requireText(input, 'KeyId'), 'key');
  if (key.state === 'PendingDeletion') requireUsable(keys, key);
  const deletionAt = now + days * DAY;
  await keys.save({ ...key, state: 'PendingDeletion', deletionAt });
  return {
    KeyId: keys.arn(key),
    DeletionDate: deletionAt / 1000,
    KeyState: 'PendingDeletion',
    PendingWindowInDays: days,
  };
}

/** The key is disabled afterwards, as with AWS: enabling it is a decision of its own. */
export async function cancelKeyDeletion({ keys, input }: KmsCall): Promise<object> {
  requireKnown(input, ['KeyId']);
  const { deletionAt, ...key } = keys.resolve(requireText(input, 'KeyId'), 'key');
  if (deletionAt === undefined) {
    throw new KmsRefusal('KMSInvalidStateException', `${keys.arn(key)} is not pending deletion.`);
  }
  await keys.save({ ...key, state: 'Disabled' });
  return { KeyId: keys.arn(key) };
}
