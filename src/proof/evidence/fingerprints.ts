/** `keys/FINGERPRINTS.txt` of a package: what people compare with the keys that the owner of the archive published. */
import type { KeyObject } from 'node:crypto';
import { sha256Hex } from '../formats/entry.ts';
import { type NoteKey, rawKey } from '../formats/note.ts';

export interface PackageKeys {
  readonly log: NoteKey;
  /** Keys of receipts, by their ids. */
  readonly receipts: Iterable<readonly [keyId: string, publicKey: KeyObject]>;
  readonly witnesses: readonly NoteKey[];
  /** The file `keys/tsa-ca.pem`, where there are time stamps. */
  readonly timestampCa: string | undefined;
}

/** Returns the file in its parts, one for each key; each ends with a line feed. */
export function fingerprintsOf({ log, receipts, witnesses, timestampCa }: PackageKeys): readonly string[] {
  const parts = [namedKey('log', log)];
  for (const [keyId, publicKey] of receipts) parts.push(`receipts ${keyId}\n${rawHash(publicKey)}`);
  for (const witness of witnesses) parts.push(namedKey('witness', witness));
  if (timestampCa !== undefined)
    parts.push(`time stamps\n  SHA-256 of keys/tsa-ca.pem ${sha256Hex(timestampCa)}\n`);
  return parts;
}

const namedKey = (what: string, { name, vkey, publicKey }: NoteKey): string =>
  `${what} ${name}\n  vkey ${vkey}\n${rawHash(publicKey)}`;

const rawHash = (publicKey: KeyObject): string =>
  `  SHA-256 of the 32 bytes ${sha256Hex(rawKey(publicKey))}\n`;

/** Splits such a file into its parts again. */
export function partsOf(fingerprints: string): readonly string[] {
  return fingerprints.split(/(?<=\n)(?! )/).filter((part) => part !== '');
}
