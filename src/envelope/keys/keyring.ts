/**
 * Where keys come from when no key service keeps them: a keyring file of AES wrapping keys, PEM files of an RSA pair, or
 * the one static key of the environment.
 *
 *     {"version": 1, "active": "k2", "keys": [{"kid": "k1", "key": BASE64}, {"kid": "k2", "key": BASE64}]}
 *
 * New objects are wrapped with the active key; every key reads. A key that is dropped takes its objects with it.
 */
import { randomBytes } from 'node:crypto';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import { KEY_LENGTH } from '../gcm.ts';
import type { KeyUnwrapper, KeyWrapper } from '../key-wrap.ts';
import { createAesUnwrapper, createAesWrapper, KID_PATTERN } from '../raw-wrap.ts';

export interface KeyringEntry {
  readonly kid: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface Keyring {
  /** The `kid` new objects are wrapped with. */
  readonly active: string;
  readonly keys: readonly KeyringEntry[];
}

/** @throws `CONFIG_INVALID`, saying what is wrong and never what the file holds. */
export function parseKeyring(text: string): Keyring {
  const file = requireObject(parseKeyringText(text), 'the keyring', ['version', 'active', 'keys']);
  if (file['version'] !== 1) throw invalid('the keyring is not of version 1');
  const entries: unknown = file['keys'];
  if (!Array.isArray(entries)) throw invalid('the keyring has no list of keys');
  const keys = entries.map(parseEntry);
  const kids = new Set(keys.map(({ kid }) => kid));
  if (kids.size !== keys.length) throw invalid('the keyring has two keys with the same kid');
  const active = file['active'];
  if (typeof active !== 'string' || !kids.has(active)) {
    throw invalid('the active key of the keyring is not among its keys');
  }
  return { active, keys };
}

export function formatKeyring(keyring: Keyring): string {
  const keys = keyring.keys.map(({ kid, key }) => ({ kid, key: key.toString('base64') }));
  return `${JSON.stringify({ version: 1, active: keyring.active, keys }, undefined, 2)}\n`;
}

/**
 * The keyring with a fresh active key; the earlier ones stay, to read.
 *
 * @throws `CONFIG_INVALID` when `kid` is taken or has other characters than letters, digits, `.`, `_` and `-`.
 */
export function addKey(keyring: Keyring | undefined, kid: string): Keyring {
  const keys = keyring?.keys ?? [];
  if (!KID_PATTERN.test(kid)) {
    throw invalid('a kid has 1 to 64 letters, digits, ".", "_" or "-"', 'choose another name for the key');
  }
  if (keys.some((entry) => entry.kid === kid)) {
    throw invalid('the keyring has a key with this kid already', 'choose another name for the key');
  }
  return { active: kid, keys: [...keys, { kid, key: randomBytes(KEY_LENGTH) }] };
}

/** Wraps with the active key. */
export function keyringWrapper(keyring: Keyring): KeyWrapper {
  const active = keyring.keys.find(({ kid }) => kid === keyring.active);
  if (active === undefined) throw invalid('the active key of the keyring is not among its keys');
  return createAesWrapper(active);
}

/**
 * Unwraps with the key an object names, else with whichever of the ring fits: other writers name none, or spell it their own way. The
 * tag of the wrap tells which one does. A keyring file has room for about 1,600 keys, and a try takes some microseconds.
 */
export function keyringUnwrapper(keyring: Keyring): KeyUnwrapper {
  return createAesUnwrapper([...keyring.keys, ...keyring.keys.map(({ key }) => ({ key }))]);
}

/** The static key of the tutorial: 64 hex digits, checked whole. @throws `CONFIG_INVALID`. */
export function parseStaticKey(hex: string): Buffer {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
    throw invalid('the static key is not 64 hex digits', '`openssl rand -hex 32` makes one');
  }
  return Buffer.from(hex, 'hex');
}

function parseEntry(entry: unknown): KeyringEntry {
  const { kid, key } = requireObject(entry, 'a key of the keyring', ['kid', 'key']);
  if (typeof kid !== 'string' || !KID_PATTERN.test(kid))
    throw invalid('a key of the keyring has no valid kid');
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.alloc(0);
  if (bytes.length !== KEY_LENGTH || bytes.toString('base64') !== key) {
    throw invalid(`the key ${kid} of the keyring is not canonical base64 of 32 bytes`);
  }
  return { kid, key: bytes };
}

function parseKeyringText(text: string): unknown {
  const value = parseForeignJson(text);
  if (value === undefined) throw invalid('the keyring is not JSON');
  return value;
}

function requireObject(value: unknown, what: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${what} is not a JSON object`);
  }
  const fields: Record<string, unknown> = { ...value };
  for (const name of Object.keys(fields)) {
    if (!names.includes(name)) throw invalid(`${what} has a field that is not one of ${names.join(', ')}`);
  }
  return fields;
}

function invalid(message: string, hint = '`genesys-archive keys generate` makes a keyring'): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, { hint });
}
