/** Tiles and bundles of entries, as C2SP tlog-tiles lays them out. https://c2sp.org/tlog-tiles */
import { HASH_BYTES, type LeafRange, type ReadHash, rootOf, type Subtree } from './merkle.ts';

/** Hashes, or entries, of a full tile. */
export const TILE_WIDTH = 256;

/** Levels of the tree that one tile spans. */
const TILE_HEIGHT = 8;

/** Bytes of one entry: its length is written in two. */
export const MAX_ENTRY_BYTES = 65_535;

export interface Tile {
  /** Of tiles: 0 holds the hashes of leaves. `entries` holds the leaves themselves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** How many of the 256 it holds. */
  readonly width: number;
}

/** Returns where a tile stands, below the log's own prefix: `tile/0/x001/x234/067.p/8`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Returns how many complete hashes a tree of `size` leaves has at a level of tiles. */
export function hashesAt(level: Tile['level'], size: number): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

/** Lists the tiles that a tree of `end` leaves has and one of `start` leaves has not, level by level. */
export function newTiles({ start, end }: LeafRange): readonly Tile[] {
  const tiles: Tile[] = [];
  const levels: Tile['level'][] = ['entries'];
  for (let level = 0; hashesAt(level, end) > 0; level += 1) levels.push(level);
  for (const level of levels) {
    const [before, after] = [hashesAt(level, start), hashesAt(level, end)];
    if (before === after) continue;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index += 1) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, after - index * TILE_WIDTH) });
    }
  }
  return tiles;
}

/** Returns the tile, in a tree of `size` leaves, that the hash `index` of a level of tiles stands in. */
export function tileOf(level: Tile['level'], index: number, size: number): Tile {
  const tile = Math.floor(index / TILE_WIDTH);
  return { level, index: tile, width: Math.min(TILE_WIDTH, hashesAt(level, size) - tile * TILE_WIDTH) };
}

/** Returns the hashes of a tile. `undefined` for bytes that are no tile of this width. */
export function splitTile(bytes: Uint8Array, width: number): readonly Buffer[] | undefined {
  if (bytes.length !== width * HASH_BYTES) return undefined;
  const all = Buffer.from(bytes);
  return Array.from({ length: width }, (_, at) => all.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** Returns the entries one after another, each with its length as two bytes before it. */
export function formatBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Returns the entries of a bundle. `undefined` for bytes that are no bundle of `width` entries. */
export function splitBundle(bytes: Uint8Array, width: number): readonly Buffer[] | undefined {
  const all = Buffer.from(bytes);
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= all.length && entries.length < width) {
    const length = all.readUInt16BE(at);
    entries.push(all.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  // beyond the end, the last one is cut
  return at === all.length && entries.length === width ? entries : undefined;
}

/** Returns the hashes of a tile of the tree that is read, or throws. */
export type ReadTile = (tile: Tile) => Promise<readonly Buffer[]>;

/** Reads hashes of complete subtrees out of tiles: each is in one tile, or the root of a part of one. */
export function readFromTiles(size: number, readTile: ReadTile): ReadHash {
  return async ({ level, index }: Subtree) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const count = 2 ** (level - tileLevel * TILE_HEIGHT);
    const first = index * count;
    const hashes = await readTile(tileOf(tileLevel, first, size));
    const offset = first % TILE_WIDTH;
    return rootOf(hashes.slice(offset, offset + count));
  };
}
