/** What a witness says: it has seen this checkpoint, at that time, and no other tree. https://c2sp.org/tlog-cosignature */
import { verify } from 'node:crypto';
import {
  COSIGNATURE_TYPE,
  formatSignature,
  type NoteKey,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
} from './note.ts';

/** Bytes: the time, and an Ed25519 signature. */
const COSIGNATURE_BYTES = 8 + 64;

/** Returns the bytes that a witness signs. @param time seconds since 1970. */
export function cosignedText(checkpoint: string, time: number): string {
  return `cosignature/v1\ntime ${time}\n${checkpoint}`;
}

/** Returns the signature as it stands in a note. @param time seconds since 1970. */
export function cosignatureOf(key: NoteKey, time: number, signed: Uint8Array): NoteSignature {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  return { name: key.name, id: key.id, bytes: Buffer.concat([stamp, signed]) };
}

/**
 * Returns the time, seconds since 1970, that a witness states for a checkpoint. `undefined` when none of its keys made the signature, or
 * it is wrong.
 *
 * @param checkpoint the text that is signed.
 */
export function checkCosignature(
  checkpoint: string,
  { name, id, bytes }: NoteSignature,
  witnesses: readonly NoteKey[],
): number | undefined {
  const key = witnesses.find(
    (witness) => witness.type === COSIGNATURE_TYPE && witness.name === name && witness.id === id,
  );
  if (key === undefined || bytes.length !== COSIGNATURE_BYTES) return undefined;
  const time = Number(bytes.readBigUInt64BE());
  if (!Number.isSafeInteger(time)) return undefined;
  const signed = Buffer.from(cosignedText(checkpoint, time));
  return verify(null, signed, key.publicKey, bytes.subarray(8)) ? time : undefined;
}

export interface Cosignature {
  readonly key: NoteKey;
  /** Seconds since 1970. */
  readonly time: number;
  /** As it stands in a note, with its line feed. */
  readonly line: string;
}

/** Returns the cosignatures of known witnesses that are valid; lines of others are passed over. */
export function cosignaturesIn(
  lines: string,
  note: string,
  witnesses: readonly NoteKey[],
): readonly Cosignature[] {
  const text = parseNote(note)?.text;
  if (text === undefined) return [];
  return (parseSignatureLines(lines) ?? []).flatMap((signature) => {
    const key = witnesses.find(({ name, id }) => name === signature.name && id === signature.id);
    const time = key === undefined ? undefined : checkCosignature(text, signature, [key]);
    return key === undefined || time === undefined ? [] : [{ key, time, line: formatSignature(signature) }];
  });
}
