import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../../packages/simulator/src/simulator.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { backfills, NOW } from '../../backfill/start-backfill.ts';
import { runHere } from '../run-here.ts';

const { start, closeAll } = backfills();
const dirs: string[] = [];
afterEach(async () => {
  await closeAll();
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

const TODAY = Math.floor(NOW / DAY_MS) * DAY_MS;
const daysAgo = (days: number) => dayOf(TODAY - days * DAY_MS);
/** Hours of the day before `days` days, so that conversations lie within it. */
const at = (days: number, hours = 10) => TODAY - days * DAY_MS + hours * 3_600_000;

async function open(options: SimulatorOptions, env: Record<string, string> = {}) {
  const started = await start(options, env);
  const run = (...args: string[]) => runHere(args, { env: started.settings, clock: started.clock });
  return { ...started, run };
}

async function fileOf(lines: readonly string[]): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'backfill-ids-'));
  dirs.push(dir);
  const file = path.join(dir, 'ids.txt');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

const past = (...days: number[]) => ({
  conversations: days.map((day) => ({ endedAt: at(day), recordings: [{ seconds: 1 }] })),
});

describe('backfill --from --to', () => {
  it('archives what is missing; a second job over the same days finds all of it done', async () => {
    const { run, files } = await open(past(10, 10, 11));
    const range = ['--from', daysAgo(11), '--to', daysAgo(10)];
    const dry = await run('backfill', ...range, '--dry-run', '--json');
    expect(dry.records().at(-1)).toMatchObject({ type: 'plan', dryRun: true, items: 3 });
    expect(await files()).toEqual([]);
    const first = await run('backfill', ...range, '--wait', '--json', '--rate', '300');
    expect(first.records().at(-1)).toMatchObject({ type: 'job', state: 'finished', done: 3, already: 0 });
    expect(first.code).toBe(0);
    const archived = (await files()).filter((name) => name.startsWith('archive/'));
    expect(archived).toHaveLength(3);
    const second = await run('backfill', ...range, '--wait', '--json', '--rate', '300');
    expect(second.records().at(-1)).toMatchObject({ state: 'finished', done: 0, already: 3 });
    expect((await files()).filter((name) => name.startsWith('archive/'))).toEqual(archived);
  });

  it('says which day it asks for, while the platform takes its time', async () => {
    const { run } = await open(past(10, 20));
    const { code, stderr } = await run('backfill', '--from', daysAgo(20), '--to', daysAgo(10), '--dry-run');
    expect(code).toBe(0);
    const told = [...stderr.matchAll(/asking the platform for (\S+): day (\d+) of 11/g)];
    expect(told.length).toBeGreaterThan(1);
    for (const [, day, number] of told) expect(day).toBe(daysAgo(9 + Number(number)));
  });

  it('takes a day on which clocks change as 24 hours of UTC', async () => {
    // summer time ended in Europe and began in no place: the day has 25 hours on the wall
    const day = '2026-10-25';
    const hours = [0.5, 1.5, 2.5, 23.5].map((hour) => Date.parse(day) + hour * 3_600_000);
    const conversations = [
      ...hours.map((endedAt) => ({ endedAt, lastedS: 60, recordings: [{ seconds: 1 }] })),
      { endedAt: Date.parse('2026-10-26T00:30:00Z'), recordings: [{ seconds: 1 }] },
    ];
    const { run } = await open({ conversations });
    const { records } = await run('backfill', '--from', day, '--to', day, '--dry-run', '--json');
    expect(records().at(-1)).toMatchObject({ items: 4 });
  });

  it.each([
    ['that ends before it begins', daysAgo(3), daysAgo(5), /ends on .*, before it begins on/],
    ['in the future', daysAgo(3), dayOf(TODAY + DAY_MS), /is in the future/],
    ['with a day that is none', '2026-02-30', daysAgo(3), /--from is not a day/],
  ])('refuses a range %s', async (_which, from, to, message) => {
    const { run } = await open(past(4));
    const { code, stderr } = await run('backfill', '--from', from, '--to', to);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('plans nothing where nothing is to archive, and says why', async () => {
    const { run } = await open({ conversations: [{ endedAt: at(10) }, { endedAt: at(10) }] });
    const none = await run('backfill', '--from', daysAgo(5), '--to', daysAgo(5));
    expect(none.stderr).toMatch(/the platform has no conversation that began on these days.*JOB_EMPTY/);
    expect(none.code).toBe(6);
    const silent = await run('backfill', '--from', daysAgo(10), '--to', daysAgo(10));
    expect(silent.stderr).toContain('of 2 conversations, 2 were not recorded');
    expect(silent.code).toBe(6);
    expect((await run('jobs', 'list', '--all')).stderr).toContain('no job');
  });

  it('tells of days of more than five years ago what a bulk job counts there', async () => {
    const conversations = ['2020-02-10', '2020-02-10', '2020-02-11'].map((day) => ({
      endedAt: Date.parse(`${day}T10:00:00Z`),
      recordings: [{}],
    }));
    const { run, simulator } = await open({ conversations });
    const asked = await run('backfill', '--from', '2020-02-10', '--to', '2020-02-11', '--dry-run');
    expect(asked.stderr).toContain('counts 3 recordings of 3 conversations from 2020-02-10 to 2020-02-11');
    expect(asked.stderr).toContain('--from-export');
    expect(asked.code).toBe(6);
    const counted = simulator.requests.filter(({ route }) => route === 'POST /api/v2/recording/jobs');
    expect(counted).toHaveLength(1);
    const deleted = simulator.requests.filter(({ route }) =>
      route.startsWith('DELETE /api/v2/recording/jobs'),
    );
    expect(deleted).toHaveLength(1);
    simulator.world.deny('recording:job:add');
    const denied = await run('backfill', '--from', '2020-02-10', '--to', '2020-02-11');
    expect(denied.stderr).toContain('cannot be asked without recording:job:add');
    expect(denied.code).toBe(6);
  });

  it('wants the number of items above 10,000 that the dry run printed, and no other', async () => {
    const ids = Array.from(
      { length: 10_001 },
      (_, n) => `c0000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    );
    const { run } = await open({});
    const file = await fileOf(ids);
    const unsaid = await run('backfill', '--ids', file);
    expect(unsaid.stderr).toMatch(/more than 10,?000 items/);
    expect(unsaid.code).toBe(2);
    expect((await run('backfill', '--ids', file, '--yes', '10000')).stderr).toContain('JOB_CHANGED');
    expect((await run('backfill', '--ids', file, '--yes', '10001')).code).toBe(0);
  });
});

describe('backfill --ids', () => {
  it('names the lines of 10,000 that are no ids, and goes on only with --skip-invalid', async () => {
    const lines = Array.from(
      { length: 10_000 },
      (_, n) => `c0000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    );
    for (const bad of [17, 4_711, 9_999]) lines[bad - 1] = `not an id ${bad}`;
    const { run } = await open({});
    const file = await fileOf(lines);
    const refused = await run('backfill', '--ids', file);
    for (const bad of ['17', '4711', '9999']) expect(refused.stderr).toContain(bad);
    expect(refused.stderr).toContain('--skip-invalid');
    expect(refused.code).toBe(2);
    expect((await run('jobs', 'list')).stderr).toContain('no job is under way');
    expect((await run('jobs', 'list', '--all')).stdout).toContain('given up');
    const skipped = await run('backfill', '--ids', file, '--skip-invalid', '--json');
    expect(skipped.records().find(({ type }) => type === 'planned')).toMatchObject({
      items: 9_997,
      invalidLines: 3,
    });
    expect(skipped.code).toBe(0);
  });

  it('refuses a directory, a file that is no text, and a list that names nothing', async () => {
    const { run } = await open({});
    const dir = path.dirname(await fileOf([]));
    const binary = path.join(dir, 'call.wav');
    await writeFile(binary, Buffer.from([0x52, 0x49, 0x46, 0x46, 0xff, 0xc3, 0x28]));
    const empty = await fileOf([]);
    const comments = await fileOf(['# of March', '', 'conversationId,recordingId']);
    for (const [file, code, message] of [
      [dir, 2, 'is a directory, and no list'],
      [binary, 2, 'USAGE'],
      [path.join(dir, 'nowhere.csv'), 2, 'ENOENT'],
      [empty, 6, 'JOB_EMPTY'],
      [comments, 6, 'JOB_EMPTY'],
    ] as const) {
      const result = await run('backfill', '--ids', file);
      expect([file, result.code, result.stderr]).toEqual([file, code, expect.stringContaining(message)]);
    }
  });

  it('takes a list as a spreadsheet writes it: byte order mark, quotes, CRLF, upper case, each twice', async () => {
    const { run, simulator } = await open(past(10, 10));
    const [one, other] = simulator.world.conversations.map(({ id }) => id);
    const lines = [
      '\uFEFF"Conversation ID";"Agent"\r',
      `"${one?.toUpperCase()}";"Doe; Jane"\r`,
      `"{${one}}";\r`,
    ];
    const file = await fileOf([...lines, `${other};x\r`]);
    const planned = await run('backfill', '--ids', file, '--json');
    expect([planned.code, planned.stderr]).toEqual([0, expect.anything()]);
    expect(planned.records().find(({ type }) => type === 'planned')).toMatchObject({ items: 2 });
  });

  it('ends with 6 where all are archived already', async () => {
    const { run, simulator } = await open(past(10));
    const [conversation] = simulator.world.conversations;
    const [recording] = conversation?.recordings ?? [];
    const file = await fileOf([`${conversation?.id}/${recording?.id}`]);
    expect((await run('backfill', '--ids', file, '--wait', '--rate', '300')).code).toBe(0);
    const again = await run('backfill', '--ids', file);
    expect(again.stderr).toContain('in the archive already');
    expect(again.code).toBe(6);
  });
});

describe('backfill --failed', () => {
  it('plans what an earlier job could not do, final failures included, and archives what has become possible', async () => {
    const { run, simulator, files } = await open(past(10, 10, 10));
    const [first, second] = simulator.world.conversations;
    const refuse = { on: 'recording', fault: { kind: 'status', status: 400 }, times: 99 } as const;
    for (const one of [first, second]) simulator.faults.add({ ...refuse, id: one?.id ?? '' });
    for (const one of [first, second]) {
      simulator.faults.add({ ...refuse, id: one?.recordings[0]?.id ?? '' });
    }
    const range = ['--from', daysAgo(10), '--to', daysAgo(10)];
    const ran = await run('backfill', ...range, '--wait', '--json', '--rate', '300');
    expect(ran.code).toBe(3);
    const job = ran.records().find(({ type }) => type === 'planned')?.['job'] as string;
    const failed = (await run('jobs', 'failed', job, '--json')).records();
    expect(new Set(failed.map(({ item }) => item))).toEqual(new Set([first?.id, second?.id]));
    expect(failed).toHaveLength(2);
    simulator.faults.clear();
    const again = await run('backfill', '--failed', job.slice(-6), '--wait', '--json', '--rate', '300');
    expect(again.records().at(-1)).toMatchObject({ items: 2, done: 2, state: 'finished' });
    expect(again.code).toBe(0);
    expect((await files()).filter((name) => name.startsWith('archive/'))).toHaveLength(3);
    // the second job has no failures of its own
    const id = again.records().find(({ type }) => type === 'planned')?.['job'] as string;
    const none = await run('backfill', '--failed', id);
    expect(none.stderr).toContain('has no failed items');
    expect(none.code).toBe(6);
  });

  it('refuses a job that there is not, and one of another kind', async () => {
    const { run } = await open(past(10));
    const missing = await run('backfill', '--failed', 'k3f9qz');
    expect(missing.stderr).toContain('JOB_NOT_FOUND');
    expect(missing.code).toBe(6);
    expect((await run('jobs', 'show', '20200101t0000-k3f9qz')).stderr).toContain('JOB_NOT_FOUND');
    await run('backfill', '--from', daysAgo(10), '--to', daysAgo(10), '--wait', '--rate', '300');
    const verify = (await run('verify', '--all', '--job')).stdout.trim();
    const other = await run('backfill', '--failed', verify);
    expect(other.stderr).toContain(`is a verify job, not a backfill`);
    expect(other.code).toBe(2);
  });
});

it.each([
  ['no source', [], /say what to archive/],
  ['two sources', ['--inventory', '--ids', 'x'], /exclude each other/],
  ['one end of a range', ['--from', '2026-01-01'], /--to is missing/],
  ['--skip-invalid without a list', ['--inventory', '--skip-invalid'], /--skip-invalid goes with --ids/],
  ['--workers without --wait', ['--inventory', '--workers', '2'], /--workers goes with --wait/],
  ['a list that is not there', ['--ids', '/nowhere/ids.txt'], /\/nowhere\/ids\.txt/],
  ['a rate that is none', ['--inventory', '--rate', 'fast'], /--rate/],
])('backfill refuses %s', async (_what, args, message) => {
  const env = {
    ARCHIVE_STORE: 'file:/tmp/nowhere',
    GENESYS_ENVIRONMENT: 'mypurecloud.com',
    GENESYS_CLIENT_ID: 'c',
    GENESYS_CLIENT_SECRET: 's',
    GENESYS_LOGIN_URL: 'http://127.0.0.1:9',
    GENESYS_API_URL: 'http://127.0.0.1:9',
    ARCHIVE_ALLOW_LOOPBACK: '1',
    ENCRYPTION_KEY_HEX: '00'.repeat(31) + '01',
  };
  const { code, stderr } = await runHere(['backfill', ...args], { env });
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
