import type * as z from 'zod';
import { csvCell } from '../catalogue/export-rows.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { dayOf } from '../recording-time.ts';
import { isSameId } from '../recording-id.ts';
import type { AccessEntry } from '../record/access-entry.ts';
import { PAGE_ROWS } from './api-schema.ts';
import { type AccessPage, accessPage, accessQuery, type AccessRow } from './api-keeping-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { jsonAnswer } from './exchange.ts';
import { openTextCursor, sealText } from './paging.ts';
import { daysBack, findBrokenChain, firstAccessDay, readAccessDay, type StoredEntry } from './read-access.ts';
import { type Call, route, type Route } from './route.ts';

type AccessQuery = z.output<typeof accessQuery>;

/** Days that one page reads at most; the next page goes on where it ended. */
const MAX_DAYS = 31;

function matches(entry: AccessEntry, { person, recording, action }: AccessQuery): boolean {
  const names = [entry.recording, ...(entry.recordings ?? [])].filter((one) => one !== undefined);
  return (
    (person === undefined || entry.who.toLowerCase().includes(person.toLowerCase())) &&
    (action === undefined || entry.action === action) &&
    (recording === undefined || names.some((one) => isSameId(one, recording)))
  );
}

function rowOf(entry: AccessEntry): AccessRow {
  const { at, who, session, n, action, recording, recordings, query, reason, outcome } = entry;
  return {
    at,
    who,
    session,
    n,
    action,
    outcome,
    ...present({
      recording,
      recordings,
      query,
      reason,
      subject: entry.subject,
      sentBytes: entry.sentBytes,
      heard: entry.heard?.map(([from = 0, to = 0]): [number, number] => [from, to]),
    }),
  };
}

/** The days that are asked, the newest first. */
async function daysOf(
  { store }: ConsoleArchive,
  { from, to }: AccessQuery,
  now: number,
  budget: Budget,
): Promise<readonly string[]> {
  if (from !== undefined && to !== undefined && from > to)
    throw new ArchiveError('REQUEST_INVALID', '`from` is later than `to`');
  const first = from ?? (await firstAccessDay(store, budget));
  const last = [to ?? '9999', dayOf(now)].toSorted((one, other) => (one < other ? -1 : 1))[0] ?? '';
  return first === undefined || first > last ? [] : daysBack(last, first);
}

/** Newest first, days at a time, with the check of their chains. */
async function readPage({ archive, budget, state, query }: Call<AccessQuery>): Promise<AccessPage> {
  const { limit = PAGE_ROWS } = query;
  const after = openTextCursor(query.cursor);
  const all = await daysOf(archive, query, state.clock.now(), budget);
  const afterDay = after === undefined ? '9999' : after.slice(7, 17).replaceAll('/', '-');
  const days = all.filter((day) => day <= afterDay);
  const items: AccessRow[] = [];
  let chain: string | undefined;
  let last = after;
  for (const [at, day] of days.entries()) {
    if (at === MAX_DAYS)
      return { items, next: sealText(`access/${day.replaceAll('-', '/')}/~`), chain: said(chain) };
    const entries = await readAccessDay(archive.store, day, budget);
    chain = (await brokenIn(archive, entries, all[all.indexOf(day) + 1] ?? before(day), budget)) ?? chain;
    for (const { key, entry } of entries.toReversed()) {
      if (entry === undefined || !matches(entry, query) || (after !== undefined && key >= after)) continue;
      if (items.length === limit) return { items, next: sealText(last ?? key), chain: said(chain) };
      items.push(rowOf(entry));
      last = key;
    }
  }
  return { items, next: null, chain: said(chain) };
}

const before = (day: string) => dayOf(Date.parse(day) - 1);
const said = (broken: string | undefined) => (broken === undefined ? 'intact' : `broken at ${broken}`);

async function brokenIn(
  { store }: ConsoleArchive,
  entries: readonly StoredEntry[],
  dayBefore: string,
  budget: Budget,
): Promise<string | undefined> {
  const alone = findBrokenChain(entries, []);
  // only a session that began before midnight needs the day before
  return alone === undefined
    ? undefined
    : findBrokenChain(entries, await readAccessDay(store, dayBefore, budget));
}

function describeQuery({ person, recording, action, from, to }: AccessQuery): string {
  const filters = Object.entries({ person, recording, action, from, to });
  const named = filters.filter(([, value]) => value !== undefined);
  return named.length === 0
    ? 'all'
    : named
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')
        .slice(0, 1_000);
}

const CSV = ['at', 'who', 'session', 'n', 'action', 'outcome', 'recording', 'query', 'reason'] as const;

/** A file that ends early says so in its last line. */
async function* csvLines({ archive, budget, state, query }: Call<AccessQuery>) {
  yield Buffer.from(`${CSV.join(',')}\r\n`);
  try {
    for (const day of await daysOf(archive, query, state.clock.now(), budget)) {
      const entries = await readAccessDay(archive.store, day, budget);
      const lines = entries.toReversed().flatMap(({ entry }) => {
        if (entry === undefined || !matches(entry, query)) return [];
        const named = { ...entry, recording: entry.recording ?? entry.recordings?.join(' ') };
        return CSV.map((name) => csvCell(String(named[name] ?? ''))).join(',');
      });
      if (lines.length > 0) yield Buffer.from(`${lines.join('\r\n')}\r\n`);
    }
  } catch (thrown) {
    yield Buffer.from(`this file is not complete: ${toArchiveError(thrown).code}\r\n`);
  }
}

/** To look at the log is an entry of it. */
async function noteLook({ state, archive, session, query }: Call<AccessQuery>): Promise<void> {
  if (session.divisions !== '*') {
    throw new ArchiveError('NOT_ALLOWED', 'the access log names recordings of all divisions', {
      hint: 'an overseer sees all divisions',
    });
  }
  await state.access.write(archive, session, { action: 'oversee', query: describeQuery(query) });
}

export const ACCESS_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/access',
      needs: 'oversee',
      summary:
        'entries of the access log, the newest first, and whether their chains are intact; this look is an entry',
      query: accessQuery,
      answers: [{ status: 200, shape: accessPage }],
      entry: 'oversee',
    },
    async (call) => {
      await noteLook(call);
      return jsonAnswer(200, await readPage(call));
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/access.csv',
      needs: 'oversee',
      summary: 'the same as CSV, without pages',
      query: accessQuery,
      answers: [
        { status: 200, meaning: '`text/csv`; one that could not be finished says so in its last line' },
      ],
      entry: 'oversee',
    },
    async (call) => {
      await noteLook(call);
      const disposition = 'attachment; filename="access.csv"';
      return {
        status: 200,
        headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': disposition },
        body: csvLines(call),
      };
    },
  ),
];
