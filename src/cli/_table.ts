/** Tables for eyes. Pure. */

export interface TableColumn {
  readonly title: string;
  readonly isNumber?: true;
  /** Columns that a narrow terminal leaves it at least; `undefined`: it is never cut. */
  readonly least?: number;
  /** One a row, printable. */
  readonly cells: readonly string[];
}

const GAP = '  ';

/**
 * A heading and a line for each row, in columns as wide as they have to be. Columns that are empty throughout are left out.
 *
 * @param width of the terminal; `undefined` where nothing has to be cut.
 */
export function alignColumns(
  columns: readonly TableColumn[],
  width: number | undefined,
): { readonly heading: string; readonly lines: readonly string[] } {
  const shown = columns.filter(({ cells }) => cells.some((cell) => cell !== ''));
  const widths = shown.map(({ title, cells }) =>
    cells.reduce((most, cell) => Math.max(most, columnsOf(cell)), columnsOf(title)),
  );
  shrink(
    widths,
    shown.map(({ least }) => least),
    width,
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => fit(cell, widths[at] ?? 0, shown[at]?.isNumber === true))
      .join(GAP)
      .trimEnd();
  return {
    heading: line(shown.map(({ title }) => title)),
    lines: (columns[0]?.cells ?? []).map((_, at) => line(shown.map(({ cells }) => cells[at] ?? ''))),
  };
}

/** Takes from the widest column that may be cut, until all fit. */
function shrink(widths: number[], least: readonly (number | undefined)[], width: number | undefined): void {
  if (width === undefined) return;
  const total = () => widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
  while (total() > width) {
    let widest: number | undefined;
    for (const [at, own] of widths.entries()) {
      const floor = least[at];
      if (floor !== undefined && own > floor && (widest === undefined || own > (widths[widest] ?? 0)))
        widest = at;
    }
    if (widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** How many columns of a terminal a text takes: wide characters take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += isWide(character) ? 2 : 1;
  return columns;
}

const isWide = (character: string): boolean =>
  /^[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]$/u.test(
    character,
  );

function fit(text: string, width: number, isNumber: boolean): string {
  let cut = text;
  if (columnsOf(text) > width) {
    cut = '';
    for (const character of text) {
      if (columnsOf(cut + character) > width - 1) break;
      cut += character;
    }
    cut += '…';
  }
  const space = ' '.repeat(Math.max(0, width - columnsOf(cut)));
  return isNumber ? space + cut : cut + space;
}
