import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell, csvOf } from '../../src/catalogue/export-rows.ts';

/** As RFC 4180 reads one line, with another separator for spreadsheets of other countries. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    const quoted = line.startsWith('"', at) ? /"((?:[^"]|"")*)"/y : undefined;
    if (quoted !== undefined) quoted.lastIndex = at;
    const found = quoted?.exec(line);
    let end = line.indexOf(separator, found === null || found === undefined ? at : at + found[0].length);
    if (end === -1) end = line.length;
    cells.push(found?.[1]?.replaceAll('""', '"') ?? line.slice(at, end));
    at = end + 1;
  }
  return cells;
}

const BEGINNINGS = ['=', '+', '-', '@', '\t=', '\r=', '\n=', '＝', '＋', '－', '＠'];
const isFormula = (cell: string) => /^\s*[=+\-@＝＋－＠]/.test(cell) && !/^-\d+$/.test(cell);

describe('a cell of CSV', () => {
  it.each(BEGINNINGS)('that begins with %j is text to a spreadsheet', (beginning) => {
    const cell = csvCell(`${beginning}cmd|' /C calc'!A0`);
    expect(cell.replace(/^"/, '').startsWith("'")).toBe(true);
  });

  it('keeps negative numbers as numbers, and other text as it is', () => {
    expect(csvCell('-42')).toBe('-42');
    expect(csvCell('Claims, "old"')).toBe('"Claims, ""old"""');
    expect(csvCell('a-b=c')).toBe('a-b=c');
    expect(csvCell('')).toBe('');
  });

  it('is no formula, whichever sign a country puts between cells', () => {
    const part = fc.constantFrom('a', '=1+1', '+', '-', '@', ';', '\t', ' ', '"', "'", '＝', 'x');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const line = csvOf([parts.join(''), 'last'], ['one', 'two']);
        for (const separator of [',', ';', '\t'])
          for (const cell of cellsOf(line, separator))
            expect([line, cell, isFormula(cell)]).toEqual([line, cell, false]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read back as it was, but for what was put before it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [cell = ''] = cellsOf(csvOf([text, 'last'], ['one', 'two']), ',');
        expect(cell.replaceAll("'", '')).toBe(text.replaceAll("'", ''));
      }),
    );
  });
});
