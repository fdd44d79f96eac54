import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const text = readFileSync('docs/guarantees.md', 'utf8');
/** `file` "name", "another name of the same file". */
const cited = [...text.matchAll(/`(test\/[a-z0-9/.-]+\.ts)`((?:,? "[^"]+")(?:(?: of|,) "[^"]+")*)/g)].flatMap(
  ([, file = '', names = '']) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => [file, name] as const),
);

describe('docs/guarantees.md', () => {
  it('names at least twenty tests', () => {
    expect(cited.length).toBeGreaterThan(20);
    // each test file that is mentioned is cited with a name
    const mentioned = new Set([...text.matchAll(/`(test\/[^`*]+\.ts)`/g)].map(([, file]) => file));
    expect([...mentioned].filter((file) => !cited.some(([known]) => known === file))).toEqual([]);
  });

  it.each(cited)('%s has "%s"', (file, name) => {
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(name);
  });
});
