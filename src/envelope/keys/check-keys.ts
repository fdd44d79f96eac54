/** Tries keys the way archiving and restoring use them, on a data key that is thrown away. */
import { createPublicKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { readKeyringFile, readPrivateKeyFiles, readPublicKeyFile } from './files.ts';
import type { KeyContext, KeySources } from './sources.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../key-wrap.ts';
import { keyringUnwrapper, keyringWrapper } from './keyring.ts';
import { createRsaUnwrapper, createRsaWrapper, rsaKeyId } from '../raw-wrap.ts';
import { recordingContext } from '../s3ec/envelope.ts';

/** What one source of keys is good for. */
export interface KeyCheck {
  readonly source: 'static key' | 'KMS key' | 'keyring' | 'public key' | 'private key';
  /** The name of the key in metadata or at its service; never a part of the key. */
  readonly keyId: string;
  /** `undefined` when that is not what the source is for. */
  readonly writes: Ability | undefined;
  readonly reads: Ability | undefined;
}

/** A failure is the error that archiving or restoring would have ended with. */
export type Ability = 'ok' | ArchiveError;

/**
 * One result after the other. Of KMS it asks for one data key and, if it gets one, to decrypt it: a writer without the right to
 * decrypt is told apart from one that cannot write.
 */
export async function* checkKeys(
  sources: KeySources,
  context: KeyContext,
  budget: Budget,
): AsyncGenerator<KeyCheck, void, undefined> {
  const { staticKey, kmsKeyId, keyringFile, publicKeyFile, privateKeyFile } = sources;
  if (staticKey !== undefined) {
    yield { source: 'static key', keyId: 'ENCRYPTION_KEY_HEX', writes: 'ok', reads: 'ok' };
  }
  if (kmsKeyId !== undefined) {
    yield await checkKms(kmsKeyId, sources, context, budget);
  }
  if (keyringFile !== undefined) yield await checkKeyring(keyringFile);
  if (publicKeyFile !== undefined) yield await checkPublicKey(publicKeyFile);
  if (privateKeyFile !== undefined) yield* await checkPrivateKeys(privateKeyFile);
}

async function checkKms(
  keyId: string,
  { organizationId = 'keys-check', proxies }: KeySources,
  { clock, logger }: KeyContext,
  budget: Budget,
): Promise<KeyCheck> {
  const { createKmsDataKeys } = await import('../kms/data-keys.ts');
  const service = createKmsDataKeys({ keyId, clock, logger, proxies });
  try {
    const wrap = createKmsWrap(service);
    const ids = recordingContext(organizationId, { conversationId: 'keys-check', recordingId: 'keys-check' });
    return { source: 'KMS key', keyId, ...(await roundTrip(wrap, wrap, ids, budget)) };
  } finally {
    service.close();
  }
}

async function checkKeyring(path: string): Promise<KeyCheck> {
  try {
    const keyring = await readKeyringFile(path);
    const abilities = await roundTrip(keyringWrapper(keyring), keyringUnwrapper(keyring));
    return { source: 'keyring', keyId: keyring.active, ...abilities };
  } catch (error) {
    const failure = toArchiveError(error);
    return { source: 'keyring', keyId: path, writes: failure, reads: failure };
  }
}

async function checkPublicKey(path: string): Promise<KeyCheck> {
  try {
    const key = await readPublicKeyFile(path);
    createRsaWrapper(key);
    return { source: 'public key', keyId: rsaKeyId(key), writes: 'ok', reads: undefined };
  } catch (error) {
    return { source: 'public key', keyId: path, writes: toArchiveError(error), reads: undefined };
  }
}

async function checkPrivateKeys(path: string): Promise<KeyCheck[]> {
  try {
    return await Promise.all((await readPrivateKeyFiles(path)).map(checkPrivateKey));
  } catch (error) {
    return [{ source: 'private key', keyId: path, writes: undefined, reads: toArchiveError(error) }];
  }
}

async function checkPrivateKey(key: KeyObject): Promise<KeyCheck> {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  // a pair that is too short to write with still reads what it has written
  const reads: Ability =
    modulusLength < 3072
      ? 'ok'
      : (await roundTrip(createRsaWrapper(createPublicKey(key)), createRsaUnwrapper([{ key }]))).reads;
  return { source: 'private key', keyId: rsaKeyId(key), writes: undefined, reads };
}

async function roundTrip(
  wrapper: KeyWrapper,
  unwrapper: KeyUnwrapper,
  ids = {},
  budget?: Budget,
): Promise<{ readonly writes: Ability; readonly reads: Ability }> {
  let made: Awaited<ReturnType<KeyWrapper['generate']>>;
  try {
    made = await wrapper.generate('115', ids, budget);
  } catch (error) {
    const failure = toArchiveError(error);
    return { writes: failure, reads: failure };
  }
  try {
    const read = await unwrapper.unwrap(made, '115', budget);
    const same = read.length === made.plaintext.length && timingSafeEqual(read, made.plaintext);
    read.fill(0);
    return { writes: 'ok', reads: same ? 'ok' : new ArchiveError('DECRYPT_FAILED', 'another key came back') };
  } catch (error) {
    return { writes: 'ok', reads: toArchiveError(error) };
  } finally {
    made.plaintext.fill(0);
  }
}
