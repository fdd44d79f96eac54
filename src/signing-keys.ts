import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { DatedKey } from './record/receipt/keys.ts';
import { createReceiptSigner, type ReceiptSigner, signingKeyId } from './record/receipt/receipt.ts';
import { INLINE_PUBLIC_KEY } from './config/values/values.ts';
import { ArchiveError } from './errors.ts';
import { type KeyFile, readKeyFile } from './key-file.ts';
import { present } from './present.ts';
import {
  datedKeys,
  looksLikeKeyList,
  MAX_KEY_LIST_BYTES,
  mergeKeys,
  parseKeyList,
  parsePublicKey,
} from './signing/key-list.ts';

/** An Ed25519 key in PEM has about 120 bytes. */
const SIGNING_KEY_FILE: KeyFile = { what: 'the signing key file', maxBytes: 16_384, isSecret: true };
const KEY_LIST_FILE: KeyFile = {
  what: 'a file of ARCHIVE_RECEIPT_PUBLIC_KEYS',
  maxBytes: MAX_KEY_LIST_BYTES,
  isSecret: false,
};

/**
 * The key that signs receipts: PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
 *
 * @throws `CONFIG_INVALID` (not retryable) when the file cannot be read, others than its owner can read or write it, or it holds
 *   no unencrypted Ed25519 private key; never with what it holds.
 */
export async function readSigner(path: string): Promise<ReceiptSigner> {
  return signerOf(await readKeyFile(path, SIGNING_KEY_FILE), 'the signing key file');
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
 * Reads the keys that receipts may be signed with, by the names they go by in receipts.
 *
 * @param sources key lists, PEM files, and keys in base64.
 * @throws `CONFIG_INVALID` (not retryable) when a file cannot be read, holds a private key, or no Ed25519 public key.
 */
export async function readReceiptKeys(sources: readonly string[]): Promise<ReadonlyMap<string, DatedKey>> {
  const keys = new Map<string, DatedKey>();
  for (const source of sources) {
    for (const [keyId, key] of await readSource(source)) {
      const known = keys.get(keyId);
      keys.set(keyId, known === undefined ? key : mergeKeys(known, key));
    }
  }
  return keys;
}

async function readSource(source: string): Promise<readonly (readonly [string, DatedKey])[]> {
  if (INLINE_PUBLIC_KEY.test(source)) return [bareKey(source, 'a key of ARCHIVE_RECEIPT_PUBLIC_KEYS')];
  const text = await readKeyFile(source, KEY_LIST_FILE);
  const what = 'a file of ARCHIVE_RECEIPT_PUBLIC_KEYS';
  return looksLikeKeyList(text) ? datedKeys(parseKeyList(text, what)) : [bareKey(text, what)];
}

function bareKey(text: string, what: string): readonly [string, DatedKey] {
  const publicKey = parsePublicKey(text, what);
  return [signingKeyId(publicKey), { publicKey }];
}

function parse(pem: string, read: (pem: string) => KeyObject, problem: string): KeyObject {
  try {
    return read(pem);
  } catch {
    throw invalid(problem);
  }
}

function invalid(message: string, hint?: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, present({ hint }));
}
