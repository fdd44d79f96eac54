import type { Budget, Clock } from '../../clock.ts';
import { ArchiveError, type ErrorCode } from '../../errors.ts';
import type { RecordingAnswer } from './answers.ts';
import { requestBatch } from './batch.ts';
import {
  DOWNLOAD_RESERVE_MS,
  type FetchOptions,
  type Found,
  fetchRecording,
  type LookBudget,
} from './fetch.ts';
import { forEachOf } from '../../for-each-of.ts';

/** Recordings of one conversation that are asked for at a time; the rate budget is shared anyway. */
const CONCURRENCY = 4;

/** What concerns one recording only. Everything else (credentials, the end of the time, an interruption) ends the look. */
const OF_ONE_RECORDING: ReadonlySet<ErrorCode> = new Set([
  'GENESYS_BAD_RESPONSE',
  'GENESYS_FORBIDDEN',
  'GENESYS_THROTTLED',
  'GENESYS_UNAVAILABLE',
]);

/**
 * Asks for the files of the recordings that are wanted, in their order. A recording that the platform answers wrongly about is
 * `failed`; the others are found all the same.
 *
 * @param options.batch asks for all at once, in the format they were recorded in.
 */
export async function fetchFiles(
  options: FetchOptions & { readonly batch: boolean },
  conversationId: string,
  wanted: readonly RecordingAnswer[],
  budget: Budget,
): Promise<readonly Found[]> {
  const limited = wanted.length > 1 ? keepTimeForDownloads(options.clock, budget) : budget;
  if (options.batch) return fetchBatch(options, conversationId, wanted, limited);
  const found: Found[] = [];
  await forEachOf(wanted.entries(), CONCURRENCY, async ([at, recording]) => {
    found[at] = await standAlone(
      () => fetchRecording(options, conversationId, recording, limited),
      (error) => isOwn(error, options.clock, budget),
    );
  });
  return found;
}

/** Fetches the files of recordings of one conversation: one {@link Found} for each, in their order. */
export type FileFetcher = (
  conversationId: string,
  wanted: readonly RecordingAnswer[],
  budget: Budget,
) => Promise<readonly Found[]>;

/** Fetches for each conversation by itself. */
export function fetchAlone(options: FetchOptions & { readonly batch: boolean }): FileFetcher {
  return (conversationId, wanted, budget) => fetchFiles(options, conversationId, wanted, budget);
}

async function fetchBatch(
  options: FetchOptions,
  conversationId: string,
  wanted: readonly RecordingAnswer[],
  budget: Budget,
): Promise<readonly Found[]> {
  const items = wanted.map((listed) => ({ conversationId, recordingId: listed.id, listed }));
  const results = await requestBatch(options, items, budget);
  return wanted.map(({ id }) => results.get(id) ?? { state: 'left-out' });
}

/** Turns an error that concerns one recording into a value. */
export async function standAlone<T>(
  work: () => Promise<T>,
  isOwnError: (error: ArchiveError) => boolean = isOfOneRecording,
): Promise<T | Extract<Found, { state: 'failed' }>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError && isOwnError(error)) return { state: 'failed', error };
    throw error;
  }
}

function isOfOneRecording({ code }: ArchiveError): boolean {
  return OF_ONE_RECORDING.has(code);
}

/** A recording that used up the time of the look, and left that of the downloads, has failed by itself. */
function isOwn(error: ArchiveError, clock: Clock, budget: Budget): boolean {
  const timeIsLeft = !budget.signal.aborted && clock.now() < budget.deadline;
  return isOfOneRecording(error) || (error.code === 'OUT_OF_TIME' && timeIsLeft);
}

/** A recording that is never answered must not use up the time in which the others are downloaded. */
function keepTimeForDownloads(clock: Clock, { deadline, signal }: Budget): LookBudget {
  if (!Number.isFinite(deadline)) return { deadline, signal };
  const left = deadline - clock.now();
  const keptMs = Math.max(0, Math.min(DOWNLOAD_RESERVE_MS, left / 2));
  return { deadline: deadline - keptMs, signal, keptMs };
}
