import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveFixture, FIRST, makeArchive, SECOND, THIRD } from '../archive-fixture.ts';
import { runHere } from '../run-here.ts';

const RULES = `{
  "schema": "genesys-media-archive/retention/v1",
  "by": "tags",
  "rules": [
    { "name": "screens", "media": ["screen"], "keep": "10d", "remove": "20d" }
  ],
  "otherwise": { "keep": "1y", "remove": "2y" }
}
`;

describe('retain', () => {
  let archive: ArchiveFixture;
  let file: string;
  const run = (args: readonly string[], env = {}) =>
    runHere(['retain', ...args], {
      env: { ...archive.env, ARCHIVE_RETENTION_FILE: file, ...env },
    });

  beforeEach(async () => {
    archive = await makeArchive(2000);
    file = path.join(archive.dir, 'retention.json');
    await writeFile(file, RULES);
  });
  afterEach(() => archive.remove());

  it('shows until when each must and may stay, and what is not known of it', async () => {
    const { code, records, stderr } = await run(['show', FIRST, '--json']);
    expect(code).toBe(0);
    expect(records()[0]).toMatchObject({
      key: archive.keys[FIRST],
      state: 'present',
      held: false,
      lock: { state: 'not-offered' },
      legalHold: 'not-offered',
      rule: { names: ['otherwise', 'screens'], certain: false, waiting: false },
      media: 'unknown',
      queues: 'unknown',
      source: { state: 'not-asked', deleteDate: null },
    });
    expect(stderr).toContain('the longest of the rules that may apply');
    // no receipt says when it was: the last moment of its day counts
    expect(records()[0]?.['mayStayUntil']).toBe('2028-05-22T00:00:00.000Z');
  });

  it('lists what a rule would let go by a day, and removes nothing', async () => {
    const { code, stdout, stderr } = await run([
      'show',
      '--to',
      '2026-05-21',
      '--expired',
      '--on',
      '2028-05-22',
    ]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stdout).toContain(archive.keys[FIRST]);
    expect(stderr).toContain('nothing was removed');
    expect((await run(['show', FIRST, SECOND, THIRD])).stdout.trim().split('\n')).toHaveLength(3);
  });

  it('shows a hold, which no rule lets go', async () => {
    await runHere(['hold', 'place', '--matter', 'm', FIRST], { env: archive.env });
    const { stdout } = await run(['show', FIRST]);
    expect(stdout).toMatch(/ {2}held {2}.* by h-\d{8}-/);
    expect((await run(['show', FIRST, '--expired', '--on', '2040-01-01'])).stdout).toBe('');
  });

  it('extends nothing without the count that it told, and writes nothing before', async () => {
    const wanted = ['extend', FIRST, SECOND, '--until', '2036-12-31', '--reason', '2026/117'];
    const plan = await run(wanted);
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toContain(`would keep  ${archive.keys[FIRST]}  now until 2027-05-22`);
    expect(plan.stderr).toContain('--yes 2');
    const entries = async () => (await runHere(['list', '--json'], { env: archive.env })).stdout;
    const before = await entries();
    expect(await run([...wanted, '--yes', '3'])).toMatchObject({ code: 2 });
    expect(await entries()).toBe(before);
    const done = await run([...wanted, '--yes', '2', '--json']);
    expect(done.code).toBe(3);
    expect(done.stderr).toContain('the store has neither locks nor tags; place a hold instead');
    expect(done.records()[0]).toMatchObject({ outcome: 'unsupported' });
  });

  it.each([
    [['extend', FIRST, '--reason', 'r'], 'say until when'],
    [['extend', FIRST, '--until', '2020-01-01', '--reason', 'r'], '--until is over already'],
    [['extend', FIRST, '--until', '2900-01-01', '--reason', 'r'], '--until is not a day'],
    [['extend', FIRST, '--until', '31.12.2036', '--reason', 'r'], '--until is not a day'],
    [['extend', FIRST, '--until', '2036-12-31'], 'say why'],
    [['extend', FIRST, '--until', '2036-12-31', '--reason', ' '], '--reason is empty'],
    [['show', FIRST, '--on', '2036-12-31'], '--on goes with --expired'],
    [['show', FIRST, '--until', '2036-12-31'], '--until does not go with retain show'],
    [['shrink', FIRST], 'retain does not know shrink'],
    [['show'], 'say which recordings'],
    [['apply', FIRST, '--source'], '--source does not go with retain apply'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('applies the rules, and says where the store can keep nothing', async () => {
    const dry = await run(['apply', FIRST, '--dry-run']);
    expect(dry.stdout).toContain('tag 732  otherwise, screens');
    const { code, stderr } = await run(['apply', FIRST]);
    expect(code).toBe(3);
    expect(stderr).toContain('the store has no tags, so nothing keeps them');
    expect(await run(['apply', FIRST], { ARCHIVE_RETENTION_FILE: '' })).toMatchObject({ code: 2 });
  });

  it('checks a file, and prints what functions are told of it', async () => {
    const { code, stdout } = await run(['rules']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      'screens  keep 10 d  remove 20 d  media screen\notherwise  keep 366 d  remove 732 d\nARCHIVE_RETENTION_AT_WRITE=tags audio=732 video=20\n"retention": {"removeAfterDays":[20,732]}\n',
    );
    await writeFile(file, RULES.replace('"screen"]', '"video"]'));
    const refused = await run(['rules', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`line 5: rules.0.media.0 is none of call, screen`);
    expect((await run(['rules', `${file}x`])).stderr).toContain('does not exist');
    expect(
      (await run(['show', FIRST], { ARCHIVE_RETENTION_FILE: JSON.stringify(JSON.parse(RULES)) })).code,
    ).toBe(0);
  });
});
