import { clock } from '../format.ts';

/** `0:00–1:30, 2:00–2:10`: what was heard. */
export function heardText(spans: readonly (readonly [number, number])[]): string {
  if (spans.length === 0) return 'nothing';
  return spans.map(([start, end]) => `${clock(start)}–${clock(end)}`).join(', ');
}
