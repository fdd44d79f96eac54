import type { RefObject } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { RecordingFile } from '../api-types.ts';
import { useSession } from '../session.ts';
import type { Heard } from './channels.ts';
import { type Command, nextSpeed } from './keys.ts';
import type { Mark } from './mark.ts';
import { silences, type Span } from './silence.ts';
import { usePeaks } from './use-peaks.ts';
import { usePlayback } from './use-playback.ts';

export interface PlayerProps {
  readonly recording: string;
  readonly file: RecordingFile;
  /** Seconds, as the catalogue has it: of the conversation. */
  readonly seconds: number | undefined;
  readonly marks: readonly Mark[];
  readonly onPosition: (at: number) => void;
  /** Gets what moves the position, for the transcript. */
  readonly seek: RefObject<((at: number) => void) | null>;
}

/** Plays one file: what the player shows, and what may be done with it. Nothing of the file is asked for before the listen is granted. */
export function usePlayer({ recording, file, seconds, onPosition, seek }: PlayerProps) {
  const { archive, can } = useSession();
  const [audio, playback] = usePlayback(onPosition);
  const [start, setStart] = useState(0);
  const [skips, setSkips] = useState(false);
  const [heard, setHeard] = useState<Heard>('both');
  const address = `/api/recordings/${encodeURIComponent(recording)}/peaks`;
  const waves = usePeaks({ address, archive, channel: file.channel }, can('listen'));
  const { coarse } = waves;
  const quiet = useMemo<readonly Span[]>(() => (coarse ? silences(coarse) : []), [coarse]);
  if (playback) playback.skipped = skips ? quiet : [];
  const granted = playback?.isGranted ? playback : undefined;
  const whole = coarse && coarse.length / coarse.perSecond;
  const duration = playback?.duration ?? whole ?? seconds ?? 0;
  const position = granted?.position ?? start;
  const moveTo = (at: number) => {
    const to = Math.max(0, Math.min(at, duration));
    if (granted) granted.seek(to);
    else setStart(to);
  };
  seek.current = moveTo;
  const listen = (reason: string) =>
    playback?.listen({ recording, archive, channel: file.channel, reason: reason || undefined }, start);
  const act = (command: Command): void => {
    if (granted === undefined) return;
    if (command.kind === 'toggle') void granted.toggle();
    else if (command.kind === 'step') moveTo(position + command.seconds);
    else if (command.kind === 'speed') granted.setRate(nextSpeed(granted.rate, command.by));
    else if (command.kind === 'silence') setSkips((before) => !before);
    else {
      setHeard(command.channel);
      void granted.hear(command.channel);
    }
  };
  return {
    audio,
    playback,
    granted,
    waves,
    quiet,
    duration,
    position,
    heard,
    skips,
    moveTo,
    listen,
    act,
  };
}

export type PlayerState = ReturnType<typeof usePlayer>;
