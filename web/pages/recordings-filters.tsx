import { useEffect, useRef, useState } from 'preact/hooks';
import { parseClock } from '../format.ts';
import { useSession } from '../session.ts';
import { ChoiceField, Field, TextField } from '../ui/field.tsx';
import {
  dayAndTime,
  type FilterName,
  filtersOf,
  LISTS,
  type ListName,
  MEDIA,
  STATES,
  timeOf,
  typedValues,
} from './filters.ts';

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

interface MomentProps {
  readonly label: string;
  readonly stated: string;
  readonly isEnd: boolean;
  readonly onChange: (value: string) => void;
}

/** A day of UTC, and a time of it where one is wanted. */
function Moment({ label, stated, isEnd, onChange }: MomentProps) {
  const [day, time] = dayAndTime(stated);
  return (
    <Field label={`${label} (UTC)`}>
      {({ id }) => (
        <span class="pair">
          <input
            id={id}
            type="date"
            value={day}
            onChange={({ currentTarget: { value } }) => onChange(timeOf(value, time, isEnd))}
          />
          <input
            type="time"
            aria-label={`${label}, time of day`}
            value={time}
            disabled={day === ''}
            onChange={({ currentTarget: { value } }) => onChange(timeOf(day, value, isEnd))}
          />
        </span>
      )}
    </Field>
  );
}

interface WordsProps {
  readonly name: ListName;
  readonly label: string;
  readonly query: URLSearchParams;
  readonly hint?: string;
  readonly lines?: number;
  readonly onTyped?: (name: ListName, values: readonly string[]) => void;
  readonly onEntered?: (name: ListName, ...values: string[]) => void;
}

/** A list as text. What is typed stays as it was typed; the address gets the values. */
function Words({ name, label, query, hint, lines, onTyped, onEntered }: WordsProps) {
  const values = query.getAll(name);
  const stated = values.join(name === 'id' ? ' ' : '; ');
  const [text, setText] = useState(stated);
  useEffect(() => {
    if (typedValues(name, text).join('; ') !== values.join('; ')) setText(stated);
  }, [stated]);
  const attributes = {
    value: text,
    autocomplete: 'off' as const,
    spellcheck: false,
    onInput: ({ currentTarget: { value } }: { readonly currentTarget: { readonly value: string } }) => {
      setText(value);
      onTyped?.(name, typedValues(name, value));
    },
    onChange: () => onEntered?.(name, ...typedValues(name, text)),
  };
  const count = name === 'id' && values.length > 1 ? `${values.length} ids` : hint;
  return (
    <Field label={label} hint={count ?? 'as many as you like'}>
      {({ id, described }) =>
        lines === undefined ? (
          <input id={id} type="text" aria-describedby={described} {...attributes} />
        ) : (
          <textarea id={id} rows={lines} aria-describedby={described} {...attributes} />
        )
      }
    </Field>
  );
}

interface LengthProps {
  readonly label: string;
  readonly stated: string;
  readonly onTyped: (value: string) => void;
}

function Length({ label, stated, onTyped }: LengthProps) {
  const [text, setText] = useState(stated);
  useEffect(() => {
    if (String(parseClock(text) ?? '') !== stated) setText(stated);
  }, [stated]);
  const seconds = parseClock(text);
  const isWrong = text !== '' && seconds === undefined;
  return (
    <TextField
      label={label}
      value={text}
      hint={isWrong ? 'not a length: write 90, 1:30 or 2m' : 'seconds, 1:30 or 2m'}
      onInput={(value) => {
        setText(value);
        const parsed = parseClock(value);
        if (value === '' || parsed !== undefined) onTyped(String(parsed ?? ''));
      }}
    />
  );
}

interface ReasonProps {
  readonly query: URLSearchParams;
  readonly onEntered: (name: FilterName, ...values: string[]) => void;
}

function Reason({ query, onEntered }: ReasonProps) {
  return (
    <Field label="Reason" hint="required for a search for a person">
      {({ id, described }) => (
        <input
          id={id}
          type="text"
          aria-describedby={described}
          value={query.get('reason') ?? ''}
          onChange={({ currentTarget: { value } }) => onEntered('reason', value)}
        />
      )}
    </Field>
  );
}

interface ChoicesProps {
  readonly legend: string;
  readonly name: (typeof LISTS)[number];
  readonly all: readonly string[];
  readonly query: URLSearchParams;
  readonly onChange: (name: ListName, ...values: string[]) => void;
}

function Choices({ legend, name, all, query, onChange }: ChoicesProps) {
  const chosen = query.getAll(name);
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {all.map((one) => (
        <label key={one}>
          <input
            type="checkbox"
            checked={chosen.includes(one)}
            onChange={({ currentTarget: { checked } }) =>
              onChange(name, ...all.filter((other) => (other === one ? checked : chosen.includes(other))))
            }
          />{' '}
          {one}
        </label>
      ))}
    </fieldset>
  );
}
