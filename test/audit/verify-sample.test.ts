import { rm, utimes, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type SampleOptions, turnOf, verifySample } from '../../src/audit/verify-sample.ts';
import { type Budget, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { createLayout } from '../../src/record/layout.ts';
import { idsAt, makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

const DAY_MS = 86_400_000;
/** Long after the recordings of the archive. */
const NOW = Date.UTC(2026, 6, 1, 3);

let archive: SealedArchive;
afterEach(() => archive.remove());

const OPTIONS: SampleOptions = {
  rotation: 12,
  seed: 'one',
  depth: 'ciphertext',
  concurrency: 4,
  now: NOW,
};

async function run(options: Partial<SampleOptions> = {}, budget: Budget = unlimited, store?: ObjectStore) {
  const findings: string[] = [];
  const failed: string[] = [];
  const report = await verifySample(
    store === undefined ? archive.ports : { ...archive.ports, store },
    { ...OPTIONS, ...options },
    {
      onFinding: ({ key, kind }) => findings.push(`${kind} ${key}`),
      onFailed: (key) => failed.push(key),
    },
    budget,
  );
  return { report, findings, failed };
}

/** What is read of objects, and which prefixes are listed. */
function watched(store: ObjectStore) {
  const read = new Set<string>();
  const listed: string[] = [];
  const watching: ObjectStore = {
    ...store,
    location: store.location,
    head: (key, budget) => store.head(key, budget),
    put: () => Promise.reject(new Error('no write is expected')),
    replace: () => Promise.reject(new Error('no write is expected')),
    get: (key, budget, range) => {
      if (key.startsWith('archive/')) read.add(key);
      return store.get(key, budget, range);
    },
    list: (prefix, budget, options) => {
      listed.push(prefix);
      return store.list(prefix, budget, options);
    },
  };
  return { store: watching, read, listed };
}

describe('the sample of a day', () => {
  it('is another one each day, and in as many days as asked every recording had its turn', async () => {
    archive = await makeSealedArchive(60);
    const seen = new Map<string, number>();
    const sizes: number[] = [];
    for (let day = 0; day < 12; day += 1) {
      const { store, read } = watched(archive.store);
      const { report } = await run({ now: NOW + day * DAY_MS }, unlimited, store);
      expect(report).toMatchObject({ complete: true, findings: 0, failed: 0, checked: read.size });
      sizes.push(read.size);
      for (const key of read) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect([...seen.keys()].toSorted()).toEqual(archive.recordings.map(({ key }) => key).toSorted());
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    expect(Math.max(...sizes)).toBeLessThan(30);
  });

  it('finds each changed, lost and unreceipted recording within the rotation, and names no other', async () => {
    archive = await makeSealedArchive(30);
    const [changed, lost, bare] = archive.recordings.map(({ key }) => key);
    if (changed === undefined || lost === undefined || bare === undefined) throw new Error('there are 30');
    await writeFile(archive.fileOf(changed), Buffer.alloc(612));
    await Promise.all([rm(archive.fileOf(lost)), rm(archive.recordOf(lost))]);
    await Promise.all([rm(archive.fileOf(receiptKey(bare))), rm(archive.recordOf(receiptKey(bare)))]);
    const found = new Set<string>();
    let findings = 0;
    for (let day = 0; day < 12; day += 1) {
      const { report, findings: named } = await run({ now: NOW + day * DAY_MS });
      findings += report.findings;
      expect(named).toHaveLength(report.findings);
      for (const line of named) found.add(line.split(' ')[1] ?? '');
    }
    expect([...found].toSorted()).toEqual([changed, lost, bare].toSorted());
    expect(findings).toBeGreaterThanOrEqual(3);
  });

  it('lists only the days that it looks into', async () => {
    archive = await makeSealedArchive(60);
    const { store, listed } = watched(archive.store);
    await run({ rotation: 100 }, unlimited, store);
    // the first recording says where the archive begins
    const [, , ...looked] = listed;
    const rest = looked.filter((prefix) => !prefix.includes('quarantine/'));
    expect(rest.length).toBeGreaterThan(0);
    expect(rest.filter((prefix) => !/^(?:archive|receipts)\/2026\/\d\d\/\d\d\/$/.test(prefix))).toEqual([]);
    const days = new Set(rest.map((prefix) => prefix.slice(-11)));
    // a tenth of the 182 days since January
    expect(days.size).toBeGreaterThan(5);
    expect(days.size).toBeLessThan(40);
  });

  it('holds an object without a receipt to be pending for a day, while its event may come again', async () => {
    archive = await makeSealedArchive(0);
    const key = await archive.add(idsAt(1), NOW - 3 * DAY_MS, { receipt: false });
    const stored = (at: number) => utimes(archive.fileOf(key), at / 1000, at / 1000);
    await stored(NOW - DAY_MS / 2);
    const fresh = await run({ rotation: 1 });
    expect(fresh.report).toMatchObject({ checked: 1, pending: 1, findings: 0, intact: 0 });
    await stored(NOW - 2 * DAY_MS);
    const old = await run({ rotation: 1 });
    expect(old.report).toMatchObject({ checked: 1, pending: 0 });
    expect(old.findings).toEqual([`missing-receipt ${key}`]);
  });

  it('is not complete when its time is over, and says of nothing that it was looked at when it was not', async () => {
    archive = await makeSealedArchive(30);
    const stop = new AbortController();
    const { store } = watched(archive.store);
    let reads = 0;
    const slow: ObjectStore = {
      ...store,
      get: (key, budget) => {
        reads += 1;
        if (reads === 5) stop.abort(new ArchiveError('OUT_OF_TIME', 'the time is over'));
        return store.get(key, budget);
      },
    };
    const { report } = await run(
      { rotation: 1 },
      { deadline: Number.POSITIVE_INFINITY, signal: stop.signal },
      slow,
    );
    expect(report.complete).toBe(false);
    expect(report.checked).toBeLessThan(30);
  });

  it('counts apart what could not be looked at', async () => {
    archive = await makeSealedArchive(10);
    const [first] = archive.recordings;
    const { store } = watched(archive.store);
    const closed: ObjectStore = {
      ...store,
      head: (key, budget) =>
        key === first?.key
          ? Promise.reject(new ArchiveError('STORE_DENIED', 'not allowed'))
          : store.head(key, budget),
    };
    const { report, failed } = await run({ rotation: 1 }, unlimited, closed);
    expect(report).toMatchObject({ complete: true, checked: 9, failed: 1, findings: 0 });
    expect(failed).toEqual([first?.key]);
  });

  it('says whether signatures were checked', async () => {
    archive = await makeSealedArchive(3);
    expect((await run({ rotation: 1 })).report.signatures).toBe('checked');
    const ports = { store: archive.store };
    const silent = { onFinding: () => {}, onFailed: () => {} };
    const report = await verifySample(ports, { ...OPTIONS, rotation: 1 }, silent, unlimited);
    expect(report.signatures).toBe('not-asked');
  });

  it('reads nothing of an archive that is empty', async () => {
    archive = await makeSealedArchive(0);
    const { store, listed } = watched(archive.store);
    const { report } = await run({}, unlimited, store);
    expect(report).toMatchObject({ complete: true, checked: 0 });
    expect(listed).toEqual(['archive/', 'receipts/', 'quarantine/archive/', 'receipts/quarantine/archive/']);
  });

  it('begins where the archive does also in a layout whose keys do not begin with the year', async () => {
    archive = await makeSealedArchive(0);
    const template = 'archive/{dd}-{mm}-{yyyy}/{recordingId}{channel}.enc';
    const layout = createLayout({ name: 'template', template });
    const { store, listed } = watched(archive.store);
    await verifySample(
      { store, layout },
      { ...OPTIONS, rotation: 100 },
      { onFinding: () => {}, onFailed: () => {} },
      unlimited,
    );
    expect(listed.some((prefix) => prefix.includes('-2009/'))).toBe(true);
  });
});

describe('turns', () => {
  it('give every recording of every day at least one in any number of days', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.string({ maxLength: 20 }),
        fc.integer({ min: 0, max: 36_000 }),
        fc.string({ maxLength: 40 }),
        fc.integer({ min: 0, max: 36_000 }),
        (rotation, seed, day, key, start) => {
          let turns = 0;
          for (let run = 0; run < rotation; run += 1) {
            const turn = turnOf({ rotation, seed }, (start + run) * DAY_MS + 1);
            if (turn.hasDay(day * DAY_MS) && turn.hasKey(key)) turns += 1;
          }
          expect(turns).toBeGreaterThanOrEqual(1);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('group recordings otherwise under another seed', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `archive/2026/01/01/${index}.enc`);
    const chosen = (seed: string) => {
      const { hasKey } = turnOf({ rotation: 100, seed }, NOW);
      return keys.filter((key) => hasKey(key));
    };
    expect(chosen('one')).toEqual(chosen('one'));
    expect(chosen('one')).not.toEqual(chosen('two'));
    expect(chosen('one').length).toBeGreaterThan(20);
    expect(chosen('one').length).toBeLessThan(100);
  });
});
