import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { formatEntry } from '../../../src/proof/formats/entry.ts';
import { emptyRoot } from '../../../src/proof/formats/merkle.ts';
import { formatBundle } from '../../../src/proof/formats/tiles.ts';
import type { LogPlace } from '../../../src/proof/log/place.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import type { PlainStore } from '../../proof/plain-store.ts';
import { archivedDay, forgeLog, type ForgedLog, noteOf } from '../../proof/verify/forged-log.ts';

const OTHER_TILE = 'it is not the tile that the entries of the log make';

/** 768 entries, statements at 700 and 767: three full tiles of hashes, and one above them. */
let log: ForgedLog;
let store: PlainStore;
let place: LogPlace;
beforeAll(async () => {
  log = await forgeLog([archivedDay(700, '2026-03-02'), archivedDay(66, '2026-03-03')]);
});
beforeEach(() => {
  store = log.store.copy();
  place = { ...log.place, store };
});

const at = (name: string) => place.keys.path(name);
const problems = async () =>
  (await auditLog(place, [], unlimited)).findings.map(({ where, problem }) => [
    where.slice(place.keys.prefix.length),
    problem,
  ]);

/** Spoils one object for as long as it is looked at. */
async function whileSpoiled(name: string, byte?: number) {
  const kept = store.bodyOf(at(name));
  const changed = Buffer.from(kept);
  const index = byte ?? kept.length - 1;
  changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
  store.plant(at(name), changed);
  const found = await problems();
  store.plant(at(name), kept);
  return found;
}

describe('the tiles of a log', () => {
  it('are compared with its entries and with one another, hash by hash', async () => {
    expect(await problems()).toEqual([]);
    for (const byte of [0, 32 * 255]) {
      // the tile itself, what is above it, and the entries beside it
      expect(await whileSpoiled('tile/0/001', byte)).toEqual([
        ['tile/0/001', OTHER_TILE],
        ['tile/1/000.p/3', OTHER_TILE],
        ['tile/entries/001', OTHER_TILE],
      ]);
    }
    for (const byte of [0, 95])
      expect(await whileSpoiled('tile/1/000.p/3', byte)).toEqual([['tile/1/000.p/3', OTHER_TILE]]);
  });

  it('of a smaller tree are the beginnings of those of a larger one', async () => {
    const hashes = store.bodyOf(at('tile/0/002'));
    const lines = log.entries.map((entry) => Buffer.from(formatEntry(entry)));
    const names = ['tile/0/002.p/100', 'tile/1/000.p/1', 'tile/entries/002.p/100'];
    const right = [
      hashes.subarray(0, 100 * 32),
      store.bodyOf(at('tile/1/000.p/3')).subarray(0, 32),
      formatBundle(lines.slice(512, 612)),
    ];
    for (const [index, name] of names.entries()) store.plant(at(name), right[index] ?? '');
    expect(await problems()).toEqual([]);
    for (const name of names) {
      expect(await whileSpoiled(name)).toEqual([[name, OTHER_TILE]]);
      expect(await whileSpoiled(name, 4)).toEqual([[name, OTHER_TILE]]);
    }
    for (const [index, name] of names.entries()) {
      store.plant(at(name), (right[index] ?? hashes).subarray(1));
      expect(await problems()).toEqual([[name, OTHER_TILE]]);
      store.plant(at(name), right[index] ?? '');
    }
  });

  it('are missed when they are gone, and so is what stands on them', async () => {
    store.objects.delete(at('tile/0/001'));
    expect(await problems()).toEqual([
      ['tile/1/000.p/3', OTHER_TILE],
      ['tile/entries/001', OTHER_TILE],
      ['tile/0/001', 'it is missing'],
    ]);
    store.objects.delete(at('tile/1/000.p/3'));
    expect(await problems()).toContainEqual(['tile/1/000.p/3', 'it is missing']);
  });

  it('of a seal that is not finished are not looked at, and stand in for those that they continue', async () => {
    // the entries up to the first statement are signed, and no more
    const note = await noteOf(701, log.rootAt(701));
    const tile = store.bodyOf(at('tile/1/000.p/3'));
    store.objects.delete(place.keys.note(768));
    store.plant(place.keys.note(701), note);
    store.plant(place.keys.checkpoint, note);
    expect(await problems()).toEqual([['tile/1/000.p/2', 'it is missing']]);
    store.plant(at('tile/1/000.p/2'), tile.subarray(0, 64));
    expect(await problems()).toEqual([]);
    for (const name of ['tile/1/000.p/3', 'tile/0/002.p/190', 'tile/entries/002.p/190', 'tile/0/x001/000'])
      store.plant(at(name), 'not yet');
    store.plant(place.keys.key(701), 'not yet');
    expect(await problems()).toEqual([]);
    store.plant(at('tile/0/002.p/189'), 'signed');
    store.plant(at('tile/0/x000/000.p/5'), 'signed');
    store.plant(place.keys.key(700), 'signed');
    expect(await problems()).toEqual([
      ['keys/000000000700.json', 'it is not the change of keys that the log holds'],
      ['tile/0/002.p/189', OTHER_TILE],
      ['tile/0/x000/000.p/5', OTHER_TILE],
    ]);
  });
});

describe('checkpoints of a log of several tiles', () => {
  it('have to state the root of its first entries, also those that are kept elsewhere', async () => {
    const { rootAt } = log;
    const sizes = [0, 1, 128, 255, 256, 257, 511, 512, 513, 640, 641, 767, 768];
    const known = sizes.map((size) => ({
      size,
      root: rootAt(size).toString('base64'),
      where: `kept ${size}`,
    }));
    expect(known[0]?.root).toBe(emptyRoot().toString('base64'));
    const { findings, checkpoints } = await auditLog(place, known, unlimited);
    expect([findings, checkpoints]).toEqual([[], sizes.length + 1]);
    const wrong = known.map((each) => ({ ...each, root: rootAt(3).toString('base64') }));
    expect((await auditLog(place, wrong, unlimited)).findings).toEqual(
      sizes.map((size) => ({
        where: `kept ${size}`,
        problem: `the first ${size} entries do not make the root that it states`,
      })),
    );
  });
});
