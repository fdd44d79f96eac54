/** Wires how a backfill has files fetched: a hundred conversations at once, and none of what the archive has. */
import type { DownloadSlots } from '../../backfill/download-slots.ts';
import type { KnownContexts } from '../../backfill/facts/known-contexts.ts';
import { filingTime } from '../../backfill/filing-time.ts';
import { findKept } from '../../backfill/find-kept.ts';
import type { KnownTimes } from '../../backfill/known-times.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { createGroupedFiles, type GroupedFiles } from '../../genesys/batch/grouped-files.ts';
import type { RecordingAnswer } from '../../genesys/recordings/answers.ts';
import { factsOf, type FetchOptions, type Found } from '../../genesys/recordings/fetch.ts';
import type { FileFetcher } from '../../genesys/recordings/look.ts';
import { extensionOf } from '../../genesys/recordings/file-formats.ts';
import type { ObjectStore } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';

export interface BackfillFilesOptions {
  readonly config: Pick<ArchiveConfig, 'recordings' | 'backfill'>;
  readonly store: ObjectStore;
  readonly layout: Layout;
  readonly slots: DownloadSlots;
  readonly times: KnownTimes;
  readonly contexts: KnownContexts | undefined;
}

export function createBackfillFiles(
  { config, store, layout, slots, times, contexts }: BackfillFilesOptions,
  fetching: FetchOptions,
): GroupedFiles {
  const { recordings, backfill } = config;
  const filed = (conversationId: string, { id: recordingId, recordedAt, kind }: RecordingAnswer) => ({
    conversationId,
    recordingId,
    recordedAt,
    times: times.get(conversationId),
    extension: extensionOf(kind, recordings.format),
  });

  const asBatchable = (conversationId: string, recording: RecordingAnswer) => {
    if (recordings.batch) return recording;
    // text and screens are kept as live archiving keeps them
    if (!backfill.batch || recording.kind !== 'call') return undefined;
    const recordedAt = filingTime(layout, filed(conversationId, recording));
    return recordedAt === undefined ? undefined : { ...recording, recordedAt };
  };

  const findInArchive = async (
    conversationId: string,
    listed: RecordingAnswer,
    budget: Budget,
  ): Promise<Found | undefined> => {
    const recording = filed(conversationId, listed);
    const file = factsOf(listed, recording.extension);
    const item = await findKept({ store, layout }, { ...recording, file }, budget);
    return item === undefined ? undefined : { state: 'files', items: [item] };
  };

  const grouped = createGroupedFiles({
    ...fetching,
    asBatchable,
    fetchLeftOut: !recordings.batch,
    findKept: findInArchive,
  });
  const fetch: FileFetcher = async (conversationId, wanted, budget) => {
    contexts?.note(conversationId, wanted);
    const found = await grouped.fetch(conversationId, wanted, budget);
    // what is downloaded next waits here, not the questions about the next conversations
    await slots.take(conversationId, budget.signal);
    return found;
  };
  return { ...grouped, fetch };
}
