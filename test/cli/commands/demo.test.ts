import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPromises } from '../../../src/cli/demo/checks.ts';
import { unlimited } from '../../../src/clock.ts';
import { createStaticReader } from '../../../src/envelope/static-gcm.ts';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { putSealed } from '../archive-fixture.ts';
import { filesIn, makeDirectory, runCli, startCli } from '../run-cli.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

/** The variables of a file of `export NAME=value` lines. */
async function readExports(file: string): Promise<Record<string, string>> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => line.replace('export ', '').split(/=(.*)/s).slice(0, 2)) as [string, string][],
  );
}

describe('demo', () => {
  it.skipIf(process.platform !== 'linux')('ends at once where its directory can never be made', async () => {
    const result = await runCli(['demo', '--out', '/proc/x']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("the demo's directory (/proc/x) cannot be made");
  });

  it('archives 36 calls through every fault, keeps its promises, and its next commands work', async () => {
    const out = path.join(dir, 'demo');
    const result = await runCli(['demo', '--out', out]);
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('NOT');
    expect(result.stdout).toContain('✓ archived 36 of 36 recordings');
    expect(result.stdout).toContain('✓ 36 of 36 recordings have exactly one object (36 objects in all)');
    expect(result.stdout).toContain('✓ 36 of 36 interactions carry the reference to their object');
    expect(result.stdout).toContain('✓ 36 of 36 objects decrypt to the bytes of their source (SHA-256)');
    expect(result.stdout).toContain('✓ a wrong key: DECRYPT_FAILED, 0 files left behind');
    expect(result.stdout).toMatch(/✓ backfilled 30 of 30 recordings of three days before .+, 30 objects\n/);
    expect(result.stdout).toContain('✓ the catalogue finds 30 of 30 by their days');
    expect(result.stdout).toContain('✓ 3 days sealed: the platform lists 30 recordings, 0 missing');
    const struck = [...result.stdout.matchAll(/^.{40,60}? {2}\s*(\d+) {2}(archived|\d)/gm)].map(
      ([, times]) => times,
    );
    expect(struck).toHaveLength(20);
    expect(struck).not.toContain('0');

    const envFile = path.join(out, 'demo.env');
    expect((await stat(envFile)).mode & 0o777).toBe(0o600);
    const env = await readExports(envFile);
    const verified = await runCli(['verify', '--all', '--json'], { env });
    expect(verified.code).toBe(0);
    expect(verified.records().at(-1)).toMatchObject({ verified: 66, findings: 0 });
    const [, key = ''] = / inspect (\S+)/.exec(result.stdout) ?? [];
    expect((await runCli(['inspect', key], { env })).code).toBe(0);
    const [, days = ''] = / find (--from \S+ --to \S+)/.exec(result.stdout) ?? [];
    expect((await runCli(['find', ...days.split(' '), '--count'], { env })).stdout).toBe('30\n');
    expect((await runCli(['verify-proof', '--all'], { env })).code).toBe(0);
    const [, id = '', into = ''] = / evidence (\S+) -o (\S+)/.exec(result.stdout) ?? [];
    expect((await runCli(['evidence', id, '-o', into], { env })).code).toBe(0);
    expect(result.stdout).toContain(`(cd ${into} && sh verify-proof.sh)    # with openssl alone`);
    if (HAS_OPENSSL)
      expect(await runScript('sh', ['verify-proof.sh'], into)).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^OK: \d+ files are in the log of \d+ entries\n$/m) as unknown,
      });
  });

  it('takes the user’s own files, and prints JSON', async () => {
    const media = path.join(dir, 'media');
    await mkdir(media);
    await writeFile(path.join(media, 'note.bin'), randomBytes(50_000));
    const out = path.join(dir, 'demo');
    const result = await runCli(['demo', '--calls', '2', '--media', media, '--out', out, '--json', '-q']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const records = result.records();
    expect(records.at(-1)).toMatchObject({ type: 'summary', recordings: 3, archived: 3, kept: true });
    expect(records.filter(({ type }) => type === 'check')).not.toContainEqual(
      expect.objectContaining({ kept: false }),
    );
    expect(await filesIn(path.join(out, 'restored'))).toEqual(['note.bin']);
    expect(await readFile(path.join(out, 'restored', 'note.bin'))).toEqual(
      await readFile(path.join(media, 'note.bin')),
    );
  });

  it('names each file that is refused, with the reason, and each that is skipped; follows no link out', async () => {
    const media = path.join(dir, 'media');
    await mkdir(path.join(media, 'older'), { recursive: true });
    await writeFile(path.join(dir, 'private.bin'), randomBytes(50_000));
    await writeFile(path.join(media, 'note.bin'), randomBytes(50_000));
    await writeFile(path.join(media, 'page.wav'), '<html><body>503</body></html>');
    await writeFile(path.join(media, '.hidden'), 'x');
    await symlink('../private.bin', path.join(media, 'out.bin'));
    await symlink('note.bin', path.join(media, 'within.bin'));
    await symlink('nowhere', path.join(media, 'dangling.bin'));
    const out = path.join(dir, 'demo');
    const { code, stdout, stderr } = await runCli(['demo', '--calls', '1', '--media', media, '--out', out]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}not archived: page\.wav: .+ \[MEDIA_NOT_AUDIO\]$/m);
    expect(stdout).toContain('archived 3 of 4 recordings');
    expect(stderr.split('\n').filter((line) => line.startsWith('warning: '))).toEqual([
      'warning: .hidden is hidden: skipped',
      'warning: dangling.bin cannot be read: Error ENOENT: skipped',
      'warning: older is a folder: skipped',
      'warning: out.bin is a link out of the folder: skipped',
    ]);
  });

  it('touches no directory that is in use, and refuses a media folder that is not there', async () => {
    await writeFile(path.join(dir, 'precious'), '');
    const inUse = await runCli(['demo', '--out', dir]);
    expect(inUse.code).toBe(2);
    expect(inUse.stderr).toContain('is not empty  [USAGE]');
    expect(await filesIn(dir)).toEqual(['precious']);
    const missing = await runCli(['demo', '--out', path.join(dir, 'new'), '--media', path.join(dir, 'none')]);
    expect(missing.code).toBe(2);
  });

  it('Ctrl-C: exit 130', async () => {
    const running = startCli(['demo', '--calls', '200', '--out', path.join(dir, 'demo')]);
    await running.shows('injecting:');
    running.kill('SIGINT');
    expect(await running.end).toMatchObject({ code: 130, stdout: '' });
  });

  it('tells when a promise is not kept', async () => {
    const simulator = await startSimulator({ recordings: [{ seconds: 1 }, { seconds: 1 }] });
    const secret = randomBytes(32);
    const store = createDirectoryStore(path.join(dir, 'store'));
    const [one] = simulator.recordings;
    await putSealed(store, `archive/2026/05/20/${one?.id}.enc`, secret, Buffer.from('something else'));
    const reader = createStaticReader(secret);
    const restoredDir = path.join(dir, 'restored');
    const { checks } = await checkPromises({
      simulator,
      store,
      reader,
      wrongReader: reader,
      restoredDir,
      budget: unlimited,
    });
    await simulator.close();
    expect(checks).toEqual([
      { kept: false, text: '1 of 2 recordings have exactly one object (1 objects in all)' },
      { kept: false, text: '0 of 2 interactions carry the reference to their object' },
      { kept: false, text: '0 of 2 objects decrypt to the bytes of their source (SHA-256)' },
      { kept: false, text: expect.stringContaining('DIFFERS FROM the source') as unknown },
      { kept: false, text: 'a wrong key: NOT REFUSED, 1 files left behind' },
    ]);
  });
});
