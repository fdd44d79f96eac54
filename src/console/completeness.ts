import { findRecordings } from '../catalogue/search/find-recordings.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { dayOf, parseDay } from '../recording/time.ts';
import type { Person } from './access.ts';
import {
  type CompletenessDay,
  completenessDayQuery,
  completenessQuery,
  completenessYear,
  missingPage,
} from './api-keeping-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { type JudgedDay, judgeDays, readMissing } from './day-statements.ts';
import { jsonAnswer } from './exchange.ts';
import { recentDays } from './list-recordings.ts';
import { takePage } from './paging.ts';
import { notThere } from './not-there.ts';
import { route, type Route } from './routes/route.ts';

/** States of the catalogue that are no gap: the platform had nothing, the law wanted it gone, or its rule of retention let it go. */
const GONE: ReadonlySet<string> = new Set(['gone', 'erased', 'expired']);
const FILES_AT_ONCE = 16;

interface DayCounts {
  archived: number;
  gone: number;
}

/** Files of days by their state, as the catalogue has them. */
async function countDays(
  { catalogue }: ConsoleArchive,
  { divisions }: Pick<Person, 'divisions'>,
  { from, to }: { readonly from: string; readonly to: string },
  budget: Budget,
): Promise<ReadonlyMap<string, DayCounts>> {
  const query = { from, to, ...(divisions === '*' ? {} : { divisions }) };
  const fresh = recentDays(catalogue.clock.now());
  const search = await findRecordings(catalogue, query, { fresh, atOnce: FILES_AT_ONCE }, budget);
  const counts = new Map<string, DayCounts>();
  for await (const { day, hits } of search.days(['state'])) {
    const known = counts.get(day) ?? { archived: 0, gone: 0 };
    counts.set(day, known);
    for (const { count, columns } of hits) {
      for (let at = 0; at < count; at += 1) {
        const state = String(columns.state?.[at]);
        if (GONE.has(state)) known.gone += 1;
        else if (state !== 'missing') known.archived += 1;
      }
    }
  }
  return counts;
}

/** Who sees some divisions alone is told of them, and not of the numbers of all. */
function dayOfCounts(
  date: string,
  counts: DayCounts | undefined,
  judged: JudgedDay | undefined,
  person: Pick<Person, 'divisions'>,
): CompletenessDay {
  const { source, differences } = (person.divisions === '*' ? judged?.statement : undefined) ?? {};
  const isAsked = source !== undefined && !('unavailable' in source);
  return {
    date,
    statement: judged?.state ?? 'none',
    recorded: isAsked ? source.recordings : null,
    archived: counts?.archived ?? 0,
    gone: counts?.gone ?? 0,
    pending: isAsked ? (differences?.pending.total ?? null) : null,
    missing: isAsked ? (differences?.missing.total ?? null) : null,
    ...present({ why: judged?.why }),
  };
}

function daysOfYear(year: string, now: number): readonly string[] {
  const today = dayOf(now);
  const days: string[] = [];
  for (let at = Date.UTC(Number(year), 0, 1); ; at += 86_400_000) {
    const day = dayOf(at);
    if (!day.startsWith(year) || day > today) return days;
    days.push(day);
  }
}

export const COMPLETENESS_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/completeness',
      needs: 'see',
      summary:
        'the days of a year: what is archived, and what their statements in the log say was recorded, is pending and is missing; `null` is not asked',
      query: completenessQuery,
      answers: [{ status: 200, shape: completenessYear }],
    },
    async ({ archive, session, state, query, budget }) => {
      const { year } = query;
      const days = daysOfYear(year, state.clock.now());
      const range = { from: `${year}-01-01`, to: `${year}-12-31` };
      const [counts, judged] = await Promise.all([
        countDays(archive, session, range, budget),
        judgeDays(archive, days, budget),
      ]);
      const items = days.map((day) => dayOfCounts(day, counts.get(day), judged.get(day), session));
      return jsonAnswer(200, { year: Number(year), days: items });
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/completeness/:day',
      needs: 'see',
      summary: 'what the statement of a day says is missing, why, and the command that fetches it',
      query: completenessDayQuery,
      answers: [{ status: 200, shape: missingPage }],
    },
    async ({ archive, session, params, query, budget }) => {
      const day = params['day'] ?? '';
      if (parseDay(day) === undefined) throw notThere('such day');
      const [counts, judged] = await Promise.all([
        countDays(archive, session, { from: day, to: day }, budget),
        judgeDays(archive, [day], budget),
      ]);
      const own = judged.get(day);
      if (session.divisions !== '*') {
        throw new ArchiveError('NOT_ALLOWED', 'what is missing may be of any division', {
          hint: 'ask a person who sees all divisions',
        });
      }
      const missing =
        archive.log === undefined || own?.statement === undefined
          ? []
          : await readMissing(archive.log, own.statement, budget);
      const lines = missing.map(({ recording, conversation, reason }) => ({
        recording,
        conversation,
        why: reason ?? 'unknown',
      }));
      const page = await takePage(lines, query, ({ recording }) => recording);
      const named = archive.name === undefined ? '' : ` --archive ${archive.name}`;
      const command = `genesys-archive reconcile --day ${day} --backfill${named}`;
      return jsonAnswer(200, { ...page, day: dayOfCounts(day, counts.get(day), own, session), command });
    },
  ),
];
