import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { type ArchiveFixture, FIRST, makeArchive, putSealed, SECOND } from '../../cli/archive-fixture.ts';
import { canMount } from '../../can-mount.ts';
import { filesIn, runCli, startCli } from '../../cli/run-cli.ts';
import { runHere } from '../../cli/run-here.ts';

let archive: ArchiveFixture;
let out: string;
beforeEach(async () => {
  archive = await makeArchive();
  out = path.join(archive.dir, 'out');
  await mkdir(out);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await archive.remove();
});

const file = () => path.join(out, 'call.wav');
const restore = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  runHere(['restore', FIRST, '-o', file(), ...args], { env: { ...archive.env, ...env } });
const hash = async (name: string) =>
  createHash('sha256')
    .update(await readFile(name))
    .digest('hex');

describe('restore', () => {
  it('writes the plaintext for its owner alone and prints bytes and SHA-256', async () => {
    const result = await runCli(['restore', FIRST, '-o', file()], { env: archive.env });
    expect(result).toMatchObject({
      code: 0,
      stderr: 'note: there is no receipt: nothing proves which recording this is\n',
    });
    expect(result.stdout).toBe(`restored  ${file()}\nbytes     100000\nsha256    ${archive.sha256[FIRST]}\n`);
    expect(await hash(file())).toBe(archive.sha256[FIRST]);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await filesIn(out)).toEqual(['call.wav']);
  });

  it('takes a key as well, and prints JSON', async () => {
    const key = archive.keys[SECOND] ?? '';
    const result = await runCli(['restore', key, '-o', file(), '--json'], { env: archive.env });
    expect(result.records()).toEqual([
      {
        type: 'restored',
        schemaVersion: 1,
        key,
        file: file(),
        bytes: 100_001,
        sha256: archive.sha256[SECOND],
        receipt: 'none',
        notes: ['there is no receipt: nothing proves which recording this is'],
      },
    ]);
  });

  it('replaces nothing without --force', async () => {
    await writeFile(file(), 'precious');
    const refused = await restore();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      `error: ${file()} exists already  [OUTPUT_EXISTS]\nhint:  choose another name, or pass --force\n`,
    );
    expect(await readFile(file(), 'utf8')).toBe('precious');
    expect((await restore(['--force'])).code).toBe(0);
    expect(await hash(file())).toBe(archive.sha256[FIRST]);
  });

  it('--dry-run tells what would be written, and refuses what would be refused', async () => {
    const result = await restore(['--dry-run']);
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(`would restore  ${archive.keys[FIRST]} (97.7 KiB)  to  ${file()}\n`);
    expect(await filesIn(out)).toEqual([]);
    await writeFile(file(), 'precious');
    expect((await restore(['--dry-run'])).code).toBe(2);
    const forced = await restore(['--dry-run', '--force', '--json', '-q']);
    expect(forced.records()).toMatchObject([
      { type: 'plan', key: archive.keys[FIRST], objectBytes: 100_016 },
    ]);
    expect(await readFile(file(), 'utf8')).toBe('precious');
  });

  it('keeps what --force would replace when the object turns out to be damaged', async () => {
    await writeFile(file(), 'precious');
    await archive.flipBit(FIRST, -1);
    expect((await restore(['--force'])).code).toBe(5);
    expect(await readFile(file(), 'utf8')).toBe('precious');
    expect(await filesIn(out)).toEqual(['call.wav']);
  });

  it('follows a link to a file, and refuses directories and devices', async () => {
    await writeFile(path.join(out, 'target.wav'), 'old');
    await symlink('target.wav', file());
    expect((await restore(['--force'])).code).toBe(0);
    expect(await hash(path.join(out, 'target.wav'))).toBe(archive.sha256[FIRST]);
    const device = await runCli(['restore', FIRST, '-o', '/dev/null', '--force'], { env: archive.env });
    expect(device).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not a regular file') as unknown,
    });
    const directory = await runCli(['restore', FIRST, '-o', out, '--force'], { env: archive.env });
    expect(directory.stderr).toContain('is a directory  [OUTPUT_FAILED]');
  });

  it('says what is wrong with the output, and leaves nothing', async () => {
    const missing = await runCli(['restore', FIRST, '-o', path.join(out, 'no', 'call.wav')], {
      env: archive.env,
    });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(
      'ENOENT; nothing was left behind  [OUTPUT_FAILED]\nhint:  the directory does not exist',
    );
  });

  it.skipIf(process.getuid?.() === 0)('[needs: a user who is not root] unwritable directory', async () => {
    await chmod(out, 0o500);
    const result = await restore();
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('you have no permission to write there');
  });

  it('a file size limit: a clear error and nothing left', async () => {
    const result = await runCli(['restore', FIRST, '-o', file()], {
      env: archive.env,
      shell: 'ulimit -f 64; exec "$@"', // 32 or 64 KiB, by the shell's own unit
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('EFBIG; nothing was left behind  [OUTPUT_FAILED]');
    expect(await filesIn(out)).toEqual([]);
  });

  it.skipIf(!canMount())('[needs: root and mount] a full disk: a clear error and nothing left', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', out]);
    try {
      const result = await restore();
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(
        'ENOSPC; nothing was left behind  [OUTPUT_FAILED]\nhint:  the disk is full',
      );
      expect(await filesIn(out)).toEqual([]);
    } finally {
      execFileSync('umount', [out]);
    }
  });

  it.skipIf(!canMount())('[needs: root and mount] a read-only directory: a clear error', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', out]);
    try {
      const result = await restore();
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('EROFS; nothing was left behind  [OUTPUT_FAILED]');
      expect(result.stderr).toContain('mounted read-only');
    } finally {
      execFileSync('umount', [out]);
    }
  });

  it('an object that does not exist: exit 6', async () => {
    for (const name of ['44444444-4444-4444-8444-444444444444', 'archive/2026/05/20/none.enc']) {
      const result = await runCli(['restore', name, '-o', file()], { env: archive.env });
      expect(result.code).toBe(6);
      expect(result.stderr).toContain('[OBJECT_NOT_FOUND]');
      expect(result.stderr).toContain('next:  genesys-archive list');
    }
    expect(await filesIn(out)).toEqual([]);
  });

  it('a pipe needs --allow-unverified, and the reason is given', async () => {
    const refused = await runCli(['restore', FIRST, '-o', '-'], { env: archive.env });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('before the end of the object has proved');
    const piped = await runCli(['restore', FIRST, '-o', '-', '--allow-unverified'], {
      env: archive.env,
      shell: `cd '${out}' && "$@" > piped.wav`,
    });
    expect(piped.code).toBe(0);
    expect(await hash(path.join(out, 'piped.wav'))).toBe(archive.sha256[FIRST]);
  });
});

describe('a decrypt tool is shipped and releases no unverified plaintext', () => {
  const refusesWith = async (code: string, env: Readonly<Record<string, string>> = {}) => {
    const result = await restore([], env);
    expect(result).toMatchObject({ code: 5, stdout: '' });
    expect(result.stderr).toContain(`[${code}]`);
    expect(await filesIn(out)).toEqual([]);
  };

  it('wrong key', () =>
    refusesWith('DECRYPT_FAILED', { ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex') }));

  it.each([0, 50_000, 99_999, -16, -1])('a flipped bit in byte %i', async (at) => {
    await archive.flipBit(FIRST, at);
    await refusesWith('DECRYPT_FAILED');
  });

  it.each([16, 17, 50_000, 100_015])('an object truncated to %i bytes', async (bytes) => {
    await archive.truncateTo(FIRST, bytes);
    await refusesWith('DECRYPT_FAILED');
  });

  it.each([0, 15])('an object truncated to %i bytes, less than a tag', async (bytes) => {
    await archive.truncateTo(FIRST, bytes);
    await refusesWith('OBJECT_MALFORMED');
  });
});

/** What is said in a call, and must not be found where nothing has vouched for it. */
const SPOKEN = 'my number is 555 0100, ';

describe('restore, interrupted', () => {
  /** A restore that hangs in the middle of the object, on an S3 endpoint that has fallen silent. */
  async function hang() {
    const simulator = await startSimulator({
      s3: { dir: path.join(archive.dir, 's3'), bucket: 'test-bucket' },
    });
    const secret = randomBytes(32);
    const env = {
      ...simulator.environment(),
      ENCRYPTION_KEY_HEX: secret.toString('hex'),
    };
    for (const [name, value] of Object.entries(env)) if (name.startsWith('AWS_')) vi.stubEnv(name, value);
    const key = 'archive/2026/05/20/11111111-1111-4111-8111-111111111111.enc';
    const store = await openStore('s3://test-bucket', { s3: { forcePathStyle: true } });
    await putSealed(store, key, secret, Buffer.alloc(3_000_000, SPOKEN));
    simulator.faults.add({ on: 's3', id: key, fault: { kind: 'stall', afterBytes: 2_500_000 } });
    const running = startCli(['restore', key, '-o', file()], { env });
    const begun = async () =>
      (await filesIn(out)).some((name) => /^call\.wav\.[0-9a-f]{12}\.partial$/.test(name));
    while (!(await begun())) await new Promise((resolve) => setTimeout(resolve, 20));
    // what the endpoint sends before it falls silent is here and decrypted within a moment
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return { running, close: () => simulator.close() };
  }

  it('Ctrl-C: exit 130, the partial file is removed', async () => {
    const { running, close } = await hang();
    running.kill('SIGINT');
    const result = await running.end;
    await close();
    expect(result).toMatchObject({ code: 130, stdout: '' });
    expect(result.stderr).toContain('stopping; press Ctrl-C again to exit at once\n');
    expect(result.stderr).toContain('error: interrupted  [INTERRUPTED]');
    expect(await filesIn(out)).toEqual([]);
  });

  it('SIGKILL leaves no byte of the recording, and the next restore sweeps what it does leave', async () => {
    const { running, close } = await hang();
    running.kill('SIGKILL');
    expect(await running.end).toMatchObject({ code: undefined, signal: 'SIGKILL', stdout: '' });
    await close();
    const left = await filesIn(out);
    expect(left).toEqual([expect.stringMatching(/^call\.wav\.[0-9a-f]{12}\.partial$/)]);
    const partial = path.join(out, left[0] ?? '');
    expect((await stat(partial)).mode & 0o777).toBe(0o600);
    expect((await readFile(partial)).includes(SPOKEN)).toBe(false);
    expect((await restore()).code).toBe(0);
    expect(await filesIn(out)).toEqual(['call.wav']);
  });
});
