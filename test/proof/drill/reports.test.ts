import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import {
  checkReportSignature,
  countDrilled,
  type DrilledRecording,
  drillKey,
  drillKeyName,
  type DrillReport,
  parseDrillKey,
} from '../../../src/proof/drill/drill-report.ts';
import { countedDrills, listDrills } from '../../../src/proof/drill/known-drills.ts';
import { locateReceipts } from '../../../src/proof/drill/locate-receipts.ts';
import { runDrill } from '../../../src/proof/drill/run-drill.ts';
import { noteKey } from '../../../src/proof/formats/note.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { type Erasure, erasureKey, subjectHash, tombstoneId } from '../../../src/record/erasure.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { MAX_RECEIPT_BYTES } from '../../../src/record/receipt/schema.ts';
import { formatSigned } from '../../../src/record/receipt/receipt.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture } from '../archive-fixture.ts';
import { plainStore, type PlainStore } from '../plain-store.ts';
import { makeSealedLog, type SealedLog } from '../sealed-log.ts';
import { DrillBench, inMemory } from './drill-fixture.ts';

describe('the report of a drill', () => {
  const of = (
    result: DrilledRecording['result'],
    change: Partial<DrilledRecording> = {},
  ): DrilledRecording => ({
    index: 1,
    day: '2026-03-02',
    receipt: '0'.repeat(64),
    result,
    ...change,
  });
  const content = (state: 'decoded' | 'doubtful' | 'hashed') =>
    ({ content: { state, format: 'wav' } }) as const;

  it('counts each recording by what became of it, and content by what could be said of it', () => {
    const counts = countDrilled([
      of('restored', { bytes: 10, ...content('decoded') }),
      of('restored', { bytes: 5, ...content('decoded') }),
      of('restored', { bytes: 1, ...content('doubtful') }),
      of('restored', content('hashed')),
      of('failed', { bytes: 7, ...content('hashed') }),
      of('failed', content('hashed')),
      of('erased'),
      of('expired'),
      of('expired'),
      of('unknown'),
    ]);
    expect(counts).toEqual({
      drawn: 10,
      restored: 4,
      failed: 2,
      erased: 1,
      expired: 2,
      unknown: 1,
      decoded: 2,
      doubtful: 1,
      hashed: 3,
      bytes: 23,
    });
    expect(countDrilled([])).toEqual({
      drawn: 0,
      restored: 0,
      failed: 0,
      erased: 0,
      unknown: 0,
      decoded: 0,
      doubtful: 0,
      hashed: 0,
      bytes: 0,
    });
  });

  it('stands under its day, and nothing else does', () => {
    for (const number of [1, 2, 9, 10, 99]) {
      const drill = { day: '2026-03-02', number };
      expect(parseDrillKey(drillKey(drill.day, number))).toEqual(drill);
    }
    expect(drillKey('2026-03-02')).toBe('drills/2026/03/02.json');
    expect(drillKey('2026-03-02', 2)).toBe('drills/2026/03/02-2.json');
    for (const key of [
      'x/drills/2026/03/02.json',
      'drills/2026/03/02.json.bak',
      'drills/2026/02/30.json',
      'drills/2026/3/2.json',
      'drills/2026/03/02-1.json',
      'drills/2026/03/02-02.json',
      'drills/2026/03/02-100.json',
      '',
    ])
      expect([key, parseDrillKey(key)]).toEqual([key, undefined]);
  });

  it('is counted by the first statement after its day, once', () => {
    const days = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'];
    const drills = days.flatMap((day) => [1, 2].map((number) => ({ day, number })));
    const now = '2026-03-04T03:00:00.000Z';
    expect(countedDrills(drills, { before: undefined, now })).toEqual(drills.slice(0, 6));
    expect(countedDrills(drills, { before: '2026-03-02T23:59:59.999Z', now })).toEqual(drills.slice(2, 6));
    expect(countedDrills(drills, { before: '2026-03-04T00:00:00.000Z', now })).toEqual([]);
  });

  it('is listed by day, in their order, and nothing else that lies there is', async () => {
    const store = plainStore();
    for (const key of [
      'drills/2026/03/04.json',
      'drills/2026/03/02-10.json',
      'drills/2026/03/02-2.json',
      'drills/2026/03/02.json',
      'drills/notes.txt',
      'drillsmore/2026/03/03.json',
    ])
      store.plant(key, '{}');
    const list: PlainStore['list'] = (...given) => store.list(...given);
    const backwards: PlainStore = {
      ...store,
      async *list(prefix, budget) {
        const found = [];
        for await (const each of list(prefix, budget)) found.push(each);
        yield* found.toReversed();
      },
    };
    expect(await listDrills(backwards, unlimited)).toEqual([
      { day: '2026-03-02', number: 1 },
      { day: '2026-03-02', number: 2 },
      { day: '2026-03-02', number: 10 },
      { day: '2026-03-04', number: 1 },
    ]);
    expect(await listDrills(plainStore(), unlimited)).toEqual([]);
  });
});

describe('a drill', () => {
  let log: SealedLog;
  let objects: PlainStore;
  let bench: DrillBench;
  beforeAll(async () => {
    log = await makeSealedLog(4, 200);
    objects = await inMemory(log.archive.store);
  });
  afterAll(() => log.remove());
  beforeEach(() => {
    bench = new DrillBench(log, objects);
  });

  it('needs a log with a checkpoint, and a day that has recordings', async () => {
    const empty = plainStore();
    const place = { ...bench.ports, store: empty };
    expect(await failure(runDrill(bench.drillPorts({ place }), { count: 1 }, unlimited))).toMatchObject({
      code: 'LOG_MISSING',
      message: `the log ${log.origin} has no checkpoint in plain:`,
    });
    expect(
      await failure(runDrill(bench.drillPorts(), { count: 1, day: '2026-05-30' }, unlimited)),
    ).toMatchObject({
      message: 'the log holds no recording of 2026-05-30',
      hint: 'choose a day with recordings: `genesys-archive verify-proof --day` prints what a day has',
    });
  });

  it('takes what its tombstone names for erased although the object is there, and what a rule let go for expired', async () => {
    const [erased, expired] = bench.recordings;
    const id = tombstoneId(erased?.ids.recordingId ?? '');
    const erasure: Erasure = {
      schema: 'genesys-media-archive/erasure/v1',
      id,
      day: '2026-05-20',
      what: ['media'],
      reason: 'request of the subject',
      at: '2026-05-31T04:00:00.000Z',
      recording: subjectHash(erased?.ids.recordingId ?? ''),
    };
    bench.store.plant(erasureKey(id), await formatSigned(erasure, bench.receiptSigner));
    bench.store.objects.delete(expired?.key ?? '');
    const { report } = await bench.drill(4, {
      expired: { of: () => Promise.resolve(new Map([[expired?.key ?? '', 1]])) },
    });
    expect(report.counts).toMatchObject({
      drawn: 4,
      restored: 2,
      erased: 1,
      expired: 1,
      failed: 0,
      unknown: 0,
    });
    const receiptOf = (key = '') => sha256Hex(bench.store.bodyOf(receiptKey(key)));
    for (const [key, result] of [
      [erased?.key, 'erased'],
      [expired?.key, 'expired'],
    ] as const)
      expect(report.recordings.find(({ receipt }) => receipt === receiptOf(key))).toEqual({
        index: expect.any(Number) as number,
        day: expect.any(String) as string,
        receipt: receiptOf(key),
        result,
      });
  });

  it('is signed under the name of its log’s drills, which no other key passes for', async () => {
    const { report } = await bench.drill(2);
    expect(drillKeyName('log.example.com')).toBe('log.example.com/drills');
    expect(bench.key.name).toBe(`${log.origin}/drills`);
    expect(checkReportSignature(report, [bench.key])).toBe('valid');
    expect(checkReportSignature(report, [noteKey(log.origin, bench.key.publicKey)])).toBe('unknown-key');
    const other = { ...bench.key, name: 'another/drills' };
    expect(checkReportSignature(report, [other, { ...bench.key, id: '00000000' }])).toBe('unknown-key');
    const signed = (value: string): DrillReport => ({ ...report, signature: { ...report.signature, value } });
    expect(checkReportSignature(signed('not base64!'), [bench.key])).toBe('invalid');
    expect(checkReportSignature(signed(Buffer.alloc(64).toString('base64')), [bench.key])).toBe('invalid');
  });
});

describe('receipts behind entries', () => {
  it('are found by their hashes, and no more of them are read than it takes', async () => {
    const fixture = new ArchiveFixture();
    const hashes: string[] = [];
    for (let at = 0; at < 300; at += 1) {
      const { key } = await fixture.hold(`call ${at}`, '2026-03-02', { isUnsigned: true });
      hashes.push(sha256Hex(fixture.store.bodyOf(receiptKey(key))));
    }
    let read = 0;
    const { store } = fixture;
    const counting = {
      ...store,
      get: (...given: Parameters<typeof store.get>) => {
        read += 1;
        return store.get(...given);
      },
    };
    const locate = (wanted: readonly string[]) =>
      locateReceipts(
        { store: counting, layout: DATE_LAYOUT },
        { day: '2026-03-02', wanted: new Set(wanted) },
        unlimited,
      );
    expect((await locate([])).size).toBe(0);
    expect(read).toBe(0);
    const all = await locate(hashes);
    expect([all.size, read]).toEqual([300, 300]);
    for (const [sha256, { key, receipt }] of all) {
      expect(sha256Hex(store.bodyOf(receiptKey(key)))).toBe(sha256);
      expect(receipt.object?.key).toBe(key);
    }
    read = 0;
    expect((await locate(['0'.repeat(64)])).size).toBe(0);
    expect(read).toBe(300);
  });

  it('are passed over when they are gone, or larger than any', async () => {
    const fixture = new ArchiveFixture();
    const { key } = await fixture.hold('call', '2026-03-02');
    const { store } = fixture;
    const sha256 = sha256Hex(store.bodyOf(receiptKey(key)));
    const locate = (change: Partial<PlainStore>) =>
      locateReceipts(
        { store: { ...store, ...change }, layout: DATE_LAYOUT },
        { day: '2026-03-02', wanted: new Set([sha256]) },
        unlimited,
      );
    expect((await locate({})).size).toBe(1);
    const list: PlainStore['list'] = (...given) => store.list(...given);
    const listed = (size: number): PlainStore['list'] =>
      async function* (prefix, budget) {
        for await (const each of list(prefix, budget)) yield { ...each, size };
      };
    expect((await locate({ list: listed(MAX_RECEIPT_BYTES) })).size).toBe(1);
    expect((await locate({ list: listed(MAX_RECEIPT_BYTES + 1) })).size).toBe(0);
    const get = store.get.bind(store);
    const gone: PlainStore['get'] = (at, ...rest) => {
      store.objects.delete(at);
      return get(at, ...rest);
    };
    expect((await locate({ get: gone })).size).toBe(0);
  });
});
