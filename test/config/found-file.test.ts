import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG_FILE, describeStranger, readConfigFile } from '../../src/config/file.ts';
import { readDeploySettings } from '../../src/config/deploy/file.ts';
import { runCli } from '../cli/run-cli.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'found-file-'));
});
afterEach(() => rm(dir, { recursive: true }));

const file = () => join(dir, DEFAULT_CONFIG_FILE);
const write = (values: object = { ARCHIVE_LOG_LEVEL: 'error' }) => writeFile(file(), JSON.stringify(values));

describe('a config file that was found in the working directory', () => {
  it('is read when it is the caller’s own and no other user can write it', async () => {
    await write();
    expect(await readConfigFile(undefined, dir)).toEqual({
      path: DEFAULT_CONFIG_FILE,
      values: { ARCHIVE_LOG_LEVEL: 'error' },
    });
  });

  it.each([
    ['the group can write it', 0o664, 0o700, 'others than its owner can write it'],
    ['others can write it', 0o646, 0o700, 'others than its owner can write it'],
    ['the group can write its directory', 0o644, 0o770, 'others than its owner can write its directory'],
    ['others can write its directory, with the sticky bit too', 0o644, 0o1777, 'can write its directory'],
  ])('is refused when %s, and read when --config names it', async (_, mode, folder, problem) => {
    await write();
    await chmod(file(), mode);
    await chmod(dir, folder);
    await expect(readConfigFile(undefined, dir)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(problem),
      hint: expect.stringContaining(`--config ${DEFAULT_CONFIG_FILE}`),
    });
    expect((await readConfigFile(DEFAULT_CONFIG_FILE, dir))?.isNamed).toBe(true);
  });

  it('is judged by who owns it and its directory: only the caller, or root for the directory', () => {
    const own = { uid: 1000, mode: 0o100_644 };
    const folder = { uid: 1000, mode: 0o40_755 };
    expect(describeStranger(own, folder, 1000)).toBeUndefined();
    expect(describeStranger(own, { ...folder, uid: 0 }, 1000)).toBeUndefined();
    expect(describeStranger({ ...own, uid: 1001 }, folder, 1000)).toBe('it belongs to another user');
    expect(describeStranger({ ...own, uid: 1000 }, folder, 0)).toBe('it belongs to another user');
    expect(describeStranger(own, { ...folder, uid: 1001 }, 1000)).toBe(
      'its directory belongs to another user',
    );
  });

  it('is no symbolic link, no directory and no pipe that would be waited for', async () => {
    await writeFile(join(dir, 'other.json'), '{}');
    await symlink('other.json', file());
    await expect(readConfigFile(undefined, dir)).rejects.toThrow('is a symbolic link');
    await rm(file());
    await mkdir(file());
    await expect(readConfigFile(undefined, dir)).rejects.toThrow('is not a regular file');
    await rm(file(), { recursive: true });
    execFileSync('mkfifo', [file()]);
    await expect(readConfigFile(undefined, dir)).rejects.toThrow('is not a regular file');
  });

  it('is not described when it is a stranger’s: what it holds is not told apart', async () => {
    await writeFile(file(), 'canary, no JSON');
    await chmod(file(), 0o666);
    await expect(readConfigFile(undefined, dir)).rejects.toThrow('was found here and is not used');
  });

  it('is named in the output, in text and in JSON; a named one is not', async () => {
    await write({ ARCHIVE_STORE: `file:${join(dir, 'archive')}` });
    await mkdir(join(dir, 'archive'));
    const text = await runCli(['list'], { cwd: dir });
    // the archive is empty, which is said as well
    expect([text.code, text.stderr]).toEqual([
      6,
      expect.stringContaining(`settings from ${file()}, found here: ARCHIVE_STORE`),
    ]);
    const json = await runCli(['list', '--json'], { cwd: dir });
    expect(json.records()[0]).toMatchObject({
      type: 'settings',
      file: file(),
      found: true,
      settings: ['ARCHIVE_STORE'],
    });
    const named = await runCli(['list', '--config', DEFAULT_CONFIG_FILE], { cwd: dir });
    expect(named.stderr).not.toContain('settings from');
  });

  it('cannot send the client secret elsewhere: the command ends with exit code 2 and says what to do', async () => {
    await write({ GENESYS_LOGIN_URL: 'https://login.evil.example' });
    const { code, stderr } = await runCli(['list'], { cwd: dir });
    expect(code).toBe(2);
    expect(stderr).toContain(
      'GENESYS_LOGIN_URL: is not taken from a config file that was found here; name the file with --config',
    );
    expect(stderr).not.toContain('evil');
  });
});

describe('a deploy file that was found', () => {
  it('must be the caller’s own, too; a named one need not', async () => {
    const deploy = join(dir, 'genesys-archive.deploy.json');
    await writeFile(
      deploy,
      JSON.stringify({
        region: 'eu-central-1',
        environment: 'mypurecloud.de',
        organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
      }),
    );
    await chmod(deploy, 0o666);
    await expect(readDeploySettings(deploy, { isFound: true })).rejects.toMatchObject({
      message: expect.stringContaining('others than its owner can write it'),
      hint: expect.stringContaining('--settings'),
    });
    expect(await readDeploySettings(deploy)).toMatchObject({ region: 'eu-central-1' });
    await chmod(deploy, 0o600);
    await rename(deploy, `${deploy}.mine`);
    expect(await readDeploySettings(`${deploy}.mine`, { isFound: true })).toMatchObject({
      region: 'eu-central-1',
    });
  });
});
