import { useEffect, useState } from 'preact/hooks';
import { parseClock } from '../../format.ts';
import { Field, TextField } from '../../ui/field.tsx';
import { dayAndTime, type FilterName, type LISTS, type ListName, timeOf, typedValues } from './filters.ts';

interface MomentProps {
  readonly label: string;
  readonly stated: string;
  readonly isEnd: boolean;
  readonly onChange: (value: string) => void;
}

/** A day of UTC, and a time of it where one is wanted. */
export function Moment({ label, stated, isEnd, onChange }: MomentProps) {
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
export function Words({ name, label, query, hint, lines, onTyped, onEntered }: WordsProps) {
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

export function Length({ label, stated, onTyped }: LengthProps) {
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

export function Reason({ query, onEntered }: ReasonProps) {
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

export function Choices({ legend, name, all, query, onChange }: ChoicesProps) {
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
