import { clock, spoken } from '../format.ts';
import { stepOf } from './keys.ts';
import type { Mark } from './mark.ts';
import { windowStart } from './peaks.ts';
import type { Waves as LoadedWaves } from './use-peaks.ts';
import { Waveform } from './waveform.tsx';

const ZOOM_S = 60;

interface WavesProps {
  readonly waves: LoadedWaves;
  /** Seconds. */
  readonly duration: number;
  readonly position: number;
  readonly marks: readonly Mark[];
  readonly isWaiting: boolean;
  readonly onSeek: (at: number) => void;
}

/** The waveform of the whole and of the minute around the position, and the position itself. */
export function Waves({ waves, duration, position, marks, isWaiting, onSeek }: WavesProps) {
  const from = windowStart(position, ZOOM_S, duration);
  const to = Math.min(duration, from + ZOOM_S);
  const zoomed = waves.fine(from, to) ?? waves.coarse;
  const step = (event: KeyboardEvent) => {
    const by = stepOf(event);
    if (by === undefined) return;
    event.preventDefault();
    onSeek(position + by);
  };
  const shared = { position, marks, onSeek };
  return (
    <div class="waves">
      <Waveform {...shared} name="overview" peaks={waves.coarse} from={0} to={duration} window={[from, to]} />
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
        {isWaiting ? <span role="status"> waiting for sound …</span> : null}
        <span class="hint"> {waves.words}</span>
      </p>
      <Waveform {...shared} name="zoom" peaks={zoomed} from={from} to={to} />
      <p class="clocks" aria-hidden="true">
        <span>{clock(from)}</span>
        <span>{clock(to)}</span>
      </p>
    </div>
  );
}
