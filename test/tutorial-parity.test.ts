import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/tutorial-parity.md', 'utf8');
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/${name}`, 'utf8'));

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

  it('names a test for each defect of the tutorial that is mended here', () => {
    const rows = page.split('\n').filter((line) => /^\| \d+ \|/.test(line));
    expect(rows.map((row) => Number(/\d+/.exec(row)?.[0]))).toEqual([
      1, 4, 8, 9, 10, 11, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 34,
    ]);
    expect(rows.filter((row) => !/`test\/[^`]+\.(?:test|slow)\.ts` "[^"]+" \|$/.test(row))).toEqual([]);
  });
});

describe('titles of tests', () => {
  it('are promises in words, without numbers of a tracker', () => {
    const numbered = tests.flatMap(
      (text) => text.match(/\b(?:describe|it|test)\b[^\n]*['`(]#\d+[ )][^\n]*/g) ?? [],
    );
    expect(numbered).toEqual([]);
  });
});
