import { useState } from 'preact/hooks';
import { parseClock } from '../format.ts';
import { ChoiceField, Field } from '../ui/field.tsx';
import { LETTERS, SPEEDS } from './keys.ts';
import { lettersAct, turnLetters } from './letter-keys.ts';
import type { Playback } from './playback.ts';
import type { PlayerState } from './use-player.ts';

/** What may be heard, as the keys name it. */
const CHANNELS = LETTERS.flatMap(([, command, words]) =>
  command.kind === 'channel' ? [{ ...command, words }] : [],
);

interface ControlsProps {
  readonly player: PlayerState;
  /** That the listen was granted for. */
  readonly playback: Playback;
}

export function Controls({ player, playback }: ControlsProps) {
  const { act } = player;
  return (
    <div class="controls">
      <button type="button" onClick={() => act({ kind: 'step', seconds: -10 })}>
        − 10 s
      </button>
      <button type="button" class="primary play" autofocus onClick={() => act({ kind: 'toggle' })}>
        {playback.isPlaying ? 'Pause' : 'Play'}
      </button>
      <button type="button" onClick={() => act({ kind: 'step', seconds: 10 })}>
        + 10 s
      </button>
      <GoTo onGoTo={player.moveTo} />
      <ChoiceField
        label="Speed"
        value={`${playback.rate}`}
        choices={SPEEDS.map((speed) => [`${speed}`, `${speed}×`])}
        onInput={(value) => playback.setRate(Number(value))}
      />
      {player.waves.coarse?.lanes.length === 1 ? null : (
        <ChoiceField
          label="Hear"
          value={`${player.heard}`}
          choices={CHANNELS.map(({ channel, words }) => [`${channel}`, words])}
          onInput={(value) => {
            const chosen = CHANNELS.find(({ channel }) => `${channel}` === value);
            if (chosen) act(chosen);
          }}
        />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={player.skips}
          disabled={player.quiet.length === 0}
          onChange={() => act({ kind: 'silence' })}
        />{' '}
        Skip silence
      </label>
      <Keys />
    </div>
  );
}

/** What the keys do, and whether letters are among them. */
function Keys() {
  const [areOn, setOn] = useState(lettersAct);
  return (
    <details class="keys">
      <summary>Keys</summary>
      <label class="check">
        <input
          type="checkbox"
          checked={areOn}
          onChange={({ currentTarget: { checked } }) => {
            turnLetters(checked);
            setOn(checked);
          }}
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
      <Field label="Go to" hint={wrong ? 'write 12:30, 1:02:03 or 90' : undefined}>
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
