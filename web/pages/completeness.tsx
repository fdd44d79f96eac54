import { useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { CompletenessDay, CompletenessYear } from '../api-types.ts';
import { counted, countText } from '../format.ts';
import { Heading } from '../frame.tsx';
import { goTo } from '../navigate.ts';
import type { Route } from '../route.ts';
import { useSession } from '../session.ts';
import { Calendar } from '../ui/calendar.tsx';
import { ChoiceField } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { DayCard } from './day-card.tsx';
import { KINDS, kindOf, sumOf } from './day-kind.ts';

const FIRST_YEAR = 2020;

/** What each day of a year has, against what the platform says was recorded. */
export function Completeness({ route: { id, query } }: { readonly route: Route }) {
  const { archive, to } = useSession();
  const [thisYear] = useState(() => new Date().getUTCFullYear());
  const year = Number(query.get('year') ?? (id === '' ? thisYear : id.slice(0, 4)));
  const load = useLoad(`${archive ?? ''}/${year}`, (signal) =>
    getJson<CompletenessYear>('/api/completeness', { archive, year }, signal),
  );
  const address = (day: string, of: number) =>
    to('completeness', day, new URLSearchParams({ year: String(of) }));
  const years = Array.from({ length: thisYear - FIRST_YEAR + 1 }, (_, index) => String(thisYear - index));
  return (
    <>
      <Heading title="Completeness" />
      <p class="lead">
        A day is green only when its statement is sealed, its signature and its place in the log verify, and
        nothing is missing. Days are those of UTC.
      </p>
      <ChoiceField
        label="Year"
        value={String(year)}
        choices={years.map((one) => [one, one])}
        onInput={(chosen) => goTo(address('', Number(chosen)))}
      />
      <Show load={load} what="the days">
        {({ days }, isStale) => (
          <div class={isStale ? 'stale' : ''}>
            <Summary days={days} year={year} />
            <Legend />
            {id === '' ? null : <DayCard key={id} day={id} onClose={() => goTo(address('', year))} />}
            <Calendar
              year={year}
              chosen={id}
              states={new Map(days.map((day) => [day.date, { kind: kindOf(day), ...KINDS[kindOf(day)] }]))}
              address={(day) => address(day, year)}
            />
          </div>
        )}
      </Show>
    </>
  );
}

function Summary({ days, year }: { readonly days: readonly CompletenessDay[]; readonly year: number }) {
  if (days.every((day) => kindOf(day) === 'empty'))
    return <p role="status">Nothing is known of {year}: no recordings and no statements.</p>;
  const { archived, recorded, missing, notAsked, complete, days: filled } = sumOf(days);
  return (
    <p role="status" class="found">
      {counted(archived, 'recording')} archived on {counted(filled, 'day')}; {counted(complete, 'day')}{' '}
      complete.{' '}
      {recorded === undefined
        ? 'No day was compared with the platform yet.'
        : `${countText(missing)} are missing of ${countText(recorded)} that the platform recorded.`}{' '}
      {notAsked === 0 || recorded === undefined ? '' : `${counted(notAsked, 'day')} not compared.`}
    </p>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      {Object.entries(KINDS).map(([kind, { sign, words }]) => (
        <li key={kind}>
          <span class={`day-sign ${kind}`} aria-hidden="true">
            {sign}
          </span>{' '}
          {words}
        </li>
      ))}
    </ul>
  );
}
