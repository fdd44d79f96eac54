/** Appends leaves to a tree: which tiles that makes, and which root. Pure but for the tiles it reads. */
import { hashRange, leafHash, rootOf } from '../formats/merkle.ts';
import {
  formatBundle,
  hashesAt,
  newTiles,
  type ReadTile,
  readFromTiles,
  type Tile,
  TILE_WIDTH,
  tileOf,
} from '../formats/tiles.ts';

export interface GrownTree {
  readonly size: number;
  readonly root: Buffer;
  /** Bundles first, then tiles, level by level. */
  readonly tiles: readonly { readonly tile: Tile; readonly bytes: Buffer }[];
}

export interface Growth {
  readonly from: number;
  readonly entries: readonly Uint8Array[];
  /** Tiles of the tree of `from` leaves. */
  readonly readTile: ReadTile;
  /** The entries of its last bundle, where that is not full. */
  readonly lastEntries: readonly Uint8Array[];
}

/** Appends entries. The tree that is there is taken for what its tiles say: its root is the caller's to compare. */
export async function growTree({ from, entries, readTile, lastEntries }: Growth): Promise<GrownTree> {
  const size = from + entries.length;
  /** Of each level, the hashes from the beginning of its last tile on. */
  const rows: Buffer[][] = [];
  let joining = entries.map(leafHash);
  for (let level = 0; hashesAt(level, size) > 0; level += 1) {
    const row = [...(await lastHashes(level, from, readTile)), ...joining];
    rows.push(row);
    joining = wholeTiles(row).map(rootOf);
  }
  const inRows: ReadTile = (tile) => {
    const row = rows[tile.level as number] ?? [];
    const first = firstTile(tile.level as number, from) * TILE_WIDTH;
    const offset = tile.index * TILE_WIDTH - first;
    return Promise.resolve(row.slice(offset, offset + tile.width));
  };
  const isInRows = ({ level, index }: Tile) => index >= firstTile(level as number, from);
  const root = await hashRange(
    { start: 0, end: size },
    readFromTiles(size, (tile) => (isInRows(tile) ? inRows(tile) : readTile(tile))),
  );
  const bundled = [...lastEntries, ...entries];
  const tiles = await Promise.all(
    newTiles({ start: from, end: size }).map(async (tile) => {
      if (tile.level !== 'entries') return { tile, bytes: Buffer.concat(await inRows(tile)) };
      const offset = tile.index * TILE_WIDTH - Math.floor(from / TILE_WIDTH) * TILE_WIDTH;
      return { tile, bytes: formatBundle(bundled.slice(offset, offset + tile.width)) };
    }),
  );
  return { size, root, tiles };
}

/** The first tile of a level that can still grow. */
const firstTile = (level: number, size: number) => Math.floor(hashesAt(level, size) / TILE_WIDTH);

function lastHashes(level: number, from: number, readTile: ReadTile): Promise<readonly Buffer[]> {
  const count = hashesAt(level, from);
  return count % TILE_WIDTH === 0 ? Promise.resolve([]) : readTile(tileOf(level, count - 1, from));
}

function wholeTiles(row: readonly Buffer[]): Buffer[][] {
  const whole = Math.floor(row.length / TILE_WIDTH);
  return Array.from({ length: whole }, (_, at) => row.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH));
}

/** Returns the root that tiles make of a tree of `size` leaves. */
export function rootFromTiles(size: number, readTile: ReadTile): Promise<Buffer> {
  return hashRange({ start: 0, end: size }, readFromTiles(size, readTile));
}
