import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function checkProse(files: Readonly<Record<string, string>>, ...flags: string[]) {
  const root = mkdtempSync(join(tmpdir(), 'prose-'));
  made.push(root);
  for (const dir of ['src', 'docs', 'scripts']) mkdirSync(join(root, dir));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const run = (...more: string[]) =>
    spawnSync(process.execPath, [resolve('scripts/check-prose.mjs'), '--root', root, ...more], {
      encoding: 'utf8',
    });
  return { ...run(...flags), again: run };
}

describe('scripts/check-prose.mjs', () => {
  it.each([
    'Whoever reads this',
    'it is nobody’s, for there is none',
    'a name is to be given',
    'whatever it says',
  ])('refuses "%s" in a comment and on a page, with file, line and advice', (text) => {
    for (const [file, content] of [
      ['src/a.ts', `const a = 1;\n// ${text}\n`],
      ['docs/a.md', `# A\n${text}\n`],
    ] as const) {
      const { status, stderr } = checkProse({ [file]: content });
      expect(status).toBe(1);
      expect(stderr).toContain(`${file}:2: "`);
    }
  });

  it('lets old ones stand, and no new one beside them', () => {
    const baseline = { 'scripts/prose-baseline.json': '{"docs/a.md": 1}' };
    expect(checkProse({ ...baseline, 'docs/a.md': 'whatever' }).status).toBe(0);
    expect(checkProse({ ...baseline, 'docs/a.md': 'whatever, whoever' }).status).toBe(1);
  });

  it('asks for a lower baseline when there are fewer, and never writes a higher one', () => {
    const files = {
      'scripts/prose-baseline.json': '{"docs/a.md": 2}',
      'docs/a.md': 'whatever',
      'docs/b.md': 'whoever',
    };
    const { status, stderr, again } = checkProse(files);
    expect(status).toBe(1);
    expect(stderr).toContain('--shrink');
    expect(again('--shrink').status).toBe(0);
    expect(again().stderr).not.toContain('docs/a.md');
    expect(again().stderr).toContain('docs/b.md:1: "whoever"');
  });

  it('passes on this checkout', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/check-prose.mjs'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
