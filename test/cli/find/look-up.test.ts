import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayFileKey } from '../../../src/catalogue/places.ts';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { locateAll, locateRecording } from '../../../src/cli/find/look-up.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { createLayout } from '../../../src/record/layout.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { addRecording, DAY, type Invented, inventPorts } from '../../catalogue/invented-archive.ts';

const tools = { clock: systemClock, logger: silentLogger };
const ROOT = 'archive/';
const OF_DAY = `archive/${DAY.replaceAll('-', '/')}/`;

let folder = '';
let base: ObjectStore;
let known: Invented;
let moved: Invented;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'look-up-'));
  base = createDirectoryStore(folder);
  known = await addRecording(base);
  moved = await addRecording(base, { day: '2026-03-06', without: 'object' });
  await updateCatalogue(inventPorts({ archive: base }), { scope: 'all' }, unlimited);
  // where the catalogue has it there is nothing
  moved = await addRecording(base, { ...moved, day: '2026-03-07' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Looks for a recording, and tells which prefixes of recordings were listed for it. */
async function look(id: string, env: Record<string, string> = {}) {
  const config = loadConfig({ env: { ARCHIVE_STORE: `file:${folder}`, ...env } }, 'store');
  const listed: string[] = [];
  const store: ObjectStore = {
    ...base,
    list: (prefix, budget) => {
      if (prefix.startsWith(ROOT)) listed.push(prefix);
      return base.list(prefix, budget);
    },
  };
  const range = { layout: createLayout(config.layout) };
  const key = await locateRecording(tools, { config, store, range }, id, unlimited);
  const all = await locateAll(tools, { config, store, range, everyVersion: true }, [id], unlimited);
  expect(all.get(id)).toContain(key);
  return { key, listed: new Set(listed) };
}

describe('a recording is looked for by its id', () => {
  it('on its day alone where the catalogue knows it', async () => {
    const { key, listed } = await look(known.recordingId.toUpperCase());
    expect(key).toBe(known.key);
    expect([...listed]).toEqual([OF_DAY]);
  });

  it('in the whole archive where the catalogue is older than it', async () => {
    const late = await addRecording(base, { day: '2026-03-09' });
    const { key, listed } = await look(late.recordingId);
    expect(key).toBe(late.key);
    expect(listed).toContain(ROOT);
  });

  it('in the whole archive where the catalogue is wrong', async () => {
    const { key, listed } = await look(moved.recordingId);
    expect(key).toBe(moved.key);
    expect(listed).toContain(ROOT);
  });

  it('in the whole archive where there is no catalogue', async () => {
    const { key } = await look(known.recordingId, { ARCHIVE_CATALOGUE: `file:${folder}/elsewhere` });
    expect(key).toBe(known.key);
  });

  it('in the whole archive where the catalogue is damaged, or cannot be opened', async () => {
    await writeFile(path.join(folder, dayFileKey(DAY)), 'no Parquet');
    expect((await look(known.recordingId)).key).toBe(known.key);
    const closed = await look(known.recordingId, { ARCHIVE_CATALOGUE: `file:${folder}/${dayFileKey(DAY)}` });
    expect(closed.key).toBe(known.key);
  });
});
