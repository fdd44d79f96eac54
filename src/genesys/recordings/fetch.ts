import type { Budget, Clock } from '../../clock.ts';
import type { ArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { MediaItem } from '../../ports.ts';
import { present } from '../../present.ts';
import type { AudioFormat, FileFacts } from '../../recording/facts.ts';
import { requireSameIds } from '../answer-ids.ts';
import { type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import { type RecordingAnswer, readRecording } from './answers.ts';
import { extensionOf, formatQuery } from './file-formats.ts';
import { waitForTranscoding } from './states.ts';
import { parseJsonObject } from '../responses.ts';
import { requireWritten } from '../write-back/written.ts';

export interface FetchOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly format: AudioFormat;
  /** Where it is known, answers about another organization are refused. */
  readonly organizationId?: string | undefined;
}

/** What asking for the files of one recording gave. */
export type Found =
  | { readonly state: 'files'; readonly items: readonly MediaItem[] }
  | { readonly state: 'transcoding'; readonly retryAfterMs: number }
  /** `recording` is what the platform said of it now, if anything. */
  | { readonly state: 'no-file'; readonly status: string; readonly recording?: RecordingAnswer }
  | { readonly state: 'forbidden'; readonly hint: string | undefined }
  | { readonly state: 'failed'; readonly error: ArchiveError }
  /** A batch did not list it. */
  | { readonly state: 'left-out' };

/**
 * How long one look waits for files that are being made, ms. Most take seconds; what takes longer goes back to the queue, which
 * waits for nothing.
 */
export const TRANSCODING_PATIENCE_MS = 60_000;

/** Time that is left for the download itself, ms. */
export const DOWNLOAD_RESERVE_MS = 30_000;

/** The budget of a look that leaves time to others. */
export interface LookBudget extends Budget {
  /** Of {@link DOWNLOAD_RESERVE_MS}, what the deadline has been brought forward by already. */
  readonly keptMs?: number;
}

/**
 * Reports whether a pause of `delayMs` may be slept here; if not, the work goes back to the queue.
 * @param waitedMs slept so far.
 */
export function mayWait(clock: Clock, budget: LookBudget, waitedMs: number, delayMs: number): boolean {
  const reserveMs = DOWNLOAD_RESERVE_MS - (budget.keptMs ?? 0);
  return waitedMs + delayMs <= TRANSCODING_PATIENCE_MS && clock.now() + delayMs + reserveMs < budget.deadline;
}

/** Asks for the files of one recording, and waits a little while they are being made. */
export async function fetchRecording(
  { api, clock, format, organizationId }: FetchOptions,
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
    if (answer.status !== 200 && answer.status !== 202) throw unexpectedAnswer(what, answer);
    const body = parseJsonObject(answer.text);
    const asked = { conversationId, recordingId: id, organizationId, own: 'recordingId' } as const;
    requireSameIds(what, answer, body, asked);
    const recording = readRecording(body);
    if (answer.status === 202) {
      const delayMs = waitForTranscoding(recording?.estimatedTranscodeTimeMs, looks);
      if (!mayWait(clock, budget, waitedMs, delayMs)) return { state: 'transcoding', retryAfterMs: delayMs };
      await clock.sleep(delayMs, budget.signal);
      waitedMs += delayMs;
      continue;
    }
    if (recording === undefined) throw unexpectedAnswer(what, answer);
    const { files } = recording;
    if (files.length === 0) return { state: 'no-file', status: recording.fileState ?? 'no file', recording };
    return {
      state: 'files',
      items: files.map((file) => toItem(conversationId, recording, file, { format, listed })),
    };
  }
}

/** `S` is the one file there is; anything else is one of several, each with an object of its own. */
function toItem(
  conversationId: string,
  recording: RecordingAnswer,
  { channel, url }: RecordingAnswer['files'][number],
  { format, listed }: { readonly format: AudioFormat; readonly listed: RecordingAnswer },
): MediaItem {
  const { media, durationMs, recordedAt } = recording;
  const { region } = listed;
  return {
    // as it was listed: an answer may spell it in another letter case, and keys are made of it
    ids: { recordingId: listed.id, conversationId, ...(channel === 'S' ? {} : { channel }) },
    url,
    ...present({
      mediaType: media?.toLowerCase().slice(0, 40),
      durationMs,
      recordedAt,
      region,
    }),
    file: factsOf(recording, extensionOf(recording.kind, format)),
  };
}

/** What is known of a file of `recording`. */
export function factsOf(
  { kind, subtype, endedAt }: Pick<RecordingAnswer, 'kind' | 'subtype' | 'endedAt'>,
  extension: string,
): FileFacts {
  return {
    kind,
    extension,
    ...present({ subtype, endedAt }),
  };
}

/** How long a recording that is brought back stays, ms: longer than a queue keeps a message by default (4 days). */
const RESTORED_FOR_MS = 7 * 86_400_000;

/**
 * Asks for a recording to be brought back from the platform's own archive.
 *
 * @returns `hint` when the client may not.
 * @throws `GENESYS_BAD_RESPONSE`, and what the API client throws.
 */
export async function requestRestore(
  { api, clock, logger }: FetchOptions,
  conversationId: string,
  { id: recordingId, deleteDate }: RecordingAnswer,
  budget: Budget,
): Promise<
  { readonly state: 'restoring' } | { readonly state: 'refused'; readonly hint: string | undefined }
> {
  const answer = await api.call(
    {
      method: 'PUT',
      path: ['api', 'v2', 'conversations', conversationId, 'recordings', recordingId],
      body: {
        archiveDate: new Date(clock.now() + RESTORED_FOR_MS).toISOString(),
        ...present({ deleteDate }),
      },
    },
    budget,
  );
  if (answer.status === 403) return { state: 'refused', hint: explainRefusal('restoreRecording', answer) };
  requireWritten(`restoring recording ${recordingId}`, answer, {
    asked: { conversationId, recordingId, own: 'recordingId' },
    needsBody: true,
  });
  logger.log('debug', 'recording is being brought back from the archive', { recordingId, conversationId });
  return { state: 'restoring' };
}
