import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const HOME = 'https://git.example.com/owner/genesys-media-archive';

function prepare(args: readonly string[], changelog = '## [1.2.3] - 2026-05-20\n', dirty = false) {
  const dir = mkdtempSync(join(tmpdir(), 'release-'));
  made.push(dir);
  const manifest = join(dir, 'package.json');
  const before = JSON.stringify({
    name: 'x',
    version: '1.2.3',
    description: 'd',
    license: 'MIT',
    type: 'module',
  });
  writeFileSync(manifest, before);
  writeFileSync(join(dir, 'CHANGELOG.md'), `# Changelog\n\n${changelog}`);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], { cwd: dir });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'first');
  if (dirty) writeFileSync(join(dir, 'left-over'), '');
  const run = spawnSync(process.execPath, [resolve('scripts/prepare-release.mjs'), ...args], {
    cwd: dir,
    encoding: 'utf8',
  });
  return { ...run, before, after: readFileSync(manifest, 'utf8') };
}

describe('scripts/prepare-release.mjs', () => {
  it('writes repository, bugs and homepage, and prints the command that publishes with provenance', () => {
    for (const given of [HOME, `${HOME}/`, `${HOME}.git`]) {
      const { status, stdout, after } = prepare(['--repository', given]);
      expect(status).toBe(0);
      expect(JSON.parse(after)).toMatchObject({
        version: '1.2.3',
        type: 'module',
        homepage: `${HOME}#readme`,
        repository: { type: 'git', url: `git+${HOME}.git` },
        bugs: { url: `${HOME}/issues` },
      });
      expect(stdout).toContain('npm publish --provenance');
    }
  });

  it.each([
    ['no address', []],
    ['an empty address', ['--repository']],
    ['words that are no address', ['--repository', 'owner/name']],
    ['http', ['--repository', HOME.replace('https', 'http')]],
    ['a password', ['--repository', HOME.replace('//', '//user:secret@')]],
    ['a host alone', ['--repository', 'https://git.example.com/']],
    ['a query', ['--repository', `${HOME}?a=b`]],
  ])('refuses %s, and changes nothing', (_name, args) => {
    const { status, stderr, before, after } = prepare(args);
    expect(status).toBe(2);
    expect(stderr).toContain('pass ');
    expect(stderr).not.toContain('secret');
    expect(after).toBe(before);
  });

  it('refuses a checkout with uncommitted changes', () => {
    const { status, stderr, before, after } = prepare(['--repository', HOME], undefined, true);
    expect(status).toBe(2);
    expect(stderr).toContain('left-over');
    expect(after).toBe(before);
  });

  it.each(['## [Unreleased]\n', '## [1.2.30]\n', '## [1x2x3]\n'])(
    'refuses a changelog that says only %j',
    (changelog) => {
      const { status, stderr, before, after } = prepare(['--repository', HOME], changelog);
      expect(status).toBe(2);
      expect(stderr).toContain('CHANGELOG.md has no section for 1.2.3');
      expect(after).toBe(before);
    },
  );
});
