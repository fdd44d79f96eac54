import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNestedTooDeeply, MAX_JSON_DEPTH, parseForeignJson } from '../src/json.ts';

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

describe('foreign JSON', () => {
  it('reads what JSON.parse reads, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 5 }), fc.string()), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expected = undefined;
        }
        expect(parseForeignJson(text)).toEqual(expected);
      }),
    );
  });

  it('may be nested 64 levels deep, and no deeper', () => {
    expect(parseForeignJson(nested(MAX_JSON_DEPTH))).toBeDefined();
    expect(parseForeignJson(nested(MAX_JSON_DEPTH + 1))).toBeUndefined();
    expect(parseForeignJson(nested(MAX_JSON_DEPTH + 1, '{"a":', '}').replace(':}', ':1}'))).toBeUndefined();
  });

  it('brackets within strings are text, with any escapes around them', () => {
    for (const text of ['['.repeat(200), `\\"${'['.repeat(200)}`, `\\\\`, `"${'{'.repeat(99)}\\`]) {
      const json = JSON.stringify([text, text]);
      expect(parseForeignJson(json)).toEqual([text, text]);
    }
    expect(isNestedTooDeeply(`"\\\\"${'['.repeat(65)}`)).toBe(true);
    expect(isNestedTooDeeply(`"${'['.repeat(65)}`)).toBe(false);
  });

  it.each([
    ['[', ''],
    ['[', ']'],
    ['{"a":', '}'],
  ])('8 MB of %s%s cost no noticeable time', (open, close) => {
    const half = Math.floor((8 * 1024 * 1024) / (open.length + close.length));
    const text = open.repeat(half) + close.repeat(half);
    const began = process.cpuUsage();
    expect(parseForeignJson(text)).toBeUndefined();
    // microseconds of this process; JSON.parse alone takes a second
    expect(process.cpuUsage(began).user).toBeLessThan(300_000);
  });
});
