import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idsAt, makeSealedArchive, type SealedArchive } from '../../archive/sealed-archive.ts';
import { putSealed } from '../../cli/archive-fixture.ts';
import { canMount } from '../../can-mount.ts';
import { filesIn, makeDirectory, runCli, startCli } from '../../cli/run-cli.ts';
import { runHere } from '../../cli/run-here.ts';

const COUNT = 12;
const DAY = Date.UTC(2026, 4, 20, 12);

let sealed: SealedArchive;
let dir: string;
let out: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  sealed = await makeSealedArchive(COUNT);
  ({ dir, remove } = await makeDirectory());
  out = path.join(dir, 'out');
});
afterEach(async () => {
  await sealed.remove();
  await remove();
});

const idOf = (index: number) => idsAt(index).recordingId;
const keyOf = (index: number) => sealed.recordings[index]?.key ?? '';
const env = (more: Readonly<Record<string, string>> = {}) => ({
  ARCHIVE_STORE: `file:${sealed.dir}`,
  ENCRYPTION_KEY_HEX: sealed.secret.toString('hex'),
  ...more,
});
const restore = (args: readonly string[], more: { input?: string; env?: Record<string, string> } = {}) =>
  runHere(['restore', ...args], { input: more.input ?? '', env: env(more.env) });
/** So many more on the first day. */
const addMany = (count: number, bytes: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => sealed.add(idsAt(20 + index), DAY, { bytes })));
const days = ['--from', '2026-05-20', '--to', '2026-05-29'];

describe('restore of many', () => {
  it('restores each recording of some days under its id, with the extension its receipt says, for its owner alone', async () => {
    const result = await restore(['--from', '2026-05-20', '--to', '2026-05-21', '-d', out, '--json']);
    expect(result.code).toBe(0);
    // on each of the two days there are two of the twelve
    const expected = [0, 1, 10, 11].map((index) => `${idOf(index)}.wav`);
    expect((await filesIn(out)).toSorted()).toEqual(expected.toSorted());
    const records = result.records();
    expect(records.at(-1)).toMatchObject({
      type: 'summary',
      recordings: 4,
      restored: 4,
      present: 0,
      failed: 0,
    });
    for (const record of records.slice(0, -1)) {
      expect(record).toMatchObject({ type: 'restored', state: 'restored', bytes: 600, receipt: 'unsigned' });
    }
    expect((await stat(path.join(out, expected[0] ?? ''))).mode & 0o777).toBe(0o600);
    expect((await stat(out)).mode & 0o777).toBe(0o700);
  });

  it('takes several ids and keys, each once, in a letter case of their own', async () => {
    const ids = [idOf(0), idOf(0).toUpperCase(), keyOf(0), keyOf(1), idOf(2)];
    const result = await restore([...ids, '-d', out]);
    expect(result.code).toBe(0);
    expect((await filesIn(out)).toSorted()).toEqual([0, 1, 2].map((index) => `${idOf(index)}.wav`));
    expect(result.stderr).toContain('3 recordings: 3 restored, 0 failed; 1.8 KiB written to ');
  });

  it('an id brings all its channels, and the same id on another day a name of its own', async () => {
    const ids = idsAt(99);
    await sealed.add({ ...ids, channel: '0' }, DAY);
    await sealed.add({ ...ids, channel: '1' }, DAY);
    await sealed.add({ ...ids, channel: '1' }, DAY + 86_400_000);
    expect((await restore([ids.recordingId, '-d', out])).code).toBe(0);
    const { recordingId } = ids;
    expect((await filesIn(out)).toSorted()).toEqual(
      [`${recordingId}.0.wav`, `${recordingId}.1.2026-05-21.wav`, `${recordingId}.1.wav`].toSorted(),
    );
  });

  it('one recording without -o and -d goes to the working directory', async () => {
    await mkdir(out);
    const result = await runCli(['restore', idOf(3)], { env: env(), cwd: out });
    expect(result.code).toBe(0);
    expect(await filesIn(out)).toEqual([`${idOf(3)}.wav`]);
  });

  it('a run that is repeated leaves alone what is there and the same, and restores the rest', async () => {
    await restore([idOf(0), idOf(1), '-d', out]);
    const file = path.join(out, `${idOf(0)}.wav`);
    const { ino } = await stat(file);
    const result = await restore([...days, '-d', out, '--json']);
    expect(result.code).toBe(0);
    expect(result.records().at(-1)).toMatchObject({ restored: COUNT - 2, present: 2, failed: 0 });
    expect((await stat(file)).ino).toBe(ino);
    // also where only decryption tells what the file should hold
    await unlink(sealed.fileOf(keyOf(0).replace('archive/', 'receipts/').replace('.enc', '.json')));
    const unverified = await restore([idOf(0), '-d', out, '--unverified', '--json']);
    // without the content type of the receipt, noise is `bin`
    expect(unverified.records()[0]).toMatchObject({
      state: 'restored',
      file: expect.stringMatching(/\.bin$/) as unknown,
    });
    const again = await restore([idOf(0), '-d', out, '--unverified', '--json']);
    expect(again.records()[0]).toMatchObject({ state: 'present', receipt: 'unverified' });
  });

  it('a file that holds something else is kept without --force, and replaced with it', async () => {
    await mkdir(out);
    const file = path.join(out, `${idOf(0)}.wav`);
    await writeFile(file, 'precious');
    await writeFile(path.join(out, `${idOf(2)}.wav`), randomBytes(600));
    const refused = await restore([idOf(0), idOf(1), idOf(2), '-d', out]);
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain('1 restored, 2 failed');
    expect(refused.stdout).toContain('exists already, and holds something else  [OUTPUT_EXISTS]');
    expect(await readFile(file, 'utf8')).toBe('precious');
    expect((await restore([idOf(0), idOf(1), '-d', out, '--force'])).code).toBe(0);
    expect(await readFile(file)).toHaveLength(600);
  });

  it('writes through no link and into nothing but files, with --force too', async () => {
    await mkdir(out);
    await writeFile(path.join(dir, 'outside'), 'precious');
    await symlink(path.join(dir, 'outside'), path.join(out, `${idOf(0)}.wav`));
    await mkdir(path.join(out, `${idOf(1)}.wav`));
    const result = await restore([idOf(0), idOf(1), idOf(2), '-d', out, '--force']);
    expect(result).toMatchObject({ code: 3 });
    expect(result.stdout.match(/not a regular file {2}\[OUTPUT_EXISTS\]/g)).toHaveLength(2);
    expect(await readFile(path.join(dir, 'outside'), 'utf8')).toBe('precious');
    await writeFile(path.join(dir, 'file'), '');
    const noDirectory = await restore([idOf(0), '-d', path.join(dir, 'file')]);
    expect(noDirectory.stderr).toContain('is not a directory  [OUTPUT_FAILED]');
    const unmade = await restore([idOf(0), '-d', '/proc/x/y']);
    expect(unmade).toMatchObject({ code: 1 });
    expect(unmade.stderr).toContain('/proc/x/y cannot be made');
  });

  it('a damaged object is its own failure, and leaves no file; that of all of them is that of the run', async () => {
    const damage = async (index: number) => {
      const file = sealed.fileOf(keyOf(index));
      const body = await readFile(file);
      body.writeUInt8(body.readUInt8(10) ^ 1, 10);
      await writeFile(file, body);
    };
    await damage(0);
    const some = await restore([idOf(0), idOf(1), '-d', out]);
    expect(some).toMatchObject({ code: 3 });
    expect(some.stdout).toContain('[DECRYPT_FAILED]');
    expect(await filesIn(out)).toEqual([`${idOf(1)}.wav`]);
    await damage(2);
    expect(await restore([idOf(0), idOf(2), '-d', out])).toMatchObject({ code: 5 });
  });

  it('a wrong key: exit 5, no file, and no directory that was not there', async () => {
    const result = await restore([...days, '-d', out], { env: { ENCRYPTION_KEY_HEX: 'ab'.repeat(32) } });
    expect(result).toMatchObject({ code: 5 });
    expect(result.stderr).toContain(`${COUNT} of ${COUNT} items failed`);
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });

  it('never hands out another call: two objects exchanged with their metadata are refused, the others restored', async () => {
    for (const at of [sealed.fileOf, sealed.recordOf]) {
      await rename(at(keyOf(0)), path.join(dir, 'aside'));
      await rename(at(keyOf(1)), at(keyOf(0)));
      await rename(path.join(dir, 'aside'), at(keyOf(1)));
    }
    const result = await restore([idOf(0), idOf(1), idOf(2), '-d', out]);
    expect(result).toMatchObject({ code: 3 });
    expect(result.stdout.match(/\[RECEIPT_MISMATCH\]/g)).toHaveLength(2);
    expect(await filesIn(out)).toEqual([`${idOf(2)}.wav`]);
    const waived = await restore([idOf(0), '-d', out, '--unverified']);
    expect(waived.stderr).toContain(`warning: ${keyOf(0)}: not verified`);
  });

  it('takes a time in --from and --to as that time, and not as its day', async () => {
    const result = await restore([
      '--from',
      '2026-05-20T13:00:00Z',
      '--to',
      '2026-05-21T12:00:00Z',
      '-d',
      out,
    ]);
    expect(result.code).toBe(0);
    expect((await filesIn(out)).toSorted()).toEqual([1, 11].map((index) => `${idOf(index)}.wav`));
    const none = await restore(['--from', '2026-05-20T13:00:00Z', '--to', '2026-05-20T14:00:00Z', '-d', out]);
    expect(none).toMatchObject({ code: 6 });
    expect(none.stderr).toContain('no recordings between these times');
  });

  it('says that a place holds no such archive, and which days are empty: exit 6', async () => {
    const nowhere = { ARCHIVE_STORE: 'file:/nowhere' };
    for (const args of [days, [idOf(0)], [idOf(0), idOf(1)]]) {
      const result = await restore([...args, '-d', out], { env: nowhere });
      expect(result).toMatchObject({ code: 6, stdout: '' });
      expect(result.stderr).toContain('[NOTHING_FOUND]');
    }
    const empty = await restore(['--from', '2026-06-01', '--to', '2026-06-02', '-d', out]);
    expect(empty).toMatchObject({ code: 6 });
    const unknown = await restore([idOf(0), 'unknown', '-d', out]);
    expect(unknown).toMatchObject({ code: 3 });
    expect(unknown.stdout).toContain('no recording unknown in ');
  });

  it('--dry-run writes nothing, makes no directory, and says what is there already', async () => {
    const result = await restore([idOf(0), idOf(1), '-d', out, '--dry-run']);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(`to  ${path.join(out, `${idOf(0)}.wav`)}\n`);
    expect(result.stderr).toContain('2 would be restored');
    await expect(stat(out)).rejects.toThrow('ENOENT');
    await restore([idOf(0), '-d', out]);
    const second = await restore([idOf(0), idOf(1), '-d', out, '--dry-run', '--json']);
    expect(
      second
        .records()
        .map(({ state }) => String(state))
        .toSorted(),
    ).toEqual(['missing', 'present', 'undefined']);
  });

  it.each([
    [['-d', 'x'], 'say which recordings are meant'],
    [['a', 'b'], 'say where to write the recordings'],
    [['a', 'b', '-o', 'x'], '-o is for one recording'],
    [['a', 'b', '-o', '-', '--allow-unverified'], '-o is for one recording'],
    [[...days, '-o', 'x'], '-o is for one recording'],
    [['--ids', '-', '-o', 'x'], '-o is for one recording'],
    [['a', '-o', 'x', '-d', 'y'], 'it cannot be both'],
    [['a', '-d', 'x', '--skip-invalid'], '--skip-invalid goes with --ids only'],
    [['--ids', '/nowhere/ids', '-d', 'x'], 'cannot be read'],
  ])('%j: exit 2 and what to do', async (args, message) => {
    const result = await restore(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('restores what a list names, and names lines that name nothing, before anything is written', async () => {
    const input = `recordingId,agent\n${idOf(0)},x\n@bad\n${idOf(1)},y\n`;
    const refused = await restore(['--ids', '-', '-d', out], { input });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('line 3 ("@bad")');
    await expect(stat(out)).rejects.toThrow('ENOENT');
    const gone = await restore(['--ids', '-', '-d', out, '--skip-invalid'], { input });
    expect(gone.code).toBe(0);
    expect(gone.stderr).toContain('line 3 ("@bad"): passed over');
    expect((await filesIn(out)).toSorted()).toEqual([0, 1].map((index) => `${idOf(index)}.wav`));
  });

  it('restores what `list --json` prints', async () => {
    const { stdout } = await runHere(['list', '--to', '2026-05-20', '--json'], { env: env() });
    expect((await restore(['--ids', '-', '-d', out], { input: stdout })).code).toBe(0);
    expect(await filesIn(out)).toHaveLength(2);
  });

  it('without a receipt tells WAV by its first bytes', async () => {
    const wav = Buffer.concat([Buffer.from('RIFF\x24\0\0\0WAVEfmt '), randomBytes(100)]);
    await putSealed(sealed.store, 'archive/2026/07/01/old.enc', sealed.secret, wav);
    const result = await restore(['old', '-d', out]);
    expect(result.code).toBe(0);
    expect(await filesIn(out)).toEqual(['old.wav']);
    expect(result.stderr).toContain('1 recording: there is no receipt');
    const timed = await restore(['--from', '2026-07-01T23:00:00Z', '-d', out]);
    expect(timed.stderr).toContain('warning: 1 recording without a receipt, whose time is not known');
    const plan = await restore(['old', '-d', path.join(dir, 'other'), '--dry-run']);
    expect(plan.stdout).toContain('old.*');
  });

  it.skipIf(!canMount())(
    '[needs: root and mount] a full disk ends the run early, and leaves nothing half-written',
    async () => {
      await addMany(40, 100_000);
      await mkdir(out);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', out]);
      try {
        const result = await restore(['--from', '2026-05-20', '--to', '2026-05-20', '-d', out, '--json']);
        expect(result).toMatchObject({ code: 1 });
        expect(result.stderr).toContain('the disk is full');
        const summary = result.records().at(-1);
        expect(summary).toMatchObject({ type: 'summary', stoppedBy: 'OUTPUT_FAILED' });
        expect(summary?.['failed']).toBeLessThan(15);
        expect((await filesIn(out)).every((name) => name.endsWith('.wav'))).toBe(true);
      } finally {
        execFileSync('umount', [out]);
      }
    },
  );

  it('Ctrl-C in the middle: exit 130, one line, nothing half-written, and the next run goes on', async () => {
    await addMany(100, 500_000);
    const args = ['restore', '--from', '2026-05-20', '--to', '2026-05-20', '-d', out, '--concurrency', '2'];
    const running = startCli(args, { env: env() });
    await running.shows('restored');
    running.kill('SIGINT');
    const result = await running.end;
    expect(result.code).toBe(130);
    expect(result.stdout).not.toContain('failed');
    expect(result.stderr.trimEnd().split('\n').length).toBeLessThan(6);
    const done = await filesIn(out);
    expect(done.every((name) => name.endsWith('.wav'))).toBe(true);
    expect(done.length).toBeLessThan(102);
    const rest = await restore([...args.slice(1), '--json']);
    expect(rest.records().at(-1)).toMatchObject({ recordings: 102, present: done.length, failed: 0 });
  });

  it('the next run sweeps what a killed one has left, of every file', async () => {
    await mkdir(out);
    const ended = execFileSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    const { partialName } = await import('../../../src/cli/restore/partial-names.ts');
    const own = partialName(path.join(out, 'gone.wav'));
    const pid = Number(ended).toString(16).padStart(6, '0').slice(-6);
    const left = own.replace(/([0-9a-f]{4})[0-9a-f]{6}([0-9a-f]{2})\.partial$/, `$1${pid}$2.partial`);
    await writeFile(left, 'noise');
    expect((await restore([idOf(0), '-d', out])).code).toBe(0);
    expect(await filesIn(out)).toEqual([`${idOf(0)}.wav`]);
  });
});
