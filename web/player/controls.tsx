import { useState } from 'preact/hooks';
import { parseClock } from '../format.ts';
import { Field } from '../ui/field.tsx';
import type { Heard } from './channels.ts';
import { type Command, LETTERS, SPEEDS } from './keys.ts';

interface ControlsProps {
  readonly isPlaying: boolean;
  readonly rate: number;
  readonly heard: Heard;
  /** Channels; `undefined` where no peaks told. */
  readonly lanes: number | undefined;
  readonly skips: boolean;
  readonly canSkip: boolean;
  readonly letters: boolean;
  readonly onCommand: (command: Command) => void;
  readonly onRate: (rate: number) => void;
  readonly onChannel: (heard: Heard) => void;
  readonly onGoTo: (at: number) => void;
  readonly onLetters: (on: boolean) => void;
}

export function Controls(props: ControlsProps) {
  const { isPlaying, rate, heard, lanes, skips, canSkip, letters, onCommand, onRate, onChannel, onLetters } =
    props;
  return (
    <div class="controls">
      <button type="button" onClick={() => onCommand({ kind: 'step', seconds: -10 })}>
        − 10 s
      </button>
      <button type="button" class="primary play" autofocus onClick={() => onCommand({ kind: 'toggle' })}>
        {isPlaying ? 'Pause' : 'Play'}
      </button>
      <button type="button" onClick={() => onCommand({ kind: 'step', seconds: 10 })}>
        + 10 s
      </button>
      <GoTo onGoTo={props.onGoTo} />
      <Field label="Speed">
        {({ id }) => (
          <select id={id} value={rate} onInput={({ currentTarget: { value } }) => onRate(Number(value))}>
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>
                {speed}×
              </option>
            ))}
          </select>
        )}
      </Field>
      {lanes === 1 ? null : <Hear heard={heard} onChannel={onChannel} />}
      <label class="check">
        <input
          type="checkbox"
          checked={skips}
          disabled={!canSkip}
          onChange={() => onCommand({ kind: 'silence' })}
        />{' '}
        Skip silence
      </label>
      <Keys letters={letters} onLetters={onLetters} />
    </div>
  );
}

/** Which channels are heard. */
function Hear({ heard, onChannel }: Pick<ControlsProps, 'heard' | 'onChannel'>) {
  return (
    <Field label="Hear">
      {({ id }) => (
        <select
          id={id}
          value={String(heard)}
          onInput={({ currentTarget: { value } }) =>
            onChannel(value === 'both' ? 'both' : value === '0' ? 0 : 1)
          }
        >
          <option value="both">both channels</option>
          <option value="0">first channel only</option>
          <option value="1">second channel only</option>
        </select>
      )}
    </Field>
  );
}

/** What the keys do, and whether letters are among them. */
function Keys({ letters, onLetters }: Pick<ControlsProps, 'letters' | 'onLetters'>) {
  return (
    <details class="keys">
      <summary>Keys</summary>
      <label class="check">
        <input
          type="checkbox"
          checked={letters}
          onChange={({ currentTarget: { checked } }) => onLetters(checked)}
        />{' '}
        Letter keys, while the player has the focus
      </label>
      <dl class="facts">
        {LETTERS.map(([key, , words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>←</kbd> <kbd>→</kbd>
          </dt>
          <dd>5 s on the position; Page Up and Page Down 60 s</dd>
        </div>
      </dl>
    </details>
  );
}

function GoTo({ onGoTo }: { readonly onGoTo: (at: number) => void }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <form
      class="go-to"
      onSubmit={(event) => {
        event.preventDefault();
        const at = parseClock(text);
        setWrong(at === undefined);
        if (at !== undefined) onGoTo(at);
      }}
    >
      <Field label="Go to" {...(wrong && { hint: 'write 12:30, 1:02:03 or 90' })}>
        {({ id, described }) => (
          <input
            id={id}
            type="text"
            size={7}
            value={text}
            placeholder="12:30"
            aria-invalid={wrong}
            aria-describedby={described}
            onInput={({ currentTarget: { value } }) => setText(value)}
          />
        )}
      </Field>
      <button type="submit">Go</button>
    </form>
  );
}
