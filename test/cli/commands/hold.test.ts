import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveFixture, FIRST, makeArchive, SECOND, THIRD } from '../archive-fixture.ts';
import { runCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

describe('hold', () => {
  let archive: ArchiveFixture;
  const run = (args: readonly string[], env = {}) =>
    runHere(['hold', ...args], { env: { ...archive.env, ...env } });
  const placed = async (...args: readonly string[]) => {
    const { code, records } = await run(['place', '--matter', '2026/117', '--json', ...args]);
    expect(code).toBe(0);
    return String(records()[0]?.['id']);
  };

  beforeEach(async () => {
    archive = await makeArchive(2000);
  });
  afterEach(() => archive.remove());

  it('places, lists and releases, each told in a line', async () => {
    const env = archive.env;
    const placing = await runCli(['hold', 'place', '--matter', '2026/117', '--by', 'M. Ito', FIRST, SECOND], {
      env,
    });
    expect(placing).toMatchObject({ code: 0 });
    const [, id = ''] =
      /^(h-\d{8}-[0-9a-f]{12})  standing  .+  2 objects  2026\/117  by M\. Ito$/m.exec(placing.stdout) ?? [];
    expect(id).not.toBe('');
    expect(placing.stderr).toContain('the store has no lock of its own');
    expect((await run(['list'])).stdout).toContain(`${id}  standing`);
    expect(await run(['release', id, '--by', 'A. Brandt', '--reason', 'settled'])).toMatchObject({ code: 0 });
    expect((await run(['list'])).stdout).toBe('');
    expect((await run(['list', '--all'])).stdout).toContain(`${id}  released`);
    expect((await runHere(['verify', '--all', '--json'], { env })).stdout).not.toContain('foreign');
  });

  it('is not released by the one who placed it where two persons are wanted, and no entry says that it was', async () => {
    const id = await placed('--by', 'M. Ito', FIRST);
    const env = { ARCHIVE_HOLD_TWO_PERSONS: '1' };
    const release = (by: string) => run(['release', id, '--by', by, '--reason', 'settled'], env);
    const released = async () => {
      const { records } = await runHere(['access', 'list', '--action', 'release', '--json'], {
        env: archive.env,
      });
      return records().flatMap(({ who }) => who ?? []);
    };
    const refused = await release(' m. ito');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('HOLD_SAME_PERSON')]);
    expect(await released()).toEqual([]);
    expect((await run(['list'])).stdout).toContain(`${id}  standing`);
    const done = await release('A. Brandt');
    expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('keep to the hold')]);
    const log = await runHere(['access', 'list', '--format', 'csv'], { env: archive.env });
    expect(log.stdout).toMatch(new RegExp(`A\\. Brandt,.*,release,granted,,${id},settled`));
    expect(await release('C. Third')).toMatchObject({ code: 0 });
    expect(await released()).toEqual(['A. Brandt']);
  });

  it('says how rules apply again to what it held, which `retain` takes by the hold', async () => {
    const file = path.join(archive.dir, 'retention.json');
    const rules = { by: 'tags', rules: [], otherwise: { keep: '1y', remove: '2y' } };
    await writeFile(file, JSON.stringify({ schema: 'genesys-media-archive/retention/v1', ...rules }));
    const env = { ARCHIVE_RETENTION_FILE: file };
    const id = await placed(FIRST, THIRD);
    const { stderr } = await run(['release', id, '--by', 'A. Brandt', '--reason', 'settled'], env);
    expect(stderr).toContain(`genesys-archive retain apply --hold ${id}`);
    const retain = (...args: readonly string[]) =>
      runHere(['retain', ...args], { env: { ...archive.env, ...env } });
    const shown = await retain('show', '--hold', id, '--json');
    expect(shown.records().flatMap(({ key }) => key ?? [])).toEqual([
      archive.keys[FIRST],
      archive.keys[THIRD],
    ]);
    expect((await retain('apply', '--hold', id, '--dry-run')).stderr).toContain(
      `2 objects (what ${id} holds)`,
    );
    expect(await retain('show', SECOND, '--hold', id)).toMatchObject({ code: 2 });
    expect(await retain('show', '--hold', 'h-20260101-000000000000')).toMatchObject({ code: 6 });
    expect(await retain('extend', '--hold', id, '--until', '2090-01-01', '--reason', 'r')).toMatchObject({
      code: 2,
    });
  });

  it('takes a list of ids, and names what the archive does not hold', async () => {
    const file = path.join(archive.dir, 'case.csv');
    await writeFile(file, `recordingId,note\n${FIRST},x\n99999999-9999-4999-8999-999999999999,y\n`);
    const refused = await run(['place', '--matter', 'm', '--ids', file]);
    expect(refused).toMatchObject({ code: 6 });
    expect(refused.stderr).toContain('99999999-9999-4999-8999-999999999999');
    const { code, records } = await run([
      'place',
      '--matter',
      'm',
      '--ids',
      file,
      '--skip-missing',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(records().filter(({ type }) => type === 'held')).toMatchObject([{ key: archive.keys[FIRST] }]);
  });

  it('takes the recordings of some days', async () => {
    const { records } = await run(['place', '--matter', 'm', '--from', '2026-05-21', '--json']);
    const keys = records()
      .filter(({ type }) => type === 'held')
      .map((record) => record['key']);
    expect(keys).toEqual([archive.keys[SECOND], archive.keys[THIRD]]);
    expect(await run(['place', '--matter', 'm', '--from', '2027-01-01'])).toMatchObject({ code: 6 });
  });

  it('writes nothing with --dry-run', async () => {
    const dry = await run(['place', '--matter', 'm', FIRST, '--dry-run']);
    expect(dry.stdout).toBe(`would hold  ${archive.keys[FIRST]}\n`);
    expect((await run(['list', '--all'])).stderr).toContain('0 holds standing, 0 released');
  });

  it('lets the person who placed it not release it where two are wanted', async () => {
    const id = await placed(FIRST, '--by', 'M. Ito');
    const two = { ARCHIVE_HOLD_TWO_PERSONS: '1' };
    const refused = await run(['release', id, '--by', 'm. ito'], two);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('[HOLD_SAME_PERSON]');
    expect(await run(['release', id, '--by', 'A. Brandt'], two)).toMatchObject({ code: 0 });
  });

  it('is no answer at a place where no archive is', async () => {
    const elsewhere = { ARCHIVE_STORE: `file:${path.join(archive.dir, 'nowhere')}` };
    expect(await run(['list'], elsewhere)).toMatchObject({ code: 6 });
  });

  it.each([
    [['place', FIRST], '--matter TEXT'],
    [['place', '--matter', ' ', FIRST], '--matter is empty'],
    [['place', '--matter', 'm'], 'say which recordings to hold'],
    [['place', '--matter', 'm', FIRST, '--conversation', 'x'], 'both choose'],
    [['list', '--matter', 'm'], '--matter goes with hold place only'],
    [['place', '--matter', 'm', FIRST, '--all'], '--all goes with hold list only'],
    [['release'], 'name one hold'],
    [['release', 'a', 'b'], 'name one hold'],
    [['drop', 'a'], 'hold does not know drop'],
  ])('%j is refused, with what to do', async (args, why) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });

  it('of another name than any is not found', async () => {
    expect(await run(['release', 'h-20260520-0123456789ab'])).toMatchObject({ code: 6 });
  });
});
