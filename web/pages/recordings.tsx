import { useEffect, useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { RecordingRow, RecordingsPage } from '../api-types.ts';
import { countText, csv } from '../format.ts';
import { Heading } from '../frame.tsx';
import { goTo, replaceRoute } from '../navigate.ts';
import type { Route } from '../route.ts';
import { useSession } from '../session.ts';
import { save } from '../ui/download.ts';
import { Show, useLoad } from '../ui/load.tsx';
import { Empty } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';
import { askedOf, countFilters, filtersOf, isPortioned, nextCursor } from './recordings/filters.ts';
import { KeepActions } from './keep-actions.tsx';
import { rememberList, rememberScroll, scrollOf } from './recordings/last-list.ts';
import { idOfKey } from './recording/key.ts';
import { RecordingsFilters } from './recordings/filter-form.tsx';
import { RecordingsTable } from './recordings/table.tsx';

/** Search. All of its state is in the address, so that back, reload and a link give the same page. */
export function Recordings({ route: { query } }: { readonly route: Route }) {
  const { to, archive } = useSession();
  const asked = askedOf(query);
  const load = useLoad(JSON.stringify([archive, asked]), (signal) =>
    getJson<RecordingsPage>('/api/recordings', { ...asked, archive }, signal),
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  useScrollOf(load.result.state === 'ready');
  return (
    <>
      <Heading title="Recordings" />
      <RecordingsFilters
        query={query}
        onChange={(changed, isStep) => {
          setChosen(new Set());
          (isStep ? goTo : replaceRoute)(to('recordings', '', changed));
        }}
      />
      <Show load={load} what="the recordings">
        {(page, isStale) => (
          <section aria-label="Found" class={isStale ? 'stale' : ''} aria-busy={isStale}>
            <p role="status" class="found">
              {foundText(page, query)}
              <AsOf page={page} />
            </p>
            {page.items.length === 0 ? (
              <NothingFound query={query} clear={() => goTo(to('recordings'))} />
            ) : (
              <>
                <KeepActions isChoice ids={[...new Set([...chosen].map(idOfKey))]}>
                  <button type="button" onClick={() => saveCsv(page.items)}>
                    CSV of this page
                  </button>
                </KeepActions>
                <RecordingsTable rows={page.items} chosen={chosen} onChoose={setChosen} />
              </>
            )}
            <Pager query={query} next={nextCursor(query, page.next)} />
          </section>
        )}
      </Show>
    </>
  );
}

interface PagerProps {
  readonly query: URLSearchParams;
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: string | undefined;
}

function Pager({ query, next }: PagerProps) {
  const { to } = useSession();
  const pageNumber = Number(query.get('page') ?? '1');
  const pageAt = (page: number, cursor: string): string => {
    const state = filtersOf(query);
    if (cursor !== '') {
      state.set('cursor', cursor);
      state.set('page', String(page));
    }
    return to('recordings', '', state);
  };
  return (
    <nav class="pager" aria-label="Pages of the result">
      {pageNumber > 1 ? <a href={pageAt(1, '')}>First page</a> : null}
      {pageNumber > 1 ? (
        <button type="button" onClick={() => history.back()}>
          Previous page
        </button>
      ) : null}
      {next === undefined && pageNumber === 1 ? null : <span>Page {pageNumber}</span>}
      {next === undefined ? null : <a href={pageAt(pageNumber + 1, next)}>Next page</a>}
    </nav>
  );
}

function foundText({ items, next, total }: RecordingsPage, query: URLSearchParams): string {
  if (items.length === 0) return 'No recordings found.';
  if (isPortioned(query)) return `${countText(items.length)} of a portion of the ids on this page.`;
  if (total !== undefined) {
    const some = total.exact ? countText(total.count) : `more than ${countText(total.count)}`;
    return `${some} found; ${countText(items.length)} on this page.`;
  }
  return `${countText(items.length)} on this page${next === null ? ', the last one' : ''}.`;
}

function AsOf({ page: { asOf } }: { readonly page: RecordingsPage }) {
  return (
    <span class="hint">
      {' '}
      Catalogue as of <Time at={asOf ?? undefined} />
    </span>
  );
}

function NothingFound({ query, clear }: { readonly query: URLSearchParams; readonly clear: () => void }) {
  const ids = query.getAll('id').length;
  return (
    <Empty title={countFilters(query) === 0 ? 'The catalogue has no recordings' : 'Nothing matches'}>
      {countFilters(query) === 0 ? (
        <p>
          Recordings appear once the catalogue is brought up to date:{' '}
          <code>genesys-archive catalogue update</code>
        </p>
      ) : (
        <>
          <p>
            {ids > 0
              ? 'None of the ids is in the catalogue, or what they name is not yours to see. Completeness shows what is missing.'
              : 'Take a filter away, or widen the days. What was not archived is under Completeness.'}
          </p>
          <button type="button" onClick={clear}>
            Clear all filters
          </button>
        </>
      )}
    </Empty>
  );
}

/** Back from a recording the list stands where it stood. */
function useScrollOf(isReady: boolean): void {
  const here = location.hash;
  useEffect(() => {
    rememberList(here);
    if (!isReady) return undefined;
    scrollTo(0, scrollOf(here));
    const keep = () => {
      if (location.hash === here) rememberScroll(here, scrollY);
    };
    addEventListener('scroll', keep, { passive: true });
    return () => removeEventListener('scroll', keep);
  }, [isReady, here]);
}

function saveCsv(rows: readonly RecordingRow[]): void {
  const head = [
    'recording',
    'channel',
    'conversation',
    'recorded_at',
    'seconds',
    'bytes',
    'agents',
    'queues',
    'direction',
    'state',
    'held',
  ];
  const lines = rows.map((row) => [
    row.id,
    row.channel,
    row.conversation,
    row.recordedAt,
    row.seconds,
    row.bytes,
    row.agents?.join(' '),
    row.queues?.map(({ id, name = id }) => name).join('; '),
    row.direction,
    row.state,
    row.held,
  ]);
  save('recordings.csv', 'text/csv;charset=utf-8', csv([head, ...lines]));
}
