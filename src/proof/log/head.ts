/** The newest checkpoint of a log, and its last statement. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { sha256Hex } from '../formats/entry.ts';
import { parseNoteKey } from '../formats/log-keys.ts';
import { emptyRoot } from '../formats/merkle.ts';
import { MAX_STATEMENT_BYTES, parseStatement, type Statement } from '../formats/statement.ts';
import { TILE_WIDTH } from '../formats/tiles.ts';
import {
  type LogPlace,
  malformed,
  readBytes,
  readEntries,
  readNote,
  readRawEntries,
  type SignedCheckpoint,
} from './place.ts';

export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
  /** The signed checkpoint; `undefined` for the empty tree. */
  readonly note: string | undefined;
}

export const EMPTY_TREE: TreeHead = { size: 0, root: emptyRoot(), note: undefined };

/**
 * Finds the newest checkpoint that is signed with a trusted key. The pointer is only where the search begins: when it is gone, or was
 * exchanged, the checkpoints themselves are listed.
 *
 * @throws `LOG_KEY_UNKNOWN` when there are checkpoints and none is signed with a trusted key.
 */
export async function findHead(place: LogPlace, budget: Budget): Promise<TreeHead> {
  const pointed = await readNote(place, place.keys.checkpoint, budget);
  if (pointed?.verdict === 'valid') return headOf(pointed.checkpoint);
  const sizes: number[] = [];
  for await (const { key } of place.store.list(place.keys.checkpoints, budget)) {
    const size = parseNoteKey(place.keys, key);
    if (size !== undefined) sizes.push(size);
  }
  for (const size of sizes.toReversed()) {
    const found = await readNote(place, place.keys.note(size), budget);
    if (found?.verdict === 'valid' && found.checkpoint?.size === size) return headOf(found.checkpoint);
  }
  if (sizes.length === 0) return EMPTY_TREE;
  throw new ArchiveError(
    'LOG_KEY_UNKNOWN',
    `none of the ${sizes.length} checkpoints of ${place.origin} is signed with a key that is configured`,
  );
}

function headOf(checkpoint: SignedCheckpoint | undefined): TreeHead {
  if (checkpoint === undefined) return EMPTY_TREE;
  const { size, root, note } = checkpoint;
  return { size, root, note };
}

export interface StoredStatement {
  readonly index: number;
  readonly sha256: string;
  readonly statement: Statement;
}

/** Reads the statement that ends the log. `undefined` of the empty tree. @throws `LOG_MALFORMED` */
export async function readLastStatement(
  place: LogPlace,
  size: number,
  budget: Budget,
): Promise<StoredStatement | undefined> {
  return size === 0 ? undefined : readStatementAt(place, size - 1, size, budget);
}

/** Reads the statement of an entry, in a log of `size` entries. @throws `LOG_MALFORMED` when it is not the one that is logged. */
export async function readStatementAt(
  place: LogPlace,
  index: number,
  size: number,
  budget: Budget,
): Promise<StoredStatement> {
  for await (const entry of readEntries(place, { start: index, end: index + 1 }, size, budget)) {
    if (entry.kind === 'statement') return readStatement(place, entry, budget);
  }
  throw malformed(`entry ${index} of ${place.origin} is no statement`);
}

/** Reads the statement that an entry names. @throws `LOG_MALFORMED` when it is gone, or another one. */
async function readStatement(
  { store, keys }: LogPlace,
  { day, index, sha256 }: { readonly day: string; readonly index: number; readonly sha256: string },
  budget: Budget,
): Promise<StoredStatement> {
  const key = keys.statement(day, index);
  const bytes = await readBytes(store, key, MAX_STATEMENT_BYTES, budget);
  if (bytes === undefined) throw malformed(`the statement ${key} is missing`);
  const actual = sha256Hex(bytes);
  const statement = parseStatement(bytes.toString('utf8'));
  if (statement === undefined || actual !== sha256) {
    throw malformed(`${key} is not the statement that the log holds`);
  }
  if (statement.day !== day || statement.log.index !== index) {
    throw malformed(`${key} is a statement of another day or place`);
  }
  return { index, sha256: actual, statement };
}

/** Reads the entries of the last bundle of a log, where that is not full. */
export async function readLastEntries(
  place: LogPlace,
  size: number,
  budget: Budget,
): Promise<readonly Buffer[]> {
  const entries: Buffer[] = [];
  const start = size - (size % TILE_WIDTH);
  for await (const { bytes } of readRawEntries(place, { start, end: size }, size, budget))
    entries.push(bytes);
  return entries;
}
