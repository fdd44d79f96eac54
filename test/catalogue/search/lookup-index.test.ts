import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findRecordings, findRows } from '../../../src/catalogue/search/find-recordings.ts';
import { listDayFiles } from '../../../src/catalogue/day/list-days.ts';
import { filesThatMayHold, updateLookup } from '../../../src/catalogue/search/lookup-index.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { addRecording, type Invented, inventPorts } from '../invented-archive.ts';
import type { VersionedStore } from '../versioned-store.ts';

const DAYS = ['2026-01-30', '2026-02-01', '2026-02-02', '2026-02-03'];

async function madeArchive(): Promise<{ ports: CataloguePorts; recordings: (Invented & { day: string })[] }> {
  const ports = inventPorts({
    clock: { now: () => Date.parse('2026-03-10T00:00:00Z'), random: () => 0, sleep: () => Promise.resolve() },
  });
  const recordings: (Invented & { day: string })[] = [];
  for (const day of DAYS)
    for (let count = 0; count < 20; count += 1)
      recordings.push({ day, ...(await addRecording(ports.archive, { day })) });
  await updateCatalogue(ports, { scope: 'all' }, unlimited);
  return { ports, recordings };
}

describe('the index of a month', () => {
  it('names the day of every id, and hardly any for an id that is not there', async () => {
    const { ports, recordings } = await madeArchive();
    const files = await listDayFiles(ports, unlimited);
    expect(files).toHaveLength(DAYS.length);
    for (const { day, recordingId, conversationId } of recordings) {
      for (const [kind, value] of [
        ['recording', recordingId],
        ['conversation', conversationId],
      ] as const) {
        const found = await filesThatMayHold(ports, files, [{ kind, values: [value] }], unlimited);
        expect(found.map((file) => file.day)).toContain(day);
        expect(found.length).toBeLessThan(3);
      }
    }
    const absent = await filesThatMayHold(
      ports,
      files,
      [{ kind: 'recording', values: [randomUUID()] }],
      unlimited,
    );
    expect(absent).toEqual([]);
  });

  it('is passed over once a day has changed, and the answer is right without it', async () => {
    const { ports } = await madeArchive();
    const late = await addRecording(ports.archive, { day: DAYS[2] as string });
    await updateCatalogue(
      { ...ports, catalogue: withoutIndexWrites(ports.catalogue as VersionedStore) },
      { from: DAYS[2], to: DAYS[2] },
      unlimited,
    );
    const search = await findRecordings(ports, { recordings: [late.recordingId] }, {}, unlimited);
    const found: string[] = [];
    for await (const row of findRows(search)) found.push(row.recording_id);
    expect(found).toEqual([late.recordingId]);
    expect(search.files.asked).toBe(3);
    await updateLookup(
      ports,
      { changed: new Set(), everyMonth: true, now: Date.parse('2026-03-10T00:00:00Z') },
      unlimited,
    );
    expect((await findRecordings(ports, { recordings: [late.recordingId] }, {}, unlimited)).files.asked).toBe(
      1,
    );
  });
});

/** As if the run had been killed before it came to the index. */
function withoutIndexWrites(store: VersionedStore): VersionedStore {
  return {
    ...store,
    replace: (expected, body, options, budget) =>
      expected.key.startsWith('catalogue/lookup/')
        ? Promise.resolve({ outcome: 'changed' })
        : (store.replace?.(expected, body, options, budget) ?? Promise.resolve({ outcome: 'changed' })),
  };
}
