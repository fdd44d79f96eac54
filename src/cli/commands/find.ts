import { findRecordings, findRows, type Search } from '../../catalogue/find-recordings.ts';
import { namesAgents, openPeople, resolveAgents } from '../../catalogue/people.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { type ColumnName, COLUMNS } from '../../catalogue/schema.ts';
import type { SearchQuery } from '../../catalogue/search-query.ts';
import type { Budget } from '../../clock.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, formatBytes, formatDuration, printable, quoteForShell } from '../_format.ts';
import { countAll, countGroups, type Grouping } from '../find/count.ts';
import { noteAccess } from '../find/people.ts';
import { type QueryOptions, queryOf } from '../find/query-options.ts';
import { type FoundRow, formatTable, TABLE_COLUMNS } from '../find/table.ts';
import { chooseColumns, type FileFormat, linesOf, openRowFile } from '../find/write-rows.ts';
import { readIds, requireWellFormed } from '../restore/read-ids.ts';

export interface FindOptions extends QueryOptions {
  readonly ids?: string;
  readonly reveal?: boolean;
  readonly reason?: string;
  readonly fresh?: boolean;
  readonly count?: boolean;
  readonly groupBy?: Grouping;
  readonly limit?: number;
  readonly format?: 'table' | FileFormat;
  readonly columns?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly maxAge?: number;
}

const NONE_FOUND = 6;
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
    const asked = await askedOf(context, { ports, args }, options, budget);
    const search = await findRecordings(
      ports,
      asked,
      { fresh: options.fresh === true, newestFirst: true },
      budget,
    );
    tellAge(context, search, options.maxAge);
    if (options.count === true || options.groupBy !== undefined)
      return await tellCounts(context, search, options);
    return await tellRows(context, { ports, search, query: asked }, options, budget);
  } finally {
    end();
  }
}

async function askedOf(
  context: CommandContext,
  { ports, args }: { readonly ports: CataloguePorts; readonly args: readonly string[] },
  options: FindOptions,
  budget: Budget,
): Promise<SearchQuery> {
  const named = await idsOf(context, ports, args, options);
  const query = queryOf(named, options);
  const opens = namesAgents(query) && ports.reader !== undefined;
  if (!opens && options.reveal !== true) return query;
  if (opens)
    context.ui.say(
      'names of agents are looked up in the sealed files of people; this is written to the access log',
    );
  if (options.reveal === true)
    context.ui.say('the sealed files of people are opened; this is written to the access log');
  const action = options.reveal === true ? 'reveal' : 'search';
  await noteAccess(ports, { action, query, reason: options.reason }, budget);
  return opens ? resolveAgents(ports, query, budget) : query;
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

async function idsOf(
  { stdin }: CommandContext,
  { layout }: CataloguePorts,
  args: readonly string[],
  { ids: file }: FindOptions,
): Promise<readonly string[]> {
  const named = [...args];
  if (file !== undefined) {
    const list = await readIds(file, stdin);
    requireWellFormed(list, false);
    named.push(...list.ids);
  }
  // a key names its recording
  return named.map((one) => (one.includes('/') ? (layout.parse(one)?.recordingId ?? one) : one));
}

/** @throws `CATALOGUE_STALE` beyond `--max-age`. */
function tellAge({ ui, clock }: CommandContext, { asOf }: Search, maxAge: number | undefined): void {
  const age = asOf === undefined ? undefined : Math.max(0, clock.now() - asOf);
  if (maxAge !== undefined && (age === undefined || age > maxAge)) {
    const shown = age === undefined ? 'of an unknown age' : `${formatDuration(age)} old`;
    throw new ArchiveError('CATALOGUE_STALE', `the catalogue is ${shown}`);
  }
  const time = asOf === undefined ? undefined : new Date(asOf).toISOString();
  if (ui.json) return;
  if (time === undefined || age === undefined) ui.say('as of: unknown, no update has ended yet');
  else ui.say(`as of ${time} (${formatDuration(age)} ago)`);
}

async function tellCounts({ ui }: CommandContext, search: Search, { groupBy }: FindOptions): Promise<number> {
  const asOf = search.asOf === undefined ? undefined : new Date(search.asOf).toISOString();
  if (groupBy === undefined) {
    const { recordings, bytes } = await countAll(search);
    if (ui.json) ui.record('count', { recordings, bytes, asOf });
    else ui.out(String(recordings));
    ui.say(`${count(recordings, 'recording')}, ${formatBytes(bytes)}`);
    return recordings === 0 ? NONE_FOUND : 0;
  }
  const groups = await countGroups(search, groupBy);
  const widths = [
    Math.max(groupBy.length, ...groups.map(({ group }) => group.length)),
    Math.max('recordings'.length, ...groups.map(({ recordings }) => String(recordings).length)),
  ] as const;
  if (!ui.json && groups.length > 0)
    ui.out(
      ui.style(
        'bold',
        `${groupBy.padEnd(widths[0])}  ${'recordings'.padStart(widths[1])}  ${'size'.padStart(9)}`,
      ),
    );
  for (const { group, recordings, bytes } of groups) {
    if (ui.json) ui.record('group', { by: groupBy, group, recordings, bytes, asOf });
    else
      ui.out(
        `${printable(group).padEnd(widths[0])}  ${String(recordings).padStart(widths[1])}  ${formatBytes(bytes).padStart(9)}`,
      );
  }
  if (groups.length === 0) ui.say('no recording matches');
  return groups.length === 0 ? NONE_FOUND : 0;
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

async function tellRows(
  context: CommandContext,
  found: Found,
  options: FindOptions,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const { output, reveal = false, columns } = options;
  const format = options.format ?? (ui.json ? 'jsonl' : output === undefined ? 'table' : formatOf(output));
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
      return rows === 0 ? NONE_FOUND : 0;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }
  if (format === 'parquet')
    throw new ArchiveError('USAGE', '--format parquet is for a file', { hint: '-o FILE' });
  const text = linesOf(format, names);
  if (text.heading !== undefined) ui.out(text.heading);
  let rows = 0;
  for await (const one of foundRows({ ...found, wanted }, options, budget)) {
    rows += 1;
    ui.out(text.line(one));
    await ui.drained();
  }
  if (rows === 0) ui.say('no recording matches');
  return rows === 0 ? NONE_FOUND : 0;
}

function formatOf(file: string): FileFormat {
  const [, extension = ''] = /\.([a-z]+)$/i.exec(file) ?? [];
  return ({ parquet: 'parquet', csv: 'csv' } as const)[extension.toLowerCase()] ?? 'jsonl';
}

async function tellTable(
  { ui, program }: CommandContext,
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
  const [first] = shown;
  if (first === undefined) {
    ui.say('no recording matches');
    return NONE_FOUND;
  }
  const { heading, lines } = formatTable(shown, ui.columns);
  ui.out(ui.style('bold', heading));
  for (const line of lines) ui.out(line);
  await ui.drained();
  if (isMore)
    ui.say(`there are more than ${count(most, 'recording')}: --limit N shows more, --count counts them`);
  const of = shown.find(({ row }) => row.state === 'archived')?.row.recording_id;
  if (of !== undefined) ui.say(`listen: ${program} restore ${quoteForShell(of)}`);
  return 0;
}
