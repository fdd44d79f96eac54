import type { Budget } from '../../clock.ts';
import type { ArchivedRecordings, ObjectStore, ObjectSummary } from '../../ports.ts';
import { readExportKey } from '../export/export-keys.ts';
import type { ExportedItem } from '../items.ts';
import { leaveOutArchived } from './leave-out.ts';
import type { PlanCounts } from './plan-counts.ts';

export interface ExportRequest {
  readonly source: ObjectStore;
  readonly archived: ArchivedRecordings;
  readonly counts: PlanCounts;
  readonly budget: Budget;
}

/** The files of an export that the archive has not. A file without its sidecar is planned, too: the sidecar may follow. */
export async function* planExport(request: ExportRequest): AsyncGenerator<ExportedItem, void, undefined> {
  const { source, archived, counts, budget } = request;
  async function* recordings() {
    for await (const summary of source.list('', budget)) {
      const key = readExportKey(summary.key);
      if (key.kind === 'recording') yield { summary, recordingId: key.name.recordingId };
      else if (key.kind !== 'sidecar') counts.others += 1;
    }
  }
  const missing = leaveOutArchived<{ summary: ObjectSummary; recordingId: string }>(recordings(), {
    archived,
    recordingOf: ({ recordingId }) => recordingId,
    onLeftOut: () => {
      counts.archived += 1;
    },
    budget,
  });
  for await (const { summary } of missing) {
    counts.items += 1;
    counts.recordings += 1;
    counts.bytes += summary.size;
    yield { file: summary.key, bytes: summary.size };
  }
}
