/** Sections for the terminal. */
import type { Table } from './cells.ts';
import type { Section } from './sections.ts';

/** Columns as wide as their widest cell, the first one to the left and the others to the right. */
export function formatTable({ header, rows }: Table): string {
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}

export function formatSection({ title, table, notes }: Section): string {
  const blocks = [title, table === undefined ? '' : formatTable(table), notes.join('\n')];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}
