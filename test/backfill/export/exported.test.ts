import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readExportKey } from '../../../src/backfill/export/export-keys.ts';
import { isOpenPgp } from '../../../src/backfill/export/sniff-pgp.ts';
import { planExport } from '../../../src/backfill/sources/exported.ts';
import { PlanCounts } from '../../../src/backfill/sources/plan-counts.ts';
import { unlimited } from '../../../src/clock.ts';
import { backfills, NOW } from '../start-backfill.ts';
import { makeWav } from './make-wav.ts';
import { type ExportedFile, ORGANIZATION, writeExport } from './write-export.ts';

const { start, closeAll } = backfills();
const dirs: string[] = [];
afterEach(async () => {
  await closeAll();
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const STARTED = Date.UTC(2026, 8, 3, 7, 30);

async function exportOf(files: readonly ExportedFile[]) {
  const dir = await mkdtemp(join(tmpdir(), 'export-'));
  dirs.push(dir);
  const names = await writeExport(dir, files);
  const items = await Promise.all(
    names.map(async (file) => ({ file, bytes: (await stat(join(dir, file))).size })),
  );
  return { dir, names, items, source: { source: 'export', export: `file:${dir}` } as const };
}

const file = (n: number, more: Partial<ExportedFile> = {}): ExportedFile => ({
  conversationId: id(n),
  recordingId: id(1_000 + n),
  startedAt: STARTED,
  ...more,
});

describe('a file of the platform’s export', () => {
  it('becomes the object that a live event would have made, without a call to the platform', async () => {
    const { work, files, simulator } = await start({});
    const { items, source } = await exportOf([file(1), file(2, { padded: true })]);
    expect((await work(items, source)).map(({ state }) => state)).toEqual(['done', 'done']);
    expect(await files()).toEqual([
      `archive/2026/09/03/${id(1_001)}.enc`,
      `archive/2026/09/03/${id(1_002)}.enc`,
    ]);
    expect(simulator.requests).toEqual([]);
  });

  it('has one outcome for each way in which it can be wrong', async () => {
    const whole = makeWav(20_000);
    const { work, files } = await start({});
    const { items, source, dir } = await exportOf([
      file(1),
      file(2, { body: whole.subarray(0, 100_000), durationMs: 20_000 }),
      file(3, { sidecar: null }),
      file(4, { body: Buffer.concat([Buffer.from([0xc1, 0xc0, 0x4c, 3]), Buffer.alloc(500, 7)]) }),
      file(5, { body: Buffer.from('-----BEGIN PGP MESSAGE-----\n\nhQEMA') }),
      file(6, { body: Buffer.alloc(900, 1), extension: 'opus', durationMs: 20_000 }),
      file(7, { sidecar: '{"conversationId": "00000000-0000-4000-8000-999999999999"}' }),
      file(8, { sidecar: 'no JSON' }),
      file(9, { body: Buffer.alloc(0) }),
      file(10, { body: Buffer.from('<!DOCTYPE html><html><body>expired</body></html>') }),
    ]);
    const outcomes = await work(items, source);
    expect(outcomes.map(({ state, code }) => `${state} ${code ?? ''}`.trim())).toEqual([
      'done',
      'failed MEDIA_TRUNCATED',
      'later MEDIA_NOT_READY',
      'failed EXPORT_ENCRYPTED',
      'failed EXPORT_ENCRYPTED',
      'failed MEDIA_TRUNCATED',
      'failed EXPORT_MALFORMED',
      'failed EXPORT_MALFORMED',
      'failed MEDIA_TRUNCATED',
      'failed MEDIA_NOT_AUDIO',
    ]);
    expect(
      outcomes.filter(({ state }) => state === 'failed').every(({ reason }) => (reason ?? '') !== ''),
    ).toBe(true);
    expect(await files()).toHaveLength(1);
    // its sidecar comes later
    const third = items[2]?.file ?? '';
    const sidecar = {
      conversationId: id(3),
      recordingId: id(1_003),
      startTime: '2026-09-03T07:30:00.000+0000',
    };
    await writeFile(join(dir, `${third}_metadata.json`), JSON.stringify(sidecar));
    expect(await work(items.slice(2, 3), source)).toMatchObject([{ state: 'done' }]);
  });

  it('that is still being written is waited for', async () => {
    const { work } = await start({});
    const { items, source } = await exportOf([file(1)]);
    const growing = items.map((item) => ({ ...item, bytes: item.bytes - 10 }));
    expect(await work(growing, source)).toMatchObject([{ state: 'later', code: 'MEDIA_NOT_READY' }]);
  });

  it('of a recording that the API has brought is found, and the other way round', async () => {
    const ended = NOW - 40 * 86_400_000;
    const conversations = [
      { id: id(1), endedAt: ended, recordings: [{ id: id(1_001), seconds: 1 }] },
      { id: id(2), endedAt: ended, recordings: [{ id: id(1_002), seconds: 1 }] },
    ];
    const { work, all, files, simulator } = await start({ conversations });
    const startedAt = simulator.world.conversations[0]?.startedAt ?? 0;
    const { items, source } = await exportOf([file(1, { startedAt }), file(2, { startedAt })]);
    await work(all().slice(0, 1));
    expect((await work(items, source)).map(({ state }) => state)).toEqual(['already', 'done']);
    expect((await work(all())).map(({ state }) => state)).toEqual(['already', 'already']);
    expect(await files()).toHaveLength(2);
  });
});

describe('the plan of an export', () => {
  it('has each recording once, and neither sidecars, transcripts, nor what the archive has', async () => {
    const { backfill } = await start({});
    const { dir, names } = await exportOf([file(1), file(2), file(3, { sidecar: null })]);
    await writeFile(join(dir, `${id(1)}-x.transcript.json`), '{}');
    await writeFile(join(dir, 'notes.txt'), 'x');
    const counts = new PlanCounts();
    const planned: string[] = [];
    const items = planExport({
      source: await backfill.openExport(`file:${dir}`),
      archived: { which: () => Promise.resolve(new Set([id(1_002)])) },
      counts,
      budget: unlimited,
    });
    for await (const item of items) planned.push(item.file);
    expect(planned).toEqual(
      [names[0] ?? '', names[2] ?? ''].toSorted((one, other) => (one < other ? -1 : 1)),
    );
    expect(counts).toMatchObject({ items: 2, archived: 1, others: 2 });
    expect(counts.bytes).toBeGreaterThan(16_000);
  });
});

describe('a key of an export', () => {
  it('is read with and without leading zeros, below any folder, and refused where it names no time', () => {
    const tail = `conversation_id=${id(1)}/${id(2)}.opus`;
    const hour = Date.UTC(2026, 8, 3, 7);
    const name = { conversationId: id(1), recordingId: id(2), extension: 'opus', hour };
    for (const head of [
      `${ORGANIZATION}/year=2026/month=9/day=3/hour=7`,
      'copy/of/year=2026/month=09/day=03/hour=07',
      'year=2026/month=9/day=3/hour=7',
    ]) {
      expect(readExportKey(`${head}/${tail}`)).toEqual({ kind: 'recording', name });
      expect(readExportKey(`${head}/${tail}_metadata.json`).kind).toBe('sidecar');
    }
    for (const wrong of [
      'year=2026/month=2/day=30/hour=7',
      'year=2026/month=13/day=1/hour=7',
      'year=2026/month=1/day=1/hour=24',
      'month=1/day=1/hour=2',
    ]) {
      expect(readExportKey(`${wrong}/${tail}`).kind).toBe('other');
    }
  });
});

describe('OpenPGP', () => {
  it('is told from every format that recordings have', () => {
    const heads = ['RIFF....WAVE', 'OggS', 'ID3', 'PK\u0003\u0004', '\u001aE\u00df\u00a3', 'From: a'].map(
      (text) => Buffer.from(text, 'latin1'),
    );
    const mp3 = Buffer.from([0xff, 0xfb, 0x90, 0x64]);
    expect([...heads, mp3].some(isOpenPgp)).toBe(false);
    const binary = [
      [0xc1, 0xc0, 0x4c, 3],
      [0x85, 0x01, 0x0c, 3],
      [0x84, 0x8c, 3],
      [0xd2, 0x3f, 1],
      [0xc3, 0x0d, 4],
    ];
    expect(binary.map((bytes) => isOpenPgp(Buffer.from(bytes)))).toEqual(binary.map(() => true));
  });
});
