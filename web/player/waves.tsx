import { clock, spoken } from '../format.ts';
import { stepOf } from './keys.ts';
import type { Mark } from './mark.ts';
import { windowStart } from './peaks.ts';
import type { PlayerState } from './use-player.ts';
import { Waveform } from './waveform.tsx';

const ZOOM_S = 60;

interface WavesProps {
  readonly player: PlayerState;
  readonly marks: readonly Mark[];
}

/** The waveform of the whole and of the minute around the position, and the position itself. */
export function Waves({ player, marks }: WavesProps) {
  const { waves, duration, position, moveTo: onSeek } = player;
  const from = windowStart(position, ZOOM_S, duration);
  const to = Math.min(duration, from + ZOOM_S);
  const zoomed = waves.fine(from, to) ?? waves.coarse;
  const step = (event: KeyboardEvent) => {
    const by = stepOf(event);
    if (by === undefined) return;
    event.preventDefault();
    onSeek(position + by);
  };
  return (
    <div class="waves">
      <Waveform
        position={position}
        marks={marks}
        onSeek={onSeek}
        name="overview"
        peaks={waves.coarse}
        from={0}
        to={duration}
        window={[from, to]}
      />
      <input
        class="position"
        type="range"
        aria-label="Position"
        min={0}
        max={Math.max(1, Math.floor(duration))}
        step={1}
        value={Math.floor(position)}
        aria-valuetext={`${spoken(position)} of ${spoken(duration)}`}
        onInput={({ currentTarget: { value } }) => onSeek(Number(value))}
        onKeyDown={step}
      />
      <p class="clocks">
        {clock(position)} of {duration === 0 ? 'unknown' : clock(duration)}
        {player.playback?.isWaiting && <span role="status"> waiting for sound …</span>}
        <span class="hint"> {waves.words}</span>
      </p>
      <Waveform
        position={position}
        marks={marks}
        onSeek={onSeek}
        name="zoom"
        peaks={zoomed}
        from={from}
        to={to}
      />
      <p class="clocks" aria-hidden="true">
        <span>{clock(from)}</span>
        <span>{clock(to)}</span>
      </p>
    </div>
  );
}
