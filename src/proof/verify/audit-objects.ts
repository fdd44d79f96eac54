/** Looks at every object of a log that recomputing the entries does not need: tiles, staged seals, changes of keys, lists, time stamps. */
import { gunzipSync } from 'node:zlib';
import type { Budget } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import { unpackAccessList } from '../formats/access-list.ts';
import { sha256Hex } from '../formats/entry.ts';
import { listRoot } from '../formats/list-lines.ts';
import { leafHash, rootOf } from '../formats/merkle.ts';
import { MAX_NOTE_BYTES, type NoteKey } from '../formats/note.ts';
import { isSealSigned, parseKeyFile, parseSealFile } from '../formats/records.ts';
import {
  newTiles,
  splitBundle,
  splitTile,
  type Tile,
  TILE_WIDTH,
  tileOf,
  tilePath,
} from '../formats/tiles.ts';
import { cosignaturesIn } from '../formats/cosignature.ts';
import { openCheckpoint, type LogPlace, readBytes, readEntries } from '../log/place.ts';

/** Bytes of an object that is read whole, packed and unpacked. */
const MAX_OBJECT_BYTES = 128 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

/** The finding that says nothing about what is signed. */
export const UNKNOWN_KEY = 'it is signed with a key that is not known';

export interface ObjectAudit {
  readonly place: LogPlace;
  /** Entries of the log. */
  readonly size: number;
  readonly find: (where: string, problem: string) => void;
  /** Checks a time stamp against the note that it is of. @throws what is wrong with it. */
  readonly checkToken: ((token: Buffer, note: Buffer) => void) | undefined;
  /** Sizes at which its seals begin, as its statements say. */
  readonly seals: ReadonlySet<number>;
}

/** @throws `STORE_*`, `OUT_OF_TIME`; what is wrong is a finding. */
export async function auditObjects(audit: ObjectAudit, budget: Budget): Promise<void> {
  const { place, find } = audit;
  const { store, keys } = place;
  const seen = new Set<string>();
  for await (const { key } of store.list(keys.prefix, budget)) {
    const name = key.slice(keys.prefix.length);
    seen.add(name);
    const check = checkFor(audit, name);
    if (check === undefined) continue;
    try {
      const bytes = await readBytes(store, key, MAX_OBJECT_BYTES, budget);
      // `undefined`: removed since it was listed
      const problem = bytes === undefined ? undefined : await check(bytes, budget);
      if (problem !== undefined) find(key, problem);
    } catch (error) {
      const { code, message } = toArchiveError(error);
      if (code !== 'LOG_MALFORMED') throw error;
      find(key, message);
    }
  }
  findMissing(audit, seen);
}

/** Names objects that are missing: entries do not need them, a reader of proofs or of times does. */
function findMissing({ place, size, seals, find }: ObjectAudit, seen: ReadonlySet<string>): void {
  const { keys } = place;
  const isThere = (key: string) => seen.has(key.slice(keys.prefix.length));
  for (const tile of newTiles({ start: 0, end: size })) {
    const key = keys.path(tilePath(tile));
    // of a seal that is not finished there may be the full one already
    if (!isThere(key) && !isThere(keys.path(tilePath({ ...tile, width: TILE_WIDTH }))))
      find(key, 'it is missing');
  }
  for (const from of seals) {
    if (!isThere(keys.seal(from))) find(keys.seal(from), 'it is missing');
    // the seal before it had ended with a checkpoint
    if (from > 0 && !isThere(keys.note(from))) find(keys.note(from), 'it is missing');
  }
}

type ObjectCheck = (bytes: Buffer, budget: Budget) => Promise<string | undefined> | string | undefined;

function checkFor(audit: ObjectAudit, name: string): ObjectCheck | undefined {
  const { place } = audit;
  const [, level = '', index = '', width] =
    /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(name) ?? [];
  if (level !== '') {
    const tile: Tile = {
      level: level === 'entries' ? level : Number(level),
      index: Number(index.replaceAll(/[x/]/g, '')),
      width: width === undefined ? TILE_WIDTH : Number(width),
    };
    return (bytes, budget) => checkTile(audit, tile, bytes, budget);
  }
  const [, from] = /^seals\/(\d{12})\.json\.gz$/.exec(name) ?? [];
  if (from !== undefined) return (bytes, budget) => checkSeal(audit, Number(from), bytes, budget);
  const [, at] = /^keys\/(\d{12})\.json$/.exec(name) ?? [];
  if (at !== undefined) return (bytes, budget) => checkKey(audit, Number(at), bytes, budget);
  const [, root] = /^lists\/.*\/([0-9a-f]{16})\.(?:source|exceptions)\.jsonl\.gz$/.exec(name) ?? [];
  if (root !== undefined) return (bytes) => checkList(root, bytes);
  const [, accesses] = /^access\/.*\/([0-9a-f]{64})\.sha256\.gz$/.exec(name) ?? [];
  if (accesses !== undefined) return (bytes) => checkAccessList(accesses, bytes);
  const [, size] = /^checkpoints\/(\d{12})\..+\.tsr$/.exec(name) ?? [];
  if (size !== undefined) return (bytes, budget) => checkStamp(audit, Number(size), bytes, budget);
  const [, cosigned, witness] = /^checkpoints\/(\d{12})\.([0-9a-f]{8})\.cosig$/.exec(name) ?? [];
  if (cosigned !== undefined) {
    const key = place.witnesses?.find(({ id }) => id === witness);
    // of a witness that is not known here: that says nothing about it
    if (key === undefined) return undefined;
    return (bytes, budget) => checkCosigned(place, Number(cosigned), { bytes, key }, budget);
  }
  if (name !== 'checkpoint') return undefined;
  return (bytes, budget) => checkPointer(place, bytes, budget);
}

/** The pointer heals, and decides nothing: it is looked at because it is what people copy. */
async function checkPointer(place: LogPlace, bytes: Buffer, budget: Budget): Promise<string | undefined> {
  const { verdict, checkpoint } = openCheckpoint(place, bytes.toString('utf8'));
  if (verdict !== 'valid' || checkpoint === undefined) {
    return 'it is not a checkpoint of this log with a valid signature of a known key';
  }
  const note = await readBytes(place.store, place.keys.note(checkpoint.size), MAX_NOTE_BYTES, budget);
  return note?.equals(bytes) === true ? undefined : 'it is not the checkpoint that is kept for its size';
}

/** A tile against what is below it: bundles against entries that were recomputed, hashes against bundles or smaller tiles. */
async function checkTile(
  { place, size }: ObjectAudit,
  tile: Tile,
  bytes: Buffer,
  budget: Budget,
): Promise<string | undefined> {
  const { level, index, width } = tile;
  const problem = 'it is not the tile that the entries of the log make';
  const start = index * TILE_WIDTH;
  // of a seal that is not finished
  if (start + width > Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level))) return undefined;
  if (level === 'entries') {
    const entries = splitBundle(bytes, width);
    const hashes = await readHashes(place, tileOf(0, start, size), budget);
    return entries?.every((entry, at) => hashes?.[at]?.equals(leafHash(entry)) === true) === true
      ? undefined
      : problem;
  }
  const stated = splitTile(bytes, width);
  if (stated === undefined) return problem;
  if (level === 0) {
    let at = 0;
    for await (const entry of readEntries(place, { start, end: start + width }, size, budget)) {
      const line = `${entry.kind} ${entry.day} ${entry.sha256}\n`;
      if (stated[at]?.equals(leafHash(Buffer.from(line))) !== true) return problem;
      at += 1;
    }
    return undefined;
  }
  for (const [at, hash] of stated.entries()) {
    const below = await readHashes(place, { level: level - 1, index: start + at, width: TILE_WIDTH }, budget);
    if (below === undefined || !rootOf(below).equals(hash)) return problem;
  }
  return undefined;
}

async function readHashes(
  place: LogPlace,
  tile: Tile,
  budget: Budget,
): Promise<readonly Buffer[] | undefined> {
  const limit = TILE_WIDTH * 32;
  for (const width of new Set([tile.width, TILE_WIDTH])) {
    const key = place.keys.path(tilePath({ ...tile, width }));
    const bytes = await readBytes(place.store, key, limit, budget);
    if (bytes !== undefined) return splitTile(bytes, width);
  }
  return undefined;
}

async function checkSeal(
  { place, size }: ObjectAudit,
  from: number,
  bytes: Buffer,
  budget: Budget,
): Promise<string | undefined> {
  const seal = parseSealFile(unpack(bytes) ?? '');
  if (seal === undefined) return 'it is no staged seal';
  if (!place.trusted.some(({ id }) => id === seal.signature.id)) return UNKNOWN_KEY;
  if (!isSealSigned(seal, place.trusted)) return 'its signature is wrong';
  if (seal.from !== from || seal.to !== from + seal.entries.length)
    return 'it is the staged seal of another place';
  if (seal.to > size) return undefined;
  let at = 0;
  for await (const { kind, day, sha256 } of readEntries(place, { start: from, end: seal.to }, size, budget)) {
    if (seal.entries[at] !== `${kind} ${day} ${sha256}`)
      return `it holds another entry ${from + at} than the log`;
    at += 1;
  }
  return undefined;
}

async function checkKey(
  { place, size }: ObjectAudit,
  index: number,
  bytes: Buffer,
  budget: Budget,
): Promise<string | undefined> {
  if (index >= size) return undefined;
  for await (const entry of readEntries(place, { start: index, end: index + 1 }, size, budget)) {
    const isLogged = entry.kind === 'key' && entry.sha256 === sha256Hex(bytes);
    if (isLogged && parseKeyFile(bytes.toString('utf8')) !== undefined) return undefined;
  }
  return 'it is not the change of keys that the log holds';
}

const OTHER_LINES = 'its lines do not make the root that it is named after';

const checkAccessList = (root: string, bytes: Buffer) =>
  unpackAccessList(bytes, root) === undefined ? OTHER_LINES : undefined;

function checkList(root: string, bytes: Buffer): string | undefined {
  const lines = unpack(bytes)?.split('\n');
  const isWhole = lines?.pop() === '' && listRoot(lines).startsWith(root);
  return isWhole ? undefined : OTHER_LINES;
}

async function checkStamp(
  { place, checkToken }: ObjectAudit,
  size: number,
  token: Buffer,
  budget: Budget,
): Promise<string | undefined> {
  if (checkToken === undefined) return undefined;
  const key = place.keys.note(size);
  const note = await readBytes(place.store, key, MAX_NOTE_BYTES, budget);
  if (note === undefined) return 'it is a time stamp of a checkpoint that is missing';
  try {
    checkToken(token, note);
    return undefined;
  } catch (error) {
    return toArchiveError(error).message;
  }
}

async function checkCosigned(
  place: LogPlace,
  size: number,
  { bytes, key }: { readonly bytes: Buffer; readonly key: NoteKey },
  budget: Budget,
): Promise<string | undefined> {
  const note = await readBytes(place.store, place.keys.note(size), MAX_NOTE_BYTES, budget);
  if (note === undefined) return 'it is a cosignature of a checkpoint that is missing';
  const lines = bytes.toString('utf8');
  const found = cosignaturesIn(lines, note.toString('utf8'), [key]);
  return found.length > 0 && found.map(({ line }) => line).join('') === lines
    ? undefined
    : `it is no cosignature of ${key.name} for this checkpoint`;
}

function unpack(bytes: Buffer): string | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
}
