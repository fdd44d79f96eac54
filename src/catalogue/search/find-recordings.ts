import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { makeDay } from '../day/make-day.ts';
import { openDayFile } from '../day/day-file.ts';
import { listDay, type RunInputs } from '../day/day-inputs.ts';
import { listDayFiles, type ListedDay } from '../day/list-days.ts';
import { filesThatMayHold } from './lookup-index.ts';
import { mapAhead } from '../../map-ahead.ts';
import { dayFileKey, type LookupKind, parseDayFileKey, type Shard, shardsOf } from '../places.ts';
import type { CataloguePorts } from '../ports.ts';
import { readRuns, type Runs } from '../runs.ts';
import { type CatalogueRow, COLUMNS, type ColumnName } from '../schema.ts';
import { readSearchKeys, type SearchKey } from './keys.ts';
import { type Hits, hitsOfRows, rowsOf, searchTable } from './table.ts';
import { beginningOfDays, type CompiledQuery, compileQuery, isDayAsked, type SearchQuery } from './query.ts';
import { daysOfArchive, readRunInputs } from '../update-catalogue.ts';

/** Files that are asked at once: of a store that is far away, and of one that is near; of a search that reads whole columns, fewer. */
const FAR_AT_ONCE = 64;
const NEAR_AT_ONCE = 4;
const WHOLE_AT_ONCE = 16;
/** Ids for which the index is asked; for more of them every day is. */
const MAX_INDEXED_VALUES = 1_000;

export interface FindOptions {
  /** Reads receipts of days that have changed since the catalogue was made: of all days, which lists the archive, or of these alone. */
  readonly fresh?: boolean | readonly string[];
  /** Rows of such days from an earlier search, which are used again where nothing has changed since. */
  readonly freshRows?: FreshRows;
  /** Newest first. */
  readonly newestFirst?: boolean;
  /** Files that are asked at once, at most; for who takes the first rows only. */
  readonly atOnce?: number;
}

/** By the keys of the files of days. */
export type FreshRows = Map<string, { readonly inputs: string; readonly rows: readonly CatalogueRow[] }>;

/** The hits of one file of a day. */
export interface DayHits {
  readonly day: string;
  readonly shard: Shard;
  readonly hits: readonly Hits[];
}

export interface Search {
  /** When the catalogue was last brought up to date, epoch ms; `undefined` where no run has ended. */
  readonly asOf: number | undefined;
  /** When which days were last looked at. */
  readonly runs: Runs;
  /** Files that may have hits, of those that were listed. */
  readonly files: { readonly asked: number; readonly all: number };
  /** Day by day. */
  days(wanted: readonly ColumnName[]): AsyncGenerator<DayHits, void, undefined>;
}

/**
 * Looks a query up in the catalogue.
 *
 * @throws `CATALOGUE_STALE` where there is no catalogue; `CATALOGUE_UNREADABLE`; `CONFIG_INVALID` where a number is looked for without
 *   a key; what the stores and the key service throw.
 */
export async function findRecordings(
  ports: CataloguePorts,
  query: SearchQuery,
  options: FindOptions,
  budget: Budget,
): Promise<Search> {
  const beginning = (options.fresh ?? false) === false ? beginningOfDays(query) : '';
  const [files, runs, keys] = await Promise.all([
    listDayFiles(ports, budget, beginning),
    readRuns(ports, budget),
    keysFor(ports, query, budget),
  ]);
  // a search of some days lists those alone: a directory is walked file by file
  const isNarrow = beginning !== '' && (files.length === 0 || Object.keys(runs).length === 0);
  const all = isNarrow ? await listDayFiles(ports, budget) : files;
  if (all.length === 0 && options.fresh !== true) {
    throw new ArchiveError('CATALOGUE_STALE', `there is no catalogue in ${ports.catalogue.location} yet`);
  }
  const compiled = compileQuery(query, keys);
  const within = files.filter(({ day }) => isDayAsked(query, day));
  const { fresh = false, freshRows } = options;
  const stale =
    fresh === false
      ? new Map<string, FreshDay>()
      : await staleDays(ports, query, { files: within, only: fresh, known: freshRows }, budget);
  const current = within.filter(({ key }) => !stale.has(key));
  const asked = await withIndex(ports, compiled, current, budget);
  const sources: (ListedDay | FreshDay)[] = [...asked, ...stale.values()];
  sources.sort((one, other) => (one.key < other.key ? -1 : 1));
  if (options.newestFirst === true) sources.reverse();
  const atOnce = ports.catalogue.pin === undefined ? FAR_AT_ONCE : NEAR_AT_ONCE;
  return {
    asOf: fresh === true ? ports.clock.now() : asOfRuns(runs, all),
    runs,
    files: { asked: sources.length, all: files.length },
    days: (wanted) =>
      mapAhead(
        sources,
        Math.min(
          options.atOnce ?? atOnce,
          compiled.pruning.equal.length > 0 ? atOnce : Math.min(atOnce, WHOLE_AT_ONCE),
        ),
        (source) => searchSource(ports, source, { compiled, wanted }, budget),
      ),
  };
}

/** The rows of all days, one at a time. */
export async function* findRows(
  search: Search,
  {
    newestFirst = false,
    wanted = COLUMNS.map(({ name }) => name),
  }: { newestFirst?: boolean; wanted?: readonly ColumnName[] } = {},
): AsyncGenerator<CatalogueRow, void, undefined> {
  for await (const { hits } of search.days(wanted)) {
    const rows = hits.flatMap(rowsOf);
    yield* newestFirst ? rows.toReversed() : rows;
  }
}

async function searchSource(
  ports: CataloguePorts,
  source: ListedDay | FreshDay,
  { compiled, wanted }: { readonly compiled: CompiledQuery; readonly wanted: readonly ColumnName[] },
  budget: Budget,
): Promise<DayHits> {
  const { day, shard } = parseDayFileKey(source.key) ?? { day: source.day, shard: { index: 0, of: 1 } };
  if ('rows' in source) return { day, shard, hits: [hitsOfRows(source.rows, compiled, wanted)] };
  const search = async (listed: ListedDay | undefined): Promise<Hits[]> => {
    const { catalogue, tables, archive } = ports;
    const file = await openDayFile(
      { catalogue, tables, location: archive.location },
      source.key,
      listed,
      budget,
    );
    if (file === undefined) return [];
    try {
      const hits: Hits[] = [];
      for await (const some of searchTable(file.table, compiled, wanted)) hits.push(some);
      return hits;
    } finally {
      await file.close();
    }
  };
  try {
    return { day, shard, hits: await search(source) };
  } catch (error) {
    // replaced since it was listed, or while it was read: once more, from the beginning
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    return { day, shard, hits: await search(undefined) };
  }
}

async function keysFor(
  ports: CataloguePorts,
  query: SearchQuery,
  budget: Budget,
): Promise<readonly SearchKey[]> {
  if (query.customers === undefined && (query.agents === undefined || ports.options.agents === 'id'))
    return [];
  const keys = await readSearchKeys(ports, budget);
  if (keys.length > 0) return keys;
  const why =
    ports.reader === undefined
      ? 'no key is configured to open the search key with'
      : 'the catalogue has no search key yet';
  throw new ArchiveError('CONFIG_INVALID', `numbers are kept as keyed hashes, and ${why}`, {
    hint:
      ports.reader === undefined
        ? 'set the key that recordings are read with, such as ARCHIVE_KMS_KEY_ID or ARCHIVE_KEYRING_FILE'
        : 'facts are fetched with ARCHIVE_FACTS=analytics; then run `genesys-archive catalogue update`',
  });
}

/** By the index of the month, where ids are looked for. */
async function withIndex(
  ports: CataloguePorts,
  compiled: CompiledQuery,
  files: readonly ListedDay[],
  budget: Budget,
): Promise<readonly ListedDay[]> {
  const of = (column: ColumnName) =>
    compiled.pruning.equal.find(([one, other]) => one?.column === column && other === undefined)?.[0]
      ?.values as readonly (string | bigint)[] | undefined;
  const either = compiled.pruning.equal.find((any) => any.length > 1)?.[0]?.values as
    | readonly string[]
    | undefined;
  const lists: { kind: LookupKind; values: readonly (string | bigint)[] }[][] = [];
  if (either !== undefined)
    lists.push([
      { kind: 'conversation', values: either },
      { kind: 'recording', values: either },
    ]);
  const kinds = [
    ['recording', of('recording_id')],
    ['conversation', of('conversation_id')],
    ['customer', of('customer_hash')],
  ] as const;
  for (const [kind, values] of kinds) if (values !== undefined) lists.push([{ kind, values }]);
  const [first] = lists;
  if (
    first === undefined ||
    files.length < 2 ||
    first.some(({ values }) => values.length > MAX_INDEXED_VALUES)
  )
    return files;
  return filesThatMayHold(ports, files, first, budget);
}

/** The last run that looked at the present day, or else the newest file. */
function asOfRuns(runs: Runs, files: readonly ListedDay[]): number | undefined {
  const known = Object.values(runs).flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
  if (known.length > 0) return Math.max(...known);
  return files.length === 0 ? undefined : Math.max(...files.map(({ lastModified }) => lastModified));
}

interface FreshDay {
  readonly key: string;
  readonly day: string;
  readonly rows: readonly CatalogueRow[];
}

/** Days that have changed since their file was written, with the rows that the file would have. Writes nothing. */
async function staleDays(
  ports: CataloguePorts,
  query: SearchQuery,
  {
    files,
    only,
    known,
  }: {
    readonly files: readonly ListedDay[];
    readonly only: true | readonly string[];
    readonly known: FreshRows | undefined;
  },
  budget: Budget,
): Promise<Map<string, FreshDay>> {
  if (only !== true && !only.some((day) => isDayAsked(query, day))) return new Map();
  const run: RunInputs = await readRunInputs({ ...ports, envelope: undefined }, budget);
  const days =
    only === true
      ? new Set([...files.map(({ day }) => day), ...(await daysOfArchive(ports, budget))])
      : new Set(only);
  const found = new Map<string, FreshDay>();
  for (const day of days) {
    if (!isDayAsked(query, day)) continue;
    const own = files.filter((file) => file.day === day);
    const of = own.length === 0 ? ports.options.shards : (parseDayFileKey(own[0]?.key ?? '')?.shard.of ?? 1);
    for (const shard of shardsOf(of)) {
      const fresh = await freshDay(ports, { day, shard, own, known }, run, budget);
      if (fresh !== undefined) found.set(fresh.key, fresh);
    }
  }
  return found;
}

async function freshDay(
  ports: CataloguePorts,
  at: {
    readonly day: string;
    readonly shard: Shard;
    readonly own: readonly ListedDay[];
    readonly known: FreshRows | undefined;
  },
  run: RunInputs,
  budget: Budget,
): Promise<FreshDay | undefined> {
  const { catalogue, tables, archive } = ports;
  const key = dayFileKey(at.day, at.shard);
  const inputs = await listDay(ports, at, run, budget);
  const listed = at.own.find((file) => file.key === key);
  const before = at.known?.get(key);
  if (before?.inputs === inputs.digest) return { key, day: at.day, rows: before.rows };
  const file = await openDayFile({ catalogue, tables, location: archive.location }, key, listed, budget);
  try {
    if (file?.facts.inputs === inputs.digest || (file === undefined && inputs.files.size === 0))
      return undefined;
    const made = await makeDay({ ...ports, envelope: undefined }, { inputs, old: file }, run, budget);
    at.known?.set(key, { inputs: inputs.digest, rows: made.rows });
    return { key, day: at.day, rows: made.rows };
  } finally {
    await file?.close();
  }
}
