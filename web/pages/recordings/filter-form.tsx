import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../../session.ts';
import { ChoiceField } from '../../ui/field.tsx';
import { Choices, Length, Moment, Reason, Words } from './filter-fields.tsx';
import { type FilterName, filtersOf, MEDIA, STATES } from './filters.ts';

interface FiltersProps {
  readonly query: URLSearchParams;
  /** @param isStep whether the browser's back button leads back to what was before. */
  readonly onChange: (query: URLSearchParams, isStep: boolean) => void;
}

/** ms; after the last key. */
const TYPING_PAUSE_MS = 150;
const MORE: readonly FilterName[] = [
  'minSeconds',
  'maxSeconds',
  'held',
  'media',
  'wrapUp',
  'customer',
  'state',
];

/** What is chosen takes effect at once, and what is typed after a pause. */
function useChanges({ query, onChange }: FiltersProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const changed = (name: FilterName, values: readonly string[]): URLSearchParams => {
    const next = filtersOf(query);
    next.delete(name);
    for (const value of values) if (value !== '') next.append(name, value);
    return next;
  };
  const set = (name: FilterName, ...values: string[]) => {
    clearTimeout(timer.current);
    onChange(changed(name, values), true);
  };
  const typed = (name: FilterName, values: readonly string[]) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(changed(name, values), false), TYPING_PAUSE_MS);
  };
  return { set, typed };
}

export function RecordingsFilters({ query, onChange }: FiltersProps) {
  const { can } = useSession();
  const { set, typed } = useChanges({ query, onChange });
  const of = (name: FilterName) => query.get(name) ?? '';
  return (
    <form
      role="search"
      class="filters"
      aria-label="Recordings"
      // a field that is being typed in takes effect by Enter, through its own change
      onSubmit={(event) => event.preventDefault()}
    >
      <div class="grid">
        <Moment label="From" stated={of('from')} isEnd={false} onChange={(value) => set('from', value)} />
        <Moment label="To" stated={of('to')} isEnd onChange={(value) => set('to', value)} />
        <Words name="id" label="Conversation or recording ids" query={query} onTyped={typed} lines={2} />
        <Words name="queue" label="Queue" query={query} onTyped={typed} hint="whole name, or id" />
        <Words
          name="agent"
          label="Agent"
          query={query}
          onEntered={set}
          hint={
            can('reveal')
              ? 'id or whole name; Enter searches; a name is on record'
              : 'id of the user; Enter searches'
          }
        />
        <ChoiceField
          label="Direction"
          value={of('direction')}
          choices={[
            ['', 'any'],
            ['inbound', 'inbound'],
            ['outbound', 'outbound'],
          ]}
          onInput={(value) => set('direction', value)}
        />
      </div>
      <MoreFilters query={query} onEntered={set} onTyped={typed} />
      <button type="button" onClick={() => onChange(new URLSearchParams(), true)}>
        Clear all filters
      </button>
    </form>
  );
}

interface MoreProps {
  readonly query: URLSearchParams;
  readonly onEntered: (name: FilterName, ...values: string[]) => void;
  readonly onTyped: (name: FilterName, values: readonly string[]) => void;
}

/** Open where one of them is set. */
function MoreFilters({ query, onEntered, onTyped }: MoreProps) {
  const { can, me } = useSession();
  const of = (name: FilterName) => query.get(name) ?? '';
  return (
    <details open={MORE.some((name) => query.has(name))}>
      <summary>More filters</summary>
      <div class="grid">
        <Length
          label="At least as long as"
          stated={of('minSeconds')}
          onTyped={(value) => onTyped('minSeconds', [value])}
        />
        <Length
          label="At most as long as"
          stated={of('maxSeconds')}
          onTyped={(value) => onTyped('maxSeconds', [value])}
        />
        <ChoiceField
          label="Hold"
          value={of('held')}
          choices={[
            ['', 'any'],
            ['true', 'on hold'],
            ['false', 'not on hold'],
          ]}
          onInput={(value) => onEntered('held', value)}
        />
        <Words name="wrapUp" label="Wrap-up" query={query} onTyped={onTyped} hint="whole name, or code" />
        {can('reveal') ? (
          <Words
            name="customer"
            label="Customer"
            query={query}
            onEntered={onEntered}
            hint="number or address; Enter searches, and is on record"
          />
        ) : null}
        {can('reveal') && me.reasonRequired ? <Reason query={query} onEntered={onEntered} /> : null}
        <Choices legend="State" name="state" all={STATES} query={query} onChange={onEntered} />
        <Choices legend="Media" name="media" all={MEDIA} query={query} onChange={onEntered} />
      </div>
    </details>
  );
}
