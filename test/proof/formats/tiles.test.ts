import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashRange, leafHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import {
  formatBundle,
  newTiles,
  readFromTiles,
  splitBundle,
  splitTile,
  type Tile,
  tileOf,
  tilePath,
} from '../../../src/proof/formats/tiles.ts';

describe('paths of tiles', () => {
  it('write the index in groups of three digits, all but the last with an x', () => {
    const at = (index: number, width = 256): string => tilePath({ level: 2, index, width });
    expect(at(0)).toBe('tile/2/000');
    expect(at(67)).toBe('tile/2/067');
    expect(at(1_067)).toBe('tile/2/x001/067');
    expect(at(1_234_067)).toBe('tile/2/x001/x234/067');
    expect(at(1_234_067, 8)).toBe('tile/2/x001/x234/067.p/8');
    expect(tilePath({ level: 'entries', index: 5, width: 1 })).toBe('tile/entries/005.p/1');
  });
});

describe('tiles', () => {
  it('that join are those that the larger tree has and the smaller one has not', () => {
    const paths = (start: number, end: number): string[] => newTiles({ start, end }).map(tilePath);
    expect(paths(0, 256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']);
    expect(paths(255, 257)).toEqual([
      'tile/entries/000',
      'tile/entries/001.p/1',
      'tile/0/000',
      'tile/0/001.p/1',
      'tile/1/000.p/1',
    ]);
    expect(paths(257, 258)).toEqual(['tile/entries/001.p/2', 'tile/0/001.p/2']);
    expect(paths(300, 300)).toEqual([]);
    expect(paths(65_535, 65_536).slice(-2)).toEqual(['tile/1/000', 'tile/2/000.p/1']);
  });

  it('hold every tile of a tree, however it grew', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(steps, (growth) => {
        let size = 0;
        const grown = new Set<string>();
        for (const step of growth) {
          for (const tile of newTiles({ start: size, end: size + step })) grown.add(tilePath(tile));
          size += step;
        }
        for (const tile of newTiles({ start: 0, end: size })) expect(grown).toContain(tilePath(tile));
      }),
      { numRuns: 30 },
    );
  });

  it('give the hashes of all subtrees back', async () => {
    const size = 70_000;
    const leaves = Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`${index}`)));
    const rows: Buffer[][] = [leaves];
    while ((rows.at(-1) as Buffer[]).length >= 256) {
      const below = rows.at(-1) as Buffer[];
      const count = Math.floor(below.length / 256);
      rows.push(Array.from({ length: count }, (_, at) => rootOf(below.slice(at * 256, (at + 1) * 256))));
    }
    const readTile = ({ level, index, width }: Tile): Promise<readonly Buffer[]> =>
      Promise.resolve((rows[Number(level)] as Buffer[]).slice(index * 256, index * 256 + width));
    const read = readFromTiles(size, readTile);
    expect(await hashRange({ start: 0, end: size }, read)).toEqual(rootOf(leaves));
    for (const [level, index] of [
      [0, 69_999],
      [3, 8_749],
      [8, 272],
      [11, 33],
      [16, 0],
    ] as const) {
      const whole = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
      expect(await read({ level, index })).toEqual(rootOf(whole));
    }
    expect(tileOf(0, 69_999, size)).toEqual({ level: 0, index: 273, width: 112 });
  });

  it('hold one hash after the other, and of another length are none', () => {
    const hashes = [1, 2, 3].map((fill) => Buffer.alloc(32, fill));
    expect(splitTile(Buffer.concat(hashes), 3)).toEqual(hashes);
    expect(splitTile(Buffer.alloc(63), 2)).toBeUndefined();
    expect(splitTile(Buffer.alloc(96), 2)).toBeUndefined();
  });
});

describe('bundles of entries', () => {
  it('give back what was put in', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 });
    fc.assert(
      fc.property(entries, (list) => {
        const buffers = list.map((entry) => Buffer.from(entry));
        expect(splitBundle(formatBundle(buffers), buffers.length)).toEqual(buffers);
      }),
      { numRuns: 100 },
    );
  });

  it('that are cut, longer, or of another number of entries are refused', () => {
    const bundle = formatBundle([Buffer.from('one'), Buffer.from('two')]);
    expect(splitBundle(bundle.subarray(0, -1), 2)).toBeUndefined();
    expect(splitBundle(bundle.subarray(0, -4), 2)).toBeUndefined();
    expect(splitBundle(Buffer.concat([bundle, Buffer.alloc(1)]), 2)).toBeUndefined();
    expect(splitBundle(Buffer.concat([bundle, Buffer.alloc(2)]), 2)).toBeUndefined();
    expect(splitBundle(bundle, 1)).toBeUndefined();
    expect(splitBundle(bundle, 3)).toBeUndefined();
  });
});
