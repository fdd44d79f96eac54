/** Entries of a log, as `find` shows recordings: a table for eyes, CSV, or JSON lines. */
import { csvCell } from '../catalogue/export-rows.ts';
import { ArchiveError } from '../errors.ts';
import { type CommandContext, readRange } from './_context.ts';
import { count, printable } from './_format.ts';
import { alignColumns } from './_table.ts';
import { dayOf } from '../recording/time.ts';
import { present } from '../present.ts';
import type { AuditOptions } from './options/log.ts';

export type EntryOptions = Pick<AuditOptions, 'person' | 'from' | 'to' | 'format' | 'limit'>;

export interface EntryColumn<Entry> {
  /** In CSV. */
  readonly name: string;
  /** In the table; `undefined` leaves it out there. */
  readonly title?: string;
  /** Columns that a narrow terminal leaves it at least. */
  readonly least?: number;
  readonly cell: (entry: Entry) => string;
}

export interface EntryList<Entry> {
  readonly columns: readonly EntryColumn<Entry>[];
  /** The newest first. */
  readonly entries: AsyncIterable<Entry>;
  /** Of a JSON record. */
  readonly type: string;
  readonly json: (entry: Entry) => object;
}

const NONE_FOUND = 6;
/** Rows of a table where no limit is named: people read them. */
const DEFAULT_TABLE_ROWS = 100;

/** @returns the exit code: 6 where no entry matches. */
export async function tellEntries<Entry>(
  { ui }: Pick<CommandContext, 'ui'>,
  list: EntryList<Entry>,
  { format, limit }: EntryOptions,
): Promise<number> {
  const chosen = ui.json ? 'jsonl' : (format ?? 'table');
  const most = limit ?? (chosen === 'table' ? DEFAULT_TABLE_ROWS : Number.POSITIVE_INFINITY);
  if (chosen === 'csv') ui.out(list.columns.map(({ name }) => name).join(','));
  const shown: Entry[] = [];
  let rows = 0;
  let isMore = false;
  for await (const entry of list.entries) {
    if (rows === most) {
      isMore = true;
      break;
    }
    rows += 1;
    if (chosen === 'table') shown.push(entry);
    else if (chosen === 'csv') ui.out(list.columns.map(({ cell }) => csvCell(cell(entry))).join(','));
    else ui.record(list.type, list.json(entry));
    await ui.drained();
  }
  if (shown.length > 0) {
    const columns = list.columns.flatMap(({ title, least, cell }) => {
      const cells = shown.map((entry) => printable(cell(entry)));
      return title === undefined ? [] : [{ title, cells, ...present({ least }) }];
    });
    const { heading, lines } = alignColumns(columns, ui.columns);
    ui.out(ui.style('bold', heading));
    for (const line of lines) ui.out(line);
    await ui.drained();
  }
  if (rows === 0) ui.say('no entry matches');
  if (isMore) ui.say(`there are more than ${count(most, 'entry', 'entries')}: --limit N shows more`);
  return rows === 0 ? NONE_FOUND : 0;
}

/** Days of `--from` and `--to`, `YYYY-MM-DD`. @throws `USAGE`, also for a format that --json excludes. */
export function entryDays(
  { from, to, format }: EntryOptions,
  json: boolean,
): { readonly from: string | undefined; readonly to: string | undefined } {
  if (json && format !== undefined && format !== 'jsonl')
    throw new ArchiveError('USAGE', `--json and --format ${format} exclude each other`, {
      hint: 'leave out one of them',
    });
  const range = readRange(present({ from, to }));
  const day = (at: number | undefined) => (at === undefined ? undefined : dayOf(at));
  return { from: day(range.from), to: day(range.to) };
}
