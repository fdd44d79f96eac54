import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdtemp,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKeyringFile, updateKeyringFile } from '../../src/envelope/keys/files.ts';
import { addKey, formatKeyring, parseKeyring } from '../../src/envelope/keys/keyring.ts';
import { CLI } from '../cli/run-cli.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keyring-lock-'));
});
afterEach(() => rm(dir, { recursive: true }));

const ring = () => join(dir, 'keyring.json');
const generate = (file: string, ...more: string[]) =>
  new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    const child = spawn(
      process.execPath,
      [CLI, 'keys', 'generate', '--keyring-file', file, '--json', ...more],
      {
        cwd: dir,
        env: { PATH: process.env['PATH'] },
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
const kidOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { kid: string }).kid;

describe('keys generate by several at once', { timeout: 120_000 }, () => {
  it('8 processes in 4 rounds, through 3 names of the file: every key that was printed is in the keyring', async () => {
    await symlink('keyring.json', join(dir, 'link.json'));
    await symlink(dir, join(dir, 'folder'));
    const names = ['keyring.json', join(dir, 'keyring.json'), 'folder/keyring.json', 'link.json'];
    const printed: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      // a link to a file that is not there yet is refused
      const usable = round === 0 ? names.slice(0, 3) : names;
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, index) => generate(usable[index % usable.length] ?? '')),
      );
      expect(results.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(
        results.map(() => [0, '']),
      );
      printed.push(...results.map(kidOf));
    }
    const { keys } = await readKeyringFile(ring());
    expect(new Set(printed).size).toBe(32);
    expect(keys.map(({ kid }) => kid).toSorted()).toEqual(printed.toSorted());
    expect(await readlink(join(dir, 'link.json'))).toBe('keyring.json');
    expect((await readdir(dir)).toSorted()).toEqual(['folder', 'keyring.json', 'link.json']);
  });

  it('of several that ask for one kid, one gets it', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, () => generate('keyring.json', '--kid', 'mine')),
    );
    expect(results.filter(({ code }) => code === 0)).toHaveLength(1);
    expect(results.filter(({ code }) => code === 2)).toHaveLength(3);
    expect((await readKeyringFile(ring())).keys).toHaveLength(1);
  });
});

describe('a keyring that is changed', () => {
  const add = (kid: string, file = ring()) => updateKeyringFile(file, (existing) => addKey(existing, kid));

  it('keeps mode 0600, also when it was created by another program', async () => {
    await writeFile(ring(), formatKeyring(addKey(undefined, 'a')), { mode: 0o600 });
    await chmod(ring(), 0o400);
    await add('b');
    expect((await stat(ring())).mode & 0o777).toBe(0o600);
  });

  it('is followed through a symbolic link, which stays one', async () => {
    await mkdir(join(dir, 'safe'));
    await symlink('safe/ring.json', ring());
    await expect(add('a')).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('is a symbolic link to a file that does not exist'),
    });
    await add('a', join(dir, 'safe', 'ring.json'));
    await add('b');
    expect((await lstat(ring())).isSymbolicLink()).toBe(true);
    expect(parseKeyring(await readFile(join(dir, 'safe', 'ring.json'), 'utf8')).keys).toHaveLength(2);
  });

  it('is not overwritten by one that knows nothing of the lock: what stands there is read again', async () => {
    await add('a');
    let calls = 0;
    const result = await updateKeyringFile(ring(), (existing) => {
      calls += 1;
      if (calls === 1) {
        // another program, between the reading and the writing
        writeFileSync(ring(), formatKeyring(addKey(existing, 'theirs')));
      }
      return addKey(existing, 'ours');
    });
    expect([calls, result.keys.map(({ kid }) => kid)]).toEqual([2, ['a', 'theirs', 'ours']]);
  });

  it('takes over the lock of a process that is gone, and waits for one that is not known to be', async () => {
    await add('a');
    const gone = await new Promise<number>((done) => {
      const child = spawn(process.execPath, ['-e', '']);
      child.on('close', () => done(child.pid ?? 0));
    });
    const holder = await holderOf(ring());
    await writeFile(`${ring()}.lock`, JSON.stringify({ ...holder, pid: gone }));
    await add('b');
    // the number of a process that runs, but began at another time than the holder did
    await writeFile(`${ring()}.lock`, JSON.stringify({ ...holder, startedAt: '1' }));
    if (process.platform === 'linux') await add('c');
    const before = await readFile(ring(), 'utf8');
    await writeFile(`${ring()}.lock`, JSON.stringify({ ...holder, scope: 'another boot', pid: gone }));
    const waiting = add('d');
    const first = await Promise.race([waiting.then(() => 'done'), sleep(500).then(() => 'waiting')]);
    expect([first, await readFile(ring(), 'utf8')]).toEqual(['waiting', before]);
    await rm(`${ring()}.lock`);
    await waiting;
    expect(await readdir(dir)).toEqual(['keyring.json']);
  });

  it('whose directory cannot be written names it', async () => {
    const file = join(dir, 'none', 'keyring.json');
    await expect(add('a', file)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      hint: expect.stringContaining(resolve(dir, 'none')),
    });
  });

  it('that is damaged is left as it is', async () => {
    await writeFile(ring(), '{"version": 1', { mode: 0o600 });
    await expect(add('a')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readdir(dir)).toEqual(['keyring.json']);
    expect(await readFile(ring(), 'utf8')).toBe('{"version": 1');
  });
});

/** What a lock of this process holds. */
async function holderOf(file: string): Promise<object> {
  let holder: object = {};
  await updateKeyringFile(file, (existing) => {
    holder = JSON.parse(readFileSync(`${file}.lock`, 'utf8')) as object;
    if (existing === undefined) throw new Error('there is no keyring');
    return existing;
  });
  return holder;
}
