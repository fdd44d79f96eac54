import { generateKeyPairSync, sign } from 'node:crypto';
import { formatCheckpoint } from '../../../src/proof/formats/checkpoint.ts';
import { formatEntry, sha256Hex } from '../../../src/proof/formats/entry.ts';
import { leafHash, type ReadHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import { formatNote, noteKey } from '../../../src/proof/formats/note.ts';

export const ORIGIN = 'recordings.example.com/proof/org';
const pair = generateKeyPairSync('ed25519');
export const KEY = noteKey(ORIGIN, pair.publicKey);
export const STRANGER = noteKey(ORIGIN, generateKeyPairSync('ed25519').publicKey);

export const fileAt = (index: number): Buffer => Buffer.from(`receipt ${index}\n`);
export const entryAt = (index: number): Buffer =>
  Buffer.from(formatEntry({ kind: 'archived', day: '2026-03-02', sha256: sha256Hex(fileAt(index)) }));
const leaves = Array.from({ length: 20 }, (_, index) => leafHash(entryAt(index)));

export const readHash: ReadHash = ({ level, index }) =>
  rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));

export const rootAt = (size: number): Buffer => rootOf(leaves.slice(0, size));

interface NoteOptions {
  readonly origin?: string;
  readonly root?: Buffer;
  /** What is signed in place of the text. */
  readonly signed?: string;
}

/** The signed checkpoint of the first `size` entries. */
export function noteOf(size: number, options: NoteOptions = {}): string {
  const { origin = ORIGIN, root = rootAt(size) } = options;
  const text = formatCheckpoint({ origin, size, root });
  const bytes = sign(null, Buffer.from(options.signed ?? text), pair.privateKey);
  return formatNote({ text, signatures: [{ name: ORIGIN, id: KEY.id, bytes }] });
}
