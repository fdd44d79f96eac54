import { clock } from '../format.ts';
import { Controls } from './controls.tsx';
import { pressLetter } from './letter-keys.ts';
import { ListenFirst } from './listen-first.tsx';
import type { Mark } from './mark.ts';
import { TroubleAlert } from './trouble.tsx';
import { type PlayerProps, usePlayer } from './use-player.ts';
import { Waves } from './waves.tsx';

/** Plays one file. Nothing of it is asked for before the listen is granted. */
export function Player(props: PlayerProps) {
  const player = usePlayer(props);
  const { audio, playback, granted, act, moveTo } = player;
  const damaged = (playback?.damaged ?? []).flatMap(({ span, code }): Mark[] =>
    span === undefined ? [] : [{ span, kind: 'damaged', words: `damaged: ${code}` }],
  );
  const marks = [...props.marks, ...damaged];
  return (
    <section class="player" aria-label="Player" onKeyDown={(event) => pressLetter(event, act)}>
      <audio ref={audio} preload="none" />
      <Waves player={player} marks={marks} />
      {granted ? (
        <Controls player={player} playback={granted} />
      ) : (
        <ListenFirst
          file={props.file}
          isAsking={playback?.isAsking}
          onListen={(reason) => void player.listen(reason)}
        />
      )}
      {playback?.trouble && <TroubleAlert trouble={playback.trouble} onSeek={moveTo} />}
      <MarkList marks={marks} onSeek={moveTo} />
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
