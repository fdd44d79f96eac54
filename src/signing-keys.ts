import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { createReceiptSigner, type ReceiptSigner, signingKeyId } from './record/receipt.ts';
import { ArchiveError, describeForeign } from './errors.ts';
import { readTextFile } from './text-file.ts';

/** Bytes; an Ed25519 key in PEM has about 120. */
const LARGEST_KEY_FILE = 16_384;
/** As the setting hands keys over: SubjectPublicKeyInfo in base64. */
const INLINE_PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;
/** Read, write and search by group and others. */
const NOT_OWNER = 0o077;

/**
 * The key that signs receipts: PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
 *
 * @throws `CONFIG_INVALID` (not retryable) when the file cannot be read, others than its owner can read or write it, or it holds
 *   no unencrypted Ed25519 private key; never with what it holds.
 */
export async function readSigner(path: string): Promise<ReceiptSigner> {
  return signerOf(await readPem(path, true), 'the signing key file');
}

/**
 * The same from the text of the key.
 *
 * @param what where the text is from, for the message.
 * @throws `CONFIG_INVALID` (not retryable) when it holds no unencrypted Ed25519 private key.
 */
export function signerOf(pem: string, what: string): ReceiptSigner {
  return createReceiptSigner(parse(pem, createPrivateKey, `${what} holds no private key in PEM form`));
}

/**
 * The keys that receipts may be signed with, by the names they go by in receipts: from PEM files, and keys in base64.
 *
 * @throws `CONFIG_INVALID` (not retryable) when a file cannot be read, holds a private key, or no Ed25519 public key.
 */
export async function readReceiptKeys(paths: readonly string[]): Promise<ReadonlyMap<string, KeyObject>> {
  const keys = new Map<string, KeyObject>();
  for (const path of paths) {
    const isKey = INLINE_PUBLIC_KEY.test(path);
    const pem = isKey ? pemOf(path) : await readPem(path, false);
    // createPublicKey would quietly derive the public half, and the private one would stay where it must not be
    if (pem.includes('PRIVATE KEY'))
      throw invalid('a file of ARCHIVE_RECEIPT_PUBLIC_KEYS holds a private key');
    const key = parse(
      pem,
      createPublicKey,
      'a file of ARCHIVE_RECEIPT_PUBLIC_KEYS holds no public key in PEM form',
    );
    if (key.asymmetricKeyType !== 'ed25519') {
      throw invalid('a file of ARCHIVE_RECEIPT_PUBLIC_KEYS holds another key than Ed25519');
    }
    keys.set(signingKeyId(key), key);
  }
  return keys;
}

const pemOf = (base64: string) => `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;

async function readPem(path: string, isSecret: boolean): Promise<string> {
  const what = isSecret ? 'the signing key file' : 'a file of ARCHIVE_RECEIPT_PUBLIC_KEYS';
  try {
    return await readTextFile(path, {
      what,
      code: 'CONFIG_INVALID',
      maxBytes: LARGEST_KEY_FILE,
      check: ({ mode, size }) => {
        if (isSecret && process.platform !== 'win32' && (mode & NOT_OWNER) !== 0) {
          throw invalid(`others than its owner can read or write ${what}`, `chmod 600 ${path}`);
        }
        if (size > LARGEST_KEY_FILE) throw invalid(`${what} is too large to be one`);
      },
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw invalid(`${what} cannot be read: ${describeForeign(error)}`);
  }
}

function parse(pem: string, read: (pem: string) => KeyObject, problem: string): KeyObject {
  try {
    return read(pem);
  } catch {
    throw invalid(problem);
  }
}

function invalid(message: string, hint?: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, hint === undefined ? {} : { hint });
}
