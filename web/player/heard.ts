/** Which seconds were played. Pure. */
import type { Span } from './silence.ts';

/** Seconds between two reports of the position up to which the time between them was played, at double speed and on a busy machine. */
const MAX_STEP_S = 3;

/** Adds the way from one reported position to the next; a jump adds nothing. */
export function heardTo(spans: readonly Span[], from: number, to: number): Span[] {
  if (to <= from || to - from > MAX_STEP_S) return [...spans];
  return joined([...spans, [from, to]]);
}

/** Sorts, and joins what touches. */
export function joined(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort(([a], [b]) => a - b);
  const out: [number, number][] = [];
  for (const [start, end] of sorted) {
    const last = out.at(-1);
    if (last !== undefined && start <= last[1] + 0.01) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}
