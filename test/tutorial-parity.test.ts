import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/tutorial-parity.md', 'utf8');
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/${name}`, 'utf8'))
  .join('\n');

describe('docs/tutorial-parity.md', () => {
  it('names only files that exist', () => {
    const files = [...page.matchAll(/`((?:src|test|docs)\/[^`]+)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('quotes only tests that exist in the file beside them', () => {
    const quoted = [...page.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)];
    expect(quoted.length).toBeGreaterThan(15);
    const missing = quoted.filter(
      ([, file = '', name = '']) => existsSync(file) && !readFileSync(file, 'utf8').includes(name),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
  });

  it('lists the defects that have a test of their number, and no other', () => {
    const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
    expect(listed).toEqual([
      1, 4, 8, 9, 10, 11, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 34,
    ]);
    expect(listed.filter((number) => !tests.includes(`#${number} `))).toEqual([]);
  });
});
