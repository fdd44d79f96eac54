/** Key files on disk. A file that can decrypt must be readable by its owner only. */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, lstat, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ArchiveError, describeForeign, systemCodeOf } from '../../errors.ts';
import { readKeyFile } from '../../key-file.ts';
import { syncDirectory } from '../../sync-directory.ts';
import { withKeyringLock } from './keyring-lock.ts';
import { formatKeyring, type Keyring, parseKeyring } from './keyring.ts';
import { createRsaUnwrapper, createRsaWrapper } from '../raw-wrap.ts';

/** Bytes; a thousand AES keys, or any RSA key, take less. */
const MAX_KEY_FILE_BYTES = 131_072;
const OWNER_ONLY = 0o600;
/** Of exchanging a keyring that programs without the lock change, too. */
const MAX_ATTEMPTS = 10;

/** @throws `CONFIG_INVALID` when it cannot be read, others than its owner can read or write it, or it is no keyring. */
export async function readKeyringFile(path: string): Promise<Keyring> {
  return parseKeyring(await readKeys(path, 'secret'));
}

/**
 * Writes the whole file or nothing, with mode 0600.
 *
 * @param replace whether an existing keyring may be replaced: only with one that holds all its keys.
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED`.
 */
export async function writeKeyringFile(path: string, keyring: Keyring, replace = false): Promise<void> {
  await writeKeyring(path, keyring, replace ? {} : undefined);
}

/**
 * Replaces the keyring of a file with what `change` makes of it, while no other process can: it reads the file under a lock, writes
 * the new one beside it, and exchanges them only if the file is still the one that was read. A symbolic link stays a link: the
 * file it names is changed. Owner and mode 0600 are kept.
 *
 * @param change gets `undefined` when there is no file yet.
 * @returns the keyring that stands in the file, as read back from it.
 * @throws `CONFIG_INVALID`, `OUTPUT_FAILED`, and what `change` throws.
 */
export async function updateKeyringFile(
  path: string,
  change: (existing: Keyring | undefined) => Keyring,
): Promise<Keyring> {
  const target = await followLink(path);
  try {
    return await withKeyringLock(target, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const found = await findKeyring(target);
        const changed = change(found?.keyring);
        try {
          await writeKeyring(target, changed, found);
        } catch (error) {
          // a program that knows nothing of the lock was faster
          const lost = error instanceof ArchiveError && error.code === 'OUTPUT_EXISTS';
          if (lost && attempt < MAX_ATTEMPTS) continue;
          throw error;
        }
        return requireSame(await readKeyringFile(target), changed);
      }
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw unwritable(target, error);
  }
}

/** What is exchanged for another keyring; without `text` no content is expected. */
interface FoundKeyring {
  readonly keyring: Keyring;
  readonly text: string;
  readonly owner: Pick<Stats, 'uid' | 'gid'>;
}

/** `undefined` only when there is no file: one that cannot be read must not be replaced. */
async function findKeyring(path: string): Promise<FoundKeyring | undefined> {
  const owner = await lstat(path).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (owner === undefined) return undefined;
  const text = await readKeys(path, 'secret');
  return { keyring: parseKeyring(text), text, owner };
}

/** The file itself, so that a link to it stays one and every name of it has the same lock. */
async function followLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw unwritable(path, error);
  }
  const isLink = await lstat(path).then(
    (facts) => facts.isSymbolicLink(),
    () => false,
  );
  if (isLink) {
    throw new ArchiveError('OUTPUT_FAILED', `${path} is a symbolic link to a file that does not exist`, {
      hint: 'name the file itself, or remove the link',
    });
  }
  // the directory may be reached through a link, too
  const directory = await realpath(dirname(path)).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  return join(directory, basename(path));
}

/** @param expected what is replaced; `undefined` when nothing may be, `{}` when anything may. */
async function writeKeyring(
  path: string,
  keyring: Keyring,
  expected: Partial<FoundKeyring> | undefined,
): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, 'wx', OWNER_ONLY);
    try {
      const { uid, gid } = expected?.owner ?? {};
      // who runs this as root must not take the keyring from the service that reads it
      if (uid !== undefined && gid !== undefined && uid !== process.geteuid?.()) await file.chown(uid, gid);
      await file.writeFile(formatKeyring(keyring));
      await file.sync();
    } finally {
      await file.close();
    }
    if (expected?.text !== undefined && (await readKeys(path, 'secret')) !== expected.text) {
      throw new ArchiveError('OUTPUT_EXISTS', 'the keyring file was changed meanwhile');
    }
    // link, unlike rename, refuses to replace what stands there
    await (expected === undefined ? link(partial, path) : rename(partial, path));
    await syncDirectory(dirname(path));
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    if (systemCodeOf(error) === 'EEXIST') {
      throw new ArchiveError('OUTPUT_EXISTS', 'the keyring file exists already');
    }
    throw unwritable(path, error);
  } finally {
    await rm(partial, { force: true });
  }
}

function requireSame(stored: Keyring, wanted: Keyring): Keyring {
  if (formatKeyring(stored) === formatKeyring(wanted)) return stored;
  throw new ArchiveError('OUTPUT_FAILED', 'the keyring file holds something else than was written to it');
}

function unwritable(path: string, error: unknown): ArchiveError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');
  return new ArchiveError('OUTPUT_FAILED', `the keyring file cannot be written: ${describeForeign(error)}`, {
    hint: isFull
      ? 'the disk is full: free some space, or choose another one'
      : `the directory ${dirname(path)} must exist, and files be allowed to be made there`,
  });
}

/**
 * The public half of an RSA pair, from a PEM file: all a writer may have.
 *
 * @throws `CONFIG_INVALID` when the file holds a private key, or none of 3072 to 8192 bits.
 */
export async function readPublicKeyFile(path: string): Promise<KeyObject> {
  const pem = await readKeys(path, 'public');
  // createPublicKey would quietly derive the public half, and the private one would stay where it must not be
  if (/PRIVATE KEY/.test(pem)) {
    throw invalid(
      'the public key file holds a private key; take only its public half to where objects are written',
      `openssl pkey -in ${path} -pubout`,
    );
  }
  const key = parsePem(path, pem, createPublicKey);
  createRsaWrapper(key);
  return key;
}

/** The first key of the file. Throws as {@link readPrivateKeyFiles}. */
export async function readPrivateKeyFile(path: string): Promise<KeyObject> {
  const [key] = await readPrivateKeyFiles(path);
  return key;
}

/** Every try costs a private operation, some milliseconds. */
const MAX_PRIVATE_KEYS = 16;

/**
 * All keys of the file, one PEM block after the other: that of today, and those that earlier objects are wrapped for.
 *
 * @throws `CONFIG_INVALID` when others can read the file, it holds no key or more than 16, or one that is no unencrypted RSA key of at
 *   least 2048 bits.
 */
export async function readPrivateKeyFiles(path: string): Promise<readonly [KeyObject, ...KeyObject[]]> {
  const pem = await readKeys(path, 'secret');
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----[^]*?-----END [A-Z ]+-----/g) ?? [];
  if (blocks.length > MAX_PRIVATE_KEYS) {
    throw invalid(
      `the key file holds more than ${MAX_PRIVATE_KEYS} keys`,
      `the file that is meant is ${path}`,
    );
  }
  const [first = pem, ...others] = blocks;
  const read = (block: string) => {
    const key = parsePem(path, block, createPrivateKey);
    createRsaUnwrapper([{ key }]);
    return key;
  };
  return [read(first), ...others.map(read)];
}

function readKeys(path: string, kind: 'secret' | 'public'): Promise<string> {
  return readKeyFile(path, {
    what: 'the key file',
    named: `the key file ${path}`,
    maxBytes: MAX_KEY_FILE_BYTES,
    isSecret: kind === 'secret',
    hint: `the file that is meant is ${path}`,
  });
}

function parsePem(path: string, pem: string, parse: (pem: string) => KeyObject): KeyObject {
  try {
    return parse(pem);
  } catch {
    throw invalid('the key file holds no key in PEM form', `the file that is meant is ${path}`);
  }
}

function invalid(message: string, hint: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, { hint });
}
