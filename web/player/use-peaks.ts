import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { FINE_S, loadMinute, loadWhole, type PeaksOf } from './load-peaks.ts';
import { joinPeaks, type Peaks } from './peaks.ts';

export interface Waves {
  readonly coarse: Peaks | undefined;
  /** Peaks for a window, where they are there; asks for them where they are not. */
  readonly fine: (from: number, to: number) => Peaks | undefined;
  /** What is missing, in words; empty where nothing is. */
  readonly words: string;
}

/** Loads peaks: the whole in portions, and finer ones of the minutes that are looked at. Without them the player works all the same. */
export function usePeaks(of: PeaksOf, isAllowed: boolean): Waves {
  const [coarse, setCoarse] = useState<Peaks>();
  const [words, setWords] = useState('');
  const [minutes, setMinutes] = useState<ReadonlyMap<number, Peaks>>(new Map());
  const asked = useRef(new Set<number>());
  const stop = useRef(new AbortController());
  useEffect(() => {
    if (!isAllowed) return undefined;
    const { current } = stop;
    void loadWhole(of, current.signal, { onPeaks: setCoarse, onWords: setWords });
    return () => current.abort();
  }, []);
  const fine = useCallback(
    (from: number, to: number) => {
      if (coarse === undefined) return undefined;
      const first = Math.floor(from / FINE_S);
      const last = Math.floor(Math.max(from, to - 0.001) / FINE_S);
      const parts: Peaks[] = [];
      for (let minute = first; minute <= last; minute += 1) {
        const there = minutes.get(minute);
        if (there !== undefined) parts.push(there);
        else if (!asked.current.has(minute)) {
          asked.current.add(minute);
          void loadMinute(of, minute, stop.current.signal).then(
            (peaks) => peaks && setMinutes((before) => new Map(before).set(minute, peaks)),
          );
        }
      }
      return parts.length === last - first + 1 ? joinPeaks(parts) : undefined;
    },
    [minutes, coarse],
  );
  return { coarse, fine, words };
}
