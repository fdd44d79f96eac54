import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredEntry } from '../../../src/audit/read-access.ts';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { checkAccessDay, compareWithList } from '../../../src/proof/access/check-access-day.ts';
import { examineAccess, storeAccessList } from '../../../src/proof/access/examine-access.ts';
import { readAccessList } from '../../../src/proof/access/read-access-list.ts';
import { accessLines, accessRoot, packAccessList } from '../../../src/proof/formats/access-list.ts';
import type { Statement } from '../../../src/proof/formats/statement.ts';
import { openProver, type Prover } from '../../../src/proof/prove/prove-entry.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { hashAccessEntry, MAX_ENTRY_BYTES } from '../../../src/record/access-entry.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { failure } from '../../failure.ts';
import { accessEntries, type PlantedEntry } from '../access-fixture.ts';
import { ArchiveFixture, DAY } from '../archive-fixture.ts';
import { placeIn, sealingDays } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';

const D = '2026-03-02';
const GONE = 'the log holds it, and it is missing';
const CHANGED = 'it is not the entry that the log holds: it was changed';
const LATE = 'the log does not hold it: it came after the day was sealed';
const EARLIER = 'the list of an earlier revision is missing, or another one';

const unavailable = (code: 'STORE_UNAVAILABLE' | 'STORE_DENIED' | 'OBJECT_NOT_FOUND' | 'LOG_MALFORMED') =>
  Promise.reject(new ArchiveError(code, 'no'));

let fixture: ArchiveFixture;
beforeEach(() => {
  fixture = new ArchiveFixture();
});

function plant(entries: readonly PlantedEntry[]): readonly PlantedEntry[] {
  for (const { key, bytes } of entries) fixture.store.plant(key, bytes);
  return entries;
}

async function seal(): Promise<readonly Statement[]> {
  return (await sealDays(fixture.ports(), {}, unlimited)).statements;
}

const check = async (day = D, store: PlainStore = fixture.store) => {
  const place = placeIn(store);
  return checkAccessDay(place, await openProver(place, DATE_LAYOUT, unlimited), day, unlimited);
};

/** Signs a further revision of the day that ends the log, with the key of the log. */
async function restate(list: { readonly count: number; readonly root: string }): Promise<void> {
  let isStated = false;
  const gather: Parameters<typeof sealLog>[1]['gather'] = (_head, last) => {
    if (isStated || last === undefined) return Promise.resolve(undefined);
    isStated = true;
    const { index, sha256, statement: first } = last;
    return Promise.resolve({
      entries: [],
      keyFiles: [],
      statements: [
        ({ previous, ...log }) => ({
          ...first,
          revision: first.revision + 1,
          supersedes: { index, sha256 },
          ...(previous === undefined ? {} : { previous }),
          log: { ...first.log, ...log },
          access: { list, missing: 0, refused: 0 },
        }),
      ],
    });
  };
  await sealLog(placeIn(fixture.store), { recall: () => Promise.resolve([]), gather }, unlimited);
}

function listOf({ access, day }: Statement) {
  if (access === undefined || !('list' in access)) throw new Error('not listed');
  return { list: access.list, key: placeIn(fixture.store).keys.accessList(day, access.list.root) };
}

describe('entries beside their list', () => {
  const stored = (entries: Readonly<Record<string, string>>): StoredEntry[] =>
    Object.entries(entries).map(([key, hash]) => ({ key, hash, entry: undefined }));
  const listed = new Map(Object.entries({ b: '1', d: '2', e: '3', f: '4' }));

  it('are named in the order of their keys, each with what is wrong with it', () => {
    const there = stored({ z: '9', d: 'changed', a: '3', f: '4' });
    expect(compareWithList(there, listed)).toEqual([
      { key: 'a', problem: 'it is the entry that was sealed as e' },
      { key: 'b', problem: GONE },
      { key: 'd', problem: CHANGED },
      { key: 'e', problem: GONE },
      { key: 'z', problem: LATE },
    ]);
    expect(compareWithList(stored({ b: '1', d: '2', e: '3', f: '4' }), listed)).toEqual([]);
  });

  it('are not called late where the list has not all that the log holds', () => {
    expect(compareWithList(stored({ z: '9' }), new Map(), false)).toEqual([]);
    expect(compareWithList(stored({ b: '9' }), new Map([['b', '1']]), false)).toEqual([
      { key: 'b', problem: CHANGED },
    ]);
  });
});

describe('a list of access entries in the store', () => {
  it('is read where it has as many entries as the statement says; larger than any is none', async () => {
    const store = plainStore();
    const { keys } = placeIn(store);
    const lines = accessLines(new Map(accessEntries(D, [3]).map(({ key }) => [key, 'ab'.repeat(32)])));
    const root = accessRoot(lines);
    const read = (count: number, given: PlainStore = store) =>
      readAccessList({ store: given, keys }, { day: D, list: { count, root } }, unlimited);
    expect(await read(3)).toBeUndefined();
    store.plant(keys.accessList(D, root), packAccessList(lines));
    expect((await read(3))?.size).toBe(3);
    expect(await read(2)).toBeUndefined();
    expect(await read(3, { ...store, get: () => unavailable('LOG_MALFORMED') })).toBeUndefined();
    expect((await failure(read(3, { ...store, get: () => unavailable('STORE_UNAVAILABLE') }))).code).toBe(
      'STORE_UNAVAILABLE',
    );
    const get = () => Promise.reject(Object.assign(new RangeError('no'), { code: 'LOG_MALFORMED' }));
    await expect(read(3, { ...store, get })).rejects.toThrow(RangeError);
    // of no entries none is stored
    expect((await read(0, { ...store, get: () => unavailable('STORE_UNAVAILABLE') }))?.size).toBe(0);
  });

  it('is stored once, and found there by who comes second', async () => {
    const entries = plant(accessEntries(D, [2]));
    const place = placeIn(fixture.store);
    const examined = await examineAccess(place, { day: D, last: undefined }, unlimited);
    const before = fixture.store.writes.count;
    const get = () => unavailable('STORE_UNAVAILABLE');
    // what it has stored it does not read
    await storeAccessList({ ...place, store: { ...fixture.store, get } }, D, examined, unlimited);
    await storeAccessList(place, D, examined, unlimited);
    await storeAccessList(place, D, { ...examined, list: undefined }, unlimited);
    expect(fixture.store.writes.count).toBe(before + 1);
    const root = examined.list?.root ?? '';
    const found = await readAccessList(place, { day: D, list: { count: 2, root } }, unlimited);
    expect([...(found ?? [])]).toEqual(entries.map(({ key, bytes }) => [key, hashAccessEntry(bytes)]));
    fixture.store.plant(place.keys.accessList(D, root), 'another');
    const error = await failure(storeAccessList(place, D, examined, unlimited));
    expect([error.code, error.message]).toEqual([
      'LOG_CONFLICT',
      `${place.keys.accessList(D, root)} is not the list that the seal commits to`,
    ]);
  });
});

describe('the look at the entries of a day', () => {
  const look = (last: Statement | undefined, store: PlainStore = fixture.store) =>
    examineAccess(placeIn(store), { day: D, last }, unlimited);

  async function sealed(): Promise<Statement> {
    await fixture.init();
    plant(accessEntries(D, [3]));
    const [statement] = await seal();
    if (statement === undefined) throw new Error('nothing was sealed');
    return statement;
  }

  it('is news where the list, what is missing or what is refused differs, and never the first time', async () => {
    plant(accessEntries(D, [1], 4));
    expect((await look(undefined)).isNews).toBe(false);
    const last = await sealed();
    const { list } = listOf(last);
    const facts = { list, missing: 0, refused: 0 };
    const isNews = async (access: NonNullable<Statement['access']>) =>
      (await look({ ...last, access })).isNews;
    expect(await isNews(facts)).toBe(false);
    expect(await isNews({ ...facts, missing: 1 })).toBe(true);
    expect(await isNews({ ...facts, refused: 1 })).toBe(true);
    expect(await isNews({ unavailable: { code: 'STORE_DENIED' } })).toBe(true);
    plant(accessEntries(D, [1], 20));
    expect(await isNews(facts)).toBe(true);
  });

  it('is news in a log that has listed none where there are entries, or what is none', async () => {
    const { access: _, ...earlier } = await sealed();
    expect((await look(earlier)).isNews).toBe(true);
    for (const { key } of accessEntries(D, [3])) fixture.store.objects.delete(key);
    expect((await look(earlier)).isNews).toBe(false);
    fixture.store.plant('access/2026/03/02/notes.txt', 'x');
    expect(await look(earlier)).toMatchObject({ isNews: true, facts: { refused: 1, list: { count: 0 } } });
  });

  it('takes an entry of the largest size, and passes over what went since it was listed', async () => {
    const [entry] = accessEntries(D, [1]);
    const other = entry?.key.replace(/[0-9a-f]{12}\.json$/, 'aaaaaaaaaaaa.json') ?? '';
    fixture.store.plant(entry?.key ?? '', Buffer.alloc(MAX_ENTRY_BYTES));
    fixture.store.plant(other, Buffer.alloc(MAX_ENTRY_BYTES + 1));
    expect((await look(undefined)).facts).toMatchObject({ list: { count: 1 }, refused: 1 });
    const get = () => unavailable('OBJECT_NOT_FOUND');
    const gone = await look(undefined, { ...fixture.store, get });
    expect(gone.facts).toMatchObject({ list: { count: 0 }, missing: 0, refused: 1 });
  });

  it('keeps what was listed as it was listed, and counts what of it is gone', async () => {
    const last = await sealed();
    const [one, two] = accessEntries(D, [3]);
    fixture.store.objects.delete(one?.key ?? '');
    fixture.store.plant(two?.key ?? '', 'changed');
    plant(accessEntries(D, [1], 20));
    const got: string[] = [];
    const get: PlainStore['get'] = (...given) => {
      got.push(given[0]);
      return fixture.store.get(...given);
    };
    const seen = await look(last, { ...fixture.store, get });
    expect(seen.facts).toMatchObject({ list: { count: 4 }, missing: 1, refused: 0 });
    expect(seen.list?.lines.join()).toContain(hashAccessEntry(two?.bytes ?? Buffer.alloc(0)));
    // the list, and what joined
    expect(got).toHaveLength(2);
  });

  it('puts a list back that the entries make, and else leaves the day as it was stated', async () => {
    const last = await sealed();
    const { key } = listOf(last);
    const whole = fixture.store.bodyOf(key);
    fixture.store.objects.delete(key);
    expect(await look(last)).toMatchObject({ facts: last.access, isNews: false });
    expect(fixture.store.bodyOf(key)).toEqual(whole);
    fixture.store.objects.delete(key);
    fixture.store.plant(accessEntries(D, [3])[0]?.key ?? '', 'changed');
    expect(await look(last)).toEqual({ facts: last.access, list: undefined, isNews: false });
    expect(fixture.store.objects.has(key)).toBe(false);
  });

  it('stores no list of a day without entries', async () => {
    const examined = await look(undefined);
    const { count } = fixture.store.writes;
    await storeAccessList(placeIn(fixture.store), D, examined, unlimited);
    expect(fixture.store.writes.count).toBe(count);
  });

  it('says that the entries may not be read, and nothing where the store does not answer', async () => {
    plant(accessEntries(D, [1]));
    const denied = await look(undefined, { ...fixture.store, get: () => unavailable('STORE_DENIED') });
    const facts = { unavailable: { code: 'STORE_DENIED' } };
    expect(denied).toEqual({ facts, list: undefined, isNews: false });
    const down = { ...fixture.store, get: () => unavailable('STORE_UNAVAILABLE') };
    expect((await failure(look(undefined, down))).code).toBe('STORE_UNAVAILABLE');
  });

  it('keeps what was stated where the entries may be read no more', async () => {
    const last = await sealed();
    plant(accessEntries(D, [1], 20));
    const get = () => unavailable('STORE_DENIED');
    const seen = await look(last, { ...fixture.store, get });
    expect(seen).toEqual({ facts: last.access, list: undefined, isNews: false });
  });
});

describe('a day that is held against the log', () => {
  it('has a session that began the day before, whole', async () => {
    await fixture.init('2026-03-01');
    const [first, ...rest] = accessEntries('2026-03-01', [3], 23);
    if (first === undefined) throw new Error('no entry');
    fixture.store.plant(first.key, first.bytes);
    const moved = rest.map(({ key, bytes }) => ({ key: key.replace('/03/01/', '/03/02/'), bytes }));
    plant(moved);
    await seal();
    expect((await check()).findings).toEqual([]);
    fixture.store.objects.delete(first.key);
    expect((await check()).findings).toEqual([
      {
        key: moved[0]?.key,
        problem: 'its chain is broken: the entry before it is gone, or was changed, or it is no entry',
      },
    ]);
  });

  it('says which revision’s list is gone, and still names what it can', async () => {
    await fixture.init();
    const [one] = plant(accessEntries(D, [2]));
    const [first] = await seal();
    fixture.now += DAY;
    const [late] = plant(accessEntries(D, [1], 20));
    const [second] = await seal();
    if (first === undefined || second === undefined) throw new Error('nothing was sealed');
    expect(await check()).toEqual({ day: D, standing: 'sealed', entries: 3, listed: 3, findings: [] });
    const [added] = plant(accessEntries(D, [1], 21));
    const whole = new Map(fixture.store.objects);
    // without the earlier list the later one has everything
    fixture.store.objects.delete(listOf(first).key);
    expect((await check()).findings).toEqual([
      { key: listOf(first).key, problem: EARLIER },
      { key: added?.key, problem: LATE },
    ]);
    // without the later one what is not in the earlier one may be listed there, or not
    fixture.store.objects.set(listOf(first).key, whole.get(listOf(first).key) as never);
    fixture.store.objects.delete(listOf(second).key);
    fixture.store.objects.delete(one?.key ?? '');
    const { findings, listed } = await check();
    expect(listed).toBe(3);
    expect(findings.map(({ key }) => key)).not.toContain(late?.key);
    expect(findings.slice(0, 2)).toEqual([
      { key: listOf(second).key, problem: expect.stringContaining('the log holds 3, and which') as unknown },
      { key: one?.key, problem: GONE },
    ]);
  });

  it('needs no list where the entries make its root', async () => {
    await fixture.init();
    plant(accessEntries(D, [2]));
    const [statement] = await seal();
    const { key } = listOf(statement as Statement);
    fixture.store.objects.delete(key);
    const problem = 'the list is missing, or another one; the entries make its root, and so are as they were';
    expect((await check()).findings).toEqual([{ key, problem }]);
  });

  it('is unavailable where the sealer could not read the entries', async () => {
    await fixture.init();
    plant(accessEntries(D, [2]));
    const get: PlainStore['get'] = (key, ...rest) =>
      key.startsWith('access/') ? unavailable('STORE_DENIED') : fixture.store.get(key, ...rest);
    await sealDays({ ...fixture.ports(), store: { ...fixture.store, get } }, {}, unlimited);
    const expected = { day: D, standing: 'unavailable', entries: 2, listed: 0, findings: [] };
    expect(await check()).toEqual(expected);
  });

  it('is held to the first revision that lists an entry', async () => {
    await fixture.init();
    const [one, two] = plant(accessEntries(D, [2]));
    await seal();
    if (one === undefined || two === undefined) throw new Error('no entries');
    const changed = two.bytes.toString().replace('"outcome":"granted"', '"outcome":"refused"');
    fixture.store.plant(two.key, changed);
    const hashes = [one.bytes, Buffer.from(changed)].map(hashAccessEntry);
    const lines = accessLines(new Map([one.key, two.key].map((key, at) => [key, hashes[at] ?? ''])));
    const list = { count: 2, root: accessRoot(lines) };
    fixture.store.plant(placeIn(fixture.store).keys.accessList(D, list.root), packAccessList(lines));
    await restate(list);
    expect((await check()).findings).toContainEqual({ key: two.key, problem: CHANGED });
  });

  it('of a version that did not look at the access log is not stated, and of no statement not sealed', async () => {
    plant(accessEntries(D, [1]));
    await sealLog(placeIn(fixture.store), sealingDays([1]), unlimited);
    const nothing = { entries: 1, listed: 0, findings: [] };
    expect(await check()).toEqual({ day: D, standing: 'not-stated', ...nothing });
    expect(await check('2026-03-03')).toMatchObject({ standing: 'not-sealed', entries: 0 });
  });

  it('is an error where a proof does not lead to the log, or the log cannot be read', async () => {
    await fixture.init();
    await seal();
    const place = placeIn(fixture.store);
    const prover = await openProver(place, DATE_LAYOUT, unlimited);
    const error = await failure(checkAccessDay({ ...place, trusted: [] }, prover, D, unlimited));
    expect([error.code, error.message]).toEqual([
      'PROOF_INVALID',
      expect.stringMatching(`^${D}, revision 0: .`),
    ]);
    const failing: Pick<Prover, 'day'> = { day: () => unavailable('STORE_UNAVAILABLE') };
    expect((await failure(checkAccessDay(place, failing, D, unlimited))).code).toBe('STORE_UNAVAILABLE');
    const broken: Pick<Prover, 'day'> = {
      day: () => Promise.reject(Object.assign(new RangeError('no'), { code: 'NOT_SEALED' })),
    };
    await expect(checkAccessDay(place, broken, D, unlimited)).rejects.toThrow(RangeError);
  });
});
