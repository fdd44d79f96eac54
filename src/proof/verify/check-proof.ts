/** Checks a proof file by itself: no store, no network. Pure. */
import { parseCheckpoint } from '../formats/checkpoint.ts';
import { type Entry, parseEntry, sha256Hex } from '../formats/entry.ts';
import { checkInclusion } from '../formats/merkle-proofs.ts';
import { leafHash } from '../formats/merkle.ts';
import { checkNote, type NoteKey, parseNote } from '../formats/note.ts';
import { parseProof } from '../formats/tlog-proof.ts';

/** What a proof does not hold for; in words for people. */
export type ProofProblem =
  | 'not a proof file'
  | 'the entry is of another file'
  | 'the checkpoint is none'
  | 'the checkpoint is of another log'
  | 'not signed with this key'
  | 'the signature is wrong'
  | 'not in the tree';

export type CheckedProof =
  | {
      readonly state: 'valid';
      readonly entry: Entry;
      readonly index: number;
      readonly size: number;
      readonly root: Buffer;
      /** The signed checkpoint, verbatim. */
      readonly note: string;
    }
  | { readonly state: 'unknown-key' | 'invalid'; readonly problem: ProofProblem };

/**
 * @param file what the entry names: a receipt, a statement; `undefined` leaves that to the caller.
 * @param trusted keys of the log, as its owner published them.
 */
export function checkProof(
  file: Uint8Array | undefined,
  proofText: string,
  { origin, trusted }: { readonly origin: string; readonly trusted: readonly NoteKey[] },
): CheckedProof {
  const proof = parseProof(proofText);
  const entry = proof === undefined ? undefined : parseEntry(proof.entry.toString('latin1'));
  if (proof === undefined || entry === undefined) return invalid('not a proof file');
  if (file !== undefined && entry.sha256 !== sha256Hex(file)) return invalid('the entry is of another file');
  const note = parseNote(proof.checkpoint);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return invalid('the checkpoint is none');
  if (checkpoint.origin !== origin) return invalid('the checkpoint is of another log');
  const verdict = checkNote(note, trusted);
  if (verdict === 'unknown-key') return { state: 'unknown-key', problem: 'not signed with this key' };
  if (verdict === 'invalid') return invalid('the signature is wrong');
  const { index, path } = proof;
  const { size, root } = checkpoint;
  if (!checkInclusion({ index, size, leaf: leafHash(proof.entry), root, path }))
    return invalid('not in the tree');
  return { state: 'valid', entry, index, size, root, note: proof.checkpoint };
}

const invalid = (problem: ProofProblem): CheckedProof => ({ state: 'invalid', problem });
