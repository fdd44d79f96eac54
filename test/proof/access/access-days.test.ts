import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { checkAccessDay } from '../../../src/proof/access/check-access-day.ts';
import { examineAccess } from '../../../src/proof/access/examine-access.ts';
import { accessRoot, packAccessList, unpackAccessList } from '../../../src/proof/formats/access-list.ts';
import { brokenEquations, type Statement } from '../../../src/proof/formats/statement.ts';
import { openProver } from '../../../src/proof/prove/prove-entry.ts';
import { sealDays, type SealDaysPorts } from '../../../src/proof/seal-days.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { failure } from '../../failure.ts';
import { accessEntries, type PlantedEntry } from '../access-fixture.ts';
import { ArchiveFixture, DAY } from '../archive-fixture.ts';
import { placeIn } from '../log-fixture.ts';
import type { PlainStore } from '../plain-store.ts';

const D = '2026-03-02';
const NEXT = '2026-03-03';

async function begun(lengths: readonly number[] = []): Promise<ArchiveFixture> {
  const fixture = new ArchiveFixture();
  await fixture.init();
  plant(fixture, accessEntries(D, lengths));
  return fixture;
}

function plant({ store }: ArchiveFixture, entries: readonly PlantedEntry[]): void {
  for (const { key, bytes } of entries) store.plant(key, bytes);
}

async function seal(
  fixture: ArchiveFixture,
  change: Partial<SealDaysPorts> = {},
): Promise<readonly Statement[]> {
  const { statements } = await sealDays({ ...fixture.ports(), ...change }, {}, unlimited);
  for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  return statements;
}

async function listOf(store: PlainStore, { access, day }: Statement): Promise<readonly string[]> {
  if (access === undefined || !('list' in access)) throw new Error('not listed');
  const packed = store.bodyOf(placeIn(store).keys.accessList(day, access.list.root));
  return gunzipSync(packed).toString().trimEnd().split('\n');
}

const EMPTY_ROOT = createHash('sha256').digest('hex');

const check = async (store: PlainStore, day = D) => {
  const place = placeIn(store);
  return checkAccessDay(place, await openProver(place, DATE_LAYOUT, unlimited), day, unlimited);
};
const audit = async (store: PlainStore) => (await auditLog(placeIn(store), [], unlimited)).findings;

/** The store of a sealer that may not read the access log. */
const forbidding = (store: PlainStore): PlainStore => ({
  ...store,
  get: (key, ...rest) =>
    key.startsWith('access/')
      ? Promise.reject(new ArchiveError('STORE_DENIED', `no access to ${key}`))
      : store.get(key, ...rest),
});

describe('the statement of a day', () => {
  it('lists the access entries of all sessions by key and hash, and nothing that they say', async () => {
    const fixture = await begun([3, 1, 2]);
    plant(fixture, accessEntries(NEXT, [2]));
    const [statement] = await seal(fixture);
    const entries = accessEntries(D, [3, 1, 2]);
    const lines = await listOf(fixture.store, statement as Statement);
    const expected = entries.map(
      ({ key, bytes }) => `${createHash('sha256').update(bytes).digest('hex')}  ${key}`,
    );
    expect(lines.toSorted()).toEqual(expected.toSorted());
    expect(statement?.access).toEqual({
      list: { count: 6, root: accessRoot(lines) },
      missing: 0,
      refused: 0,
    });
    for (const [key, { body }] of fixture.store.objects) {
      if (!key.startsWith('proof/')) continue;
      expect((key.endsWith('.gz') ? gunzipSync(body) : body).toString('latin1')).not.toMatch(
        /Brandt|sub-|recording-of/,
      );
    }
    expect(await check(fixture.store)).toMatchObject({
      standing: 'sealed',
      entries: 6,
      listed: 6,
      findings: [],
    });
    expect(await audit(fixture.store)).toEqual([]);
  });

  it('tells a day without entries from one whose entries may not be read', async () => {
    const quiet = await begun();
    const [none] = await seal(quiet);
    expect(none?.access).toEqual({ list: { count: 0, root: EMPTY_ROOT }, missing: 0, refused: 0 });
    expect(await check(quiet.store)).toMatchObject({ standing: 'sealed', entries: 0, findings: [] });
    const closed = await begun([2]);
    const [forbidden] = await seal(closed, { store: forbidding(closed.store) });
    expect(forbidden?.access).toEqual({ unavailable: { code: 'STORE_DENIED' } });
    expect(await check(closed.store)).toMatchObject({ standing: 'unavailable', findings: [] });
    // and is stated as soon as they may be
    closed.now += DAY;
    const [again] = await seal(closed);
    expect(again).toMatchObject({ day: D, revision: 1, access: { list: { count: 2 } } });
  });

  it('is not made when the store does not answer: that says nothing about the entries', async () => {
    const fixture = await begun([2]);
    const get: PlainStore['get'] = (key, ...rest) =>
      key.startsWith('access/')
        ? Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'no answer'))
        : fixture.store.get(key, ...rest);
    const error = await failure(seal(fixture, { store: { ...fixture.store, get } }));
    expect(error.code).toBe('STORE_UNAVAILABLE');
    expect([...fixture.store.objects.keys()].filter((key) => key.includes('/seals/'))).toEqual([]);
  });

  it('lists what came late in a new revision, which begins with what was listed', async () => {
    const fixture = await begun([2]);
    const [first] = await seal(fixture);
    fixture.now += DAY;
    const late = accessEntries(D, [1], 20);
    plant(fixture, late);
    expect((await check(fixture.store)).findings).toEqual([
      { key: late[0]?.key, problem: 'the log does not hold it: it came after the day was sealed' },
    ]);
    const [second] = await seal(fixture);
    expect(second).toMatchObject({ day: D, revision: 1, access: { list: { count: 3 } } });
    const before = await listOf(fixture.store, first as Statement);
    expect(await listOf(fixture.store, second as Statement)).toEqual(expect.arrayContaining([...before]));
    expect(await check(fixture.store)).toMatchObject({ listed: 3, findings: [] });
    fixture.now += DAY;
    expect((await seal(fixture)).map(({ day }) => day)).toEqual(['2026-03-04']);
    expect(await audit(fixture.store)).toEqual([]);
  });

  it('keeps what was listed once listed, and says how much of it is gone', async () => {
    const fixture = await begun([3]);
    await seal(fixture);
    fixture.now += DAY;
    const [, gone] = accessEntries(D, [3]);
    fixture.store.objects.delete(gone?.key ?? '');
    const [revised] = await seal(fixture);
    expect(revised).toMatchObject({ day: D, revision: 1, access: { list: { count: 3 }, missing: 1 } });
    expect((await check(fixture.store)).findings).toContainEqual({
      key: gone?.key,
      problem: 'the log holds it, and it is missing',
    });
    fixture.now += DAY;
    expect((await seal(fixture)).map(({ day }) => day)).toEqual(['2026-03-04']);
  });

  it('repeats what it commits to when the list is gone: it is put back while the entries make it, and never another one', async () => {
    const fixture = await begun([3]);
    const [first] = await seal(fixture);
    const before = await listOf(fixture.store, first as Statement);
    const key = placeIn(fixture.store).keys.accessList(D, accessRoot(before));
    fixture.store.objects.delete(key);
    fixture.now += DAY;
    expect((await seal(fixture)).map(({ day }) => day)).toEqual([NEXT]);
    expect(await listOf(fixture.store, first as Statement)).toEqual(before);
    expect(await audit(fixture.store)).toEqual([]);
    fixture.store.objects.delete(key);
    fixture.store.objects.delete(accessEntries(D, [3])[0]?.key ?? '');
    fixture.now += 3 * DAY;
    const final = (await seal(fixture)).find(({ day }) => day === D);
    expect(final).toMatchObject({ revision: 1, status: 'final', access: first?.access });
    expect(fixture.store.objects.has(key)).toBe(false);
    expect(await audit(fixture.store)).toEqual([
      expect.objectContaining({ problem: 'its list of access entries is missing, or another one' }),
    ]);
  });

  it('counts what can be no entry, and lists none of it', async () => {
    const fixture = await begun([1]);
    fixture.store.plant('access/2026/03/02/notes.txt', 'x');
    fixture.store.plant('access/2026/03/02/101500000Z-aa.json', Buffer.alloc(70_000));
    const [statement] = await seal(fixture);
    expect(statement?.access).toMatchObject({ list: { count: 1 }, refused: 2 });
  });

  it('is no different without entries in a log of a version that did not look, until there is one', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    const [statement] = await seal(fixture);
    const { access: _, ...earlier } = statement as Statement;
    const look = async () => examineAccess(placeIn(fixture.store), { day: D, last: earlier }, unlimited);
    expect(await look()).toMatchObject({ isNews: false });
    plant(fixture, accessEntries(D, [1]));
    expect(await look()).toMatchObject({ isNews: true });
  });
});

type Change = (store: PlainStore, entries: readonly PlantedEntry[], at: number) => readonly string[];

/** Each returns the keys that have to be named. */
const CHANGES: Readonly<Record<string, Change>> = {
  removed: (store, entries, at) => {
    const { key = '' } = entries[at] ?? {};
    store.objects.delete(key);
    return [key];
  },
  changed: (store, entries, at) => {
    const { key = '', bytes = Buffer.alloc(0) } = entries[at] ?? {};
    store.plant(key, bytes.toString().replace('"outcome":"granted"', '"outcome":"refused"'));
    return [key];
  },
  exchanged: (store, entries, at) => {
    const one = entries[at];
    const other = entries[(at + 1) % entries.length];
    store.plant(one?.key ?? '', other?.bytes ?? '');
    store.plant(other?.key ?? '', one?.bytes ?? '');
    return [one?.key ?? '', other?.key ?? ''];
  },
  renamed: (store, entries, at) => {
    const { key = '', bytes = '' } = entries[at] ?? {};
    const name = key.replace(/[0-9a-f]{12}\.json$/, 'aaaaaaaaaaaa.json');
    store.objects.delete(key);
    store.plant(name, bytes);
    return [key, name];
  },
  added: (store) => {
    const [{ key, bytes }] = accessEntries(D, [1], 21) as [PlantedEntry];
    store.plant(key, bytes);
    return [key];
  },
};

describe('access entries that are held against the log', () => {
  it('names each entry that is removed, changed, exchanged, renamed or added, and nothing else', async () => {
    const fixture = await begun([3, 1, 4]);
    await seal(fixture);
    const entries = accessEntries(D, [3, 1, 4]);
    const wrong: string[] = [];
    for (const [what, change] of Object.entries(CHANGES)) {
      for (const at of entries.keys()) {
        const store = fixture.store.copy();
        const named = change(store, entries, at);
        const { findings } = await check(store);
        const told = new Set(
          findings.filter(({ problem }) => !problem.includes('chain')).map(({ key }) => key),
        );
        if (told.size !== named.length || !named.every((key) => told.has(key))) wrong.push(`${what} ${at}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of a broken chain are named also on a day that is not sealed', async () => {
    const fixture = await begun([1]);
    await seal(fixture);
    const entries = accessEntries(NEXT, [3]);
    plant(fixture, entries);
    fixture.store.objects.delete(entries[1]?.key ?? '');
    expect(await check(fixture.store, NEXT)).toMatchObject({
      standing: 'not-sealed',
      findings: [
        { key: entries[2]?.key, problem: expect.stringContaining('its chain is broken') as unknown },
      ],
    });
  });

  it('need no list as long as they make the root, and without both it is said that it cannot be told', async () => {
    const fixture = await begun([3]);
    const [statement] = await seal(fixture);
    const { access } = statement as Statement;
    if (access === undefined || !('list' in access)) throw new Error('not listed');
    const key = placeIn(fixture.store).keys.accessList(D, access.list.root);
    const spoilt = [undefined, gzipSync(''), Buffer.from('x')];
    for (const body of spoilt) {
      const store = fixture.store.copy();
      if (body === undefined) store.objects.delete(key);
      else store.plant(key, body);
      expect((await check(store)).findings).toEqual([
        { key, problem: expect.stringContaining('so are as they were') as unknown },
      ]);
      expect((await audit(store)).map(({ problem }) => problem)).toContain(
        'its list of access entries is missing, or another one',
      );
      store.objects.delete(accessEntries(D, [3])[2]?.key ?? '');
      expect((await check(store)).findings).toEqual([
        { key, problem: expect.stringContaining('cannot be told') as unknown },
      ]);
    }
  });

  it('are held to every revision: a later one that leaves an entry out, signed with the key of the log, is seen', async () => {
    const fixture = await begun([3]);
    const [statement] = await seal(fixture);
    const lines = await listOf(fixture.store, statement as Statement);
    const [, gone] = accessEntries(D, [3]);
    fixture.store.objects.delete(gone?.key ?? '');
    const fewer = lines.filter((line) => !line.endsWith(gone?.key ?? ''));
    const place = placeIn(fixture.store);
    const list = { count: fewer.length, root: accessRoot(fewer) };
    fixture.store.plant(place.keys.accessList(D, list.root), packAccessList(fewer));
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
            revision: 1,
            supersedes: { index, sha256 },
            ...(previous === undefined ? {} : { previous }),
            log: { ...first.log, ...log },
            access: { list, missing: 0, refused: 0 },
          }),
        ],
      });
    };
    await sealLog(place, { recall: () => Promise.resolve([]), gather }, unlimited);
    expect((await audit(fixture.store)).map(({ problem }) => problem)).toEqual([
      `its list of access entries lacks ${gone?.key}, or has another one under that name`,
    ]);
    expect((await check(fixture.store)).findings).toContainEqual({
      key: gone?.key,
      problem: 'the log holds it, and it is missing',
    });
  });
});

describe('sealing access entries', () => {
  it('stops at a list that a stranger planted, and overwrites nothing', async () => {
    const fixture = await begun([2]);
    const probe = fixture.store.copy();
    const lines = accessEntries(D, [2])
      .map(({ key, bytes }) => `${createHash('sha256').update(bytes).digest('hex')}  ${key}`)
      .toSorted((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1));
    const key = placeIn(probe).keys.accessList(D, accessRoot(lines));
    fixture.store.plant(key, 'planted');
    const error = await failure(seal(fixture));
    expect(error.code).toBe('LOG_CONFLICT');
    expect(fixture.store.bodyOf(key).toString()).toBe('planted');
  });

  it('makes one history of sealers that race while entries come', async () => {
    for (let round = 0; round < 5; round += 1) {
      const fixture = await begun([2]);
      const coming = accessEntries(D, [4], 20);
      let reads = 0;
      const store: PlainStore = {
        ...fixture.store,
        get: (...args) => {
          reads += 1;
          const entry = reads % (7 + round) === 0 ? coming[Math.floor(reads / (7 + round)) - 1] : undefined;
          if (entry !== undefined) fixture.store.plant(entry.key, entry.bytes);
          return fixture.store.get(...args);
        },
      };
      await Promise.all(
        Array.from({ length: 5 }, () => sealDays({ ...fixture.ports(), store }, {}, unlimited)),
      );
      plant(fixture, coming);
      fixture.now += DAY;
      await seal(fixture);
      expect(await audit(fixture.store)).toEqual([]);
      expect(await check(fixture.store)).toMatchObject({ listed: 6, findings: [] });
    }
  });
});

describe('a list of access entries', () => {
  it('is read in one spelling only', () => {
    const line = `${'ab'.repeat(32)}  access/2026/03/02/101500000Z-aa.json`;
    const other = line.replace('1015', '1016');
    const pack = (...lines: readonly string[]) => gzipSync(lines.map((each) => `${each}\n`).join(''));
    const read = (...lines: readonly string[]) => unpackAccessList(pack(...lines), accessRoot(lines));
    expect(read(line, other)?.size).toBe(2);
    for (const wrong of [
      [other, line],
      [line, line],
      [line.toUpperCase()],
      [line.replace('  ', ' ')],
      [line.replace('/03/02/', '/03/')],
      [`${line} `],
    ]) {
      expect(read(...wrong)).toBeUndefined();
    }
    expect(unpackAccessList(gzipSync(line), accessRoot([line]))).toBeUndefined();
  });
});
