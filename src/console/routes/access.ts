import type * as z from 'zod';
import {
  ACCESS_COLUMNS,
  accessCells,
  accessDays,
  type AccessFilters,
  brokenIn,
  describeAccessFilters,
  matchesAccess,
  readAccessDay,
} from '../../audit/read-access.ts';
import { csvCell } from '../../catalogue/export-rows.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { dayOf } from '../../recording/time.ts';
import type { AccessEntry } from '../../record/access-entry.ts';
import { PAGE_ROWS } from '../api-schema.ts';
import { type AccessPage, accessPage, accessQuery, type AccessRow } from '../api-keeping-schema.ts';
import { jsonAnswer } from '../exchange.ts';
import { openTextCursor, sealText } from '../paging.ts';
import { type Call, route, type Route } from './route.ts';

type AccessQuery = z.output<typeof accessQuery>;

/** Days that one page reads at most; the next page goes on where it ended. */
const MAX_DAYS = 31;

const filtersOf = ({ person, recording, action }: AccessQuery): AccessFilters => ({
  person,
  action,
  ...present({ recordings: recording === undefined ? undefined : [recording] }),
});

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

/** Newest first, days at a time, with the check of their chains. */
async function readPage({ archive, budget, state, query }: Call<AccessQuery>): Promise<AccessPage> {
  const { limit = PAGE_ROWS } = query;
  const after = openTextCursor(query.cursor);
  const all = await accessDays(archive.store, query, state.clock.now(), budget);
  const filters = filtersOf(query);
  const afterDay = after === undefined ? '9999' : after.slice(7, 17).replaceAll('/', '-');
  const days = all.filter((day) => day <= afterDay);
  const items: AccessRow[] = [];
  let chain: string | undefined;
  let last = after;
  for (const [at, day] of days.entries()) {
    if (at === MAX_DAYS)
      return { items, next: sealText(`access/${day.replaceAll('-', '/')}/~`), chain: said(chain) };
    const entries = await readAccessDay(archive.store, day, budget);
    chain =
      (await brokenIn(archive.store, entries, all[all.indexOf(day) + 1] ?? before(day), budget)) ?? chain;
    for (const { key, entry } of entries.toReversed()) {
      if (entry === undefined || !matchesAccess(entry, filters) || (after !== undefined && key >= after))
        continue;
      if (items.length === limit) return { items, next: sealText(last ?? key), chain: said(chain) };
      items.push(rowOf(entry));
      last = key;
    }
  }
  return { items, next: null, chain: said(chain) };
}

const before = (day: string) => dayOf(Date.parse(day) - 1);
const said = (broken: string | undefined) => (broken === undefined ? 'intact' : `broken at ${broken}`);

function describeQuery({ person, recording, action, from, to }: AccessQuery): string {
  return describeAccessFilters({ person, recording, action, from, to });
}

/** A file that ends early says so in its last line. */
async function* csvLines({ archive, budget, state, query }: Call<AccessQuery>) {
  yield Buffer.from(`${ACCESS_COLUMNS.join(',')}\r\n`);
  const filters = filtersOf(query);
  try {
    for (const day of await accessDays(archive.store, query, state.clock.now(), budget)) {
      const entries = await readAccessDay(archive.store, day, budget);
      const lines = entries.toReversed().flatMap(({ entry }) => {
        if (entry === undefined || !matchesAccess(entry, filters)) return [];
        return accessCells(entry).map(csvCell).join(',');
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
