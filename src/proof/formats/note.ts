/** Signed notes of C2SP: text, an empty line, signatures. https://c2sp.org/signed-note */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** Bytes. */
export const MAX_NOTE_BYTES = 65_536;
const MAX_SIGNATURES = 100;

/** The first byte of a key, and of what its id is made from. */
export const ED25519_TYPE = 0x01;
export const COSIGNATURE_TYPE = 0x04;
const RAW_KEY_BYTES = 32;
/** What a SubjectPublicKeyInfo of Ed25519 begins with (RFC 8410, section 4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A public key as C2SP writes it: `NAME+ID+base64(TYPE ‖ KEY)`. */
export interface NoteKey {
  readonly name: string;
  /** 8 hex digits. */
  readonly id: string;
  readonly type: typeof ED25519_TYPE | typeof COSIGNATURE_TYPE;
  readonly publicKey: KeyObject;
  readonly vkey: string;
}

/** Decodes base64 of one spelling only. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Reports whether a text can name a key: no white space, no `+`, at most 255 characters. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}]{1,255}$/u.test(name);
}

/** Returns the raw 32 bytes of an Ed25519 public key. */
export function rawKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES);
}

/** Names an Ed25519 public key. */
export function noteKey(name: string, publicKey: KeyObject, type: NoteKey['type'] = ED25519_TYPE): NoteKey {
  const typed = Buffer.concat([Uint8Array.of(type), rawKey(publicKey)]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8);
  return { name, id, type, publicKey, vkey: `${name}+${id}+${typed.toString('base64')}` };
}

/** `undefined` for what is no key of these types, or states an id that is not the key's. */
export function parseVkey(vkey: string): NoteKey | undefined {
  const [name = '', , ...rest] = vkey.split('+');
  // base64 may hold a plus
  const typed = decodeBase64(rest.join('+'));
  if (!isKeyName(name) || typed === undefined || typed.length !== RAW_KEY_BYTES + 1) return undefined;
  const type = typed[0];
  if (type !== ED25519_TYPE && type !== COSIGNATURE_TYPE) return undefined;
  const der = Buffer.concat([ED25519_SPKI, typed.subarray(1)]);
  const key = noteKey(name, createPublicKey({ key: der, format: 'der', type: 'spki' }), type);
  return key.vkey === vkey ? key : undefined;
}

export interface NoteSignature {
  readonly name: string;
  /** 8 hex digits: which key of that name. */
  readonly id: string;
  /** What follows the id. */
  readonly bytes: Buffer;
}

export interface SignedNote {
  /** What is signed, with its last line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Returns a signature's line, with its line feed. */
export function formatSignature({ name, id, bytes }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), bytes]).toString('base64')}\n`;
}

export function formatNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

/** `undefined` for what is no signed note. */
export function parseNote(note: string): SignedNote | undefined {
  // lone surrogates, other control characters: no text that could have been signed
  if (note.length > MAX_NOTE_BYTES || /[^\P{Cc}\n]|\p{Surrogate}|\ufffd/u.test(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split === -1) return undefined;
  const signatures = parseSignatureLines(note.slice(split + 2));
  return signatures === undefined ? undefined : { text: note.slice(0, split + 1), signatures };
}

/** Reads the lines of signatures, each with its line feed. `undefined` where one is none. */
export function parseSignatureLines(text: string): readonly NoteSignature[] | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(parseSignature).filter((signature) => signature !== undefined);
  return signatures.length === lines.length ? signatures : undefined;
}

function parseSignature(line: string): NoteSignature | undefined {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ');
  const bytes = decodeBase64(encoded);
  if (dash !== '—' || rest.length > 0 || !isKeyName(name) || bytes === undefined) return undefined;
  return bytes.length <= 4
    ? undefined
    : { name, id: bytes.subarray(0, 4).toString('hex'), bytes: bytes.subarray(4) };
}

/** `unknown-key`: of none of the keys that are known, which says nothing about it. `invalid`: of a known key, and wrong. */
export type NoteVerdict = 'valid' | 'unknown-key' | 'invalid';

/** Checks the signatures of a note: one of a known key has to be there, and none of a known key may be wrong. */
export function checkNote(note: SignedNote, keys: readonly NoteKey[]): NoteVerdict {
  const verdicts = note.signatures.map((signature) => {
    const key = keys.find(
      ({ name, id, type }) => type === ED25519_TYPE && name === signature.name && id === signature.id,
    );
    if (key === undefined) return 'unknown-key';
    const isValid =
      signature.bytes.length === 64 && verify(null, Buffer.from(note.text), key.publicKey, signature.bytes);
    return isValid ? 'valid' : 'invalid';
  });
  return (
    verdicts.find((verdict) => verdict === 'invalid') ?? verdicts.find((v) => v === 'valid') ?? 'unknown-key'
  );
}
