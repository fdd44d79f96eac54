import type { Search } from '../../catalogue/search/find-recordings.ts';
import { dayOf } from '../../catalogue/places.ts';
import { asOfDay } from '../../catalogue/runs.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { formatDuration } from '../_format.ts';

/**
 * Says as of when an answer is: of the newest day that is asked for, and of the oldest where its last look is older, because what comes
 * late to a day is found when that day is looked at again.
 *
 * @param search.maxAge ms, of the newest day.
 * @returns ISO 8601; `undefined` where no run has looked at that day.
 * @throws `CATALOGUE_STALE` beyond `maxAge`.
 */
export function tellAge(
  { ui, clock }: Pick<CommandContext, 'ui' | 'clock'>,
  {
    asOf: present,
    runs,
    query,
    fresh,
    maxAge,
  }: Pick<Search, 'asOf' | 'runs'> & {
    readonly query: SearchQuery;
    readonly fresh: boolean;
    readonly maxAge: number | undefined;
  },
): string | undefined {
  const now = clock.now();
  const today = dayOf(now);
  const { from = '', to = today } = query;
  const newest = to > today ? today : to;
  const isKnown = !fresh && Object.keys(runs).length > 0;
  const asOf = isKnown ? asOfDay(runs, newest) : present;
  const oldest = isKnown ? asOfDay(runs, from) : asOf;
  const age = asOf === undefined ? undefined : Math.max(0, now - asOf);
  if (maxAge !== undefined && (age === undefined || age > maxAge)) {
    const shown = age === undefined ? 'of an unknown age' : `${formatDuration(age)} old`;
    throw new ArchiveError('CATALOGUE_STALE', `the catalogue is ${shown}`);
  }
  if (asOf === undefined || age === undefined) {
    ui.say('as of: unknown, no update of these days has ended yet');
    return undefined;
  }
  const time = new Date(asOf).toISOString();
  ui.say(`as of ${time} (${formatDuration(age)} ago)${oldest === asOf ? '' : describeLate(oldest)}`);
  return time;
}

const describeLate = (oldest: number | undefined) =>
  oldest === undefined
    ? '; older days have not all been looked at yet'
    : `; what came late to older days, as of ${new Date(oldest).toISOString()}`;
