/** The list of a day’s access entries, as `sha256sum` writes one: with a copy of `access/`, `sha256sum -c` checks it. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { leafHash, rootOf } from './merkle.ts';

/** By the key of the entry, SHA-256 of its bytes in hex. */
export type AccessHashes = ReadonlyMap<string, string>;

/** Bytes, packed and unpacked: about three million entries. */
export const MAX_ACCESS_LIST_BYTES = 128 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

const LINE = /^([0-9a-f]{64}) {2}(access\/\d{4}\/\d{2}\/\d{2}\/[\w-]{1,64}\.json)$/;
const KEY = /^access\/\d{4}\/\d{2}\/\d{2}\/[\w-]{1,64}\.json$/;

/** Reports whether an object of this name can be an entry that the log holds. */
export const isAccessKey = (key: string): boolean => KEY.test(key);

/** Returns the lines, without line feeds, in the order of their keys. */
export function accessLines(hashes: AccessHashes): readonly string[] {
  const keys = [...hashes.keys()].sort();
  return keys.map((key) => `${hashes.get(key)}  ${key}`);
}

/** Returns the RFC 6962 root, in hex, over the lines. */
export function accessRoot(lines: readonly string[]): string {
  return rootOf(lines.map((line) => leafHash(Buffer.from(line)))).toString('hex');
}

/** Returns the list as it is stored. */
export function packAccessList(lines: readonly string[]): Buffer {
  return gzipSync(lines.map((line) => `${line}\n`).join(''));
}

/** `undefined` for what is not the list of this root, in its one order. */
export function unpackAccessList(packed: Uint8Array, root: string): AccessHashes | undefined {
  const lines = unpack(packed)?.split('\n');
  if (lines?.pop() !== '' || accessRoot(lines) !== root) return undefined;
  const hashes = new Map<string, string>();
  for (const line of lines) {
    const [, sha256, key] = LINE.exec(line) ?? [];
    if (sha256 === undefined || key === undefined) return undefined;
    hashes.set(key, sha256);
  }
  // one order, and no key twice
  return accessLines(hashes).every((line, at) => line === lines[at]) && hashes.size === lines.length
    ? hashes
    : undefined;
}

function unpack(packed: Uint8Array): string | undefined {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
}
