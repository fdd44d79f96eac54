import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lchown, mkdir, open, readFile, realpath, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileTarget } from '../../src/cli/file-target.ts';
import { filesIn, makeDirectory } from './run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

const file = () => path.join(dir, 'call.wav');

describe('createFileTarget', () => {
  it('writes the chunks in order, of any size', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(64), fc.constantFrom(1_048_575, 1_048_576, 1_048_577)), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const chunks = lengths.map((length) => randomBytes(length));
        const target = await createFileTarget(file(), { force: true });
        for (const chunk of chunks) await target.write(chunk);
        await target.commit();
        expect((await readFile(file())).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 25 },
    );
    expect(await filesIn(dir)).toEqual(['call.wav']);
  });

  it('shows nothing under the name before commit, and nothing at all after abandon', async () => {
    const target = await createFileTarget(file(), { force: false });
    await target.write(Buffer.from('unverified'));
    expect(await filesIn(dir)).toEqual([expect.stringMatching(/^call\.wav\.[0-9a-f]{12}\.partial$/)]);
    await target.abandon();
    expect(await filesIn(dir)).toEqual([]);
  });

  it('without force does not replace a file that appears meanwhile', async () => {
    const target = await createFileTarget(file(), { force: false });
    await target.write(Buffer.from('ours'));
    await writeFile(file(), 'theirs');
    await expect(target.commit()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await target.abandon();
    expect(await readFile(file(), 'utf8')).toBe('theirs');
    expect(await filesIn(dir)).toEqual(['call.wav']);
  });

  it('abandon after commit leaves the file alone', async () => {
    const target = await createFileTarget(file(), { force: false });
    await target.commit();
    await target.abandon();
    expect(await filesIn(dir)).toEqual(['call.wav']);
  });

  it('refuses what is no regular file, and a link to nowhere', async () => {
    await mkdir(file());
    await expect(createFileTarget(file(), { force: true })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    const link = path.join(dir, 'link.wav');
    await symlink('nowhere.wav', link);
    await expect(createFileTarget(link, { force: true })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(await filesIn(dir)).toEqual(['call.wav', 'link.wav']);
  });

  it('never writes through a link, with or without force, unless the caller follows own links', async () => {
    const theirs = path.join(dir, 'theirs.txt');
    await writeFile(theirs, 'theirs');
    await symlink(theirs, file());
    for (const force of [true, false]) {
      await expect(createFileTarget(file(), { force })).rejects.toMatchObject({
        code: 'OUTPUT_FAILED',
        hint: 'name the file itself, or remove the link',
      });
    }
    expect(await readFile(theirs, 'utf8')).toBe('theirs');
    const target = await createFileTarget(file(), { force: true, followOwnLinks: true });
    expect(target.path).toBe(await realpath(theirs));
    await target.abandon();
  });

  it.skipIf(process.geteuid?.() !== 0)(
    "refuses a stranger's link even where own links are followed",
    async () => {
      const theirs = path.join(dir, 'theirs.txt');
      await writeFile(theirs, 'theirs');
      await symlink(theirs, file());
      await lchown(file(), 12_345, 12_345);
      const options = { force: true, followOwnLinks: true };
      await expect(createFileTarget(file(), options)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    },
  );

  it('is readable by its owner only, under any umask', async () => {
    const umask = process.umask(0);
    try {
      const target = await createFileTarget(file(), { force: true });
      await target.write(Buffer.from('x'));
      await target.commit();
    } finally {
      process.umask(umask);
    }
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('names what is wrong with the place', async () => {
    await writeFile(file(), '');
    const below = path.join(file(), 'below.wav');
    await expect(createFileTarget(below, { force: false })).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      hint: expect.stringContaining('a part of the path is a file') as unknown,
    });
    const long = path.join(dir, 'x'.repeat(250));
    await expect(createFileTarget(long, { force: false })).rejects.toMatchObject({
      hint: 'choose a shorter file name',
    });
  });

  it.each([0, 1, 1000, 2_500_000])(
    'keeps what is not committed out of the file system, with %i bytes in memory',
    async (mostInMemory) => {
      const spoken = Buffer.from('my number is 555 0100, ');
      const whole = Buffer.concat(Array.from({ length: 90_000 }, () => spoken));
      const target = await createFileTarget(file(), { force: false, mostInMemory });
      for (let at = 0; at < whole.length; at += 100_003) await target.write(whole.subarray(at, at + 100_003));
      const [partial = ''] = await filesIn(dir);
      const written = await readFile(path.join(dir, partial));
      // a body that does not fit is on the disk, encrypted: what a kill leaves
      expect(written.length > 0).toBe(mostInMemory < whole.length);
      expect(written.includes(spoken.subarray(0, 12))).toBe(false);
      await target.commit();
      expect((await readFile(file())).equals(whole)).toBe(true);
      expect(await filesIn(dir)).toEqual(['call.wav']);
    },
  );

  it('commits nothing when the encrypted file was changed meanwhile', async () => {
    const target = await createFileTarget(file(), { force: false, mostInMemory: 10 });
    await target.write(randomBytes(3_000_000));
    const [partial = ''] = await filesIn(dir);
    const handle = await open(path.join(dir, partial), 'r+');
    await handle.write(Buffer.from('x'), 0, 1, 500_000);
    await handle.write(Buffer.from('y'), 0, 1, 500_001);
    await handle.close();
    await expect(target.commit()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    await target.abandon();
    expect(await filesIn(dir)).toEqual([]);
  });

  it('sweeps what a process that is no more has left of the same file, and nothing else', async () => {
    const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 4);
    const pid = (number: number) => number.toString(16).padStart(6, '0');
    const ended = spawnSync('true').pid;
    const parent = process.ppid;
    const names = {
      ended: `call.wav.${host}${pid(ended)}01.partial`,
      running: `call.wav.${host}${pid(parent)}01.partial`,
      elsewhere: `call.wav.${host === 'ffff' ? 'fffe' : 'ffff'}${pid(ended)}01.partial`,
      old: `call.wav.${host === 'ffff' ? 'fffe' : 'ffff'}${pid(ended)}02.partial`,
      otherFile: `other.wav.${host}${pid(ended)}01.partial`,
      otherName: `call.wav.backup.partial`,
    };
    for (const name of Object.values(names)) await writeFile(path.join(dir, name), 'x');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(path.join(dir, names.old), longAgo, longAgo);
    await symlink('nowhere', path.join(dir, `call.wav.${host}${pid(ended)}09.partial`));
    const target = await createFileTarget(file(), { force: false });
    await target.abandon();
    expect(await filesIn(dir)).toEqual(
      [
        names.running,
        names.elsewhere,
        names.otherFile,
        names.otherName,
        `call.wav.${host}${pid(ended)}09.partial`,
      ].sort(),
    );
  });
});
