import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { tileOf } from '../../../src/proof/formats/tiles.ts';
import {
  openCheckpoint,
  readBytes,
  readEntries,
  readNote,
  readRawEntries,
  tilesIn,
} from '../../../src/proof/log/place.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { LOG_SIGNER, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';

/** Entries: 3 and a statement, then 300 and a statement. */
const SIZE = 305;
let store: PlainStore;
beforeEach(async () => {
  store = plainStore();
  await sealLog(placeIn(store), sealingDays([3, 300]), unlimited);
});

const place = () => placeIn(store);
const { keys } = placeIn(plainStore());

async function textsOf(start: number, end: number, size = SIZE): Promise<string[]> {
  const texts: string[] = [];
  for await (const { index, bytes } of readRawEntries(place(), { start, end }, size, unlimited))
    texts.push(`${index} ${bytes.toString()}`);
  return texts;
}

describe('a small object', () => {
  it('is read whole, is told from none, and from one that is larger than it may be', async () => {
    store.plant('x', 'abc');
    expect((await readBytes(store, 'x', 3, unlimited))?.toString()).toBe('abc');
    expect(await readBytes(store, 'none', 3, unlimited)).toBeUndefined();
    expect(await failure(readBytes(store, 'x', 2, unlimited))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: 'x is larger than 2 bytes',
    });
  });

  it('is not taken for none when the store does not answer', async () => {
    for (const thrown of [new ArchiveError('STORE_UNAVAILABLE', 'no'), new TypeError('a fault')]) {
      const broken = { ...store, get: () => Promise.reject(thrown) };
      await expect(readBytes(broken, 'x', 3, unlimited)).rejects.toBe(thrown);
    }
  });
});

describe('the entries of a log', () => {
  it('are read by their places, also over the end of a bundle', async () => {
    const all = await textsOf(0, SIZE);
    expect(all).toHaveLength(SIZE);
    for (const [start, end] of [
      [0, 1],
      [254, 258],
      [255, 256],
      [256, 257],
      [260, 305],
      [304, 305],
      [7, 7],
    ] as const)
      expect(await textsOf(start, end)).toEqual(all.slice(start, end));
    // of a smaller log as well, out of its own partial bundle or out of the full one
    expect(await textsOf(0, 4, 4)).toEqual(all.slice(0, 4));
    store.objects.delete(keys.path('tile/entries/000.p/4'));
    expect(await textsOf(0, 4, 4)).toEqual(all.slice(0, 4));
  });

  it('that are missing, or no bundle of so many, are named', async () => {
    const key = keys.path('tile/entries/001.p/49');
    store.plant(key, store.bodyOf(key).subarray(1));
    expect(await failure(textsOf(300, 301))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `${key} is no bundle of 49 entries`,
    });
    store.objects.delete(key);
    expect(await failure(textsOf(300, 301))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `${key} is missing`,
    });
  });

  it('that are none are named by their place', async () => {
    const key = keys.path('tile/entries/000');
    const text = store.bodyOf(key).toString('latin1').replace('archived', 'Archived');
    store.plant(key, Buffer.from(text, 'latin1'));
    const read = async () => {
      for await (const { kind } of readEntries(place(), { start: 0, end: 2 }, SIZE, unlimited))
        expect(kind).toBe('archived');
    };
    expect(await failure(read())).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `entry 0 of ${ORIGIN} is none`,
    });
  });
});

describe('the tiles of a log', () => {
  it('are read once each, as wide as asked for, out of the partial one or the full one', async () => {
    let gets = 0;
    const counting = {
      ...store,
      get: (...given: Parameters<typeof store.get>) => ((gets += 1), store.get(...given)),
    };
    const read = tilesIn({ ...place(), store: counting }, unlimited);
    const full = await read(tileOf(0, 0, SIZE));
    expect(full).toHaveLength(256);
    expect(await read(tileOf(0, 200, SIZE))).toEqual(full);
    expect(gets).toBe(1);
    expect(await read(tileOf(0, 0, 4))).toEqual(full.slice(0, 4));
    store.objects.delete(keys.path('tile/0/000.p/4'));
    expect(await tilesIn(place(), unlimited)(tileOf(0, 0, 4))).toEqual(full.slice(0, 4));
  });

  it('that are no tile of so many hashes are named', async () => {
    const key = keys.path('tile/0/001.p/49');
    store.plant(key, store.bodyOf(key).subarray(1));
    expect(await failure(Promise.resolve(tilesIn(place(), unlimited)(tileOf(0, 300, SIZE))))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `${key} is no tile of 49 hashes`,
    });
  });
});

describe('a checkpoint', () => {
  const note = () => store.bodyOf(keys.note(SIZE)).toString();

  it('of this log, signed with a key of it, is valid, and carries its note verbatim', async () => {
    const opened = openCheckpoint(place(), note());
    expect([opened.verdict, opened.checkpoint?.size, opened.checkpoint?.note]).toEqual([
      'valid',
      SIZE,
      note(),
    ]);
    expect(await readNote(place(), keys.note(SIZE), unlimited)).toEqual(opened);
    expect(await readNote(place(), keys.note(SIZE + 1), unlimited)).toBeUndefined();
  });

  it('of another log, or what is none, is malformed', () => {
    const other = { ...place(), origin: 'another.example.com/log' };
    for (const [at, text] of [
      [other, note()],
      [place(), ''],
      [place(), 'nothing of ours'],
      [place(), note().replace(`\n${SIZE}\n`, `\n0${SIZE}\n`)],
    ] as const)
      expect(openCheckpoint(at, text)).toEqual({ verdict: 'malformed' });
  });

  it('with a wrong signature is invalid, and with one of a key that is not known, unknown', () => {
    expect(openCheckpoint(place(), note().replace(`\n${SIZE}\n`, `\n${SIZE + 1}\n`)).verdict).toBe('invalid');
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    expect(openCheckpoint({ ...place(), trusted: [stranger.key] }, note()).verdict).toBe('unknown-key');
    expect(openCheckpoint({ ...place(), trusted: [stranger.key, LOG_SIGNER.key] }, note()).verdict).toBe(
      'valid',
    );
  });
});
