/** Tables for eyes. Pure. */

export interface TextColumn {
  readonly title: string;
  readonly isNumber?: true;
  /** Columns that a narrow terminal leaves it at least; `undefined`: it is never cut. */
  readonly least?: number;
  /** Where cutting is not enough, columns with this are left out, the highest first. */
  readonly spare?: number;
  /** One a row, printable. */
  readonly cells: readonly string[];
}

export interface Aligned {
  readonly heading: string;
  readonly lines: readonly string[];
  /** Titles of the columns that the terminal has no room for. */
  readonly leftOut: readonly string[];
}

const GAP = '  ';

/**
 * A heading and a line for each row, in columns as wide as they have to be. Columns that are empty throughout are left out.
 *
 * @param width of the terminal; `undefined` where nothing has to be cut.
 */
export function alignColumns(columns: readonly TextColumn[], width: number | undefined): Aligned {
  const filled = columns.filter(({ cells }) => cells.some((cell) => cell !== ''));
  const shown = withRoom(filled, width);
  const widths = shown.map(widthOf);
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
    leftOut: filled.filter((column) => !shown.includes(column)).map(({ title }) => title),
  };
}

const widthOf = ({ title, cells }: TextColumn): number =>
  cells.reduce((most, cell) => Math.max(most, columnsOf(cell)), columnsOf(title));

const totalOf = (widths: readonly number[]) =>
  widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);

/** Leaves out what can be spared, until the others fit when they are cut. */
function withRoom(columns: readonly TextColumn[], width: number | undefined): readonly TextColumn[] {
  const shown = [...columns];
  if (width === undefined) return shown;
  const leastOf = (column: TextColumn) => Math.min(widthOf(column), column.least ?? Number.POSITIVE_INFINITY);
  while (totalOf(shown.map(leastOf)) > width) {
    const most = Math.max(...shown.map(({ spare = 0 }) => spare));
    if (most <= 0) break;
    shown.splice(
      shown.findLastIndex(({ spare }) => spare === most),
      1,
    );
  }
  return shown;
}

/** Takes from the widest column that may be cut, until all fit. */
function shrink(widths: number[], least: readonly (number | undefined)[], width: number | undefined): void {
  if (width === undefined) return;
  while (totalOf(widths) > width) {
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

/** What people take for one character: a letter with its accents, a flag, a face with its colour. */
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const PLAIN = /^[\x20-\x7e]*$/;

function* graphemesOf(text: string): Generator<string> {
  if (PLAIN.test(text)) yield* text;
  else for (const { segment } of GRAPHEMES.segment(text)) yield segment;
}

/** How many columns of a terminal a text takes: wide characters take two, and what is drawn over others none. */
export function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const grapheme of graphemesOf(text)) columns += widthOfGrapheme(grapheme);
  return columns;
}

/** A picture takes two columns, however many characters it is put together from; elsewhere each character counts for itself. */
function widthOfGrapheme(grapheme: string): number {
  if (PICTURE.test(grapheme)) return 2;
  let columns = 0;
  for (const character of grapheme) if (!DRAWN_OVER.test(character)) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

const PICTURE = /\p{Emoji_Presentation}/u;
/** Accents, and the vowels and ends of Korean syllables that are spelled in parts. */
const DRAWN_OVER = /^[\p{Mn}\p{Me}\u1160-\u11FF\uD7B0-\uD7FF]$/u;
/** East Asian width W and F (Unicode, annex 11). */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{1F300}-\u{1F320}\u{20000}-\u{3FFFD}]$/u;

function fit(text: string, width: number, isNumber: boolean): string {
  let cut = text;
  if (columnsOf(text) > width) {
    cut = '';
    let taken = 0;
    for (const grapheme of graphemesOf(text)) {
      taken += widthOfGrapheme(grapheme);
      if (taken > width - 1) break;
      cut += grapheme;
    }
    cut += '…';
  }
  const space = ' '.repeat(Math.max(0, width - columnsOf(cut)));
  return isNumber ? space + cut : cut + space;
}
