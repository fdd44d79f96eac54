import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { accessEntries } from '../../proof/access-fixture.ts';
import { DAY, endPlatforms, HOUR, startPlatform } from '../../e2e/start-platform.ts';
import { runHere } from '../run-here.ts';

afterEach(endPlatforms);

/** A day on which one conversation was archived and another never announced, once the platform's data reach its noon. */
async function startDay() {
  const platform = await startPlatform([{ recordings: [{}] }, { recordings: [{}], unannounced: true }], 1);
  const { env, clock, simulator, ids } = platform;
  clock.advance(30 * HOUR);
  return { simulator, clock, env, ids, cli: (...args: string[]) => runHere(args, { env, clock }) };
}

describe('seal', () => {
  it('begins the log once, states what is due, and then has nothing to seal', async () => {
    const { cli } = await startDay();
    const none = await cli('seal');
    expect([none.code, none.stderr.includes('LOG_MISSING')]).toEqual([6, true]);
    const begun = await cli('seal', '--init', '--from', DAY);
    expect([begun.code, begun.stdout]).toEqual([
      0,
      expect.stringMatching(/^recordings\.example\.com\/proof\/archive\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/),
    ]);
    expect((await cli('seal', '--init', '--from', '2026-05-01')).stderr).toContain(
      'had been begun already, first day 2026-05-20',
    );
    const sealed = await cli('seal', '--json');
    expect(sealed.code).toBe(0);
    expect(sealed.records()).toEqual([
      expect.objectContaining({ type: 'statement', day: DAY, revision: 0, status: 'provisional' }),
      expect.objectContaining({ type: 'summary', size: 2, statements: 1, anchored: [], failed: [] }),
    ]);
    const again = await cli('seal');
    expect([again.code, again.stdout]).toEqual([0, '']);
    expect(again.stderr).toContain('nothing to seal; the log has 2 entries');
  });

  it('says of each day what was listed and held, and of a platform that does not answer that it could not be asked', async () => {
    const { cli, simulator, clock } = await startDay();
    await cli('seal', '--init', '--from', DAY);
    const sealed = await cli('seal');
    expect(sealed.stdout).toBe(
      `${DAY}  revision 0  provisional  1 recording held, 2 listed: 1 missing, 0 pending, 0 excluded, 0 only here\n`,
    );
    expect(sealed.stderr).toContain(
      `${DAY}: blind spot: recordings of divisions that the OAuth client cannot see`,
    );
    await simulator.close();
    clock.advance(24 * HOUR);
    const deaf = await cli('seal');
    expect(deaf.code).toBe(0);
    expect(deaf.stdout).toBe(
      '2026-05-21  revision 0  provisional  0 recordings held, the platform could not be asked  [GENESYS_UNAVAILABLE]\n',
    );
  });

  it('warns of access entries that the log holds and that are gone', async () => {
    const { cli, env } = await startDay();
    await cli('seal', '--init', '--from', DAY);
    const entries = accessEntries(DAY, [2, 1]);
    const place = (key = '') => path.join((env['ARCHIVE_STORE'] ?? '').replace('file:', ''), key);
    await mkdir(path.dirname(place(entries[0]?.key)), { recursive: true });
    for (const { key, bytes } of entries) await writeFile(place(key), bytes);
    expect((await cli('seal')).stderr).not.toContain('access');
    for (const { key } of entries.slice(1)) await rm(place(key));
    expect((await cli('seal')).stderr).toContain(
      `${DAY}: 2 access entries that the log holds are gone: \`access verify --from ${DAY} --to ${DAY}\` names what is`,
    );
  });

  it('states today when it is asked to, and the days up to one that is named', async () => {
    const { cli } = await startDay();
    await cli('seal', '--init', '--from', '2026-05-18');
    const early = await cli('seal', '--day', '2026-05-19', '--json');
    const days = (of: typeof early) =>
      of.records().flatMap(({ type, day }) => (type === 'statement' ? [day] : []));
    expect(days(early)).toEqual(['2026-05-18', '2026-05-19']);
    expect(days(await cli('seal', '--now', '--json'))).toEqual([DAY, '2026-05-21']);
  });

  it('states nothing of a day that has not begun, and begins no log there', async () => {
    const { cli } = await startDay();
    const why = '2026-05-22 has not begun';
    const begin = await cli('seal', '--init', '--from', '2026-05-22');
    expect([begin.code, begin.stderr]).toEqual([2, expect.stringContaining(why)]);
    await cli('seal', '--init', '--from', DAY);
    const ahead = await cli('seal', '--day', '2026-05-22');
    expect([ahead.code, ahead.stdout, ahead.stderr]).toEqual([2, '', expect.stringContaining(why)]);
  });

  it.each([
    [['--from', DAY], '--from and --recovery-vkey belong to --init'],
    [['--init', '--now'], '--init begins the log and seals nothing'],
    [['--now', '--day', DAY], 'say --now or --day, not both'],
    [['--day', 'monday'], '--day is not a day'],
    [['--init', '--from', '2026-02-30'], '--from is not a day'],
  ])('refuses %j', async (flags, words) => {
    const { code, stderr } = await runHere(['seal', ...flags]);
    expect([code, stderr.includes(words)]).toEqual([2, true]);
  });
});

describe('reconcile', () => {
  it('ends with 3 and names what is missing, with the reason and the blind spot; with 0 for days that agree', async () => {
    const { cli, ids } = await startDay();
    const found = await cli('reconcile', '--day', DAY);
    expect(found.code).toBe(3);
    expect(found.stdout).toMatch(
      new RegExp(`^${DAY} {2}missing {5}never-announced {5}call {2}[0-9a-f-]+ {2}of ${ids[1]}\\n$`),
    );
    expect(found.stderr).toContain(
      '2 listed, 1 held, 1 by both; 1 missing, 0 pending, 0 excluded, 0 only here',
    );
    expect(found.stderr).toContain('blind spot: recordings of divisions that the OAuth client cannot see');
    expect(found.stderr).toContain('1 day compared, 1 with differences');
    const before = await cli('reconcile', '--from', '2026-05-18', '--to', '2026-05-19');
    expect([before.code, before.stdout]).toEqual([0, '']);
    expect(before.stderr.match(/blind spot/g)).toHaveLength(2);
    const quiet = await cli('reconcile', '--day', '2026-05-19', '--quiet');
    expect([quiet.code, quiet.stdout]).toEqual([0, '']);
    expect(quiet.stderr).toMatch(
      /^warning: 2026-05-19: blind spot: [^\n]+\(divisions visible: unknown\)\n$/m,
    );
  });

  it('writes with --json a line for each difference and each day, and says what was not asked', async () => {
    const { cli, ids } = await startDay();
    const found = await cli('reconcile', '--from', '2026-05-19', '--to', DAY, '--json');
    expect(found.code).toBe(3);
    expect(found.records()).toEqual([
      expect.objectContaining({
        type: 'day',
        day: '2026-05-19',
        recordings: 0,
        both: 0,
        visibility: expect.objectContaining({ divisions: 'unknown' }) as unknown,
      }),
      expect.objectContaining({
        type: 'difference',
        day: DAY,
        state: 'missing',
        reason: 'never-announced',
        conversationId: ids[1],
      }),
      expect.objectContaining({
        type: 'day',
        day: DAY,
        recordings: 2,
        held: 1,
        both: 1,
        notAsked: expect.objectContaining({ uploads: expect.any(String) as unknown }) as unknown,
      }),
      expect.objectContaining({ type: 'summary', days: 2, differing: 1, missing: 1 }),
    ]);
    expect(found.records().every(({ schemaVersion }) => schemaVersion === 1)).toBe(true);
  });

  it("says of a day that has not ended, or that the platform's data do not reach yet, that more may come, and refuses one that has not begun", async () => {
    const { cli } = await startDay();
    const today = await cli('reconcile', '--day', '2026-05-21', '--quiet');
    expect([today.code, today.stderr]).toEqual([0, expect.stringContaining('2026-05-21: has not ended')]);
    const days = (await cli('reconcile', '--from', DAY, '--json')).records();
    expect(days.filter(({ type }) => type === 'day')).toEqual([
      expect.objectContaining({ day: DAY, status: 'provisional' }),
      expect.objectContaining({ day: '2026-05-21', status: 'provisional' }),
    ]);
    expect((await cli('reconcile', '--day', DAY)).stderr).toContain(
      `warning: ${DAY}: the platform's data reach 2026-05-20T`,
    );
    for (const flags of [
      ['--day', '2026-05-22'],
      ['--from', '2026-05-22'],
      ['--from', DAY, '--to', '2026-05-22'],
    ]) {
      const { code, stdout, stderr } = await cli('reconcile', ...flags);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('2026-05-22 has not begun')]);
    }
  });

  it('ends with 7 and no number when the platform cannot be asked', async () => {
    const { cli, simulator } = await startDay();
    await simulator.close();
    const { code, stdout, stderr } = await cli('reconcile', '--day', DAY, '--json');
    expect([code, stdout]).toEqual([7, '']);
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'error',
      code: 'GENESYS_UNAVAILABLE',
    });
  });

  it('with --backfill plans a job of what is missing, and once that has run nothing differs', async () => {
    const { cli } = await startDay();
    const planned = await cli('reconcile', '--day', DAY, '--backfill', '--json');
    expect(planned.code).toBe(3);
    const job = planned.records().find(({ type }) => type === 'job');
    expect(job).toMatchObject({ items: 1 });
    expect(await cli('jobs', 'run', String(job?.['id']))).toMatchObject({ code: 0 });
    const after = await cli('reconcile', '--day', DAY, '--backfill');
    expect([after.code, after.stdout]).toEqual([0, '']);
    expect(after.stderr).toContain('2 listed, 2 held, 2 by both');
    expect(after.stderr).toContain('nothing is missing: no job was planned');
  });

  it('with --backfill plans what earlier days lack also when the platform does not answer about a later one', async () => {
    const { env, clock, cli, ids, simulator } = await startDay();
    // the platform is gone once the first day has been told
    const failed = await runHere(['reconcile', '--from', DAY, '--to', '2026-05-21', '--backfill', '--json'], {
      env,
      clock,
      onOutput: (text) => {
        if (text.includes('"type":"day"')) void simulator.close();
      },
    });
    expect(failed.code).toBe(7);
    const jobs = failed.records().filter(({ type }) => type === 'job');
    expect(jobs).toEqual([expect.objectContaining({ items: 1 })]);
    expect(ids).toHaveLength(2);
    expect((await cli('jobs', 'list', '--json')).stdout).toContain(String(jobs[0]?.['id']));
  });

  it.each([
    [['--day', DAY, '--to', DAY], 'say --day, or --from and --to'],
    [['--from', '2026-05-21', '--to', DAY], '--from is later than --to'],
    [['--from', '2024-01-01', '--to', DAY], 'more than 400'],
    [['--day', 'x'], '--day is not a day'],
  ])('refuses %j', async (flags, words) => {
    const { code, stderr } = await runHere(['reconcile', ...flags]);
    expect([code, stderr.includes(words)]).toEqual([2, true]);
  });
});
