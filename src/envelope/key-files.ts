/** Key files on disk. Whatever can decrypt must be readable by its owner only. */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError, describeForeign, systemCodeOf } from '../errors.ts';
import { formatKeyring, type Keyring, parseKeyring } from './keyring.ts';
import { createRsaUnwrapper, createRsaWrapper } from './raw-wrap.ts';

/** Bytes; a thousand AES keys, or any RSA key, take less. */
const MAX_KEY_FILE = 131_072;
/** Read, write and search by group and others. */
const NOT_OWNER = 0o077;
const OWNER_ONLY = 0o600;
/** Windows has access lists instead, and shows every file as readable by all. */
const HAS_MODES = process.platform !== 'win32';

/** @throws `CONFIG_INVALID` when it cannot be read, others than its owner can read or write it, or it is no keyring. */
export async function readKeyringFile(path: string): Promise<Keyring> {
  return parseKeyring(await readKeyFile(path, 'secret'));
}

/**
 * Writes the whole file or nothing, with mode 0600.
 *
 * @param replace whether an existing keyring may be replaced: only with one that holds all its keys.
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED`.
 */
export async function writeKeyringFile(path: string, keyring: Keyring, replace = false): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(formatKeyring(keyring));
      await file.sync();
    } finally {
      await file.close();
    }
    // link, unlike rename, refuses to replace what stands there
    await (replace ? rename(partial, path) : link(partial, path));
    await syncDirectory(dirname(path));
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') {
      throw new ArchiveError('OUTPUT_EXISTS', 'the keyring file exists already');
    }
    throw new ArchiveError('OUTPUT_FAILED', `the keyring file cannot be written: ${describeForeign(error)}`, {
      hint: `the directory ${dirname(path)} must exist, and files be allowed to be made there`,
    });
  } finally {
    await rm(partial, { force: true });
  }
}

/**
 * The public half of an RSA pair, from a PEM file: all a writer may have.
 *
 * @throws `CONFIG_INVALID` when the file holds a private key, or none of 3072 to 8192 bits.
 */
export async function readPublicKeyFile(path: string): Promise<KeyObject> {
  const pem = await readKeyFile(path, 'public');
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
  const pem = await readKeyFile(path, 'secret');
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

async function readKeyFile(path: string, kind: 'secret' | 'public'): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      // of the open file, not of the name: the name may point elsewhere a moment later
      const { mode, size } = await file.stat();
      if (kind === 'secret' && HAS_MODES && (mode & NOT_OWNER) !== 0) {
        throw invalid('others than its owner can read or write the key file', `chmod 600 ${path}`);
      }
      if (size > MAX_KEY_FILE) {
        throw invalid('the key file is too large to be one', `the file that is meant is ${path}`);
      }
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw invalid(
      `the key file cannot be read: ${describeForeign(error)}`,
      `the file that is meant is ${path}`,
    );
  }
}

function parsePem(path: string, pem: string, parse: (pem: string) => KeyObject): KeyObject {
  try {
    return parse(pem);
  } catch {
    throw invalid('the key file holds no key in PEM form', `the file that is meant is ${path}`);
  }
}

/** A name is on disk only when its directory is. */
// Stryker disable next-line BlockStatement: it is for a power cut, which no test here can have
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  // Stryker disable next-line BlockStatement: as above
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function invalid(message: string, hint: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, { hint });
}
