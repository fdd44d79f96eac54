import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';
import { type ArchiveFixture, FIRST, makeArchive } from './archive-fixture.ts';
import { makeDirectory } from './run-cli.ts';
import { runHere } from './run-here.ts';

/** Two archives of three recordings each, of the same ids: only their places and keys tell them apart. */
let emea: ArchiveFixture;
let apac: ArchiveFixture;
let dir: string;
let config: string;
let env: Record<string, string>;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ dir, remove } = await makeDirectory());
  [emea, apac] = [await makeArchive(1_000), await makeArchive(2_000)];
  config = path.join(dir, 'settings.json');
  await write({});
  env = {
    ENCRYPTION_KEY_HEX__EMEA: emea.env['ENCRYPTION_KEY_HEX'] ?? '',
    ENCRYPTION_KEY_HEX__APAC: apac.env['ENCRYPTION_KEY_HEX'] ?? '',
  };
});
afterAll(async () => {
  await Promise.all([emea.remove(), apac.remove(), remove()]);
});

async function write(more: Record<string, object>, file = config) {
  const archives = {
    emea: { ARCHIVE_STORE: emea.env['ARCHIVE_STORE'] },
    apac: { ARCHIVE_STORE: apac.env['ARCHIVE_STORE'] },
    ...more,
  };
  await writeFile(file, JSON.stringify({ archives }));
}

const run = (args: readonly string[], more: Record<string, string> = {}, file = config) =>
  runHere([...args, '--config', file], { env: { ...env, ...more } });

describe('--archive', () => {
  it('chooses the store and the key, and so does GENESYS_ARCHIVE', async () => {
    const verified = await run(['verify', '--all', '--archive', 'apac', '--allow', 'unproven']);
    expect(verified.stderr).toContain('3 recordings verified');
    expect(verified.stderr).toContain(apac.env['ARCHIVE_STORE']?.slice('file:'.length));
    const chosen = await run(['list', '--json'], { GENESYS_ARCHIVE: 'emea' });
    expect([chosen.code, chosen.records().length, chosen.records()[0]?.['size']]).toEqual([0, 3, 1_016]);
  });

  it('never opens one archive with the key of the other', async () => {
    const swapped = {
      ENCRYPTION_KEY_HEX__EMEA: env['ENCRYPTION_KEY_HEX__APAC'] ?? '',
      ENCRYPTION_KEY_HEX: env['ENCRYPTION_KEY_HEX__EMEA'] ?? '',
    };
    const out = path.join(dir, 'call.wav');
    const restored = await run(['restore', FIRST, '-o', out, '--archive', 'emea'], swapped);
    expect([restored.code, restored.stderr]).toEqual([5, expect.stringContaining('[DECRYPT_FAILED]')]);
    expect(restored.stderr).toContain('ENCRYPTION_KEY_HEX in the environment is not used for archive emea');
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });

  it.each([
    [['list'], 'the settings have 2 archives, and none was named'],
    [['list', '--archive', 'latam'], 'there is no archive latam; there are: emea, apac'],
    [['list', '--archive', 'emae'], 'did you mean emea?'],
    [['list', '--archive', 'emea', '--all-archives'], 'contradict each other'],
    [['list', '--all-archives', '--store', 'file:x'], '--store belongs to one archive'],
    [['verify', '--all', '--all-archives', '--report', 'x.json'], '--report belongs to one archive'],
    [['doctor', '--all-archives', '--stack', 'Name'], '--stack belongs to one archive'],
  ])('%j is refused with exit code 2', async (args, message) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('is refused where the settings have no archives', async () => {
    for (const args of [
      ['list', '--archive', 'emea'],
      ['list', '--all-archives'],
    ]) {
      const { code, stderr } = await runHere(args, { env: emea.env });
      expect([code, stderr]).toEqual([2, expect.stringContaining('the settings have no archives')]);
    }
  });
});

describe('--all-archives', () => {
  it('lists each, under its name; each record of --json names its archive', async () => {
    const text = await run(['list', '--all-archives']);
    expect(text.code).toBe(0);
    expect(text.stdout.split('\n').filter((line) => line.startsWith('archive '))).toEqual([
      'archive emea',
      'archive apac',
    ]);
    const records = (await run(['list', '--all-archives', '--json'])).records();
    expect(records.map(({ archive }) => archive)).toEqual([
      ...Array<string>(3).fill('emea'),
      ...Array<string>(3).fill('apac'),
    ]);
  });

  it('lists the jobs of each, and works on all of them', async () => {
    for (const archive of ['emea', 'apac']) {
      const planned = await run(['verify', '--all', '--depth', 'head', '--job', '--archive', archive]);
      expect(planned.code).toBe(0);
    }
    const listed = await run(['jobs', 'list', '--all-archives', '--json']);
    expect(listed.records()).toMatchObject([
      { archive: 'emea', kind: 'verify', left: 3 },
      { archive: 'apac', kind: 'verify', left: 3 },
    ]);
    const id = String(listed.records()[0]?.['job']);
    const one = await run(['jobs', 'run', id, '--all-archives']);
    expect(one.stderr).toContain('a job belongs to one archive');
    const ran = await run(['jobs', 'run', '--all-archives', '--json']);
    expect(ran.records().filter(({ type }) => type === 'run')).toMatchObject([
      { archive: 'emea', end: 'over' },
      { archive: 'apac', end: 'over' },
    ]);
  });

  it('verifies each, and one that is damaged keeps none of the others from being looked at', async () => {
    await emea.flipBit(FIRST, 10);
    const { code, records } = await run([
      'verify',
      '--all',
      '--all-archives',
      '--allow',
      'unproven',
      '--json',
    ]);
    await emea.flipBit(FIRST, 10);
    expect(code).toBe(5);
    const summaries = records().filter(({ type }) => type === 'summary');
    expect(summaries).toMatchObject([
      { archive: 'emea', verified: 2, damaged: 1 },
      { archive: 'apac', verified: 3, damaged: 0 },
    ]);
  });

  it('is a failure when one of them is empty, as it is for one', async () => {
    const file = path.join(dir, 'empty.json');
    await write({ latam: { ARCHIVE_STORE: `file:${path.join(dir, 'nothing')}` } }, file);
    const { code, stderr } = await run(['list', '--all-archives'], {}, file);
    expect([code, stderr]).toEqual([6, expect.stringContaining('[NOTHING_FOUND]')]);
  });

  it('finds what one of them has, and fails where none has it', async () => {
    const file = path.join(dir, 'search.json');
    await write({ latam: { ARCHIVE_STORE: `file:${dir}` } }, file);
    const found = await run(['inspect', FIRST, '--all-archives', '--unverified', '--json'], {}, file);
    expect(found.code).toBe(0);
    expect(found.records().map(({ archive }) => archive)).toEqual(['emea', 'apac']);
    const nowhere = await run(
      ['inspect', '99999999-1111-4111-8111-111111111111', '--all-archives'],
      {},
      file,
    );
    expect(nowhere.code).toBe(6);
  });
});

describe('doctor', () => {
  it('checks each archive where none is chosen', async () => {
    const { code, records } = await run(['doctor', '--json']);
    const stores = records().filter(({ name }) => name === 'store');
    expect(stores).toMatchObject([
      { archive: 'emea', status: 'ok' },
      { archive: 'apac', status: 'ok' },
    ]);
    expect(code).toBe(0);
  });

  it('names the archive whose OAuth client is that of another organization, and the others are checked', async () => {
    const organizationId = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';
    const simulator: Simulator = await startSimulator({ organizationId });
    try {
      const { GENESYS_CLIENT_ID: id, GENESYS_CLIENT_SECRET: secret, ...platform } = simulator.environment();
      const file = path.join(dir, 'organizations.json');
      const other = '11111111-52a4-4a8b-9c55-1f3f6a1a9b77';
      await write(
        {
          emea: { ARCHIVE_STORE: emea.env['ARCHIVE_STORE'], GENESYS_ORGANIZATION_ID: organizationId },
          apac: { ARCHIVE_STORE: apac.env['ARCHIVE_STORE'], GENESYS_ORGANIZATION_ID: other },
        },
        file,
      );
      const clients = {
        ...platform,
        GENESYS_CLIENT_ID__EMEA: id ?? '',
        GENESYS_CLIENT_SECRET__EMEA: secret ?? '',
        GENESYS_CLIENT_ID__APAC: id ?? '',
        GENESYS_CLIENT_SECRET__APAC: secret ?? '',
      };
      const { code, records } = await run(['doctor', '--json'], clients, file);
      const checks = records().filter(({ name }) => name === 'organization' || name === 'genesys');
      expect(checks).toMatchObject([
        { archive: 'emea', name: 'genesys', status: 'ok' },
        { archive: 'apac', name: 'genesys', status: 'ok' },
        { archive: 'apac', name: 'organization', status: 'fail', code: 'ORGANIZATION_MISMATCH' },
      ]);
      expect(code).toBe(2);
    } finally {
      await simulator.close();
    }
  });
});
