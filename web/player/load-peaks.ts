import { ApiError, getBytes } from '../api.ts';
import type { PeaksPending } from '../api-types.ts';
import { joinPeaks, parsePeaks, type Peaks } from './peaks.ts';

/** Points a second over the whole of a recording, for overview and silence. */
const COARSE_PER_S = 4;
/** Seconds in one request for the whole, and for a part that is looked at closely. */
const PORTION_S = 1000;
export const FINE_S = 60;
const FINE_PER_S = 32;
/** About four minutes, with a second between two of them. */
const MAX_RETRIES = 240;

export interface PeaksOf {
  /** Where they are asked. */
  readonly address: string;
  readonly archive: string | undefined;
  readonly channel: string | undefined;
}

export interface PeaksListener {
  readonly onPeaks: (peaks: Peaks) => void;
  /** What is missing, in words; empty where nothing is. */
  readonly onWords: (words: string) => void;
}

/** Loads the whole, coarsely, a portion after the other. What cannot be loaded is said, and costs no sound. */
export async function loadWhole(
  of: PeaksOf,
  signal: AbortSignal,
  { onPeaks, onWords }: PeaksListener,
): Promise<void> {
  const parts: Peaks[] = [];
  try {
    for (;;) {
      const from = parts.length * PORTION_S;
      const part = await loadPart(of, { from, seconds: PORTION_S, perSecond: COARSE_PER_S }, signal, onWords);
      if (part === undefined) return onWords('no waveform');
      parts.push(part);
      if (part.length > 0) onPeaks(joinPeaks(parts));
      if (part.length < PORTION_S * part.perSecond) return onWords('');
    }
  } catch (error) {
    if (signal.aborted) return;
    // a recording of exactly so many portions ends in a refusal
    if (parts.length > 0 && error instanceof ApiError && error.status === 416) return onWords('');
    onWords(error instanceof ApiError ? `no waveform: ${error.message}` : 'no waveform');
  }
}

/** Loads the peaks of one minute; `undefined` where they are not there, and the coarse ones have to do. */
export async function loadMinute(
  of: PeaksOf,
  minute: number,
  signal: AbortSignal,
): Promise<Peaks | undefined> {
  try {
    return await loadPart(of, { from: minute * FINE_S, seconds: FINE_S, perSecond: FINE_PER_S }, signal);
  } catch {
    return undefined;
  }
}

interface Part {
  readonly from: number;
  readonly seconds: number;
  readonly perSecond: number;
}

async function loadPart(
  { address, archive, channel }: PeaksOf,
  { from, seconds, perSecond }: Part,
  signal: AbortSignal,
  onWords: (words: string) => void = () => undefined,
): Promise<Peaks | undefined> {
  for (let turn = 0; turn < MAX_RETRIES && !signal.aborted; turn += 1) {
    const query = { archive, channel, from, to: from + seconds, columns: seconds * perSecond };
    const response = await getBytes(address, query, signal);
    if (response.status !== 202) return parsePeaks(await response.arrayBuffer(), from);
    onWords('the waveform is being made …');
    const { retryMs } = (await response.json()) as PeaksPending;
    await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, Math.max(200, retryMs))));
  }
  return undefined;
}
