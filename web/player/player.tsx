import type { RefObject } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { RecordingFile } from '../api-types.ts';
import { clock, spoken } from '../format.ts';
import { useSession } from '../session.ts';
import { Controls } from './controls.tsx';
import { type Command, letterCommand, nextSpeed, stepOf } from './keys.ts';
import type { Mark } from './mark.ts';
import { ListenFirst } from './listen-first.tsx';
import type { Heard } from './channels.ts';
import { windowStart } from './peaks.ts';
import { silences, type Span } from './silence.ts';
import { TroubleAlert } from './trouble.tsx';
import { usePeaks } from './use-peaks.ts';
import { usePlayback } from './use-playback.ts';
import { Waveform } from './waveform.tsx';

const ZOOM_S = 60;

interface PlayerProps {
  readonly recording: string;
  readonly file: RecordingFile;
  /** Seconds, as the catalogue has it: of the conversation. */
  readonly seconds: number | undefined;
  readonly marks: readonly Mark[];
  readonly onPosition: (at: number) => void;
  /** Gets what moves the position, for the transcript. */
  readonly seek: RefObject<((at: number) => void) | null>;
}

/** Plays one file. Nothing of it is asked for before the listen is granted. */
export function Player({ recording, file, seconds, marks, onPosition, seek }: PlayerProps) {
  const { archive, can } = useSession();
  const [audio, playback] = usePlayback(onPosition);
  const [start, setStart] = useState(0);
  const [skips, setSkips] = useState(false);
  const [heard, setHeard] = useState<Heard>('both');
  const [letters, setLetters] = useState(() => localStorage.getItem('letter-keys') !== 'off');
  const address = `/api/recordings/${encodeURIComponent(recording)}/peaks`;
  const waves = usePeaks({ address, archive, channel: file.channel }, can('listen'));
  const coarse = waves.coarse;
  const quiet = useMemo<readonly Span[]>(() => (coarse === undefined ? [] : silences(coarse)), [coarse]);
  if (playback !== undefined) playback.skipped = skips ? quiet : [];
  const isGranted = playback?.isGranted ?? false;
  const duration =
    playback?.duration ??
    (coarse === undefined ? undefined : coarse.length / coarse.perSecond) ??
    seconds ??
    0;
  const position = isGranted ? (playback?.position ?? 0) : start;
  const zoomFrom = windowStart(position, ZOOM_S, duration);
  const zoomTo = Math.min(duration, zoomFrom + ZOOM_S);
  const zoomed = waves.fine(zoomFrom, zoomTo) ?? coarse;
  const damaged = (playback?.damaged ?? []).flatMap(({ span, code }): Mark[] =>
    span === undefined ? [] : [{ span, kind: 'damaged', words: `damaged: ${code}` }],
  );
  const all = [...marks, ...damaged];
  const moveTo = (at: number) => {
    const to = Math.max(0, Math.min(at, duration));
    if (isGranted) playback?.seek(to);
    else setStart(to);
  };
  seek.current = moveTo;
  const listen = (reason: string) =>
    playback?.listen(
      {
        recording,
        ...(archive !== undefined && { archive }),
        ...(file.channel !== undefined && { channel: file.channel }),
        ...(reason !== '' && { reason }),
      },
      start,
    );
  const choose = (channel: Heard) => {
    setHeard(channel);
    void playback?.hear(channel);
  };
  const act = (command: Command): void => {
    if (playback === undefined || !isGranted) return;
    if (command.kind === 'toggle') void playback.toggle();
    else if (command.kind === 'step') moveTo(position + command.seconds);
    else if (command.kind === 'speed') playback.setRate(nextSpeed(playback.rate, command.by));
    else if (command.kind === 'silence') setSkips((before) => !before);
    else choose(command.channel);
  };
  const key = (event: KeyboardEvent) => {
    const { target } = event;
    const types = target instanceof HTMLElement && target.matches('input[type=text], textarea, select');
    const command = letters && !types ? letterCommand(event) : undefined;
    if (command === undefined) return;
    event.preventDefault();
    act(command);
  };
  const step = (event: KeyboardEvent) => {
    const by = stepOf(event);
    if (by === undefined) return;
    event.preventDefault();
    moveTo(position + by);
  };
  return (
    <section class="player" aria-label="Player" onKeyDown={key}>
      <audio ref={audio} preload="none" />
      <div class="waves">
        <Waveform
          name="overview"
          peaks={coarse}
          from={0}
          to={duration}
          position={position}
          marks={all}
          window={[zoomFrom, zoomTo]}
          onSeek={moveTo}
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
          onInput={({ currentTarget: { value } }) => moveTo(Number(value))}
          onKeyDown={step}
        />
        <p class="clocks">
          {clock(position)} of {duration === 0 ? 'unknown' : clock(duration)}
          {playback?.isWaiting === true ? <span role="status"> waiting for sound …</span> : null}
          <span class="hint"> {waves.words}</span>
        </p>
        <Waveform
          name="zoom"
          peaks={zoomed}
          from={zoomFrom}
          to={zoomTo}
          position={position}
          marks={all}
          onSeek={moveTo}
        />
        <p class="clocks" aria-hidden="true">
          <span>{clock(zoomFrom)}</span>
          <span>{clock(zoomTo)}</span>
        </p>
      </div>
      {playback === undefined || !isGranted ? (
        <ListenFirst
          file={file}
          isAsking={playback?.isAsking ?? false}
          onListen={(reason) => void listen(reason)}
        />
      ) : (
        <Controls
          isPlaying={playback.isPlaying}
          rate={playback.rate}
          heard={heard}
          lanes={coarse?.lanes.length}
          skips={skips}
          canSkip={quiet.length > 0}
          letters={letters}
          onCommand={act}
          onRate={(rate) => playback.setRate(rate)}
          onChannel={choose}
          onGoTo={moveTo}
          onLetters={(on) => {
            localStorage.setItem('letter-keys', on ? 'on' : 'off');
            setLetters(on);
          }}
        />
      )}
      {playback?.trouble === undefined ? null : <TroubleAlert trouble={playback.trouble} onSeek={moveTo} />}
      <MarkList marks={all} onSeek={moveTo} />
    </section>
  );
}

/** The marks of the waveform in words, each a way to go there. */
function MarkList({
  marks,
  onSeek,
}: {
  readonly marks: readonly Mark[];
  readonly onSeek: (at: number) => void;
}) {
  if (marks.length === 0) return null;
  return (
    <details class="marks" open={marks.some(({ kind }) => kind === 'damaged')}>
      <summary>Marked: {marks.length}</summary>
      <ul>
        {marks.map(({ span: [start, end], words, kind }) => (
          <li key={`${kind}${start}`}>
            <button type="button" class="link" onClick={() => onSeek(start)}>
              {clock(start)} to {clock(end)}
            </button>{' '}
            {words}
          </li>
        ))}
      </ul>
    </details>
  );
}
