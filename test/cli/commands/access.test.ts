import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import {
  type AccessEntry,
  accessKey,
  formatAccessEntry,
  hashAccessEntry,
  writeAccessEntry,
} from '../../../src/record/access-entry.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { type ArchiveFixture, FIRST, makeArchive, SECOND } from '../archive-fixture.ts';
import { runHere } from '../run-here.ts';

let archive: ArchiveFixture;
let root: string;
beforeEach(async () => {
  archive = await makeArchive(2000);
  root = (archive.env['ARCHIVE_STORE'] ?? '').replace('file:', '');
});
afterEach(() => archive.remove());

const run = (...args: readonly string[]) => runHere(['access', ...args], { env: archive.env });
const AT = '2026-05-20T23:59:00.000Z';

/** A session that listens before midnight and after it. */
async function listen(): Promise<readonly AccessEntry[]> {
  const store = createDirectoryStore(root);
  const common = { v: 1, who: 'A. Brandt (sub-1)', session: 's-1', outcome: 'granted' } as const;
  const first: AccessEntry = { ...common, at: AT, n: 1, action: 'listen', recording: FIRST };
  const second: AccessEntry = {
    ...common,
    at: '2026-05-21T00:01:00.000Z',
    n: 2,
    action: 'export',
    recordings: [SECOND],
    reason: 'case 7, "urgent"',
    previous: hashAccessEntry(formatAccessEntry(first)),
  };
  for (const entry of [first, second]) await writeAccessEntry(store, entry, 'ab'.repeat(6), unlimited);
  return [first, second];
}

describe('access list', () => {
  it('shows entries newest first, by recording, person, action and day, and writes down that it did', async () => {
    await listen();
    const all = await run('list', '--json', '--by', 'M. Ito', '--reason', 'yearly');
    expect(all.code).toBe(0);
    const shown = all.records();
    expect(shown.map(({ type, action }) => action ?? type)).toEqual(['oversee', 'export', 'listen', 'chain']);
    expect(shown[0]).toMatchObject({ who: 'M. Ito', query: 'all', reason: 'yearly' });
    expect(shown.at(-1)).toMatchObject({ state: 'intact' });
    const actionsOf = async (...args: string[]) =>
      (await run('list', ...args, '--json')).records().flatMap(({ action }) => action ?? []);
    expect(await actionsOf(FIRST)).toEqual(['listen']);
    expect(await actionsOf(SECOND)).toEqual(['export']);
    expect(await actionsOf(archive.keys[SECOND] ?? '')).toEqual(['export']);
    expect(await actionsOf('--person', 'BRANDT')).toEqual(['export', 'listen']);
    expect(await actionsOf('--action', 'listen')).toEqual(['listen']);
    expect(await actionsOf('--from', '2026-05-21', '--to', '2026-05-21')).toEqual(['export']);
    expect(await run('list', '--person', 'Unknown')).toMatchObject({ code: 6 });
    const csv = await run('list', '--format', 'csv', '--to', '2026-05-31');
    expect(csv.stdout).toContain('at,who,session,n,action,outcome,recording,query,reason');
    expect(csv.stdout).toContain('"case 7, ""urgent"""');
    const table = await run('list', '--to', '2026-05-31', '--limit', '1');
    expect(table.stdout).toContain('A. Brandt');
    expect(table.stderr).toContain('there are more than 1 entry');
    expect(table.stderr).toContain('the chains of what was read are intact');
  });

  it('tells of holds and erasures that name a recording, which entries name by how they were chosen', async () => {
    const holding = ['hold', 'place', '--matter', '2026/117', '--by', 'M. Ito', FIRST];
    expect(await runHere(holding, { env: archive.env })).toMatchObject({ code: 0 });
    const held = await run('list', FIRST);
    expect(held.stderr).toMatch(/is in h-\d{8}-\w+ for 2026\/117, placed by M\. Ito/);
    expect((await run('list', SECOND)).stderr).not.toContain('is in h-');
    const planned = await runHere(['erase', SECOND, '--reason', 'request 9', '--by', 'A. Brandt', '--json'], {
      env: archive.env,
    });
    const plan = String(planned.records().find(({ type }) => type === 'plan')?.['plan']);
    const erasing = ['erase', '--confirm', plan, '--yes', '1'];
    expect(await runHere(erasing, { env: archive.env })).toMatchObject({ code: 0 });
    const { records } = await run('list', SECOND, '--json');
    expect(records()[0]).toMatchObject({
      type: 'erased',
      recording: SECOND,
      by: 'A. Brandt',
      reason: 'request 9',
    });
  });

  it.each([
    ['removed', async (file: string) => rm(file)],
    [
      'changed',
      async (file: string) =>
        writeFile(file, (await readFile(file, 'utf8')).replace('A. Brandt', 'B. Frandt')),
    ],
    ['no entry any more', async (file: string) => writeFile(file, 'nothing')],
  ])('ends with 5 where an entry was %s', async (_what, spoil) => {
    await listen();
    const folder = path.join(root, path.dirname(accessKey(AT, 'ab'.repeat(6))));
    const name = (await readdir(folder)).find((one) => one.endsWith('.json')) ?? '';
    await spoil(path.join(folder, name));
    const { code, stderr, records } = await run(
      'list',
      '--from',
      '2026-05-20',
      '--to',
      '2026-05-21',
      '--json',
    );
    expect(code).toBe(5);
    expect(records().find(({ type }) => type === 'chain')).toMatchObject({ state: 'broken' });
    expect(stderr + records().length).toContain('the chain is broken');
  });

  it.each([
    ['another word', ['show'], /access does not know show/],
    ['an unknown action', ['list', '--action', 'look'], /must be one of/],
    ['a range the wrong way round', ['list', '--from', '2026-05-21', '--to', '2026-05-20'], /later than/],
    ['ten years and more', ['list', '--from', '2001-01-01'], /more than ten years/],
  ])('refuses %s', async (_what, args, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });
});
