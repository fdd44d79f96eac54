import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { present } from '../src/present.ts';

describe('leaving members out', () => {
  it('leaves out what is undefined, and nothing else', () => {
    const members = present({ a: undefined, b: null, c: 0, d: '', e: false });
    expect(Object.keys(members)).toEqual(['b', 'c', 'd', 'e']);
    expect(members).toEqual({ b: null, c: 0, d: '', e: false });
  });

  it('has members that may be absent, and are never undefined where they are there', () => {
    const maybe = (text: string | undefined) => ({ ...present({ text, size: 1 }) });
    expectTypeOf(maybe).returns.toEqualTypeOf<{ text?: string; size: 1 }>();
    expect('text' in maybe(undefined)).toBe(false);
  });
});

describe('the sources', () => {
  it('leave members out with `present`, and not with a spread of their own', () => {
    const spread = /\.\.\.\(([\w.#?]+) === undefined \? \{\} : \{ (?:\w+: )?\1 \}\)/;
    const files = ['src', 'infra'].flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${root}/${name.replaceAll('\\', '/')}`),
    );
    expect(files.length).toBeGreaterThan(500);
    const spreading = files.filter((file) => spread.test(readFileSync(file, 'utf8')));
    expect(spreading).toEqual([]);
  });
});
