import * as z from 'zod';
import { findRecordings, type FreshRows, type Search } from '../catalogue/search/find-recordings.ts';
import { dayFileKey, parseDayFileKey } from '../catalogue/places.ts';
import type { CatalogueRow, ColumnName } from '../catalogue/schema.ts';
import { rowsOf } from '../catalogue/search/table.ts';
import type { SearchQuery } from '../catalogue/search/query.ts';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { present } from '../present.ts';
import { DAY_MS, dayOf } from '../recording/time.ts';
import { FIRST_VERSION, splitVersion } from '../record/versions.ts';
import type { Person } from './access.ts';
import { PAGE_ROWS, type RecordingRow, type RecordingsPage, type RecordingsQuery } from './api-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';

/** Rows that are counted at most, where a page says how many there are, and how long that is gone on with, ms: the page waits for it. */
export const MAX_COUNTED = 10_000;
const MAX_COUNTING_MS = 100;
/** Days whose files are asked at once: a page is nearly always in the first. */
const FILES_AHEAD = 2;

export const ROW_COLUMNS = [
  'conversation_id',
  'recording_id',
  'channel',
  'key',
  'receipt_key',
  'kind',
  'state',
  'recorded_at',
  'duration_ms',
  'bytes',
  'media',
  'content_type',
  'direction',
  'agent_ids',
  'queue_ids',
  'queue_names',
  'division_ids',
  'wrap_up_codes',
  'wrap_up_names',
  'legal_hold',
  'hold_ids',
] as const satisfies readonly ColumnName[];

/** Rows of the days that no catalogue has yet, of each archive, so that their receipts are read once. */
const FRESH_ROWS = new WeakMap<ConsoleArchive, FreshRows>();

/** The present day and the one before: what has been archived since the catalogue was made is nearly always of these. */
export function recentDays(now: number): readonly string[] {
  return [dayOf(now), dayOf(now - DAY_MS)];
}

/** Where a page ended: the file of a day, and the row within it. */
const cursorShape = z.tuple([z.string().max(120), z.int(), z.string().max(512)]);
type Cursor = z.output<typeof cursorShape>;

export function sealCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** @throws `REQUEST_INVALID`. */
export function openCursor(text: string): Cursor {
  const parsed = cursorShape.safeParse(parseForeignJson(Buffer.from(text, 'base64url').toString('utf8')));
  if (parsed.success && parseDayFileKey(parsed.data[0]) !== undefined) return parsed.data;
  throw new ArchiveError('REQUEST_INVALID', 'the cursor is not one that this address gave', {
    hint: 'begin again without a cursor',
  });
}

/** The filters of a request as conditions of the catalogue, within what the person sees. @throws `REQUEST_INVALID`. */
export function searchQueryOf(query: RecordingsQuery, person: Pick<Person, 'divisions'>): SearchQuery {
  const { from, to, id, agent, queue, wrapUp, customer, direction, media, minSeconds, maxSeconds } = query;
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to))
    throw new ArchiveError('REQUEST_INVALID', '`from` is later than `to`');
  if (minSeconds !== undefined && maxSeconds !== undefined && minSeconds > maxSeconds)
    throw new ArchiveError('REQUEST_INVALID', '`minSeconds` is more than `maxSeconds`');
  const isTime = (text: string | undefined) => text?.includes('T') === true;
  const dayOfBound = (text: string | undefined) => (text === undefined ? undefined : dayOf(Date.parse(text)));
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000);
  return present({
    ids: id === undefined ? undefined : [...new Set(id)],
    agents: agent,
    queues: queue,
    wrapUps: wrapUp,
    customers: customer,
    direction,
    media,
    states: query.state,
    onHold: query.held,
    minDurationMs: ms(minSeconds),
    maxDurationMs: ms(maxSeconds),
    from: dayOfBound(from),
    to: dayOfBound(to),
    fromTime: isTime(from) ? Date.parse(from ?? '') : undefined,
    toTime: isTime(to) ? Date.parse(to ?? '') : undefined,
    divisions: person.divisions === '*' ? undefined : person.divisions,
  });
}

/**
 * A page of the catalogue, newest first.
 *
 * @throws `CATALOGUE_STALE` without a catalogue; `REQUEST_INVALID`; what `findRecordings` throws.
 */
export async function listRecordings(
  archive: ConsoleArchive,
  query: SearchQuery,
  {
    cursor: sealed,
    limit = PAGE_ROWS,
  }: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  budget: Budget,
): Promise<RecordingsPage> {
  const cursor = sealed === undefined ? undefined : openCursor(sealed);
  const day = cursor === undefined ? undefined : parseDayFileKey(cursor[0])?.day;
  const narrowed = day !== undefined && day < (query.to ?? '9') ? { ...query, to: day } : query;
  const search = await openSearch(archive, narrowed, budget);
  const asOf = search.asOf === undefined ? null : new Date(search.asOf).toISOString();
  const items: RecordingRow[] = [];
  let last: Cursor | undefined;
  let next: string | null = null;
  for await (const { day: found, shard, hits } of search.days(ROW_COLUMNS)) {
    const file = dayFileKey(found, shard);
    if (cursor !== undefined && file > cursor[0]) continue;
    for (const row of currentRows(hits.flatMap(rowsOf)).toReversed()) {
      if (cursor !== undefined && file === cursor[0] && !isBehind(row, cursor)) continue;
      if (items.length === limit) {
        next = last === undefined ? null : sealCursor(last);
        break;
      }
      items.push(apiRow(row, archive.name));
      last = [file, row.recorded_at, row.key];
    }
    if (next !== null) break;
  }
  if (cursor !== undefined) return { items, next, asOf };
  const total =
    next === null
      ? { count: items.length, exact: true }
      : await countRows(search, items.length, archive.catalogue.clock);
  return { items, next, asOf, total };
}

/** In the order of pages: later, or of the same time and a key before. */
function isBehind({ recorded_at: at, key }: CatalogueRow, [, time, last]: Cursor): boolean {
  return at < time || (at === time && key < last);
}

export function openSearch(archive: ConsoleArchive, query: SearchQuery, budget: Budget): Promise<Search> {
  const freshRows = FRESH_ROWS.get(archive) ?? new Map();
  FRESH_ROWS.set(archive, freshRows);
  const fresh = recentDays(archive.catalogue.clock.now());
  for (const key of freshRows.keys()) {
    if (!fresh.includes(parseDayFileKey(key)?.day ?? '')) freshRows.delete(key);
  }
  return findRecordings(
    archive.catalogue,
    query,
    { fresh, freshRows, newestFirst: true, atOnce: FILES_AHEAD },
    budget,
  );
}

/** @param shown rows of the first page, behind which there are more. Not exact: there are more than are counted. */
async function countRows(
  search: Search,
  shown: number,
  clock: Clock,
): Promise<{ readonly count: number; readonly exact: boolean }> {
  const end = clock.now() + MAX_COUNTING_MS;
  let count = 0;
  for await (const { hits } of search.days([])) {
    for (const hit of hits) count += hit.count;
    if (count > MAX_COUNTED) return { count: MAX_COUNTED, exact: false };
    if (clock.now() >= end) return { count: Math.max(count - 1, shown), exact: false };
  }
  return { count, exact: true };
}

/** Of several versions of a file the newest that is archived; in their order. */
export function currentRows(rows: readonly CatalogueRow[]): readonly CatalogueRow[] {
  const newest = new Map<string, number>();
  for (const { key, state } of rows) {
    const { base, version } = splitVersion(key);
    if (version === FIRST_VERSION || state === 'archived')
      newest.set(base, Math.max(newest.get(base) ?? FIRST_VERSION, version));
  }
  return rows.filter(({ key }) => {
    const { base, version } = splitVersion(key);
    return (newest.get(base) ?? version) === version;
  });
}

type Names = CatalogueRow['queue_ids'];

function namedList(ids: Names, names: Names): { id: string; name?: string }[] | undefined {
  if (ids === null) return undefined;
  return ids.flatMap((id, at) =>
    id === null ? [] : [{ id, ...present({ name: names?.[at] ?? undefined }) }],
  );
}

const textsOf = (cell: Names): string[] => (cell ?? []).filter((one) => one !== null);

export function apiRow(row: CatalogueRow, archive: string | undefined): RecordingRow {
  const { duration_ms: duration, agent_ids: agents, division_ids: divisions, hold_ids: holds } = row;
  return {
    id: row.recording_id,
    conversation: row.conversation_id,
    recordedAt: new Date(row.recorded_at).toISOString(),
    bytes: row.bytes === null ? null : Number(row.bytes),
    divisions: divisions === null ? null : textsOf(divisions),
    state: row.state as RecordingRow['state'],
    held: row.legal_hold === true,
    ...present({
      archive,
      channel: row.channel ?? undefined,
      seconds: duration === null ? undefined : duration / 1_000,
      contentType: row.content_type ?? undefined,
      media: row.media ?? undefined,
      agents: agents === null ? undefined : textsOf(agents),
      queues: namedList(row.queue_ids, row.queue_names),
      wrapUps: namedList(row.wrap_up_codes, row.wrap_up_names),
      direction: row.direction ?? undefined,
      kind: row.kind ?? undefined,
      holds: holds === null ? undefined : textsOf(holds),
    }),
  };
}
