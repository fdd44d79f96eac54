import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../src/error-codes.ts';

describe('the tables of error codes', () => {
  it('are all part of the product, and none of them repeats a code of another', async () => {
    const files = readdirSync('src/error-codes').filter((name) => name !== 'facts.ts');
    const tables = await Promise.all(
      files.map(async (name) =>
        Object.values((await import(`../src/error-codes/${name}`)) as Record<string, object>),
      ),
    );
    const codes = tables.flat().flatMap((table) => Object.keys(table));
    expect(codes.length).toBeGreaterThan(50);
    expect(
      codes.toSorted(),
      'a new table joins the others in src/error-codes.ts; a code stands in one table',
    ).toEqual(Object.keys(ERROR_CODES).toSorted());
  });
});
