import { useState } from 'preact/hooks';
import { getJson } from '../api.ts';
import type { AccessPage, AccessRow } from '../api-types.ts';
import { bytesText, counted, csv } from '../format.ts';
import { Heading } from '../frame.tsx';
import { goTo } from '../navigate.ts';
import type { Route } from '../route.ts';
import { useSession } from '../session.ts';
import { save } from '../ui/download.ts';
import { Field } from '../ui/field.tsx';
import { Show, useLoad } from '../ui/load.tsx';
import { Alert, Badge, Empty } from '../ui/status.tsx';
import { Time } from '../ui/time.tsx';
import { heardText } from './access-words.ts';

const FILTERS = ['person', 'recording', 'action', 'from', 'to'] as const;
type Filter = (typeof FILTERS)[number];

/** Who searched, listened, exported and held; looking here is an entry too. */
export function Access({ route: { query } }: { readonly route: Route }) {
  const { archive, to } = useSession();
  const of = (name: Filter) => query.get(name) ?? '';
  const asked = {
    ...Object.fromEntries(FILTERS.map((name) => [name, of(name)])),
    cursor: query.get('cursor') ?? '',
  };
  const load = useLoad(JSON.stringify([archive, asked]), (signal) =>
    getJson<AccessPage>('/api/access', { ...asked, archive }, signal),
  );
  const address = (changed: Readonly<Record<string, string>>) =>
    to(
      'access',
      '',
      new URLSearchParams({ ...Object.fromEntries(FILTERS.map((name) => [name, of(name)])), ...changed }),
    );
  return (
    <>
      <Heading title="Access" />
      <p class="lead">
        Every search for a person, every listen, export and hold, and every look at this page.
      </p>
      <AccessFilters of={of} onChange={(changed) => goTo(address(changed))} />
      <Show load={load} what="the access log">
        {(page, isStale) => (
          <section aria-label="Entries" class={isStale ? 'stale' : ''}>
            <Chain chain={page.chain} />
            {page.items.length === 0 ? (
              <Empty title="No entries">
                <p>Nothing of this kind is on record in these days.</p>
              </Empty>
            ) : (
              <>
                <div class="actions">
                  <button type="button" onClick={() => saveCsv(page)}>
                    CSV of this page
                  </button>
                </div>
                <Entries items={page.items} />
              </>
            )}
            <nav class="pager" aria-label="Pages of the result">
              {query.get('cursor') === null ? null : <a href={address({})}>Newest entries</a>}
              {page.next === null ? null : <a href={address({ cursor: page.next })}>Older entries</a>}
            </nav>
          </section>
        )}
      </Show>
    </>
  );
}

interface FiltersProps {
  readonly of: (name: Filter) => string;
  readonly onChange: (changed: Readonly<Record<string, string>>) => void;
}

function AccessFilters({ of, onChange }: FiltersProps) {
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const field = (name: Filter, label: string, type: 'text' | 'date') => (
    <Field label={label}>
      {({ id }) => {
        const attributes = {
          id,
          value: typed[name] ?? of(name),
          onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
            setTyped({ ...typed, [name]: currentTarget.value }),
        };
        return type === 'date' ? (
          <input type="date" {...attributes} />
        ) : (
          <input type="text" {...attributes} />
        );
      }}
    </Field>
  );
  return (
    <form
      role="search"
      class="filters"
      aria-label="Entries"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(typed);
      }}
    >
      <div class="grid">
        {field('person', 'Person', 'text')}
        {field('recording', 'Recording', 'text')}
        {field('action', 'Action', 'text')}
        {field('from', 'From (UTC)', 'date')}
        {field('to', 'To (UTC)', 'date')}
      </div>
      <button type="submit" class="primary">
        Search
      </button>{' '}
      <button
        type="button"
        onClick={() => {
          setTyped({});
          onChange(Object.fromEntries(FILTERS.map((name) => [name, ''])));
        }}
      >
        Clear all filters
      </button>
    </form>
  );
}

function Chain({ chain }: { readonly chain: string }) {
  if (chain === 'intact') {
    return (
      <p role="status">
        Chain <Badge tone="good">intact</Badge> each entry names the one before it in its session.
      </p>
    );
  }
  return (
    <Alert kind="damaged" title="The chain of entries is broken">
      <p>{chain}. An entry was changed or removed: keep the bucket’s versions, and see docs/runbook.md.</p>
    </Alert>
  );
}

function Entries({ items }: { readonly items: readonly AccessRow[] }) {
  const { to } = useSession();
  return (
    <div class="scroll" role="region" aria-label="Table of entries" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">Action</th>
            <th scope="col">Recording</th>
            <th scope="col">What</th>
            <th scope="col">Outcome</th>
            <th scope="col">Session</th>
          </tr>
        </thead>
        <tbody>
          {items.map((entry) => (
            <tr key={`${entry.session}/${entry.n}/${entry.at}`}>
              <td>
                <Time at={entry.at} />
              </td>
              <th scope="row">{entry.who}</th>
              <td>{entry.action}</td>
              <td>
                {entry.recording === undefined ? (
                  '–'
                ) : (
                  <a href={to('r', entry.recording)}>
                    <code>{entry.recording}</code>
                  </a>
                )}
              </td>
              <td>{whatText(entry)}</td>
              <td>
                <Badge tone={entry.outcome === 'granted' ? 'plain' : 'bad'}>{entry.outcome}</Badge>
              </td>
              <td>
                <code>{entry.session.slice(0, 8)}</code> {entry.n}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function whatText({ query, subject, recordings, reason, heard, sentBytes }: AccessRow): string {
  return [
    query,
    subject,
    recordings === undefined ? undefined : counted(recordings.length, 'recording'),
    reason === undefined ? undefined : `reason: ${reason}`,
    heard === undefined ? undefined : `heard ${heardText(heard)}`,
    sentBytes === undefined ? undefined : `${bytesText(sentBytes)} sent`,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

function saveCsv({ items, chain }: AccessPage): void {
  const head = ['at', 'who', 'session', 'n', 'action', 'recording', 'what', 'outcome'];
  const lines = items.map((entry) => [
    entry.at,
    entry.who,
    entry.session,
    entry.n,
    entry.action,
    entry.recording,
    whatText(entry),
    entry.outcome,
  ]);
  save('access.csv', 'text/csv;charset=utf-8', csv([head, ...lines, [`chain: ${chain}`]]));
}
