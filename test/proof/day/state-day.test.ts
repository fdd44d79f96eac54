import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { SourceDay, SourceFacts, SourceRecording } from '../../../src/ports.ts';
import { examineDay } from '../../../src/proof/day/examine-day.ts';
import { lookAtDay, stateDay, type StatingPorts, storeLists } from '../../../src/proof/day/state-day.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { listRoot } from '../../../src/proof/formats/list-lines.ts';
import { brokenEquations, type Statement } from '../../../src/proof/formats/statement.ts';
import { canonicalJson } from '../../../src/record/canonical-json.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, DAY, idFrom } from '../archive-fixture.ts';
import { ORGANIZATION, ORIGIN, placeIn } from '../log-fixture.ts';

const D = '2026-03-02';
const NOW = Date.parse('2026-03-03T03:00:00Z');

let fixture: ArchiveFixture;
let clock: number;
beforeEach(() => {
  fixture = new ArchiveFixture();
  clock = NOW;
});

const FACTS: SourceFacts = {
  method: 'conversation-job+recordings',
  api: 'api.example.com',
  query: '{"a":1}',
  interval: `${D}T00:00:00Z/P1D`,
  pages: 3,
  conversations: 4,
  visibility: { divisions: 'all', permissions: ['recording:recording:view'] },
};

/** Ports whose clock goes on by a second with each question. */
function portsOf(answer: () => Promise<SourceDay>, change: Partial<StatingPorts> = {}): StatingPorts {
  return {
    ...fixture.ports(),
    source: { listDay: answer },
    now: () => {
      clock += 1_000;
      return clock - 1_000;
    },
    ...change,
  };
}

const examine = () => {
  const history = { last: undefined, logged: () => Promise.resolve(new Set<string>()) };
  return examineDay(fixture.ports(), { day: D, history, erasures: [], room: 100 }, unlimited);
};

const answered = (recordings: readonly SourceRecording[], facts: Partial<SourceFacts> = {}) =>
  portsOf(() => Promise.resolve({ recordings, facts: { ...FACTS, ...facts } }));

/** What a statement of what the platform answers says, where it is the first of the day unless there is a last one. */
async function state(ports: StatingPorts, last?: Statement, now = NOW) {
  const examined = await examine();
  const looked = await lookAtDay(ports, examined, undefined, unlimited);
  const { statement, ...rest } = stateDay(ports, {
    examined,
    access: undefined,
    looked,
    history: {
      last: last === undefined ? undefined : { index: 7, sha256: sha256Hex('last'), statement: last },
      logged: () => Promise.resolve(new Set()),
    },
    organization: ORGANIZATION,
    origin: ORIGIN,
    first: '2026-03-01',
    through: D,
    now,
  });
  const before = { size: 0, root: 'root' };
  const place = { index: 9, from: 5, to: 8, before };
  return {
    ...rest,
    made: statement({ ...place, previous: undefined }),
    /** The same behind another statement. */
    madeAfter: statement({ ...place, previous: { index: 8, sha256: sha256Hex('previous') } }),
  };
}

const recordings = (...words: readonly string[]) => words.map((word) => fixture.record(word, D));

describe('the platform is asked about a day', () => {
  const failing = (code: ConstructorParameters<typeof ArchiveError>[0]) =>
    portsOf(() => Promise.reject(new ArchiveError(code, 'no')));

  it('and what keeps it from answering is a part of the statement', async () => {
    for (const code of ['GENESYS_UNAVAILABLE', 'SOURCE_UNAVAILABLE', 'OUT_OF_TIME'] as const) {
      clock = NOW;
      const { made, lists } = await state(failing(code));
      expect(made.source).toEqual({ unavailable: { code, asked: new Date(NOW).toISOString() } });
      expect(lists).toEqual([]);
      expect(made).not.toHaveProperty('differences');
      expect(brokenEquations(made)).toEqual([]);
    }
  });

  it('but settings that are wrong, the store, and the end of the run are no answer of the platform', async () => {
    const examined = await examine();
    for (const code of ['CONFIG_INVALID', 'STORE_UNAVAILABLE', 'STORE_DENIED'] as const)
      expect((await failure(lookAtDay(failing(code), examined, undefined, unlimited))).code).toBe(code);
    const ending = new AbortController();
    const ports = portsOf(() => {
      ending.abort();
      return Promise.reject(new ArchiveError('GENESYS_UNAVAILABLE', 'no'));
    });
    const budget = { ...unlimited, signal: ending.signal };
    expect((await failure(lookAtDay(ports, examined, undefined, budget))).code).toBe('GENESYS_UNAVAILABLE');
  });

  it('and the store no more than it has to be', async () => {
    await fixture.hold('both', D);
    const both = recordings('both');
    const listed: string[] = [];
    const store = {
      ...fixture.store,
      list: (...given: Parameters<typeof fixture.store.list>) => {
        listed.push(given[0]);
        return fixture.store.list(...given);
      },
    };
    const look = async (some: readonly SourceRecording[]) => {
      listed.length = 0;
      const ports = { ...answered(some), store };
      const { comparison } = await lookAtDay(ports, await examine(), undefined, unlimited);
      return { comparison, kinds: [...new Set(listed.map((prefix) => prefix.split('/')[0]))] };
    };
    expect((await look(both)).kinds).toEqual([]);
    const excluded = { ...fixture.record('sensitive', D), state: 'excluded', reason: 'sensitive' } as const;
    expect((await look([...both, excluded])).kinds).toEqual([]);
    // gone at the platform: it may have been deleted from here
    expect((await look([])).kinds).toEqual(['source-deletions']);
    // not here: it may be filed a day earlier or later
    for (const [word, day, said] of [
      ['earlier', '2026-03-01', 'pending'],
      ['later', '2026-03-03', 'pending'],
      ['later and ready', '2026-03-03', 'available'],
    ] as const) {
      const waiting = { ...fixture.record(word, D), state: said };
      await fixture.hold(word, day);
      const seen = await look([...both, waiting]);
      expect(seen.kinds).toEqual(['archive', 'receipts', 'quarantine']);
      expect(seen.comparison?.listed.at(-1)).toMatchObject({ state: 'excluded', reason: 'other-day' });
    }
  });
});

describe('a statement', () => {
  it('says all that the platform said of itself and of its recordings, and nothing that it did not', async () => {
    await fixture.hold('one', D);
    const some = recordings('one', 'two');
    const { made, madeAfter, isNews, lists } = await state(answered(some));
    const { source, differences, ...rest } = made;
    const [listed, exceptions] = lists;
    expect(source).toEqual({
      method: FACTS.method,
      api: FACTS.api,
      query: sha256Hex(FACTS.query),
      interval: FACTS.interval,
      asked: new Date(NOW).toISOString(),
      finished: new Date(NOW + 1_000).toISOString(),
      pages: 3,
      visibility: FACTS.visibility,
      conversations: 4,
      recordings: 2,
      byMedia: { call: 2 },
      list: { count: 2, root: listRoot(listed?.list.lines ?? []) },
    });
    expect(differences).toEqual({
      both: 1,
      missing: { total: 1, byReason: { 'never-announced': 1 } },
      pending: { total: 0, byReason: {} },
      excluded: { total: 0, byReason: {} },
      unexpected: { total: 0, byReason: {} },
      byMedia: { call: { both: 1, missing: 1, pending: 0, excluded: 0 } },
      list: { count: 1, root: listRoot(exceptions?.list.lines ?? []) },
    });
    const { archive } = await examine();
    expect(rest).toEqual({
      schema: 'genesys-media-archive/statement/v1',
      organization: ORGANIZATION,
      day: D,
      tool: { name: 'genesys-media-archive', version: '0.0.0-test' },
      revision: 0,
      status: 'provisional',
      archive,
      policy: {
        sha256: sha256Hex(canonicalJson({ dialect: 'recordings' })),
        rules: { dialect: 'recordings' },
      },
      clock: { local: new Date(NOW).toISOString() },
      log: {
        origin: ORIGIN,
        first: '2026-03-01',
        through: D,
        index: 9,
        from: 5,
        to: 8,
        before: { size: 0, root: 'root' },
      },
    });
    expect(madeAfter.previous).toEqual({ index: 8, sha256: sha256Hex('previous') });
    expect(isNews).toBe(true);
    expect(lists.map(({ kind }) => kind)).toEqual(['source', 'exceptions']);
  });

  it('repeats what else the platform says where it does', async () => {
    const facts = {
      organization: 'org',
      client: 'client',
      jobId: 'job-1',
      dataAvailableUntil: NOW - 1,
      visibility: { divisions: ['north', 'south'], permissions: ['a', 'b'] },
      orphans: 2,
      notAsked: { uploads: 'forbidden' },
    };
    const divided = ['north', 'south', 'north'].map((divisionId, at) => ({
      ...fixture.record(`of ${divisionId} ${at}`, D),
      divisionId,
    }));
    const undivided = fixture.record('of no division', D);
    const { made } = await state(answered([...divided, undivided], facts));
    expect(made.source).toMatchObject({
      ...facts,
      dataAvailableUntil: new Date(NOW - 1).toISOString(),
      byDivision: { north: 2, south: 1 },
    });
  });

  it('counts divisions as long as they fit', async () => {
    const of = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        ...fixture.record(`${count} ${at}`, D),
        divisionId: `division ${at}`,
      }));
    const divisionsOf = async (count: number) => {
      const { source } = (await state(answered(of(count)))).made;
      return 'byDivision' in source ? Object.keys(source.byDivision ?? {}).length : undefined;
    };
    expect([await divisionsOf(200), await divisionsOf(201), await divisionsOf(0)]).toEqual([
      200,
      undefined,
      undefined,
    ]);
  });

  it('is final, and names what is open, by what the platform says', async () => {
    const late = NOW + 40 * DAY;
    const pending = { ...fixture.record('waits', D), state: 'pending' } as const;
    const until = { dataAvailableUntil: NOW + DAY };
    const of = async (ports: StatingPorts) => {
      const { status, open } = (await state(ports, undefined, late)).made;
      return [status, ...(open ?? [])];
    };
    expect(await of(answered([], until))).toEqual(['final']);
    expect(await of(answered([]))).toEqual(['final', 'source-late']);
    expect(await of(answered([pending], until))).toEqual(['final', 'pending']);
    expect(await of(portsOf(() => Promise.reject(new ArchiveError('GENESYS_UNAVAILABLE', 'no'))))).toEqual([
      'final',
      'source-unavailable',
    ]);
  });
});

describe('a further statement of a day', () => {
  const facts = { orphans: 1, notAsked: { uploads: 'forbidden' } };

  it('follows the last one, and is no news where only the moment differs', async () => {
    await fixture.hold('one', D);
    const some = recordings('one', 'two');
    const { made } = await state(answered(some, facts));
    clock += DAY;
    const again = await state(answered(some, { ...facts, pages: 5, jobId: 'another' }), made, NOW + DAY);
    expect(again.isNews).toBe(false);
    expect(again.made).toMatchObject({
      revision: 1,
      supersedes: { index: 7, sha256: sha256Hex('last') },
    });
    expect((await state(answered(some, facts), again.made)).made.revision).toBe(2);
    expect(made).not.toHaveProperty('supersedes');
  });

  it('is news where the platform, the archive or the comparison of both says another thing', async () => {
    await fixture.hold('one', D);
    const some = recordings('one');
    const { made } = await state(answered(some, facts));
    const isNews = async (ports: StatingPorts, now?: number) => (await state(ports, made, now)).isNews;
    expect(await isNews(answered(some, facts))).toBe(false);
    const news: (readonly [string, StatingPorts, number?])[] = [
      [
        'a recording more, which is excluded',
        answered([...some, fixture.record('x', D, { state: 'excluded' })], facts),
      ],
      ['orphans', answered(some, { ...facts, orphans: 2 })],
      ['what was not asked', answered(some, { orphans: 1 })],
      [
        'what the client sees',
        answered(some, { ...facts, visibility: { divisions: ['a'], permissions: [] } }),
      ],
      ['no answer', portsOf(() => Promise.reject(new ArchiveError('GENESYS_UNAVAILABLE', 'no')))],
      ['final', answered(some, { ...facts, dataAvailableUntil: NOW + 2 * DAY }), NOW + 5 * DAY],
    ];
    for (const [what, ports, now] of news) expect([what, await isNews(ports, now)]).toEqual([what, true]);
    await fixture.hold('another', D);
    expect(await isNews(answered(some, facts))).toBe(true);
  });

  it('is news where the platform does not answer for another reason, or what is open differs', async () => {
    const failing = (code: ConstructorParameters<typeof ArchiveError>[0]) =>
      portsOf(() => Promise.reject(new ArchiveError(code, 'no')));
    const { made } = await state(failing('GENESYS_UNAVAILABLE'));
    expect((await state(failing('GENESYS_UNAVAILABLE'), made)).isNews).toBe(false);
    expect((await state(failing('OUT_OF_TIME'), made)).isNews).toBe(true);
    const late = NOW + 40 * DAY;
    const open = (await state(answered([]), undefined, late)).made;
    expect(open.open).toEqual(['source-late']);
    expect((await state(answered([]), open, late)).isNews).toBe(false);
    expect((await state(answered([], { dataAvailableUntil: NOW + DAY }), open, late)).isNews).toBe(true);
  });
});

describe('the lists of a statement', () => {
  it('are stored as lines, where they have any', async () => {
    const { lists } = await state(answered(recordings('one', 'two')));
    const { keys } = placeIn(fixture.store);
    await storeLists({ store: fixture.store, keys }, D, lists, unlimited);
    for (const { kind, list } of lists) {
      const stored = fixture.store.objects.get(keys.list(D, list.root, kind));
      expect(stored?.stat).toMatchObject({ contentType: 'application/gzip', metadata: {} });
      expect(gunzipSync(stored?.body ?? '').toString()).toBe(list.lines.map((line) => `${line}\n`).join(''));
    }
    const empty = await state(answered([]));
    const { count } = fixture.store.writes;
    await storeLists({ store: fixture.store, keys }, D, empty.lists, unlimited);
    expect(fixture.store.writes.count).toBe(count);
  });

  it('name each recording with a nonce of its own, and of exceptions those that differ', async () => {
    await fixture.hold('one', D);
    await fixture.hold('gone', D);
    const { lists } = await state(answered(recordings('one', 'two')));
    const parsed = lists.map(({ list }) =>
      list.lines.map((line) => JSON.parse(line) as { recording: string; nonce: string }),
    );
    const words = (at: number) => parsed[at]?.map(({ recording }) => recording).sort();
    expect(words(0)).toEqual(['one', 'two'].map(idFrom).sort());
    expect(words(1)).toEqual(['two', 'gone'].map(idFrom).sort());
    expect(new Set(parsed.flat().map(({ nonce }) => nonce)).size).toBe(4);
  });
});
