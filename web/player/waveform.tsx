import { useEffect, useRef } from 'preact/hooks';
import type { Mark } from './mark.ts';
import { columnsOf, type Peaks } from './peaks.ts';
import type { Span } from './silence.ts';

interface WaveformProps {
  readonly peaks: Peaks | undefined;
  /** Seconds that are shown. */
  readonly from: number;
  readonly to: number;
  readonly position: number;
  readonly marks: readonly Mark[];
  /** A part of it that another waveform shows. */
  readonly window?: Span;
  readonly onSeek: (at: number) => void;
  readonly name: string;
}

/** Two lanes over time. It is a picture: its meaning is said by the range input, the list of marks and the transcript. */
export function Waveform({ peaks, from, to, position, marks, window, onSeek, name }: WaveformProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const draw = () => paint(element, peaks, from, to);
    draw();
    const sized = new ResizeObserver(draw);
    sized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      sized.disconnect();
      scheme.removeEventListener('change', draw);
    };
  }, [peaks, from, to]);
  const share = (at: number) =>
    `${(100 * Math.max(0, Math.min(1, (at - from) / (to - from || 1)))).toFixed(3)}%`;
  const width = ([start, end]: Span) =>
    `${(100 * Math.max(0, Math.min(end, to) - Math.max(start, from))) / (to - from || 1)}%`;
  const seek = (event: MouseEvent) => {
    const { left, width: all } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    onSeek(from + ((event.clientX - left) / all) * (to - from));
  };
  return (
    <div class={`wave ${name}`} aria-hidden="true" onClick={seek}>
      {marks
        .filter(({ span: [start, end] }) => end > from && start < to)
        .map(({ span, kind, words }) => (
          <span
            key={`${kind}${span[0]}`}
            class={`mark ${kind}`}
            title={words}
            style={{ left: share(span[0]), width: width(span) }}
          />
        ))}
      {window && <span class="window" style={{ left: share(window[0]), width: width(window) }} />}
      <canvas ref={canvas} />
      {position < from || position > to ? null : <span class="playhead" style={{ left: share(position) }} />}
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, peaks: Peaks | undefined, from: number, to: number): void {
  const { clientWidth, clientHeight } = canvas;
  const scale = devicePixelRatio;
  canvas.width = Math.round(clientWidth * scale);
  canvas.height = Math.round(clientHeight * scale);
  const context = canvas.getContext('2d');
  if (context === null || peaks === undefined || to <= from) return;
  // a canvas does not understand light-dark(): it takes the colour that the element has
  context.fillStyle = getComputedStyle(canvas).color;
  const height = canvas.height / peaks.lanes.length;
  for (const [index, lane] of peaks.lanes.entries()) {
    const middle = height * (index + 0.5);
    const { min, max } = columnsOf(lane, peaks, { from, to, columns: canvas.width });
    for (let column = 0; column < canvas.width; column += 1) {
      const up = ((max[column] ?? 0) / 128) * (height / 2 - scale);
      const down = ((-1 * (min[column] ?? 0)) / 128) * (height / 2 - scale);
      context.fillRect(column, middle - up, 1, Math.max(1, up + down));
    }
  }
}
