import { describe, expect, it } from 'vitest';
import { hashRange, leafHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import {
  formatBundle,
  newTiles,
  readFromTiles,
  splitTile,
  type Tile,
  TILE_WIDTH,
  tilePath,
} from '../../../src/proof/formats/tiles.ts';
import { growTree, rootFromTiles } from '../../../src/proof/log/grow-tree.ts';

const entryAt = (index: number) => Buffer.from(`entry ${index}\n`);

/** A log that grows from size to size, as its tiles have it. */
async function grow(sizes: readonly number[]) {
  const tiles = new Map<string, Buffer>();
  const asked: string[] = [];
  const readTile = (tile: Tile) => {
    asked.push(tilePath(tile));
    const hashes = splitTile(tiles.get(tilePath(tile)) ?? Buffer.of(), tile.width);
    if (hashes === undefined) throw new Error(`no ${tilePath(tile)}`);
    return Promise.resolve(hashes);
  };
  let from = 0;
  let root: Buffer = Buffer.of();
  for (const size of sizes) {
    const start = from - (from % TILE_WIDTH);
    const range = (first: number, end: number) =>
      Array.from({ length: end - first }, (_, at) => entryAt(first + at));
    const grown = await growTree({
      from,
      entries: range(from, size),
      readTile,
      lastEntries: range(start, from),
    });
    for (const { tile, bytes } of grown.tiles) tiles.set(tilePath(tile), bytes);
    expect(grown.size).toBe(size);
    [from, root] = [size, grown.root];
  }
  return { tiles, root, asked, readTile };
}

const SIZES = [1, 2, 255, 256, 257, 511, 512, 600];

describe('a tree that grows', () => {
  it('has the tiles and the root that it has when it is made at once, by whichever steps it grew', async () => {
    for (const steps of [SIZES, [300, 600]]) {
      const stepwise = await grow(steps);
      const atOnce = await grow(steps.slice(-1));
      expect(stepwise.root.equals(atOnce.root)).toBe(true);
      for (const [path, bytes] of atOnce.tiles)
        expect([path, stepwise.tiles.get(path)?.equals(bytes)]).toEqual([path, true]);
    }
  });

  it('has the root of its leaves, and bundles of its entries', async () => {
    for (const size of [1, 255, 256, 257, 600]) {
      const { tiles, root, readTile } = await grow([size]);
      const entries = Array.from({ length: size }, (_, at) => entryAt(at));
      expect(root).toEqual(rootOf(entries.map(leafHash)));
      expect(await rootFromTiles(size, readTile)).toEqual(root);
      expect(await hashRange({ start: 0, end: size }, readFromTiles(size, readTile))).toEqual(root);
      expect([...tiles.keys()].sort()).toEqual(newTiles({ start: 0, end: size }).map(tilePath).sort());
      expect(tiles.get('tile/entries/000') ?? tiles.get(`tile/entries/000.p/${size}`)).toEqual(
        formatBundle(entries.slice(0, TILE_WIDTH)),
      );
    }
  });

  it('reads of what is there the tiles alone that can still grow, and those that the root goes through', async () => {
    const { asked } = await grow([600]);
    expect(asked).toEqual([]);
    const twice = await grow([600, 601]);
    expect([...new Set(twice.asked)].sort()).toEqual(['tile/0/002.p/88', 'tile/1/000.p/2']);
  });
});
