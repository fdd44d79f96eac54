import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../src/cli/_program.ts';
import { createUi } from '../../../src/cli/_ui.ts';
import { exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { type ArchiveFixture, FIRST, makeArchive, SECOND } from '../../cli/archive-fixture.ts';
import { contextHere, runHere } from '../../cli/run-here.ts';

let archive: ArchiveFixture;
beforeEach(async () => {
  archive = await makeArchive(2_000);
});
afterEach(() => archive.remove());

const cli = (...args: string[]) => runHere(args, { env: archive.env });
const jobs = (...args: string[]) => cli('jobs', ...args);

/** Plans a job that verifies everything. @returns its id. */
async function planJob(...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli('verify', '--all', '--job', ...more);
  expect(stderr).toContain('3 recordings in 1 shard planned as job');
  expect(code).toBe(0);
  return stdout.trim();
}

describe('verify --all --job', () => {
  it('plans a job that any runner works on, and shows what it came to', async () => {
    const id = await planJob('--name', 'the first');
    expect(id).toMatch(/^\d{8}t\d{4}-[a-z2-9]{6}$/);
    const [listed] = (await jobs('list', '--json')).records();
    expect(listed).toMatchObject({
      type: 'job',
      job: id,
      kind: 'verify',
      name: 'the first',
      state: 'waiting',
      items: 3,
      left: 3,
    });
    const ran = await jobs('run', id.slice(-6, -2));
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^state +finished$/m);
    expect(ran.stdout).toMatch(/^done +3 now, 0 before, 5.9 KiB$/m);
    expect((await jobs('show', id, '--wait')).code).toBe(0);
    expect((await jobs('list')).stderr).toContain('no job is under way; --all lists 1 job that ended');
    expect((await jobs('list', '--all')).stdout).toContain(`${id}  finished   verify`);
  });

  it('lists what was found, ends with 3, and makes a job of it again', async () => {
    await archive.flipBit(FIRST, 200);
    await rm(archive.objectFile(SECOND));
    await rm(`${archive.objectFile(SECOND)}.metadata.json`);
    const planned = await cli('verify', '--all', '--job', '--wait', '--depth', 'full', '--json');
    expect(planned.code).toBe(3);
    const records = planned.records();
    const id = records.find(({ type }) => type === 'planned')?.['job'] as string;
    expect(records.filter(({ type }) => type === 'failed')).toEqual([
      { type: 'failed', schemaVersion: 1, job: id, item: archive.keys[FIRST], code: 'DECRYPT_FAILED' },
    ]);
    expect(records.at(-1)).toMatchObject({ type: 'job', state: 'finished', done: 1, failed: 1 });
    const [failed, ...others] = (await jobs('failed', id, '--json')).records();
    expect(others).toEqual([]);
    expect(failed).toMatchObject({ item: archive.keys[FIRST], code: 'DECRYPT_FAILED', retryable: false });
    expect(failed?.['reason']).toMatch(/^decrypt-failed: /);
    const none = await jobs('retry', id);
    expect(none).toMatchObject({ code: 6 });
    expect(none.stderr).toContain(`job ${id} has no failed items that may succeed now  [JOB_EMPTY]`);
    await archive.flipBit(FIRST, 200);
    const again = await jobs('retry', id, '--all', '--wait', '--json');
    expect(again.code).toBe(0);
    expect(again.records().at(-1)).toMatchObject({ items: 1, done: 1, retryOf: id, state: 'finished' });
  });

  it('shows with --wait how a job ended that others work on', async () => {
    const id = await planJob();
    const waiting = jobs('show', id, '--wait', '--json');
    const [shown, ran] = await Promise.all([waiting, jobs('run', id)]);
    expect(ran.code).toBe(0);
    expect(shown.code).toBe(0);
    expect(shown.stderr).toContain('no runner works on job');
    expect(shown.records().at(-1)).toMatchObject({ type: 'job', state: 'finished', done: 3 });
  }, 20_000);

  it('ends with 130 when it is interrupted, and the job goes on with others', async () => {
    const id = await planJob();
    const ending = new AbortController();
    const invocation = await parseCommandLine(['jobs', 'show', id, '--wait']);
    if (invocation.kind === 'text') throw new Error('there is no command to run');
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const ui = createUi({ stdout, stderr, env: {}, json: false, quiet: false, debug: false, color: false });
    const context = contextHere(ui, archive.env, { signal: ending.signal });
    const command = await invocation.spec.load();
    const waiting = command.run(context, invocation.args, invocation.options);
    setTimeout(() => ending.abort(new ArchiveError('INTERRUPTED', 'interrupted')), 200);
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(exitCodeOf('INTERRUPTED')).toBe(130);
    expect((await jobs('run', id)).code).toBe(0);
  });

  it('works on all jobs that are not over when no job is named', async () => {
    await planJob();
    await planJob('--depth', 'head');
    const ran = await jobs('run', '--json');
    expect(ran.code).toBe(0);
    expect(ran.records().filter(({ type }) => type === 'run')).toMatchObject([
      { end: 'over', done: 3 },
      { end: 'over', done: 3 },
    ]);
    expect((await jobs('run')).stderr).toContain('no job has anything for this machine to do');
  });

  it('refuses to work on the keys of another archive', async () => {
    const id = await planJob();
    const other = path.join(archive.dir, 'other');
    const here = createDirectoryStore(archive.env['ARCHIVE_STORE']?.slice('file:'.length) ?? '');
    const there = createDirectoryStore(other);
    for await (const { key } of here.list('jobs/', unlimited)) {
      const { stat, body } = await here.get(key, unlimited);
      const { contentType = '' } = stat;
      await there.put(key, body, { metadata: {}, contentType }, unlimited);
    }
    const ran = await runHere(['jobs', 'run', id], {
      env: { ...archive.env, ARCHIVE_STORE: `file:${other}` },
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(
      `the job was planned for ${archive.env['ARCHIVE_STORE']}, and this runner has file:${other}  [JOB_CHANGED]`,
    );
  });

  it('keeps jobs where ARCHIVE_CATALOGUE says, and nothing of them in the archive', async () => {
    const env = { ...archive.env, ARCHIVE_CATALOGUE: `file:${path.join(archive.dir, 'catalogue')}` };
    const ran = await runHere(['verify', '--all', '--job', '--wait', '--json'], { env });
    expect(ran.records().at(-1)).toMatchObject({ state: 'finished', done: 3 });
    expect((await jobs('list', '--all')).stderr).toContain('no jobs');
    expect((await runHere(['jobs', 'list', '--all', '--json'], { env })).records()).toMatchObject([
      { done: 3 },
    ]);
  });

  it('is not confused by the objects of jobs when it verifies the archive', async () => {
    await jobs('run', await planJob());
    const verified = await cli('verify', '--all', '--json');
    expect(verified.code).toBe(0);
    expect(verified.records().find(({ type }) => type === 'summary')).toMatchObject({
      verified: 3,
      notes: {},
    });
  });
});

describe('jobs', () => {
  it('pauses, resumes at another rate, and cancels permanently', async () => {
    const id = await planJob();
    const paused = await jobs('pause', id);
    expect(paused.stdout).toBe(`${id}  paused\n`);
    expect(paused.stderr).toContain('no runner was at work');
    const ran = await jobs('run', id, '--once');
    expect(ran.stderr).toContain('the job is paused: jobs resume lets it go on');
    const resumed = await jobs('resume', id, '--rate', '1200', '--json');
    expect(resumed.records()).toMatchObject([{ state: 'waiting', rate: 1200 }]);
    expect((await jobs('cancel', id)).stdout).toBe(`${id}  cancelled\n`);
    const again = await jobs('resume', id);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`job ${id} is over: it was cancelled  [JOB_CHANGED]`);
    const shown = await jobs('show', id, '--wait');
    expect(shown.code).toBe(3);
    expect(shown.stderr).toContain('was cancelled with 3 items left');
  });

  it('names what does not go together, and jobs that are not there', async () => {
    const refusals = [
      [['jobs', 'stop'], 2, 'jobs does not know stop'],
      [['jobs', 'show'], 2, 'jobs show needs a job'],
      [['jobs', 'list', 'x'], 2, 'jobs list takes no job'],
      [['jobs', 'pause', 'x', '--wait'], 2, '--wait does not go with jobs pause'],
      [['jobs', 'retry', 'x', '--workers', '2'], 2, '--workers goes with jobs retry --wait'],
      [['jobs', 'run', 'x', '--workers', '0'], 2, 'whole number from 1 to 32'],
      [['jobs', 'resume', 'x', '--rate', '-4'], 2, 'yield or a number of items a minute'],
      [['jobs', 'show', 'nothing'], 6, 'there is no job nothing  [JOB_NOT_FOUND]'],
      [['jobs', 'show', '../../etc'], 6, 'there is no job ../../etc  [JOB_NOT_FOUND]'],
      [['jobs', 'show', '20260101t0000-aaaaaa'], 6, 'there is no job 20260101t0000-aaaaaa  [JOB_NOT_FOUND]'],
      [['verify', '--all', '--wait'], 2, '--wait goes with --job'],
      [['verify', FIRST, '--job'], 2, '--job goes with --all'],
      [['verify', '--all', '--job', '--report', 'x'], 2, '--report does not go with --job'],
      [['verify', '--all', '--job', '--concurrency', '2'], 2, '--concurrency does not go with --job'],
      [
        ['verify', '--all', '--job', '--from', '2020-01-01', '--to', '2020-01-02'],
        6,
        'no recordings for a verify job',
      ],
    ] as const;
    for (const [args, code, text] of refusals) {
      const refused = await cli(...args);
      expect([args, refused.code, refused.stderr]).toEqual([args, code, expect.stringContaining(text)]);
    }
  });

  it('takes the beginning of an id where only one job has it, and names those that have it otherwise', async () => {
    const [first, second] = [await planJob(), await planJob()];
    expect((await jobs('show', first.slice(-6), '--json')).records()).toMatchObject([{ job: first }]);
    const unclear = await jobs('show', first.slice(0, 9));
    expect(unclear.code).toBe(6);
    expect(unclear.stderr).toContain(`2 jobs begin with ${first.slice(0, 9)}`);
    expect(unclear.stderr).toContain([first, second].toSorted().join(', '));
  });

  it('does not retry a job that is not over', async () => {
    const id = await planJob();
    expect(await jobs('retry', id)).toMatchObject({ code: 2 });
  });
});

describe('a job that writes', () => {
  it('moves recordings under another key, and finds them moved the second time', async () => {
    const keyring = path.join(archive.dir, 'keyring.json');
    const env = { ...archive.env, ARCHIVE_KEYRING_FILE: keyring };
    expect((await runHere(['keys', 'generate'], { env })).code).toBe(0);
    const adopt = (...args: string[]) =>
      runHere(['adopt', '--all', '--job', '--wrap', 'aes', ...args], { env });
    const dry = await adopt('--dry-run', '--json');
    expect(dry.records()).toMatchObject([{ type: 'plan', kind: 'adopt', recordings: 3, dryRun: true }]);
    expect((await jobs('list', '--all')).stderr).toContain('no jobs');
    const other = await adopt('--yes', '4');
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('the adopt job has 3 recordings now, not 4  [JOB_CHANGED]');
    const first = await adopt('--yes', '3', '--wait', '--json');
    expect(first.records().at(-1)).toMatchObject({ done: 3, already: 0 });
    const second = await adopt('--wait', '--json');
    expect(second.records().at(-1)).toMatchObject({ done: 0, already: 3 });
    const target = `file:${path.join(archive.dir, 'target')}`;
    const reencrypt = [
      'reencrypt',
      '--all',
      '--job',
      '--wait',
      '--wrap',
      'aes',
      '--target',
      target,
      '--json',
    ];
    expect((await runHere(reencrypt, { env })).records().at(-1)).toMatchObject({
      kind: 'reencrypt',
      done: 3,
    });
    const rewrap = ['rewrap', '--all', '--job', '--wait', '--wrap', 'aes', '--json'];
    expect((await runHere(rewrap, { env })).records().at(-1)).toMatchObject({ kind: 'rewrap', already: 3 });
  });
});

describe('verify --all --job --resume', () => {
  it('takes over what an interrupted run has left, tells what that run had found, and leaves its file alone', async () => {
    const file = path.join(archive.dir, 'verify.state');
    const [first = '', second = '', third = ''] = Object.values(archive.keys);
    const plan = {
      type: 'plan',
      version: 1,
      startedAt: '2026-11-01T00:00:00.000Z',
      store: archive.env['ARCHIVE_STORE'],
      depth: 'ciphertext',
      share: null,
      seed: null,
      from: null,
      to: null,
    };
    const finding = { key: second, kind: 'missing-object', code: 'OBJECT_NOT_FOUND', message: 'it is gone' };
    const lines = [
      plan,
      { type: 'failed', key: first },
      { type: 'finding', finding },
      { type: 'reached', key: second, checked: 2 },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(file, text);
    const other = await cli('verify', '--all', '--depth', 'head', '--job', '--resume', file);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('belongs to a run with another depth');
    const taken = await cli(
      'verify',
      '--all',
      '--depth',
      'ciphertext',
      '--job',
      '--wait',
      '--resume',
      file,
      '--json',
    );
    expect(taken.code).toBe(0);
    expect(taken.records()).toEqual([
      expect.objectContaining({ type: 'finding', key: second, kind: 'missing-object' }),
      expect.objectContaining({ type: 'planned', items: 2 }),
      expect.objectContaining({ type: 'job', done: 2, state: 'finished' }),
    ]);
    expect(taken.stderr).toContain('takes over after 1 recording and 1 finding');
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(third).not.toBe('');
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows the actions of jobs', async (shell) => {
    const { stdout } = await cli('completion', shell);
    for (const action of ['list', 'show', 'watch', 'pause', 'resume', 'cancel', 'failed', 'retry', 'run']) {
      expect(stdout).toMatch(new RegExp(`\\bjobs\\b[^]*\\b${action}\\b`));
    }
  });
});
