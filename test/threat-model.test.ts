import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KINDS } from './redteam/kinds.ts';

const text = readFileSync('docs/threat-model.md', 'utf8');
/** `file` "name", "another name of the same file". */
const citationsIn = (part: string) =>
  [...part.matchAll(/`(test\/[a-z0-9/.-]+\.ts)` ("[^"]+"(?:, "[^"]+")*)/g)].flatMap(
    ([, file = '', names = '']) =>
      [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => [file, name] as const),
  );
const cited = citationsIn(text);
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what they try'));

describe('docs/threat-model.md', () => {
  it('names a test in each of its rows', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => citationsIn(row).length === 0)).toEqual([]);
  });

  it.each(cited)('%s has "%s"', (file, name) => {
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(name);
  });

  it('names attacks of every kind that the red-team suite has, and none that it has not', () => {
    const attacks = new Set(KINDS.flatMap((kind) => kind.attacks.map(({ name }) => name)));
    const named = cited.filter(([file]) => file.startsWith('test/redteam/')).map(([, name]) => name);
    expect(named.filter((name) => !attacks.has(name))).toEqual([]);
    const unnamed = KINDS.filter((kind) => !kind.attacks.some(({ name }) => named.includes(name)));
    expect(unnamed.map(({ title }) => title)).toEqual([]);
  });
});
