import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { type DayToExamine, examineDay, type KnownErasure } from '../../../src/proof/day/examine-day.ts';
import type { ReceiptPorts } from '../../../src/proof/day/read-receipts.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import type { ArchiveFacts } from '../../../src/proof/formats/statement.ts';
import { subjectHash } from '../../../src/record/erasure.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { ArchiveFixture, HOUR, idFrom, type Planted } from '../archive-fixture.ts';
import { aStatement } from '../statement-fixture.ts';

const D = '2026-03-02';

let fixture: ArchiveFixture;
let hashesAsked: number;
let read: string[];
beforeEach(() => {
  fixture = new ArchiveFixture();
  hashesAsked = 0;
  read = [];
});

interface Look extends Partial<Omit<DayToExamine, 'history' | 'day'>> {
  /** What the last statement says of the archive. */
  readonly last?: ArchiveFacts | undefined;
  /** When it was made. Default: now. */
  readonly at?: number;
  /** SHA-256 of what the log holds of the day. */
  readonly logged?: readonly string[];
  readonly ports?: Partial<ReceiptPorts>;
}

function look({ last, at = fixture.now, logged = [], ports, ...change }: Look = {}) {
  const statement = aStatement({
    clock: { local: new Date(at).toISOString() },
    ...(last === undefined ? {} : { archive: last }),
  });
  const history = {
    last: last === undefined ? undefined : { index: 0, sha256: '', statement },
    logged: () => {
      hashesAsked += 1;
      return Promise.resolve(new Set(logged));
    },
  };
  const store = {
    ...fixture.store,
    get: (...given: Parameters<typeof fixture.store.get>) => {
      read.push(given[0]);
      return fixture.store.get(...given);
    },
  };
  const given = { day: D, history, erasures: [], room: 100, ...change };
  return examineDay({ ...fixture.ports(), store, ...ports }, given, unlimited);
}

const hashOf = ({ key }: Pick<Planted, 'key'>) => sha256Hex(fixture.store.bodyOf(receiptKey(key)));
const erasureOf = (word: string, recording: string | undefined = subjectHash(idFrom(word))) =>
  ({
    entry: { kind: 'erasure', day: D, sha256: sha256Hex(word) },
    recording,
    receipt: undefined,
  }) satisfies KnownErasure;

/** Says of a receipt's object that it was changed at that time. */
function stampReceipt({ key }: Planted, lastModified: number): void {
  const name = receiptKey(key);
  const { stat, body } = fixture.store.objects.get(name) ?? {};
  if (stat === undefined || body === undefined) throw new Error(`no ${name}`);
  fixture.store.objects.set(name, { stat: { ...stat, lastModified }, body });
}

describe('a day that is looked at for the first time', () => {
  it('has every receipt as an entry, and is counted to the last one', async () => {
    const entries = [
      await fixture.hold('archived', D),
      await fixture.hold('adopted', D, { kind: 'adopted' }),
      await fixture.hold('completed', D, { kind: 'completed' }),
      await fixture.hold('terminal', D, { kind: 'terminal' }),
      await fixture.hold('unsigned', D, { isUnsigned: true }),
      await fixture.hold('longer', D),
      await fixture.hold('lost', D, { isLost: true }),
    ];
    fixture.store.plant(entries[5]?.key ?? '', 'of another length');
    const alone = await fixture.hold('without a receipt', D);
    fixture.store.objects.delete(receiptKey(alone.key));
    for (const word of ['foreign', 'foreign too'])
      await fixture.hold(word, D, { organization: idFrom('another organization') });
    const examined = await look();
    expect(examined.entries.map(({ sha256 }) => sha256).sort()).toEqual(entries.map(hashOf).sort());
    const stored = [...fixture.store.objects].filter(([key]) => !key.startsWith('receipts/'));
    expect(examined.archive).toEqual({
      recordings: 8,
      receipts: 7,
      archived: 4,
      adopted: 1,
      completed: 1,
      terminal: 1,
      erased: 0,
      unsigned: 1,
      refused: { total: 2, byReason: { 'other-organization': 2 } },
      bytes: stored.reduce((sum, [, { body }]) => sum + body.length, 0),
      store: 'plain:',
      objects: { listed: 8, receipts: 9, absent: 1, withoutReceipt: 1, compared: 5, sizeDiffers: 1 },
    });
    expect([examined.day, examined.isChanged, hashesAsked]).toEqual([D, true, 0]);
    expect([...examined.lost]).toEqual([idFrom('lost')]);
    expect([...examined.terminal]).toEqual([[idFrom('terminal'), 'deleted-at-source']]);
  });

  it('that is empty has nothing, and nothing has changed', async () => {
    const examined = await look();
    expect(examined).toMatchObject({ entries: [], isChanged: false });
    expect([examined.held.size, examined.erased.size]).toEqual([0, 0]);
    expect(examined.archive.objects).not.toHaveProperty('expired');
  });

  it('leaves to the next seal what does not fit into this one', async () => {
    for (const word of ['one', 'two', 'three']) await fixture.hold(word, D);
    const examined = await look({ room: 2, erasures: [erasureOf('gone')] });
    expect(examined.entries.map(({ kind }) => kind)).toEqual(['archived', 'archived', 'erasure']);
    expect(examined.archive).toMatchObject({ archived: 2, receipts: 2, erased: 1 });
  });
});

describe('a day that was stated before', () => {
  it('adds what joined to what was counted', async () => {
    const last = { ...(await look()).archive, archived: 10, adopted: 20, completed: 30, terminal: 40 };
    const [one, two] = [await fixture.hold('one', D), await fixture.hold('two', D, { isUnsigned: true })];
    fixture.store.plant(one.key, 'of another length');
    const examined = await look({
      last: {
        ...last,
        erased: 3,
        unsigned: 5,
        refused: { total: 1, byReason: { malformed: 1 } },
        objects: { ...last.objects, compared: 90, sizeDiffers: 7 },
      },
      erasures: ['a', 'b', 'c', 'd'].map((word) => erasureOf(word)),
      logged: ['a', 'b', 'c'].map((word) => sha256Hex(word)),
    });
    expect(examined.archive).toMatchObject({
      archived: 12,
      adopted: 20,
      completed: 30,
      terminal: 40,
      receipts: 102,
      erased: 4,
      unsigned: 6,
      refused: { total: 1, byReason: { malformed: 1 } },
      objects: { compared: 92, sizeDiffers: 8 },
    });
    const hashes = [hashOf(one), hashOf(two), sha256Hex('d')];
    expect(examined.entries.map(({ sha256 }) => sha256).sort()).toEqual(hashes.sort());
  });

  it('is changed by each count that it can differ in, and by nothing else', async () => {
    for (const word of ['one', 'two']) await fixture.hold(word, D);
    fixture.now += 3 * HOUR;
    const last = (await look()).archive;
    const { objects } = last;
    const isChanged = async (change: Partial<ArchiveFacts>) =>
      (await look({ last: { ...last, ...change } })).isChanged;
    expect(await isChanged({})).toBe(false);
    const refused = { total: 1, byReason: { malformed: 1 } };
    for (const change of [
      { recordings: 3 },
      { bytes: 1 },
      { objects: { ...objects, listed: 3 } },
      { objects: { ...objects, absent: 1 } },
      { objects: { ...objects, expired: 1 } },
    ])
      expect([change, await isChanged(change)]).toEqual([change, true]);
    // how much of it was compared is no news, and what was refused stays until all receipts are read
    expect(await isChanged({ objects: { ...objects, compared: 9 }, unsigned: 1, refused })).toBe(false);
    // an expired one that was counted as such before is none either
    const expired = { of: () => Promise.resolve(new Map([[lost.key, 0]])) };
    const lost = await fixture.hold('lost', D, { isLost: true });
    const seen = await look({ ports: { expired } });
    expect(seen.archive.objects).toMatchObject({ expired: 1, absent: 0 });
    fixture.now += 3 * HOUR;
    expect((await look({ last: seen.archive, ports: { expired } })).isChanged).toBe(false);
    const more = { ...seen.archive, objects: { ...seen.archive.objects, expired: 2 } };
    expect((await look({ last: more, ports: { expired } })).isChanged).toBe(true);
  });

  it('does not ask for what is logged where nothing may have joined', async () => {
    await fixture.hold('one', D);
    fixture.now += 3 * HOUR;
    const erasures = [erasureOf('gone')];
    const last = { ...(await look({ erasures })).archive };
    read = [];
    const logged = [sha256Hex('gone')];
    const again = await look({ last, erasures, logged });
    expect([again.entries, again.archive.erased, again.isChanged]).toEqual([[], 1, false]);
    expect([hashesAsked, read]).toEqual([0, []]);
    const { entries } = await look({ last, erasures: [...erasures, erasureOf('too')], logged });
    expect(entries.map(({ sha256 }) => sha256)).toEqual([sha256Hex('too')]);
  });
});

describe('receipts that are read', () => {
  it('are those that came since the last statement, an hour before it included', async () => {
    const [old, recent] = [await fixture.hold('old', D), await fixture.hold('recent', D)];
    const at = fixture.now + 5 * HOUR;
    const last = (await look()).archive;
    stampReceipt(old, at - HOUR - 1);
    stampReceipt(recent, at - HOUR);
    read = [];
    const logged = [hashOf(old), hashOf(recent)];
    expect(await look({ last, at, logged })).toMatchObject({ entries: [], isChanged: false });
    expect(read).toEqual([receiptKey(recent.key)]);
  });

  it('are no more than those where they explain the count', async () => {
    const old = await fixture.hold('old', D);
    const last = (await look()).archive;
    const at = fixture.now + 5 * HOUR;
    const joined = await fixture.hold('joined', D);
    stampReceipt(joined, at);
    read = [];
    const examined = await look({ last, at, logged: [hashOf(old)] });
    expect(examined.entries.map(({ sha256 }) => sha256)).toEqual([hashOf(joined)]);
    expect(read).toEqual([receiptKey(joined.key)]);
  });

  it('are all where the count does not come out, one of them is refused, or one came while one went', async () => {
    const old = await fixture.hold('old', D);
    const last = (await look()).archive;
    const at = fixture.now + 5 * HOUR;
    const logged = [hashOf(old)];
    const all = async () => {
      read = [];
      const examined = await look({ last, at, logged });
      return {
        read: new Set(read).size,
        entries: examined.entries.length,
        refused: examined.archive.refused,
      };
    };
    const hidden = await fixture.hold('stored out of order', D);
    const none = { total: 0, byReason: {} };
    expect(await all()).toEqual({ read: 2, entries: 1, refused: none });
    const spoil = (planted: Planted) => {
      fixture.store.plant(receiptKey(planted.key), 'nothing');
      stampReceipt(planted, at);
    };
    const malformed = { total: 1, byReason: { malformed: 1 } };
    spoil(hidden);
    expect(await all()).toEqual({ read: 2, entries: 0, refused: malformed });
    fixture.store.objects.delete(receiptKey(hidden.key));
    spoil(old);
    expect(await all()).toEqual({ read: 1, entries: 0, refused: malformed });
    const joined = await fixture.hold('joined', D);
    stampReceipt(joined, at);
    expect(await all()).toEqual({ read: 2, entries: 1, refused: malformed });
    fixture.store.objects.delete(receiptKey(old.key));
    expect(await all()).toEqual({ read: 1, entries: 1, refused: none });
  });

  it('are all where as many came as went, one of them out of order', async () => {
    const gone = [await fixture.hold('one', D), await fixture.hold('two', D)];
    const last = (await look()).archive;
    const at = fixture.now + 5 * HOUR;
    const logged = gone.map(hashOf);
    for (const { key } of gone) fixture.store.objects.delete(receiptKey(key));
    await fixture.hold('stored out of order', D);
    stampReceipt(await fixture.hold('recent', D), at);
    expect((await look({ last, at, logged })).entries).toHaveLength(2);
  });

  it('are those of missing objects alone in a look that states nothing', async () => {
    await fixture.hold('held', D);
    const lost = await fixture.hold('lost', D, { isLost: true });
    const examined = await look({ light: true });
    expect(read).toEqual([receiptKey(lost.key)]);
    expect([examined.entries, [...examined.held], [...examined.lost]]).toEqual([
      [],
      [idFrom('held')],
      [idFrom('lost')],
    ]);
    expect(examined.archive.refused).toEqual({ total: 0, byReason: {} });
    const refused = { total: 1, byReason: { malformed: 1 } };
    const light = await look({ light: true, last: { ...examined.archive, refused } });
    expect(light.archive.refused).toEqual(refused);
  });
});

describe('what stands of a day', () => {
  it('is not held of a recording that is erased, nor lost', async () => {
    await fixture.hold('erased and there', D);
    await fixture.hold('erased and gone', D, { isLost: true });
    await fixture.hold('held', D);
    const unnamed = { ...erasureOf('by its receipt'), recording: undefined };
    const erasures = [erasureOf('erased and there'), erasureOf('erased and gone'), unnamed];
    const { held, lost, erased, archive } = await look({ erasures });
    expect([...held]).toEqual([idFrom('held')]);
    expect([...lost]).toEqual([]);
    expect([...erased].sort()).toEqual(
      ['erased and there', 'erased and gone'].map((word) => subjectHash(idFrom(word))).sort(),
    );
    expect(archive).toMatchObject({ recordings: 1, objects: { absent: 0, listed: 2 } });
  });

  it('is lost, and not held, of a recording one of whose files is', async () => {
    await fixture.hold('of two files', D, { channel: '0' });
    await fixture.hold('of two files', D, { channel: '1', isLost: true });
    const { held, lost, archive } = await look();
    expect([[...held], [...lost], archive.objects.absent]).toEqual([[], [idFrom('of two files')], 1]);
  });

  it('is expired where a rule let the object go, unless another file of the recording is lost', async () => {
    const due = await fixture.hold('due', D, { isLost: true });
    const first = await fixture.hold('of two files', D, { channel: '0', isLost: true });
    await fixture.hold('of two files', D, { channel: '1', isLost: true });
    const expired = { of: () => Promise.resolve(new Map([due, first].map(({ key }) => [key, 0]))) };
    const examined = await look({ ports: { expired } });
    expect([...examined.expired]).toEqual([idFrom('due')]);
    expect([...examined.lost]).toEqual([idFrom('of two files')]);
    expect(examined.archive.objects).toMatchObject({ absent: 1, expired: 2 });
    const unknown = await look({ ports: { expired: undefined } });
    expect(unknown.archive.objects).toMatchObject({ absent: 3 });
  });

  it('asks about rules only where an object is missing', async () => {
    await fixture.hold('held', D);
    let asked = 0;
    const expired = {
      of: () => {
        asked += 1;
        return Promise.resolve(new Map<string, number>());
      },
    };
    await look({ ports: { expired } });
    expect(asked).toBe(0);
    await fixture.hold('lost', D, { isLost: true });
    await look({ ports: { expired } });
    expect(asked).toBe(1);
  });

  it('tells what was deleted at the platform from what failed there', async () => {
    await fixture.hold('deleted', D, { kind: 'terminal', reason: 'DELETED by a person' });
    await fixture.hold('failed', D, { kind: 'terminal', reason: 'transcoding failed' });
    const back = await fixture.hold('back', D, { kind: 'terminal' });
    fixture.store.plant(back.key, 'an object, of which the receipt says nothing');
    const { terminal, archive } = await look();
    expect(Object.fromEntries(terminal)).toEqual({
      [idFrom('deleted')]: 'deleted-at-source',
      [idFrom('failed')]: 'errored-at-source',
    });
    expect(archive.objects).toMatchObject({ absent: 0, listed: 1, compared: 1, sizeDiffers: 0 });
  });

  it('is lost where the receipt is none, and nothing where the receipt went as well', async () => {
    const spoilt = await fixture.hold('spoilt', D, { isLost: true });
    fixture.store.plant(receiptKey(spoilt.key), 'nothing');
    const gone = await fixture.hold('gone meanwhile', D, { isLost: true });
    const get: typeof fixture.store.get = (key, ...rest) =>
      key === receiptKey(gone.key)
        ? Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'gone'))
        : fixture.store.get(key, ...rest);
    const { lost, archive } = await look({ ports: { store: { ...fixture.store, get } } });
    expect([...lost]).toEqual([idFrom('spoilt')]);
    expect(archive.objects).toMatchObject({ absent: 1, receipts: 2 });
  });
});
