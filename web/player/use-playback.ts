import { useEffect, useRef, useState } from 'preact/hooks';
import { Playback } from './playback.ts';

/** A playback of the element, and the component drawn again with each of its changes. */
export function usePlayback(onPosition: (at: number) => void) {
  const audio = useRef<HTMLAudioElement>(null);
  const [playback, setPlayback] = useState<Playback>();
  const [, redraw] = useState(0);
  useEffect(() => {
    if (audio.current === null) return;
    const made = new Playback(audio.current);
    const change = () => {
      redraw((before) => before + 1);
      onPosition(made.position);
    };
    made.addEventListener('change', change);
    setPlayback(made);
    const leave = () => made.end();
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      made.removeEventListener('change', change);
      made.end();
    };
  }, []);
  return [audio, playback] as const;
}
