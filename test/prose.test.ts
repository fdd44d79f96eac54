import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function checkProse(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'prose-'));
  made.push(root);
  for (const dir of ['src', 'docs', 'test']) mkdirSync(join(root, dir));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return spawnSync(process.execPath, [resolve('scripts/check-prose.mjs'), '--root', root], {
    encoding: 'utf8',
  });
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

  it('refuses them in the titles of tests, and not in their data', () => {
    const refused = checkProse({
      'test/a.test.ts': "describe('a', () => {\n  it('tells nobody', () => {});\n});\n",
    });
    expect(refused.stderr).toContain('test/a.test.ts:2: "nobody"');
    expect(refused.status).toBe(1);
    expect(checkProse({ 'test/a.test.ts': "const user = 'nobody';\n" }).status).toBe(0);
  });

  it('passes on this checkout', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/check-prose.mjs'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
