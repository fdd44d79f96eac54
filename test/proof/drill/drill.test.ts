import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { checkReport } from '../../../src/proof/drill/check-report.ts';
import { drawNumber, drawSample } from '../../../src/proof/drill/draw-sample.ts';
import {
  checkReportSignature,
  type DrillReport,
  drillKey,
  MAX_DRILLS_A_DAY,
  formatReport,
  parseDrillKey,
  parseReport,
} from '../../../src/proof/drill/drill-report.ts';
import { findLastDrill, readReport } from '../../../src/proof/drill/known-drills.ts';
import { runDrill } from '../../../src/proof/drill/run-drill.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { type Erasure, erasureKey } from '../../../src/record/erasure.ts';
import { formatSigned } from '../../../src/record/receipt/receipt.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { putSmall } from '../../../src/record/small-object.ts';
import { makeSealedLog, type SealedLog } from '../sealed-log.ts';
import type { PlainStore } from '../plain-store.ts';
import { DrillBench, inMemory } from './drill-fixture.ts';

const TODAY = '2026-05-31';

let log: SealedLog;
let objects: PlainStore;
beforeAll(async () => {
  log = await makeSealedLog(24, 200);
  objects = await inMemory(log.archive.store);
});
afterAll(() => log.remove());

let bench: DrillBench;
beforeEach(() => {
  bench = new DrillBench(log, objects);
});

const check = async (report: DrillReport) => {
  const sha256 = sha256Hex(formatReport(report));
  return checkReport(bench.ports, { report, sha256 }, [bench.key], unlimited);
};

describe('the sample of a drill', () => {
  it('is decided by the checkpoint: one sample for each root, drawn by any reader', async () => {
    const { root, size } = await findHead(bench.ports, unlimited);
    const draw = (of: Buffer, count = 8) =>
      drawSample(bench.ports, { root: of, size, count }, size, unlimited);
    const sample = await draw(root);
    expect(sample).toHaveLength(8);
    expect(new Set(sample.map(({ index }) => index)).size).toBe(8);
    expect(sample.every(({ kind }) => kind === 'archived')).toBe(true);
    expect(await draw(root)).toEqual(sample);
    const others = await Promise.all([1, 2, 3].map((word) => draw(Buffer.alloc(32, word))));
    expect(new Set([sample, ...others].map((each) => JSON.stringify(each))).size).toBe(4);
    expect(await draw(root, 1_000)).toHaveLength(24);
  });

  it('reaches every recording: in 60 checkpoints none is always left out', async () => {
    const { size } = await findHead(bench.ports, unlimited);
    const seen = new Set<number>();
    for (let at = 0; at < 60; at += 1) {
      const root = Buffer.alloc(32, at);
      for (const { index } of await drawSample(bench.ports, { root, size, count: 8 }, size, unlimited))
        seen.add(index);
    }
    expect(seen.size).toBe(24);
  });

  it('can be of one day alone', async () => {
    const { root, size } = await findHead(bench.ports, unlimited);
    const sample = await drawSample(
      bench.ports,
      { root, size, count: 8, day: '2026-05-22' },
      size,
      unlimited,
    );
    expect(sample.map(({ day }) => day)).toEqual(['2026-05-22', '2026-05-22', '2026-05-22']);
  });

  it('draws numbers in their range, and none of them far more often than another', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let at = 0; at < 2_000; at += 1) {
      const drawn = drawNumber(Buffer.alloc(32, 7), `day ${at}`, 10);
      counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(140);
    expect(Math.max(...counts)).toBeLessThan(260);
    expect(drawNumber(Buffer.alloc(32), 'x', 1)).toBe(0);
  });
});

describe('a restore drill', () => {
  it('restores each for real, and leaves a signed report that says what could be decoded', async () => {
    const { report, key, outcome } = await bench.drill();
    expect([key, outcome]).toEqual(['drills/2026/05/31.json', 'stored']);
    expect(report.counts).toMatchObject({
      drawn: 8,
      restored: 8,
      failed: 0,
      unknown: 0,
      hashed: 8,
      bytes: 1_600,
    });
    expect(
      report.recordings.every(({ compared, content }) => compared === 'plaintext' && content !== undefined),
    ).toBe(true);
    const stored = await readReport(bench.store, { day: TODAY, number: 1 }, unlimited);
    expect(stored?.report).toEqual(report);
    expect(checkReportSignature(report, [bench.key])).toBe('valid');
    const text = formatReport(report).toString();
    for (const { ids } of bench.recordings) {
      expect(text.includes(ids.recordingId) || text.includes(ids.conversationId)).toBe(false);
    }
  });

  it('keeps the reports of later drills of a day beside the first, until the day has as many as are kept', async () => {
    const { report } = await bench.drill();
    bench.store.objects.delete(bench.recordings[0]?.key ?? '');
    const again = await bench.drill(24);
    expect([again.key, again.outcome]).toEqual(['drills/2026/05/31-2.json', 'stored']);
    const second = await readReport(bench.store, { day: TODAY, number: 2 }, unlimited);
    expect(second?.report).toEqual(again.report);
    expect(again.report.counts.failed).toBe(1);
    for (let number = 3; number <= MAX_DRILLS_A_DAY; number += 1) {
      await putSmall(bench.store, drillKey(TODAY, number), Buffer.from('{}\n'), unlimited);
    }
    expect(await bench.drill(1)).toMatchObject({ key: 'drills/2026/05/31-99.json', outcome: 'exists' });
    expect((await readReport(bench.store, { day: TODAY, number: 1 }, unlimited))?.report).toEqual(report);
  });

  it('finds a recording that was changed, one that is gone, and one whose receipt is gone', async () => {
    const { report: before } = await bench.drill(24);
    const [changed, gone, unreceipted] = bench.recordings;
    bench.spoil(changed?.key ?? '');
    bench.store.objects.delete(gone?.key ?? '');
    bench.store.objects.delete(receiptKey(unreceipted?.key ?? ''));
    const { report } = await bench.drill(24);
    expect(before.counts.failed).toBe(0);
    expect(report.counts).toMatchObject({ drawn: 24, restored: 21, failed: 3 });
    const problems = report.recordings.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    expect(problems).toHaveLength(3);
    expect(problems).toEqual(
      expect.arrayContaining([
        { step: 'receipt', code: 'OBJECT_NOT_FOUND' },
        { step: 'open', code: 'OBJECT_NOT_FOUND' },
      ]),
    );
    expect(problems.filter(({ step }) => step !== 'receipt' && step !== 'open')).toHaveLength(1);
  });

  it('takes one that was erased for erased, where its tombstone names the receipt', async () => {
    const { report: before } = await bench.drill(24);
    const [first] = before.recordings;
    const gone = bench.recordings.find(({ at }) => new Date(at).toISOString().startsWith(first?.day ?? '-'));
    const receipt = receiptKey(gone?.key ?? '');
    const sha256 = sha256Hex(bench.store.bodyOf(receipt));
    bench.store.objects.delete(receipt);
    const erasure: Erasure = {
      schema: 'genesys-media-archive/erasure/v1',
      id: 'erasure-1',
      day: first?.day ?? '',
      what: ['media', 'receipt'],
      reason: 'request of the subject',
      at: '2026-05-31T04:00:00.000Z',
      receipt: sha256,
    };
    const tombstone = await formatSigned(erasure, bench.receiptSigner);
    await putSmall(bench.store, erasureKey('erasure-1'), tombstone, unlimited);
    const { report } = await bench.drill(24);
    expect(report.counts).toMatchObject({ restored: 23, erased: 1, failed: 0 });
    expect(report.recordings.find(({ receipt: hash }) => hash === sha256)?.result).toBe('erased');
  });

  it('calls unknown what it could not look at, and does not take that for restored or lost', async () => {
    const { reader } = bench;
    const unseal = () => Promise.reject(new ArchiveError('KMS_DENIED', 'no'));
    const { report } = await bench.drill(6, { reader: { ...reader, unseal } });
    expect(report.counts).toMatchObject({ drawn: 6, restored: 0, failed: 0, unknown: 6 });
    expect(report.recordings[0]?.problem).toEqual({ step: 'restore', code: 'KMS_DENIED' });
  });

  it('compares with the receipt that the log holds, also what the door has let through', async () => {
    const { reader } = bench;
    // every byte of the plaintext is another one, with a tag that holds
    const unseal: typeof reader.unseal = async (...args) => {
      const inner = await reader.unseal(...args);
      return { update: (bytes) => inner.update(bytes).map((byte) => byte ^ 1), final: () => inner.final() };
    };
    const { report } = await bench.drill(4, { reader: { ...reader, unseal }, unverified: true });
    expect(report.counts).toMatchObject({ restored: 0, failed: 4 });
    expect(report.recordings[0]?.problem).toEqual({ step: 'compare', code: 'RECEIPT_MISMATCH' });
  });

  it('leaves no report when it is cut short', async () => {
    const cut = new AbortController();
    const onRecording = () => cut.abort(new ArchiveError('OUT_OF_TIME', 'time is up'));
    const budget = { ...unlimited, signal: cut.signal };
    await expect(runDrill(bench.drillPorts(), { count: 8, onRecording }, budget)).rejects.toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(await readReport(bench.store, { day: TODAY, number: 1 }, unlimited)).toBeUndefined();
  });

  it('refuses a day of which the log holds no recording', async () => {
    const drill = runDrill(bench.drillPorts(), { count: 8, day: '2026-05-30' }, unlimited);
    await expect(drill).rejects.toMatchObject({ code: 'NOT_SEALED' });
  });
});

describe('checking a report', () => {
  it('finds it as it was made, also when the log has grown, and says which statement names it', async () => {
    const { report } = await bench.drill();
    expect(await check(report)).toEqual({ problems: [], standing: 'not-yet' });
    await bench.seal();
    expect(await check(report)).toEqual({ problems: [], standing: 'named' });
    await bench.seal(2);
    expect(await check(report)).toEqual({ problems: [], standing: 'named' });
  });

  it.each<[string, (report: DrillReport) => DrillReport, string[]]>([
    [
      'a result',
      (r) => change(r, { result: 'failed' }),
      ['its signature is wrong', 'its counts are not those of its recordings'],
    ],
    [
      'a drawn recording',
      (r) => change(r, { receipt: '0'.repeat(64) }),
      ['its signature is wrong', 'its sample is not the one that its checkpoint decides'],
    ],
    [
      'a recording that was left out',
      (r) => ({ ...r, recordings: r.recordings.slice(1) }),
      [
        'its signature is wrong',
        'its counts are not those of its recordings',
        'its sample is not the one that its checkpoint decides',
      ],
    ],
    [
      'the size of the sample',
      (r) => ({ ...r, sample: { count: 7 } }),
      ['its signature is wrong', 'its sample is not the one that its checkpoint decides'],
    ],
    [
      'the root',
      (r) => ({ ...r, checkpoint: { ...r.checkpoint, root: 'A'.repeat(43) + '=' } }),
      ['its signature is wrong', 'its checkpoint is not one of this log'],
    ],
    [
      'a checkpoint beyond the log',
      (r) => ({ ...r, checkpoint: { ...r.checkpoint, size: 999 } }),
      ['its signature is wrong', 'its checkpoint has 999 entries, and the log 35'],
    ],
    ['the log', (r) => ({ ...r, organization: 'other' }), ['its signature is wrong', 'it is of another log']],
    [
      'the key',
      (r) => ({ ...r, signature: { ...r.signature, id: '00000000' } }),
      ['it is not signed with a key that is known'],
    ],
    ['a time', (r) => ({ ...r, ended: '2026-05-31T06:00:00.000Z' }), ['its signature is wrong']],
  ])('names the change of %s', async (_what, edit, problems) => {
    const { report } = await bench.drill();
    expect((await check(edit(report))).problems).toEqual(problems);
  });

  it('finds a report that was exchanged for one of the real key after the statement', async () => {
    await bench.drill();
    await bench.seal();
    const other = await bench.drill(5);
    expect((await check(other.report)).problems).toEqual(['the statement after it names another report']);
  });

  it('finds a report that was made up for a day that a statement has passed', async () => {
    await bench.seal();
    const { report } = await bench.drill();
    expect((await check(report)).problems).toEqual(['the statement after it counts no drill']);
  });

  it('takes one spelling, and no key for another day', async () => {
    const { report } = await bench.drill();
    const text = formatReport(report).toString();
    expect(parseReport(text)).toEqual(report);
    expect(parseReport(text.replace('{', '{ '))).toBeUndefined();
    expect(parseReport(text.replace('"drawn":8', '"drawn":8,"extra":1'))).toBeUndefined();
    await putSmall(bench.store, drillKey('2026-06-07'), Buffer.from(text), unlimited);
    expect(await readReport(bench.store, { day: '2026-06-07', number: 1 }, unlimited)).toBeUndefined();
    expect([
      parseDrillKey('drills/2026/05/31.json'),
      parseDrillKey('drills/2026/02/31.json'),
      parseDrillKey('drills/2026/05/31.json.bak'),
    ]).toEqual([{ day: TODAY, number: 1 }, undefined, undefined]);
  });
});

function change(report: DrillReport, first: Partial<DrillReport['recordings'][number]>): DrillReport {
  const [one, ...others] = report.recordings;
  return one === undefined ? report : { ...report, recordings: [{ ...one, ...first }, ...others] };
}

describe('the next statement', () => {
  it('counts the drills since the one before it, once', async () => {
    await bench.drill();
    const last = async (nights: number) => (await bench.seal(nights)).statements.at(-1)?.drills;
    const stored = await readReport(bench.store, { day: TODAY, number: 1 }, unlimited);
    expect(await last(1)).toEqual({ reports: 1, recordings: 8, failed: 0, newest: stored?.sha256 });
    await bench.drill(3, { now: () => Date.UTC(2026, 5, 1, 6) });
    await bench.drill(1, { now: () => Date.UTC(2026, 5, 2, 6) });
    bench.store.objects.delete(bench.recordings[0]?.key ?? '');
    await bench.drill(24, { now: () => Date.UTC(2026, 5, 2, 7) });
    expect(await last(3)).toMatchObject({ reports: 3, recordings: 28, failed: 1 });
    expect(await last(4)).toBeUndefined();
  });

  it('is not kept from being made by what is no report', async () => {
    await putSmall(bench.store, drillKey(TODAY), Buffer.from('{}\n'), unlimited);
    expect((await bench.seal()).statements.at(-1)?.drills).toBeUndefined();
  });
});

describe('the last drill', () => {
  it('is one that came to its end, of the whole log, signed with a key that is known', async () => {
    const find = async () => (await findLastDrill(bench.store, [bench.key], unlimited))?.report.day;
    expect(await find()).toBeUndefined();
    await bench.drill();
    expect(await find()).toBe(TODAY);
    const unseal = () => Promise.reject(new ArchiveError('KMS_DENIED', 'no'));
    await bench.drill(3, {
      now: () => Date.UTC(2026, 5, 1, 6),
      reader: { ...bench.reader, unseal },
    });
    await runDrill(
      bench.drillPorts({ now: () => Date.UTC(2026, 5, 2, 6) }),
      { count: 2, day: '2026-05-22' },
      unlimited,
    );
    expect(await find()).toBe(TODAY);
    expect(await findLastDrill(bench.store, [], unlimited)).toBeUndefined();
    await bench.drill(3, { now: () => Date.UTC(2026, 5, 3, 6) });
    expect(await find()).toBe('2026-06-03');
  });
});
