import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { lockSpool } from '../../../src/serve/spool-lock.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { parseCommandLine } from '../../../src/cli/_program.ts';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { makeSealedArchive, type SealedArchive } from '../../archive/sealed-archive.ts';
import { makeDirectory, runCli, startCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

const COUNT = 60;
let sealed: SealedArchive;
beforeAll(async () => {
  sealed = await makeSealedArchive(COUNT);
});
afterAll(() => sealed.remove());

let dir: string;
/** Of the archive; of its own for a test that changes something. */
let root: string;
let removeDirectory: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove: removeDirectory } = await makeDirectory());
  root = sealed.dir;
  await writeFile(path.join(dir, 'public.pem'), sealed.publicKeyPem);
});
afterEach(() => removeDirectory());

async function takeCopy(): Promise<void> {
  root = path.join(dir, 'archive');
  await cp(sealed.dir, root, { recursive: true });
}

/** No key of the recordings, only that of the receipts. */
const keyless = () => ({
  ARCHIVE_STORE: `file:${root}`,
  ARCHIVE_RECEIPT_PUBLIC_KEYS: path.join(dir, 'public.pem'),
});
const fileOf = (key: string) => path.join(root, key);
const removeObject = (key: string) => Promise.all([rm(fileOf(key)), rm(`${fileOf(key)}.metadata.json`)]);
const run = (...args: string[]) => runHere(['verify', ...args], { env: keyless() });
const keyOf = (index: number) => sealed.recordings[index]?.key ?? '';

describe('verify --depth', () => {
  it('needs no key of the recordings to compare them with their receipts', async () => {
    const result = await runCli(['verify', '--all', '--depth', 'ciphertext', '--json'], { env: keyless() });
    expect(result.code).toBe(0);
    expect(result.records().at(-1)).toMatchObject({
      type: 'summary',
      verified: COUNT,
      findings: 0,
      depth: 'ciphertext',
      withoutReceipt: 0,
    });
    expect((await run('--all', '--depth', 'head', '--quiet')).stdout).toBe('');
    expect((await run('--all')).stderr).toContain('CONFIG_INVALID');
    expect((await run('--all', '--depth', 'deep')).code).toBe(2);
  });

  it('finds both ways, tells the kind of each, writes a report, and exits with 5', async () => {
    await takeCopy();
    await removeObject(keyOf(3));
    await removeObject(receiptKey(keyOf(4)));
    const edited = fileOf(receiptKey(keyOf(5)));
    await writeFile(edited, (await readFile(edited, 'utf8')).replace('"org"', '"0rg"'));
    const report = path.join(dir, 'report.json');
    const args = ['verify', '--all', '--depth', 'head', '--report', report, '--quiet'];
    const result = await runCli(args, { env: keyless() });
    expect(result.code).toBe(5);
    const lines = result.stdout.trimEnd().split('\n');
    const found = lines.map((line) =>
      /^FINDING {2}(\S+) {2}([\w-]+): .* \[RECEIPT_MISMATCH\]$/.exec(line)?.slice(1),
    );
    expect(Object.fromEntries(found as [string, string][])).toEqual({
      [keyOf(3)]: 'missing-object',
      [keyOf(4)]: 'missing-receipt',
      [keyOf(5)]: 'bad-signature',
    });
    expect(result.stderr).toContain('3 of 60 items failed: 3 × RECEIPT_MISMATCH');
    const written = JSON.parse(await readFile(report, 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({
      schema: 'genesys-media-archive/verify-report/v1',
      depth: 'head',
      complete: true,
      checked: COUNT,
      counts: { 'missing-object': 1, 'missing-receipt': 1, 'bad-signature': 1 },
      failed: [],
    });
    expect(written['findings']).toHaveLength(3);
  });

  it('refuses a private key, and a file that is not a key, as ARCHIVE_RECEIPT_PUBLIC_KEYS', async () => {
    for (const text of [sealed.privateKeyPem, 'x']) {
      await writeFile(path.join(dir, 'public.pem'), text);
      const result = await run('--all', '--depth', 'head');
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('ARCHIVE_RECEIPT_PUBLIC_KEYS holds');
      expect(result.stderr).not.toContain(sealed.privateKeyPem.split('\n')[1] ?? '?');
    }
  });
});

describe('keys generate --signing', () => {
  it('makes a pair that archive signs with and verify wants', async () => {
    const simulator = await startSimulator({ recordings: 2 });
    try {
      const made = await runCli(['keys', 'generate', '--signing', 'receipts', '--json'], { cwd: dir });
      expect(made.code).toBe(0);
      const [key] = made.records();
      expect((await stat(path.join(dir, 'receipts-private.pem'))).mode & 0o077).toBe(0);
      const again = await runCli(['keys', 'generate', '--signing', 'receipts'], { cwd: dir });
      expect(again.stderr).toContain('[OUTPUT_EXISTS]');
      const env = {
        ...simulator.environment(),
        ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4),
        ARCHIVE_STORE: 'file:signed',
      };
      const archiveOne = async (index: number, signing: Record<string, string>) => {
        const input = JSON.stringify(simulator.event(simulator.recordings[index]?.id ?? '', 'eventbridge'));
        return runCli(['archive', '--event', '-'], { cwd: dir, env: { ...env, ...signing }, input });
      };
      expect((await archiveOne(0, { ARCHIVE_SIGNING_KEY_FILE: 'receipts-private.pem' })).code).toBe(0);
      const verify = () =>
        runCli(['verify', '--all', '--json'], {
          cwd: dir,
          env: { ...env, ARCHIVE_RECEIPT_PUBLIC_KEYS: 'receipts-public.pem' },
        });
      expect((await verify()).code).toBe(0);
      const names = await readdir(path.join(dir, 'signed', 'receipts'), { recursive: true });
      const receipt = names.find((name) => name.endsWith(`${simulator.recordings[0]?.id}.json`));
      expect(await readFile(path.join(dir, 'signed', 'receipts', receipt ?? ''), 'utf8')).toContain(
        `"keyId":"${String(key?.['kid'])}"`,
      );
      expect((await archiveOne(1, {})).code).toBe(0);
      const unsigned = await verify();
      expect(unsigned.code).toBe(5);
      expect(unsigned.records().filter(({ type }) => type === 'finding')).toMatchObject([
        { kind: 'unsigned' },
      ]);
    } finally {
      await simulator.close();
    }
  });
});

describe('verify --sample', () => {
  it('chooses the same part for the same seed, and says which seed that was', async () => {
    const keys = async (...args: string[]) => {
      const result = await run('--all', '--depth', 'head', '--json', '--sample', '30%', ...args);
      expect(result.code).toBe(0);
      const records = result.records();
      return {
        seed: String(records.at(-1)?.['seed']),
        keys: records.filter(({ type }) => type === 'verified').map(({ key }) => String(key)),
        stderr: result.stderr,
      };
    };
    const first = await keys();
    expect(first.seed).toMatch(/^[0-9a-f]{16}$/);
    expect(first.stderr).toContain(`sample of 30 %; --seed ${first.seed} chooses the same recordings again`);
    expect(first.keys.length).toBeGreaterThan(0);
    expect(first.keys.length).toBeLessThan(COUNT);
    expect(new Set((await keys('--seed', first.seed)).keys)).toEqual(new Set(first.keys));
    for (const wrong of ['0%', '101%', '5', '-1%', 'all']) {
      const parsing = parseCommandLine(['verify', '--all', '--sample', wrong]);
      await expect(parsing).rejects.toMatchObject({ code: 'USAGE' });
    }
    expect((await run('--all', '--sample', '0%')).code).toBe(2);
    expect((await run(keyOf(0), '--sample', '5%')).code).toBe(2);
    expect((await run('--all', '--seed', 'x')).code).toBe(2);
  });
});

describe('files that verify writes', () => {
  it('--report and --resume do not write through a link, and say so before anything is verified', async () => {
    const theirs = path.join(dir, 'theirs');
    await writeFile(theirs, 'theirs');
    const link = path.join(dir, 'link');
    await symlink(theirs, link);
    for (const option of ['--report', '--resume']) {
      const result = await run('--all', '--depth', 'head', option, link);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('symbolic link, and is not followed');
    }
    expect(await readFile(theirs, 'utf8')).toBe('theirs');
  });

  it('--resume refuses a named pipe instead of waiting for it', async () => {
    const pipe = path.join(dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const result = await run('--all', '--depth', 'head', '--resume', pipe);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/the file of --resume/);
  });

  it('are readable by their owner only', async () => {
    const umask = process.umask(0);
    const report = path.join(dir, 'report.json');
    try {
      await run('--all', '--depth', 'head', '--report', report);
    } finally {
      process.umask(umask);
    }
    expect((await stat(report)).mode & 0o777).toBe(0o600);
  });
});

describe('verify --resume', () => {
  it('goes on after a kill: everything is looked at, and what was found before is in the end', async () => {
    await takeCopy();
    await removeObject(keyOf(0));
    const state = path.join(dir, 'verify.state');
    const args = ['verify', '--all', '--depth', 'ciphertext', '--concurrency', '1', '--resume', state];
    const running = startCli([...args, '--json'], { env: keyless() });
    await running.shows('"verified"');
    running.kill('SIGINT');
    expect((await running.end).code).toBe(130);
    for (const file of [state, `${state}.job`]) expect((await stat(file)).mode & 0o077).toBe(0);
    await writeFile(state, '{"type":"job","i', { flag: 'a' }); // as a kill in the middle of a line leaves it
    const again = startCli([...args, '--json'], { env: keyless() });
    await again.shows('"verified"');
    again.kill('SIGKILL');
    expect((await again.end).code).toBeUndefined();
    const other = await runCli([...args.slice(0, 3), 'head', '--resume', state], { env: keyless() });
    expect(other.stderr).toContain('the file of --resume belongs to a run with another depth');
    const report = path.join(dir, 'report.json');
    const result = await runCli([...args, '--json', '--report', report], { env: keyless() });
    expect(result.code).toBe(5);
    const before = Number(result.records().at(-1)?.['verifiedEarlier']);
    expect(before).toBeGreaterThan(0);
    // one at a time, so that the missing one was the first
    expect(result.records().filter(({ type }) => type === 'verified')).toHaveLength(COUNT - before);
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({
      checked: COUNT,
      counts: { 'missing-object': 1 },
      complete: true,
    });
    for (const file of [state, `${state}.job`]) await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it('takes over a file of an older version, with what that run had found', async () => {
    await takeCopy();
    const state = path.join(dir, 'older.state');
    const [first = '', second = ''] = sealed.recordings.map(({ key }) => key).toSorted();
    const finding = {
      key: first,
      kind: 'missing-object',
      code: 'OBJECT_NOT_FOUND',
      message: 'it is gone',
    };
    const store = `file:${root}`;
    const plan = { store, depth: 'head', share: null, seed: null, from: null, to: null };
    const lines = [
      { type: 'plan', version: 1, startedAt: '2026-11-01T00:00:00.000Z', ...plan },
      { type: 'finding', finding },
      { type: 'failed', key: second },
      { type: 'reached', key: second, checked: 2 },
    ];
    await writeFile(state, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const report = path.join(dir, 'older.json');
    const result = await run('--all', '--depth', 'head', '--resume', state, '--report', report, '--json');
    expect(result.code).toBe(3);
    const keys = result.records().filter(({ type }) => type === 'verified');
    expect(keys.map(({ key }) => key)).toContain(second);
    expect(keys).toHaveLength(COUNT - 1);
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({
      startedAt: '2026-11-01T00:00:00.000Z',
      checked: COUNT,
      findings: [finding],
    });
    await expect(stat(state)).rejects.toThrow('ENOENT');
  });

  it('refuses a folder in its way that another program has made, and a file that is in use', async () => {
    const state = path.join(dir, 'busy.state');
    await mkdir(`${state}.job`);
    await writeFile(path.join(`${state}.job`, 'notes'), 'mine');
    const refused = await run('--all', '--depth', 'head', '--resume', state);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('is in the way: the progress is kept there');
    expect(await readFile(path.join(`${state}.job`, 'notes'), 'utf8')).toBe('mine');
    await rm(`${state}.job`, { recursive: true });
    await mkdir(`${state}.job`, { mode: 0o700 });
    const lock = await lockSpool(`${state}.job`, systemClock, () => undefined);
    try {
      const busy = await run('--all', '--depth', 'head', '--resume', state);
      expect(busy).toMatchObject({ code: 2 });
      expect(busy.stderr).toContain('wait for that run to end, or name another file with --resume');
    } finally {
      await lock.release();
    }
  });

  it('keeps the seed of a sample, and refuses a file that is something else', async () => {
    const state = path.join(dir, 'verify.state');
    await writeFile(state, 'my notes\n');
    const result = await run('--all', '--depth', 'head', '--resume', state);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('is not a state file of verify');
    expect(await readFile(state, 'utf8')).toBe('my notes\n');
  });

  it.each(['', '{"ty', '{"type":"plan","version":1,"star'])(
    'begins anew when a full disk or a kill left no more than %j of its file',
    async (left) => {
      const state = path.join(dir, 'stillborn.state');
      await writeFile(state, left);
      const result = await run('--all', '--depth', 'head', '--resume', state);
      expect(result.code).toBe(0);
      await expect(stat(state)).rejects.toThrow('ENOENT');
    },
  );

  it('says what to do when its file cannot be written', async () => {
    const result = await run('--all', '--depth', 'head', '--resume', path.join(dir, 'nowhere', 'state'));
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('[OUTPUT_FAILED]\nhint:  the directory does not exist: create it first');
  });

  it('looks first at what could not be looked at', async () => {
    const state = path.join(dir, 'verify.state');
    await takeCopy();
    const [file, aside] = [fileOf(keyOf(0)), path.join(dir, 'aside.enc')];
    await rename(file, aside);
    await symlink(aside, file); // links are not followed
    const args = [
      'verify',
      '--all',
      '--depth',
      'ciphertext',
      '--concurrency',
      '1',
      '--resume',
      state,
      '--json',
    ];
    const running = startCli(args, { env: keyless() });
    await running.shows('"verified"');
    running.kill('SIGINT');
    expect((await running.end).stdout).toContain('STORE_DENIED');
    await rm(file);
    await rename(aside, file);
    const result = await runCli(args, { env: keyless() });
    expect(result.code).toBe(0);
    expect(result.records()[0]).toMatchObject({ type: 'verified', key: keyOf(0) });
  });
});
