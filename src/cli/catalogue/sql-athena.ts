import { createAthena } from '../../athena/athena-service.ts';
import { runQuery } from '../../athena/run-query.ts';
import { wantsFips } from '../../aws-regions.ts';
import type { ConfigFor } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { readQuery, showRow } from './query-text.ts';

/** s; Athena ends a query after 30 minutes by itself. */
const DEFAULT_TIMEOUT_S = 1_800;
/** Words that statements which change nothing begin with. */
const READING = ['select', 'with', 'values', 'show', 'describe', 'desc', 'explain'];
/** Types of Athena whose values are the same in JSON. `bigint` is not: it may be greater than a number can be. */
const NUMBERS = new Set(['tinyint', 'smallint', 'integer', 'int', 'float', 'real', 'double']);

/**
 * Asks Athena in the work group of the settings, for a role that may do no more than that: the archive is not opened. The database is
 * that of the settings, so that the table is called `recordings`.
 *
 * @throws `CONFIG_INVALID` where no work group or database is set; `USAGE` for a statement that changes something; what `runQuery` throws.
 */
export async function runSqlInAthena(
  context: CommandContext,
  { catalogue, proxies }: ConfigFor['store'],
  { asked, timeoutS = DEFAULT_TIMEOUT_S }: { readonly asked: string; readonly timeoutS?: number | undefined },
): Promise<number> {
  const { ui, env, clock, logger } = context;
  const { workGroup, database } = catalogue;
  if (workGroup === undefined || database === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'which work group and database of Athena to ask is not set', {
      hint: 'set ARCHIVE_ATHENA_WORK_GROUP and ARCHIVE_ATHENA_DATABASE; `genesys-archive doctor --stack NAME` prints them',
    });
  }
  const sql = await readQuery(context, asked);
  requireReading(sql);
  const athena = createAthena({
    clock,
    logger,
    proxies,
    region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'],
    endpoint: env['AWS_ENDPOINT_URL_ATHENA'] ?? env['AWS_ENDPOINT_URL'],
    fips: wantsFips(env),
  });
  const { budget, end } = openBudget(context, timeoutS);
  try {
    const result = await runQuery({ athena, clock }, { sql, workGroup, database }, budget);
    const names = result.columns.map(({ name }) => name);
    let rows = 0;
    for await (const row of result.rows()) {
      const cells = ui.json ? row.map((cell, at) => typed(cell, result.columns[at]?.type)) : row;
      await showRow(ui, names, cells);
      rows += 1;
    }
    const { id, scannedBytes } = result;
    if (ui.json) ui.record('query', { query: id, workGroup, rows, scannedBytes });
    else {
      ui.say(printable(names.join(' | ')));
      ui.say(
        `${count(rows, 'row')}; Athena has read ${formatBytes(scannedBytes)} (${scannedBytes} bytes) in ${printable(workGroup)}`,
      );
    }
    return 0;
  } finally {
    end();
    athena.close();
  }
}

/** What a role may not do is for its policy to say. This is so that a slip of the pen changes nothing. @throws `USAGE`. */
function requireReading(sql: string): void {
  const [, word = ''] = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*([A-Za-z]*)/.exec(sql) ?? [];
  if (READING.includes(word.toLowerCase())) return;
  throw new ArchiveError('USAGE', 'catalogue sql asks, and changes nothing', {
    hint: `begin with one of ${READING.join(', ')}`,
  });
}

function typed(cell: string | null, type: string | undefined): string | number | boolean | null {
  if (cell === null) return null;
  if (type === 'boolean') return cell === 'true';
  const number = NUMBERS.has(type ?? '') ? Number(cell) : Number.NaN;
  return Number.isFinite(number) ? number : cell;
}
