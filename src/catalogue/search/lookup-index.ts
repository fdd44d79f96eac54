/**
 * For each month that is over, which ids were on which day: one sorted column. An index is never needed for a right answer: where there
 * is none, or one of another version of the days, the days are asked themselves; and a day that it names by accident is one that is
 * looked at for nothing.
 */
import { createHash } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import type { PutOptions, TableColumn } from '../../ports.ts';
import { groupsOf, openDayFile } from '../day/day-file.ts';
import { listDayFiles, type ListedDay } from '../day/list-days.ts';
import { exchangeFile } from '../exchange.ts';
import { openPinned } from '../pinned.ts';
import {
  dayAt,
  dayOf,
  DAYS_PREFIX,
  LOOKUP_KINDS,
  type LookupKind,
  lookupKey,
  LOOKUP_PREFIX,
  parseLookupKey,
} from '../places.ts';
import type { CataloguePorts } from '../ports.ts';
import { columnOf, type ColumnName } from '../schema.ts';
import { DAY_MS } from '../../recording/time.ts';

const LOOKUP_SCHEMA = 'genesys-media-archive/lookup/v1';
const ENTRY: TableColumn = { name: 'entry', type: 'int64', required: true, pageIndex: true };
const OPTIONS: PutOptions = { metadata: {}, contentType: 'application/vnd.apache.parquet' };
const ENTRIES_IN_GROUP = 100_000;
const LOW_BITS = 16n;

const COLUMN: Readonly<Record<LookupKind, ColumnName>> = {
  conversation: 'conversation_id',
  recording: 'recording_id',
  customer: 'customer_hash',
};

const versionOf = ({ size, etag, lastModified }: ListedDay) => etag ?? `${size}-${lastModified}`;

/** Of the files of one month, in the order of their keys. */
const versionsOf = (files: readonly ListedDay[]): string =>
  JSON.stringify(
    Object.fromEntries(files.map((file) => [file.key.slice(DAYS_PREFIX.length), versionOf(file)])),
  );

const monthOf = (day: string) => day.slice(0, 7);

/** Upper 48 bits of the hash of a value, lower 16 the day, as a signed number. */
export function entryOf(kind: LookupKind, value: string | bigint, day: string): bigint {
  const hash =
    kind === 'customer'
      ? BigInt.asUintN(64, BigInt(value))
      : createHash('sha256').update(String(value)).digest().readBigUInt64BE(0);
  return BigInt.asIntN(64, ((hash >> LOW_BITS) << LOW_BITS) | BigInt(Math.floor(dayAt(day) / DAY_MS)));
}

/** Makes the indices of months that are over and have changed. */
export async function updateLookup(
  ports: CataloguePorts,
  {
    changed,
    everyMonth,
    now,
  }: { readonly changed: ReadonlySet<string>; readonly everyMonth: boolean; readonly now: number },
  budget: Budget,
): Promise<number> {
  if (!everyMonth && changed.size === 0) return 0;
  const months = groupByMonth(await listDayFiles(ports, budget));
  const wanted = new Set([...changed].map(monthOf));
  let written = 0;
  for (const [month, files] of months) {
    if (month >= monthOf(dayOf(now)) || !(everyMonth || wanted.has(month))) continue;
    for (const kind of LOOKUP_KINDS) {
      if (await writeIndex(ports, { kind, month, files }, budget)) written += 1;
    }
  }
  return written;
}

function groupByMonth(files: readonly ListedDay[]): Map<string, ListedDay[]> {
  const months = new Map<string, ListedDay[]>();
  for (const file of files) {
    const month = monthOf(file.day);
    months.set(month, [...(months.get(month) ?? []), file]);
  }
  return months;
}

interface Month {
  readonly kind: LookupKind;
  readonly month: string;
  readonly files: readonly ListedDay[];
}

async function writeIndex(
  ports: CataloguePorts,
  { kind, month, files }: Month,
  budget: Budget,
): Promise<boolean> {
  const key = lookupKey(kind, month);
  const before = await ports.catalogue.head(key, budget);
  const versions = versionsOf(files);
  if (before !== undefined) {
    const known = await openIndex(ports, key, undefined, budget);
    await known?.close();
    if (known?.versions === versions) return false;
  }
  const entries = await readEntries(ports, { kind, files }, budget);
  if (entries === undefined) return false;
  const body = buildIndex(ports, { kind, month, versions }, entries);
  // where another writer was first, its index is as good
  return exchangeFile(ports, { key, before, options: OPTIONS }, body, budget);
}

/** Of all rows, sorted. `undefined` where a file is gone by now. */
async function readEntries(
  { catalogue, tables, archive }: CataloguePorts,
  { kind, files }: Pick<Month, 'kind' | 'files'>,
  budget: Budget,
): Promise<BigInt64Array | undefined> {
  const where = { catalogue, tables, location: archive.location };
  const entries: bigint[][] = [];
  for (const { key, day, size, etag } of files) {
    const file = await openDayFile(where, key, { size, etag }, budget);
    if (file === undefined) return undefined;
    try {
      for (const range of groupsOf(file.table)) {
        const cells = await file.table.read(columnOf(COLUMN[kind]), range);
        const own: bigint[] = [];
        for (let at = 0; at < cells.length; at += 1) {
          const cell = cells[at];
          if (typeof cell === 'string' || typeof cell === 'bigint') own.push(entryOf(kind, cell, day));
        }
        entries.push(own);
      }
    } finally {
      await file.close();
    }
  }
  const sorted = new BigInt64Array(entries.reduce((sum, own) => sum + own.length, 0));
  let filled = 0;
  for (const own of entries.splice(0)) {
    sorted.set(own, filled);
    filled += own.length;
  }
  return sorted.sort();
}

function buildIndex(
  { tables, archive }: CataloguePorts,
  { kind, month, versions }: Pick<Month, 'kind' | 'month'> & { readonly versions: string },
  entries: BigInt64Array,
): Uint8Array {
  const builder = tables.build([ENTRY], {
    schema: LOOKUP_SCHEMA,
    kind,
    month,
    store: archive.location,
    days: versions,
  });
  for (let at = 0; at < entries.length; at += ENTRIES_IN_GROUP) {
    builder.add(Array.from(entries.subarray(at, at + ENTRIES_IN_GROUP), (entry) => ({ entry })));
  }
  return builder.finish();
}

async function openIndex(
  { catalogue, tables, archive }: Pick<CataloguePorts, 'catalogue' | 'tables' | 'archive'>,
  key: string,
  listed: { readonly size: number; readonly etag?: string | undefined } | undefined,
  budget: Budget,
) {
  const pinned = await openPinned(catalogue, key, listed, budget);
  if (pinned === undefined) return undefined;
  try {
    const table = await tables.open(pinned, key);
    const isOurs = table.facts['schema'] === LOOKUP_SCHEMA && table.facts['store'] === archive.location;
    return { table, versions: isOurs ? table.facts['days'] : undefined, close: () => pinned.close() };
  } catch (error) {
    await pinned.close();
    // an index that cannot be read is as good as none
    if (error instanceof ArchiveError && error.code === 'CATALOGUE_UNREADABLE') return undefined;
    throw error;
  }
}

/**
 * Of the listed files, those that may have one of the values.
 *
 * @param asked values by kind; a file that may have any of any kind is kept.
 */
export async function filesThatMayHold(
  ports: Pick<CataloguePorts, 'catalogue' | 'tables' | 'archive'>,
  files: readonly ListedDay[],
  asked: readonly { readonly kind: LookupKind; readonly values: readonly (string | bigint)[] }[],
  budget: Budget,
): Promise<readonly ListedDay[]> {
  const indices = new Map<string, { size: number; etag: string | undefined }>();
  for await (const { key, size, etag } of ports.catalogue.list(LOOKUP_PREFIX, budget)) {
    if (parseLookupKey(key) !== undefined) indices.set(key, { size, etag });
  }
  if (indices.size === 0) return files;
  const months = [...groupByMonth(files)];
  const kept = await Promise.all(
    months.map(async ([month, own]): Promise<readonly ListedDay[]> => {
      const days = new Set<string>();
      for (const { kind, values } of asked) {
        const key = lookupKey(kind, month);
        const listed = indices.get(key);
        const found =
          listed === undefined ? undefined : await lookUp(ports, { key, listed, own, kind, values }, budget);
        if (found === undefined) return own;
        for (const day of found) days.add(day);
      }
      return own.filter(({ day }) => days.has(day));
    }),
  );
  return kept.flat();
}

interface LookUp {
  readonly key: string;
  readonly listed: { readonly size: number; readonly etag: string | undefined };
  readonly own: readonly ListedDay[];
  readonly kind: LookupKind;
  readonly values: readonly (string | bigint)[];
}

/** `undefined` where the index is not of these very files. */
async function lookUp(
  ports: Pick<CataloguePorts, 'catalogue' | 'tables' | 'archive'>,
  { key, listed, own, kind, values }: LookUp,
  budget: Budget,
): Promise<ReadonlySet<string> | undefined> {
  const index = await openIndex(ports, key, listed, budget);
  if (index === undefined) return undefined;
  try {
    if (!covers(index.versions, own)) return undefined;
    const days = new Set<string>();
    for (const value of values) {
      const low = entryOf(kind, value, '1970-01-01');
      const between = { column: ENTRY.name, from: low, to: low + 0xffffn };
      for (const range of await index.table.candidates({ equal: [], between })) {
        const cells = await index.table.read(ENTRY, range);
        for (let at = 0; at < cells.length; at += 1) {
          const entry = cells[at] as bigint;
          if (entry >= low && entry <= between.to) days.add(dayOf(Number(entry & 0xffffn) * DAY_MS));
        }
      }
    }
    return days;
  } finally {
    await index.close();
  }
}

/** Each file that is asked for is in it, in the version that there is. */
function covers(versions: string | undefined, own: readonly ListedDay[]): boolean {
  const known = parseForeignJson(versions ?? '') as Record<string, unknown> | undefined;
  if (typeof known !== 'object' || known === null) return false;
  return own.every((file) => known[file.key.slice(DAYS_PREFIX.length)] === versionOf(file));
}
