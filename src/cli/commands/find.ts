import { findRecordings, findRows, type Search } from '../../catalogue/search/find-recordings.ts';
import { openPeople } from '../../catalogue/people.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { type ColumnName, COLUMNS } from '../../catalogue/schema.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import type { Budget } from '../../clock.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, printable, quoteForShell } from '../_format.ts';
import { opensPeople, resolveQuery } from '../find/people.ts';
import { queryOf } from '../find/query-options.ts';
import { requireRightPlace } from '../find/right-place.ts';
import { type FoundRow, formatTable, TABLE_COLUMNS } from '../find/table.ts';
import { tellAge } from '../find/tell-age.ts';
import { tellCounts } from '../find/tell-counts.ts';
import { tellNone } from '../find/tell-none.ts';
import { chooseColumns, formatOfName, linesOf, openRowFile } from '../find/write-rows.ts';
import { readAskedIds } from '../restore/read-ids.ts';
import type { FindOptions } from '../options/find.ts';

/** Rows of a table where no limit is named: people read them. */
const DEFAULT_TABLE_ROWS = 100;

/** Looks recordings up in the catalogue. */
export async function run(
  context: CommandContext,
  args: readonly string[],
  options: FindOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  requireFitting(options, ui.json);
  const config = await readSettings(context, 'wrap');
  const ports = await openCatalogue(config, { clock, logger });
  const { budget, end } = openBudget(context);
  try {
    const query = await askedOf(context, { ports, args }, options, budget);
    const fresh = options.fresh === true;
    const search = await findRecordings(ports, query, { fresh, newestFirst: true }, budget);
    await requireRightPlace(ports, search, budget);
    const { asOf, runs } = search;
    const stated = tellAge(context, { asOf, runs, query, fresh, maxAge: options.maxAge });
    const found =
      options.count === true || options.groupBy !== undefined
        ? await tellCounts(context, search, { groupBy: options.groupBy, asOf: stated })
        : await tellRows(context, { ports, search, query }, options, budget);
    return found === 0 ? await tellNone(context, ports, query, budget) : 0;
  } finally {
    end();
  }
}

async function askedOf(
  { ui, stdin }: CommandContext,
  { ports, args }: { readonly ports: CataloguePorts; readonly args: readonly string[] },
  options: FindOptions,
  budget: Budget,
): Promise<SearchQuery> {
  const { ids, reason, reveal = false } = options;
  const listed = await readAskedIds(ids, stdin);
  const query = queryOf([...args, ...listed], options);
  const opens = opensPeople(ports, query);
  if (opens)
    ui.say('names of agents are looked up in the sealed files of people; this is written to the access log');
  if (reveal) ui.say('the sealed files of people are opened; this is written to the access log');
  const access = { action: reveal ? 'reveal' : 'search', reason, always: reveal } as const;
  const asked = await resolveQuery(ports, query, access, budget);
  if (opens) ui.say(`looked for: ${count(asked.agents?.length ?? 0, 'agent')}`);
  return asked;
}

/** @throws `USAGE`. */
function requireFitting(
  { format, output, count: counts, groupBy, columns, limit }: FindOptions,
  json: boolean,
): void {
  const shows = counts === true || groupBy !== undefined;
  const wrong = (message: string, hint: string) => new ArchiveError('USAGE', message, { hint });
  if (shows && (output !== undefined || columns !== undefined || limit !== undefined))
    throw wrong('--count and --group-by show numbers, not rows', 'leave out -o, --columns and --limit');
  if (counts === true && groupBy !== undefined) throw wrong('--group-by counts already', 'leave out --count');
  if (format === 'parquet' && output === undefined) throw wrong('--format parquet is for a file', '-o FILE');
  if (json && format !== undefined && format !== 'jsonl')
    throw wrong(`--json and --format ${format} exclude each other`, 'leave out one of them');
  if (format === 'table' && output !== undefined)
    throw wrong('a table is for eyes', '--format csv, jsonl or parquet');
  if (columns !== undefined && (format ?? 'table') === 'table' && !json)
    throw wrong('--columns is for csv, jsonl and parquet', '--format csv');
}

interface Found {
  readonly ports: CataloguePorts;
  readonly search: Search;
  readonly query: SearchQuery;
}

/** @param wanted columns; the others are null. */
async function* foundRows(
  { ports, search, wanted }: Found & { readonly wanted: readonly ColumnName[] },
  { reveal, limit }: FindOptions,
  budget: Budget,
): AsyncGenerator<FoundRow> {
  const peopleOf = reveal === true ? openPeople(ports, budget) : undefined;
  let shown = 0;
  for await (const row of findRows(search, { newestFirst: true, wanted })) {
    if (shown === limit) return;
    shown += 1;
    yield { row, people: await peopleOf?.(row) };
  }
}

/** @returns how many were found. */
async function tellRows(
  context: CommandContext,
  found: Found,
  options: FindOptions,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const { output, reveal = false, columns } = options;
  const format =
    options.format ?? (ui.json ? 'jsonl' : output === undefined ? 'table' : formatOfName(output));
  if (format === 'table') return tellTable(context, found, options, budget);
  const names = chooseColumns(columns, reveal);
  const wanted = COLUMNS.map(({ name }) => name).filter((name) => name === 'key' || names.includes(name));
  if (output !== undefined) {
    const writer = await openRowFile(output, {
      format,
      names,
      force: options.force === true,
      tables: found.ports.tables,
    });
    try {
      for await (const one of foundRows({ ...found, wanted }, options, budget)) await writer.write(one);
      const files = await writer.finish();
      let rows = 0;
      for (const file of files) {
        rows += file.rows;
        if (ui.json) ui.record('file', file);
        else ui.out(`${file.sha256}  ${printable(file.path)}`);
      }
      ui.say(count(rows, 'recording'));
      return rows;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }
  if (format === 'parquet')
    throw new ArchiveError('USAGE', '--format parquet is for a file', { hint: '-o FILE' });
  const text = linesOf(format, names);
  if (text.heading !== undefined) ui.copy(text.heading);
  let rows = 0;
  for await (const one of foundRows({ ...found, wanted }, options, budget)) {
    rows += 1;
    ui.copy(text.line(one));
    await ui.drained();
  }
  return rows;
}

async function tellTable(
  { ui, program, archive }: CommandContext,
  found: Found,
  options: FindOptions,
  budget: Budget,
): Promise<number> {
  const most = options.limit ?? DEFAULT_TABLE_ROWS;
  const rows: FoundRow[] = [];
  for await (const one of foundRows(
    { ...found, wanted: TABLE_COLUMNS },
    { ...options, limit: most + 1 },
    budget,
  ))
    rows.push(one);
  const isMore = rows.length > most;
  const shown = rows.slice(0, most);
  if (shown.length === 0) return 0;
  const { heading, lines, leftOut } = formatTable(shown, ui.columns);
  ui.out(ui.style('bold', heading));
  for (const line of lines) ui.out(line);
  await ui.drained();
  if (leftOut.length > 0)
    ui.say(`no room for: ${leftOut.join(', ')}; a wider terminal shows them, and --format csv`);
  if (isMore)
    ui.say(`there are more than ${count(most, 'recording')}: --limit N shows more, --count counts them`);
  const of = shown.find(({ row }) => row.state === 'archived')?.row.recording_id;
  const named = archive === undefined ? '' : `--archive ${quoteForShell(archive)} `;
  if (of !== undefined) ui.say(`listen: ${program} ${named}restore ${quoteForShell(of)}`);
  return shown.length;
}
