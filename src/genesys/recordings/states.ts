/** What the states of recordings mean, and how long to wait for which. Pure. */

export type Triage = 'fetch' | 'wait' | 'restore' | 'deleted' | 'error';

/** What to do about a recording in that state. States that do not exist yet are tried: the file decides. */
export function triage(fileState: string | undefined): Triage {
  switch (fileState ?? '') {
    case 'UPLOADING':
    case 'RESTORING':
      return 'wait';
    case 'ARCHIVED':
      return 'restore';
    case 'DELETED':
      return 'deleted';
    case 'ERROR':
      return 'error';
    default:
      return 'fetch';
  }
}

const MINUTE = 60_000;

/** SQS delays no message for longer than 15 minutes, so a longer wait could not be honoured. */
export const MAX_WAIT_MS = 15 * MINUTE;

/** Bringing a recording back from the archive takes hours. */
export const RESTORING_WAIT_MS = MAX_WAIT_MS;

/**
 * When to look again for what should appear by itself: a third of the time it has been missing so far, so that a late recording
 * is late by a third more at most, and a horizon of two hours costs fewer than twenty calls.
 *
 * @param ageMs since the end of the conversation; `undefined` while that is unknown.
 */
export function waitForAppearance(ageMs: number | undefined): number {
  if (ageMs === undefined) return 5 * MINUTE;
  return Math.round(Math.min(MAX_WAIT_MS, Math.max(MINUTE, ageMs / 3)));
}

/** What is said of a recording that waits for others to be brought back first. */
export const QUEUED_FOR_RESTORE = 'waiting for its turn to be brought back';

/** Pauses between two looks at a file that is being made, ms, where the platform does not say how long it takes. */
const TRANSCODING_PAUSES = [5_000, 5_000, 10_000, 15_000, 30_000, 30_000, 60_000] as const;

/**
 * When to look again for a file that is being made.
 * @param estimateMs what the platform says is left, if it does.
 * @param looks how often it was not there yet, from 1.
 */
export function waitForTranscoding(estimateMs: number | undefined, looks: number): number {
  const schedule = TRANSCODING_PAUSES[Math.min(looks, TRANSCODING_PAUSES.length) - 1] ?? 60_000;
  if (estimateMs === undefined || !(estimateMs > 0)) return schedule;
  // a quarter on top: what asks a moment too early asks twice
  return Math.min(MAX_WAIT_MS, Math.max(1_000, Math.round(estimateMs * 1.25)));
}

/** A state as it may be printed: at most 40 lower-case letters, spaces and dashes of the platform's word. */
export function wordOf(state: string): string {
  return state
    .toLowerCase()
    .replaceAll(/[^a-z -]/g, '')
    .slice(0, 40);
}
