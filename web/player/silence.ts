/** Stretches without sound, as peaks show them. Pure. */
import type { Peaks } from './peaks.ts';

export type Span = readonly [start: number, end: number];

/** Loudness of 127 up to which a channel counts as silent. */
const QUIET = 2;
/** Seconds. */
const MIN_SILENCE_S = 2;
/** Seconds of silence that are left to hear at each end. */
const MARGIN_S = 0.3;

/** Returns the spans, in seconds, in which no channel is louder than a whisper of noise for two seconds and more. */
export function silences(peaks: Peaks): Span[] {
  const found: Span[] = [];
  let start: number | undefined;
  for (let at = 0; at <= peaks.length; at += 1) {
    const quiet = at < peaks.length && isQuiet(peaks, at);
    if (quiet) start ??= at;
    else if (start !== undefined) {
      const span: Span = [start / peaks.perSecond, at / peaks.perSecond];
      if (span[1] - span[0] >= MIN_SILENCE_S) found.push(span);
      start = undefined;
    }
  }
  return found;
}

/** Returns where playing goes on from `at`; `undefined` where it just goes on. Spans are sorted. */
export function skipFrom(spans: readonly Span[], at: number): number | undefined {
  const within = spans.find(([start, end]) => at >= start + MARGIN_S && at < end - 2 * MARGIN_S);
  return within === undefined ? undefined : within[1] - MARGIN_S;
}

function isQuiet({ lanes }: Peaks, at: number): boolean {
  return lanes.every(({ min, max }) => Math.abs(min[at] ?? 0) <= QUIET && Math.abs(max[at] ?? 0) <= QUIET);
}
