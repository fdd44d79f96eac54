import { describe, expect, it } from 'vitest';
import { compareDay } from '../../../src/catalogue/day/compare-day.ts';
import { openDayFile, readRows, writeDayFile } from '../../../src/catalogue/day/day-file.ts';
import { listDayFiles } from '../../../src/catalogue/day/list-days.ts';
import { dayFileKey } from '../../../src/catalogue/places.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import type { CatalogueRow } from '../../../src/catalogue/schema.ts';
import { readRunInputs, updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { addRecording, DAY, factsLine, inventPorts, putErasure, putFacts } from '../invented-archive.ts';
import type { VersionedStore } from '../versioned-store.ts';

const KEY = dayFileKey(DAY);
const LONG_AGO = Date.parse('2026-04-01T00:00:00Z');

const storeOf = (ports: CataloguePorts) => ports.archive as VersionedStore;

/** As if the store had taken them then. */
function date(ports: CataloguePorts, prefix: string, lastModified: number): void {
  const { objects } = storeOf(ports);
  for (const [key, { stat, body }] of objects)
    if (key.startsWith(prefix)) objects.set(key, { stat: { ...stat, lastModified }, body });
}

/** Three recordings and their catalogue, of long ago; the file is a day younger than they are. */
async function makeOld() {
  const ports = inventPorts();
  const made = [await addRecording(ports.archive), await addRecording(ports.archive)];
  made.push(await addRecording(ports.archive, { without: 'object' }));
  await putFacts(ports, [factsLine(made[0]?.conversationId ?? '', {})]);
  await updateCatalogue(ports, { from: DAY, to: DAY }, unlimited);
  date(ports, '', LONG_AGO);
  date(ports, KEY, LONG_AGO + 86_400_000);
  return { ports, made: made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]] };
}

async function compare(ports: CataloguePorts, isMeant: (key: string) => boolean = () => true) {
  const [listed] = await listDayFiles(ports, unlimited);
  if (listed === undefined) throw new Error('no file');
  const { erased, held } = await readRunInputs(ports, unlimited);
  return compareDay(ports, listed, { erased, held, isMeant }, unlimited);
}

/** Writes the day anew with other rows, as who may write to the catalogue could. */
async function forge(ports: CataloguePorts, change: (rows: CatalogueRow[]) => CatalogueRow[]) {
  const { catalogue, tables, archive } = ports;
  const where = { catalogue, tables, location: archive.location };
  const file = await openDayFile(where, KEY, undefined, unlimited);
  if (file === undefined) throw new Error('no file');
  const rows = await readRows(file.table, { from: 0, to: file.table.rows });
  const body = writeDayFile(tables, change(rows), { ...file.facts });
  const stat = await catalogue.head(KEY, unlimited);
  if (stat === undefined) throw new Error('no file');
  await catalogue.replace?.(stat, body, { metadata: {}, contentType: 'x' }, unlimited);
  date(ports, KEY, LONG_AGO + 86_400_000);
}

const edit = (change: Partial<CatalogueRow>) => (rows: CatalogueRow[]) =>
  rows.map((row, at) => (at === 0 ? { ...row, ...change } : row));

describe('a row of what its rule let go', () => {
  it('says expired, is found by that, and is none of the differences of `verify` before the next update', async () => {
    const { ports, made } = await makeOld();
    const [first, , gone] = made;
    const expired = { of: () => Promise.resolve(new Map([[gone.key, LONG_AGO]])) };
    expect((await compare({ ...ports, expired })).disagreements).toEqual([]);
    const later = { of: () => Promise.resolve(new Map([[first.key, LONG_AGO]])) };
    const object = storeOf(ports).objects.get(first.key);
    storeOf(ports).objects.delete(first.key);
    expect((await compare({ ...ports, expired: later })).disagreements).toEqual([]);
    expect((await compare(ports)).disagreements).toMatchObject([{ key: first.key }]);
    if (object !== undefined) storeOf(ports).objects.set(first.key, object);
    await updateCatalogue({ ...ports, expired }, { from: DAY, to: DAY }, unlimited);
    const states = await statesOf({ ...ports, expired });
    expect(states.get(gone.key)).toBe('expired');
    expect([...states.values()].toSorted()).toEqual(['archived', 'archived', 'expired']);
    expect((await compare({ ...ports, expired })).disagreements).toEqual([]);
    expect((await compare(ports)).disagreements).toMatchObject([{ key: gone.key }]);
  });
});

async function statesOf(ports: CataloguePorts): Promise<ReadonlyMap<string, string>> {
  const { catalogue, tables, archive } = ports;
  const where = { catalogue, tables, location: archive.location };
  const file = await openDayFile(where, KEY, undefined, unlimited);
  if (file === undefined) throw new Error('no file');
  const rows = await readRows(file.table, { from: 0, to: file.table.rows });
  return new Map(rows.map(({ key, state }) => [key, state]));
}

describe('the rows of a day, held to the archive', () => {
  it('agree where nothing was changed, whether or not there are keys', async () => {
    const { ports } = await makeOld();
    const right = { rows: 3, behind: 0, disagreements: [] };
    expect(await compare(ports)).toEqual(right);
    expect(await compare({ ...ports, reader: undefined, envelope: undefined })).toEqual(right);
  });

  it.each([
    ['conversation_id', { conversation_id: 'c0000000-0000-4000-8000-00000000000f' }],
    ['recording_id', { recording_id: 'c0000000-0000-4000-8000-00000000000f' }],
    ['organization_id', { organization_id: 'other' }],
    ['channel', { channel: '1' }],
    ['receipt_key', { receipt_key: 'receipts/other.json' }],
    ['kind', { kind: 'terminal' }],
    ['recorded_at', { recorded_at: LONG_AGO }],
    ['stored_at', { stored_at: LONG_AGO }],
    ['content_type', { content_type: 'video/mp4' }],
    ['format', { format: 'static-gcm' }],
    ['key_id', { key_id: 'other' }],
    ['bytes', { bytes: 7n }],
    ['state', { state: 'gone' }],
    ['state', { state: 'erased' }],
    ['legal_hold', { legal_hold: true, hold_ids: ['hold-1'] }],
  ] as const)('disagree in %s', async (name, change) => {
    const { ports } = await makeOld();
    let key = '';
    await forge(ports, (rows) => {
      // of those with an object
      const sorted = rows.toSorted((one, other) => Number(other.bytes ?? -1n) - Number(one.bytes ?? -1n));
      key = sorted[0]?.key ?? '';
      return edit(change)(sorted);
    });
    const { disagreements, behind } = await compare(ports);
    expect(disagreements).toHaveLength(1);
    expect(disagreements[0]).toMatchObject({ key });
    expect(disagreements[0]?.message).toMatch(new RegExp(`: ${name}$`));
    expect(behind).toBe(0);
  });

  it('disagree where one was added, taken out, doubled, or is of another day', async () => {
    const { ports } = await makeOld();
    const other = 'archive/2026/03/05/c0000000-0000-4000-8000-00000000000f.enc';
    const elsewhere = 'archive/2026/03/06/c0000000-0000-4000-8000-00000000000f.enc';
    let [out, twice] = ['', ''];
    await forge(ports, (rows) => {
      const [first, second, third] = rows as [CatalogueRow, CatalogueRow, CatalogueRow];
      [out, twice] = [first.key, second.key];
      return [second, second, third, { ...third, key: other }, { ...third, key: elsewhere }];
    });
    const { disagreements } = await compare(ports);
    const words = Object.fromEntries(disagreements.map(({ key, message }) => [key, message]));
    expect(Object.keys(words).sort()).toEqual([out, twice, other, elsewhere].sort());
    expect(words[out]).toContain('no row of it');
    expect(words[twice]).toContain('more than one row');
    expect(words[other]).toContain('neither receipt nor object');
    expect(words[elsewhere]).toContain('does not belong');
  });

  it('disagree where the object or the receipt has gone since', async () => {
    const { ports, made } = await makeOld();
    storeOf(ports).remove(made[0].key);
    storeOf(ports).remove(receiptKey(made[1].key));
    const { disagreements } = await compare(ports);
    const words = Object.fromEntries(disagreements.map(({ key, message }) => [key, message]));
    expect(words[made[0].key]).toMatch(/: bytes, state$/);
    expect(words[made[1].key]).toMatch(/: conversation_id.*kind.*state$/);
  });

  it('are behind, and wrong in nothing, where recording, object, erasure or hold came after them', async () => {
    const { ports, made } = await makeOld();
    const late = await addRecording(ports.archive);
    const options = { metadata: {}, contentType: 'application/octet-stream' };
    await ports.archive.put(made[2].key, Buffer.alloc(20), options, unlimited);
    await putErasure(ports.archive, made[0]);
    expect(await compare(ports)).toEqual({ rows: 3, behind: 3, disagreements: [] });
    expect(await compare(ports, (key) => key === late.key)).toEqual({
      rows: 0,
      behind: 1,
      disagreements: [],
    });
  });

  it('disagree where an erasure of long ago is not in them', async () => {
    const { ports, made } = await makeOld();
    await putErasure(ports.archive, made[0]);
    date(ports, 'erasures/', LONG_AGO);
    const { disagreements } = await compare(ports);
    expect(disagreements).toMatchObject([{ key: made[0].key, message: expect.stringMatching(/: state$/) }]);
  });
});
