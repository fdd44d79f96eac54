/** A log as it lies in a store: reading its tiles, entries and checkpoints. */
import { type Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { gatherBytes } from '../../gather-bytes.ts';
import type { ObjectStore } from '../../ports.ts';
import { type Checkpoint, parseCheckpoint } from '../formats/checkpoint.ts';
import { type Entry, parseEntry } from '../formats/entry.ts';
import type { LogKeys } from '../formats/log-keys.ts';
import { HASH_BYTES, type LeafRange } from '../formats/merkle.ts';
import { checkNote, MAX_NOTE_BYTES, type NoteKey, type NoteVerdict, parseNote } from '../formats/note.ts';
import {
  MAX_ENTRY_BYTES,
  type ReadTile,
  splitBundle,
  splitTile,
  type Tile,
  TILE_WIDTH,
  tileOf,
  tilePath,
} from '../formats/tiles.ts';

export interface LogPlace {
  readonly store: ObjectStore;
  readonly keys: LogKeys;
  readonly organization: string;
  readonly origin: string;
  /** Public keys that checkpoints may be signed with; never taken from the store. */
  readonly trusted: readonly NoteKey[];
  /** Public keys of witnesses; without one, cosignatures are not looked at. */
  readonly witnesses?: readonly NoteKey[];
}

/** Bytes of a bundle of entries of ours, generously. */
const MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2);

/** Reads a small object. `undefined` without one. @throws `LOG_MALFORMED` when it is larger than `limit` bytes. */
export async function readBytes(
  store: ObjectStore,
  key: string,
  limit: number,
  budget: Budget,
): Promise<Buffer | undefined> {
  try {
    const { body } = await store.get(key, budget);
    return await gatherBytes(body, limit, () => malformed(`${key} is larger than ${limit} bytes`));
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}

export function malformed(message: string): ArchiveError {
  return new ArchiveError('LOG_MALFORMED', message);
}

/** Reads tiles of the tree of one size; each is asked for once. A partial tile may have been removed once there is the full one. */
export function tilesIn(place: LogPlace, budget: Budget): ReadTile {
  const known = new Map<string, Promise<readonly Buffer[]>>();
  return (tile) => {
    const path = tilePath(tile);
    const reading = known.get(path) ?? readTile(place, tile, budget);
    known.set(path, reading);
    return reading;
  };
}

async function readTile(place: LogPlace, tile: Tile, budget: Budget): Promise<readonly Buffer[]> {
  const { bytes, width } = await readPartOrWhole(place, tile, TILE_WIDTH * HASH_BYTES, budget);
  const hashes = splitTile(bytes, width);
  if (hashes === undefined)
    throw malformed(`${place.keys.path(tilePath(tile))} is no tile of ${width} hashes`);
  return hashes.slice(0, tile.width);
}

async function readBundle(place: LogPlace, tile: Tile, budget: Budget): Promise<readonly Buffer[]> {
  const { bytes, width } = await readPartOrWhole(place, tile, MAX_BUNDLE_BYTES, budget);
  const entries = splitBundle(bytes, width);
  if (entries === undefined) {
    throw malformed(`${place.keys.path(tilePath(tile))} is no bundle of ${width} entries`);
  }
  return entries.slice(0, tile.width);
}

async function readPartOrWhole(
  { store, keys }: LogPlace,
  tile: Tile,
  limit: number,
  budget: Budget,
): Promise<{ readonly bytes: Buffer; readonly width: number }> {
  for (const width of new Set([tile.width, TILE_WIDTH])) {
    const bytes = await readBytes(store, keys.path(tilePath({ ...tile, width })), limit, budget);
    if (bytes !== undefined) return { bytes, width };
  }
  throw malformed(`${keys.path(tilePath(tile))} is missing`);
}

/** Reads entries of a log of `size` entries, in order, as they are hashed. */
export async function* readRawEntries(
  place: LogPlace,
  { start, end }: LeafRange,
  size: number,
  budget: Budget,
): AsyncGenerator<{ readonly index: number; readonly bytes: Buffer }, void, undefined> {
  for (let at = start; at < end; ) {
    const tile = tileOf('entries', at, size);
    const entries = await readBundle(place, tile, budget);
    for (const bytes of entries.slice(at - tile.index * TILE_WIDTH, end - tile.index * TILE_WIDTH)) {
      yield { index: at, bytes };
      at += 1;
    }
  }
}

export interface LoggedEntry extends Entry {
  readonly index: number;
}

/** The same as entries. @throws `LOG_MALFORMED` */
export async function* readEntries(
  place: LogPlace,
  range: LeafRange,
  size: number,
  budget: Budget,
): AsyncGenerator<LoggedEntry, void, undefined> {
  for await (const { index, bytes } of readRawEntries(place, range, size, budget)) {
    const entry = parseEntry(bytes.toString('latin1'));
    if (entry === undefined) throw malformed(`entry ${index} of ${place.origin} is none`);
    yield { ...entry, index };
  }
}

export interface SignedCheckpoint extends Checkpoint {
  /** The note, verbatim. */
  readonly note: string;
}

/** Reads a note of this log. `malformed` for what is no checkpoint, or one of another log. */
export function openCheckpoint(
  place: Pick<LogPlace, 'origin' | 'trusted'>,
  text: string,
): { readonly verdict: NoteVerdict | 'malformed'; readonly checkpoint?: SignedCheckpoint } {
  const note = parseNote(text);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined || checkpoint.origin !== place.origin) {
    return { verdict: 'malformed' };
  }
  return { verdict: checkNote(note, place.trusted), checkpoint: { ...checkpoint, note: text } };
}

/** Reads a note: the one of a size, or the pointer. `undefined` without one; `malformed` also for one that is larger than any. */
export async function readNote(
  place: LogPlace,
  key: string,
  budget: Budget,
): Promise<ReturnType<typeof openCheckpoint> | undefined> {
  try {
    const bytes = await readBytes(place.store, key, MAX_NOTE_BYTES, budget);
    return bytes === undefined ? undefined : openCheckpoint(place, bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return { verdict: 'malformed' };
    throw error;
  }
}
