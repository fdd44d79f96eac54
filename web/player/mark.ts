import type { Span } from './silence.ts';

/** A stretch of a recording that the waveform marks, and what it is in words. */
export interface Mark {
  readonly span: Span;
  readonly kind: 'hold' | 'pause' | 'damaged';
  readonly words: string;
}
