import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { emptyRoot } from '../../../src/proof/formats/merkle.ts';
import { MAX_NOTE_BYTES } from '../../../src/proof/formats/note.ts';
import { formatBundle, splitBundle } from '../../../src/proof/formats/tiles.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import {
  findHead,
  readLastEntries,
  readLastStatement,
  readStatementAt,
} from '../../../src/proof/log/head.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { dayAt, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';

/** Statements stand at 3, 4 and 305. */
const SIZE = 306;
let store: PlainStore;
beforeEach(async () => {
  store = plainStore();
  await sealLog(placeIn(store), sealingDays([3, 0, 300]), unlimited);
});

const place = () => placeIn(store);
const { keys } = placeIn(plainStore());
const size = async () => (await findHead(place(), unlimited)).size;

describe('the newest checkpoint', () => {
  it('is the one that the pointer shows, without a look at the others', async () => {
    let lists = 0;
    const counting = {
      ...store,
      list: (...given: Parameters<typeof store.list>) => ((lists += 1), store.list(...given)),
    };
    const head = await findHead({ ...place(), store: counting }, unlimited);
    expect([head.size, head.note, lists]).toEqual([SIZE, store.bodyOf(keys.checkpoint).toString(), 0]);
    // one that was set back is where the search for seals begins
    store.plant(keys.checkpoint, store.bodyOf(keys.note(4)));
    expect(await size()).toBe(4);
  });

  it('is found among all of them when the pointer is gone or is none, by name, size and signature', async () => {
    store.objects.delete(keys.checkpoint);
    store.plant(`${keys.checkpoints}notes.txt`, 'no checkpoint');
    store.plant(keys.token(SIZE, 'tsa'), 'a stamp');
    expect(await size()).toBe(SIZE);
    for (const none of ['nothing of ours', 'x'.repeat(MAX_NOTE_BYTES + 1)]) {
      store.plant(keys.checkpoint, none);
      expect(await size()).toBe(SIZE);
    }
    // a checkpoint under the name of another size is not that one
    store.plant(keys.note(SIZE), store.bodyOf(keys.note(4)));
    expect(await size()).toBe(5);
    store.plant(keys.note(5), 'x'.repeat(MAX_NOTE_BYTES + 1));
    expect(await size()).toBe(4);
  });

  it('is the empty tree without any checkpoint, and an error where none is signed with a key that is known', async () => {
    expect(await findHead(placeIn(plainStore()), unlimited)).toEqual({
      size: 0,
      root: emptyRoot(),
      note: undefined,
    });
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const error = await failure(findHead({ ...place(), trusted: [stranger.key] }, unlimited));
    expect([error.code, error.message]).toEqual([
      'LOG_KEY_UNKNOWN',
      `none of the 3 checkpoints of ${ORIGIN} is signed with a key that is configured`,
    ]);
  });
});

describe('a statement of the log', () => {
  const read = (index: number) => readStatementAt(place(), index, SIZE, unlimited);
  const statementKey = () => keys.statement(dayAt(1), 4);

  it('is read by its place, and the last one ends the log', async () => {
    expect((await read(4)).statement.day).toBe(dayAt(1));
    expect(await readLastStatement(place(), SIZE, unlimited)).toEqual(await read(305));
    expect(await readLastStatement(place(), 0, unlimited)).toBeUndefined();
    expect((await read(4)).sha256).toBe(sha256Hex(store.bodyOf(statementKey())));
  });

  it('stands where a statement is logged', async () => {
    expect(await failure(read(0))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `entry 0 of ${ORIGIN} is no statement`,
    });
  });

  it('that is gone, was changed, or is no statement at all, is named', async () => {
    const kept = store.bodyOf(statementKey());
    const other = `${statementKey()} is not the statement that the log holds`;
    for (const body of [
      `${kept.toString()} `,
      'nothing',
      kept.toString().replace('"revision":0', '"revision":1'),
    ]) {
      store.plant(statementKey(), body);
      expect(await failure(read(4))).toMatchObject({ code: 'LOG_MALFORMED', message: other });
    }
    // also where the log names just these bytes, and they say nothing
    store.plant(statementKey(), 'nothing');
    logInstead(sha256Hex('nothing'));
    expect(await failure(read(4))).toMatchObject({ code: 'LOG_MALFORMED', message: other });
    store.objects.delete(statementKey());
    expect(await failure(read(4))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `the statement ${statementKey()} is missing`,
    });
  });

  it('of another day or place is not taken for it', async () => {
    for (const edit of [
      (text: string) => text.replace(`"day":"${dayAt(1)}"`, `"day":"${dayAt(2)}"`),
      (text: string) => text.replace('"index":4', '"index":5'),
    ]) {
      const kept = store.copy();
      const body = edit(store.bodyOf(statementKey()).toString());
      store.plant(statementKey(), body);
      logInstead(sha256Hex(body));
      expect(await failure(read(4))).toMatchObject({
        code: 'LOG_MALFORMED',
        message: `${statementKey()} is a statement of another day or place`,
      });
      store = kept;
    }
  });

  /** Has the fifth entry name another hash, as a log that was forged as a whole would. */
  function logInstead(sha256: string): void {
    const key = keys.path('tile/entries/000');
    const entries = [...(splitBundle(store.bodyOf(key), 256) ?? [])];
    entries[4] = Buffer.from(`statement ${dayAt(1)} ${sha256}\n`);
    store.plant(key, formatBundle(entries));
  }
});

describe('the entries of the last bundle', () => {
  it('are those behind the last full one', async () => {
    const last = await readLastEntries(place(), SIZE, unlimited);
    expect(last).toHaveLength(SIZE - 256);
    expect(last.at(-1)?.toString()).toMatch(/^statement /);
    expect(await readLastEntries(place(), 256, unlimited)).toEqual([]);
    expect(await readLastEntries(place(), 0, unlimited)).toEqual([]);
  });
});
