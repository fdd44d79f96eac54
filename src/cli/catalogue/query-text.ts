/** What the two engines of `catalogue sql` have in common: where the query comes from, and how a row is shown. */
import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

const MAX_QUERY_BYTES = 1024 * 1024;

/** @param asked the query, or `-` for standard input. @throws `USAGE` for none, and for more than a query can be. */
export async function readQuery({ stdin }: Pick<CommandContext, 'stdin'>, asked: string): Promise<string> {
  const sql = asked === '-' ? await readAll(stdin) : asked;
  if (sql.trim() !== '') return sql;
  throw new ArchiveError('USAGE', 'say what to ask', {
    hint: 'catalogue sql "select count(*) from recordings"',
  });
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    bytes += chunk.byteLength;
    if (bytes > MAX_QUERY_BYTES) throw new ArchiveError('USAGE', 'the query on standard input is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A row as cells with two spaces between them, as other lists have them (a tab would be made harmless), or as a record; waits until it has gone out. */
export async function showRow(ui: Ui, names: readonly string[], row: readonly unknown[]): Promise<void> {
  if (ui.json)
    ui.record('row', { row: Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])) });
  else ui.out(row.map(textOfCell).join('  '));
  await ui.drained();
}

function textOfCell(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  return printable(typeof cell === 'object' ? JSON.stringify(cell) : `${cell as string | number | boolean}`);
}
