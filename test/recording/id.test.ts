import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileIdPattern, isSafeId, shortenForMessage } from '../../src/recording/id.ts';

const matches = (source: string, id: string) => {
  const compiled = compileIdPattern(source);
  return 'pattern' in compiled ? compiled.pattern.test(id) : undefined;
};

describe('compileIdPattern', () => {
  it.each([
    ['[0-9]+', '12345', '12345x'],
    ['\\d{1,20}', '12345', 'x'],
    ['call_[a-z]{8}', 'call_abcdefgh', 'xcall_abcdefgh'],
    ['(?:wav|mp3)-\\d+', 'mp3-7', 'ogg-7'],
    ['a|ab', 'ab', 'abc'],
    ['^[A-Za-z0-9._-]{1,128}$', 'A.b_c-1', 'a/b'],
    ['a*b+c?', 'aab', 'aac'],
    ['a|b|c|d|e', 'e', 'f'],
    [`${'[a]'.repeat(66)}aa`, 'a'.repeat(68), 'a'.repeat(67)],
    ['[0-9a-f]{8}-[0-9a-f]{4}', '0123abcd-ef01', '0123ABCD-ef01'],
  ])('%s matches whole ids', (source, good, bad) => {
    expect(matches(source, good)).toBe(true);
    expect(matches(source, bad)).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['too long', 'a'.repeat(201)],
    ['a repeated group', '(a+)+'],
    ['a counted group', '(a|a){30}'],
    ['an optional group', '(a|a)?'],
    ['many repeats', 'a*a*a*a*'],
    ['many optional parts', 'a?a?a?a?'],
    ['many alternatives', '(a|a)(a|a)(a|a)(a|a)(a|a)'],
    ['a back reference', '(a)\\1'],
    ['a look-ahead', '(?=a)a'],
    ['a look-behind', '(?<!a)b'],
    ['a slash', 'a/b'],
    ['any class', '[^/]\\S'],
    ['an open group', '(a'],
    ['an open class', '[a'],
    ['a reversed range', '[z-a]'],
    ['a lone repeat', '+a'],
  ])('refuses %s', (_, source) => {
    expect(compileIdPattern(source)).toHaveProperty('problem');
  });

  it('every pattern that it accepts answers for the worst ids without a stall', () => {
    const part = fc.constantFrom(
      'a',
      'a*',
      'a+',
      '.*',
      '\\w+',
      '[ab]{1,64}',
      '(a|',
      '(?:a|',
      ')',
      '|',
      'b',
      'a?',
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
        const answers = ['a'.repeat(128), `${'a'.repeat(127)}!`, `${'ab'.repeat(63)}-`].map((id) =>
          matches(parts.join(''), id),
        );
        if (answers[0] !== undefined) accepted += 1;
        // An answer came at all: a pattern that backtracks exponentially would run into the test's time limit.
        expect(answers).toHaveLength(3);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('isSafeId', () => {
  it('holds for nothing that could change a path', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webPath(), fc.anything()), (value) => {
        const path = isSafeId(value)
          ? new URL(`https://api.example/api/v2/media/${value}`).pathname
          : undefined;
        expect(path === undefined || path === `/api/v2/media/${String(value)}`).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(['.', '..', '', 'a/b', 'a%2fb', 'a\\b', 'a b', 'a?b', 'a#b', 5, null].filter(isSafeId)).toEqual(
      [],
    );
    expect(isSafeId('...')).toBe(true);
  });
});

describe('shortenForMessage', () => {
  it('is short, quoted, printable ASCII for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(shortenForMessage(text)).toMatch(/^"[\x20-\x7e]{0,144}…?"$/);
      }),
    );
    expect(['x'.repeat(24), 'x'.repeat(25)].map(shortenForMessage)).toEqual([
      `"${'x'.repeat(24)}"`,
      `"${'x'.repeat(24)}…"`,
    ]);
    expect(shortenForMessage('a"\n\u001b')).toBe(String.raw`"a\u0022\u000a\u001b"`);
  });
});
