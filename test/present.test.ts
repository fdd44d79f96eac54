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
