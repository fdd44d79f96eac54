import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Draws the control; `id` joins it to the label, `described` to the hint. */
  readonly children: (ids: {
    readonly id: string;
    readonly described: string | undefined;
  }) => ComponentChildren;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  const described = hint && `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, described })}
      {hint && (
        <span class="hint" id={described}>
          {hint}
        </span>
      )}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly required?: boolean;
  readonly lines?: number;
}

export function TextField({ label, value, onInput, hint, required = false, lines }: TextFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {({ id, described }) =>
        lines === undefined ? (
          <input
            id={id}
            type="text"
            value={value}
            required={required}
            aria-describedby={described}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
          />
        ) : (
          <textarea
            id={id}
            rows={lines}
            value={value}
            required={required}
            aria-describedby={described}
            spellcheck={false}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface ChoiceFieldProps {
  readonly label: string;
  readonly value: string;
  /** Value and words of each choice. */
  readonly choices: readonly (readonly [string, string])[];
  readonly onInput: (value: string) => void;
}

export function ChoiceField({ label, value, choices, onInput }: ChoiceFieldProps) {
  return (
    <Field label={label}>
      {({ id }) => (
        <select id={id} value={value} onInput={({ currentTarget }) => onInput(currentTarget.value)}>
          {choices.map(([choice, words]) => (
            <option key={choice} value={choice}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
