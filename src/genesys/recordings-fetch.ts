import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { MediaItem } from '../ports.ts';
import { type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { type RecordingAnswer, readRecording } from './recordings-answers.ts';
import { type AudioFormat, formatQuery, waitForTranscoding } from './recordings-policy.ts';
import { parseJsonObject } from './responses.ts';

export interface FetchOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly format: AudioFormat;
}

/** What asking for the files of one recording gave. */
export type Found =
  | { readonly state: 'files'; readonly items: readonly MediaItem[] }
  | { readonly state: 'transcoding'; readonly retryAfterMs: number }
  /** `recording` is what the platform said of it now, if anything. */
  | { readonly state: 'no-file'; readonly status: string; readonly recording?: RecordingAnswer }
  | { readonly state: 'forbidden'; readonly hint: string | undefined }
  /** A batch did not speak of it. */
  | { readonly state: 'left-out' };

/**
 * How long one look waits for files that are being made, ms. Most take seconds; what takes longer goes back to the queue, which
 * waits for nothing.
 */
export const TRANSCODING_PATIENCE_MS = 60_000;

/** Time that is left for the download itself, ms. */
const DOWNLOAD_RESERVE_MS = 30_000;

/**
 * May a pause of `delayMs` be slept here, or has the work to go back to the queue?
 * @param waitedMs slept so far.
 */
export function mayWait(clock: Clock, budget: Budget, waitedMs: number, delayMs: number): boolean {
  return (
    waitedMs + delayMs <= TRANSCODING_PATIENCE_MS &&
    clock.now() + delayMs + DOWNLOAD_RESERVE_MS < budget.deadline
  );
}

/** Asks for the files of one recording, and waits a little while they are being made. */
export async function fetchRecording(
  { api, clock, format }: FetchOptions,
  conversationId: string,
  listed: RecordingAnswer,
  budget: Budget,
): Promise<Found> {
  const { id } = listed;
  const what = `recording ${id}`;
  let waitedMs = 0;
  for (let looks = 1; ; looks += 1) {
    const answer = await api.call(
      {
        method: 'GET',
        path: ['api', 'v2', 'conversations', conversationId, 'recordings', id],
        query: formatQuery(listed.kind, format),
      },
      budget,
    );
    if (answer.status === 404) return { state: 'no-file', status: 'not found' };
    if (answer.status === 403) return { state: 'forbidden', hint: explainRefusal('getRecording', answer) };
    const recording = readRecording(parseJsonObject(answer.text));
    if (answer.status === 202) {
      const delayMs = waitForTranscoding(recording?.estimatedTranscodeTimeMs, looks);
      if (!mayWait(clock, budget, waitedMs, delayMs)) return { state: 'transcoding', retryAfterMs: delayMs };
      await clock.sleep(delayMs, budget.signal);
      waitedMs += delayMs;
      continue;
    }
    if (answer.status !== 200) throw unexpectedAnswer(what, answer);
    if (recording?.id !== id) {
      throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what}: the answer is about something else`, {
        details: { status: answer.status, correlationId: answer.correlationId },
      });
    }
    const { files } = recording;
    if (files.length === 0) return { state: 'no-file', status: recording.fileState ?? 'no file', recording };
    return { state: 'files', items: files.map((file) => toItem(conversationId, recording, file)) };
  }
}

/** `S` is the one file there is; anything else is one of several, each with an object of its own. */
function toItem(
  conversationId: string,
  { id, media, durationMs, recordedAt }: RecordingAnswer,
  { channel, url }: RecordingAnswer['files'][number],
): MediaItem {
  return {
    ids: { recordingId: id, conversationId, ...(channel === 'S' ? {} : { channel }) },
    url,
    ...(media === undefined ? {} : { mediaType: media.toLowerCase().slice(0, 40) }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(recordedAt === undefined ? {} : { recordedAt }),
  };
}
