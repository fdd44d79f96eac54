/** Recordings of one drill. */
export const MAX_SAMPLE = 1_000;
export const DEFAULT_SAMPLE = 20;
