import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCli } from '../cli/run-cli.ts';
import { addressOf, openSite, post, type Site, until, untilEmpty } from '../serve/serving.ts';

const mode = async (file: string) => ((await lstat(file)).mode & 0o777).toString(8);
const isRoot = process.geteuid?.() === 0;

let site: Site;
beforeEach(async () => {
  site = await openSite([{ bytes: 4_000 }]);
});
afterEach(() => site.close());

async function refusal(...args: string[]) {
  const { code, stderr } = await site.start('--once', ...args).end;
  return { code, stderr };
}

// in a process of its own each: what blocks does so in the threads that all file operations of a process share
describe('a spool', () => {
  it('that other users can write to is refused, with what to do', async () => {
    for (const bits of [0o777, 0o770, 0o702, 0o1777]) {
      await mkdir(site.spool, { recursive: true });
      await chmod(site.spool, bits);
      const { code, stderr } = await refusal();
      expect([bits.toString(8), code]).toStrictEqual([bits.toString(8), 2]);
      expect(stderr).toMatch(/spool directory .* can be written to by other users[^]*chmod go-w/);
      expect(await readdir(site.spool)).toStrictEqual([]);
    }
  });

  it.skipIf(!isRoot)('of another user is refused [needs: root]', async () => {
    await mkdir(site.spool, { mode: 0o700 });
    await chown(site.spool, 65_534, 65_534);
    const { code, stderr } = await refusal();
    expect(code).toBe(2);
    expect(stderr).toMatch(/belongs to another user \(uid 65534; this process has 0\)/);
    expect(await readdir(site.spool)).toStrictEqual([]);
  });

  it.skipIf(!isRoot)('behind another user’s link is refused [needs: root]', async () => {
    const target = path.join(site.dir, 'target');
    await mkdir(target, { mode: 0o700 });
    await symlink(target, site.spool);
    execFileSync('chown', ['-h', '65534', site.spool]);
    const { code, stderr } = await refusal();
    expect(code).toBe(2);
    expect(stderr).toMatch(/is a link of another user/);
    expect(await readdir(target)).toStrictEqual([]);
  });

  it('behind a link of one’s own is used', async () => {
    const target = path.join(site.dir, 'target');
    await mkdir(target, { mode: 0o700 });
    await symlink(target, site.spool);
    expect((await refusal()).code).toBe(0);
    expect(await readdir(target)).toContain('queue');
  });

  it.each(['queue', 'incoming', 'failed'])(
    'whose folder %s is a link or open to others is refused',
    async (folder) => {
      const elsewhere = path.join(site.dir, 'elsewhere');
      await mkdir(elsewhere, { mode: 0o700 });
      await mkdir(site.spool, { mode: 0o700 });
      await symlink(elsewhere, path.join(site.spool, folder));
      const linked = await refusal();
      expect([linked.code, linked.stderr]).toStrictEqual([
        2,
        expect.stringMatching(/is a link, not a directory/),
      ]);
      await chmod(elsewhere, 0o700);
      execFileSync('rm', [path.join(site.spool, folder)]);
      await mkdir(path.join(site.spool, folder), { recursive: true });
      await chmod(path.join(site.spool, folder), 0o777);
      const open = await refusal();
      expect([open.code, open.stderr]).toStrictEqual([
        2,
        expect.stringMatching(/can be written to by other users/),
      ]);
    },
  );

  it.each([
    ['a file', (spool: string) => writeFile(spool, 'x'), /is not a directory/],
    ['a link to nothing', (spool: string) => symlink('/nowhere/at/all', spool), /is a link to nothing/],
  ] as const)('that is %s is refused', async (_what, make, message) => {
    await make(site.spool);
    const { code, stderr } = await refusal();
    expect([code, stderr]).toStrictEqual([2, expect.stringMatching(message)]);
  });

  it('below a file is refused', async () => {
    await writeFile(site.spool, 'x');
    const { code, stderr } = await refusal('--spool', path.join(site.spool, 'below'));
    expect([code, stderr]).toStrictEqual([
      2,
      expect.stringMatching(/something else than a directory in its path/),
    ]);
  });

  it('is worked on although FIFOs, links and directories stand in it, which are named and left alone', async () => {
    const queue = path.join(site.spool, 'queue');
    const incoming = path.join(site.spool, 'incoming');
    for (const folder of [site.spool, queue, incoming]) await mkdir(folder, { mode: 0o700 });
    const names = ['1', '2', '3', '4', '5', '6'].map((digit) => `1700000000000-${digit.repeat(64)}.json`);
    for (const name of names) execFileSync('mkfifo', [path.join(queue, name)]);
    execFileSync('mkfifo', [path.join(incoming, 'x.partial')]);
    const secret = path.join(site.dir, 'secret');
    await writeFile(secret, JSON.stringify({ hunter2: true }));
    await symlink(secret, path.join(queue, `1700000000000-${'7'.repeat(64)}.json`));
    await symlink('/dev/zero', path.join(queue, `1700000000000-${'8'.repeat(64)}.json`));
    await mkdir(path.join(queue, `1700000000000-${'9'.repeat(64)}.json`));
    const cli = site.start('--port', '0');
    const url = await addressOf(cli);
    expect(await post(url, site.eventOf(site.simulator.recordings[0]?.id ?? ''))).toBe(202);
    await untilEmpty(url);
    cli.kill('SIGTERM');
    const { code, stderr } = await cli.end;
    expect(code).toBe(0);
    expect(await site.stored('.enc')).toHaveLength(1);
    expect(stderr.match(/is not a file and is left alone/g)).toHaveLength(10);
    expect(await readdir(queue)).toHaveLength(9);
    expect(await readdir(path.join(site.spool, 'failed'))).toStrictEqual([]);
    expect(await readFile(secret, 'utf8')).toContain('hunter2');
  });

  it.each([
    ['a FIFO', (lock: string) => Promise.resolve(execFileSync('mkfifo', [lock]))],
    ['a link', (lock: string) => symlink('/dev/zero', lock)],
    ['a directory', (lock: string) => mkdir(lock)],
  ] as const)('whose lock is %s is refused at once', async (_what, make) => {
    await mkdir(site.spool, { mode: 0o700 });
    await make(path.join(site.spool, 'lock'));
    const { code, stderr } = await refusal();
    expect([code, stderr]).toStrictEqual([
      2,
      expect.stringMatching(/the lock .* of the spool is not a file/),
    ]);
  });

  it.each(['000', '022', '077', '0277'])(
    'is readable by its owner only, with a umask of %s',
    async (umask) => {
      const spool = path.join(site.dir, 'deep', 'spool');
      await mkdir(path.join(site.dir, 'deep'), { mode: 0o700 });
      const event = JSON.stringify({
        mediaId: '11111111-1111-4111-8111-111111111111',
        interactionId: '22222222-2222-4222-8222-222222222222',
      });
      const cli = startCli(['serve', '--spool', spool, '--port', '0'], {
        env: site.env,
        cwd: site.dir,
        shell: `umask ${umask}; exec "$@"`,
      });
      const url = await addressOf(cli);
      expect(await post(url, event)).toBe(202);
      await until(async () => (await readdir(path.join(spool, 'failed'))).length > 0);
      // the file in `queue` goes once that in `failed` is there
      await until(async () => (await readdir(path.join(spool, 'queue'))).length === 0);
      const files = await readdir(spool, { recursive: true });
      const modes = await Promise.all(
        files.map(async (name) => [
          (await lstat(path.join(spool, name))).isDirectory() ? 'directory' : 'file',
          await mode(path.join(spool, name)),
        ]),
      );
      expect(new Set(modes.map((pair) => pair.join(' ')))).toStrictEqual(
        new Set(['directory 700', 'file 600']),
      );
      expect(await mode(spool)).toBe('700');
      expect(modes.filter(([kind]) => kind === 'file').length).toBeGreaterThanOrEqual(2);
      cli.kill('SIGKILL');
      await cli.end;
    },
  );
});
