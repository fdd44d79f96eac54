import { BACKFILL } from '../backfill/backfill-kind.ts';
import { createBackfill } from '../create/backfill/create-backfill.ts';
import type { JobKindSource } from './kind-source.ts';

/** Brings recordings from before into the archive. */
export const backfillJobs: JobKindSource = {
  name: BACKFILL,
  open: async ({ clock, logger, settings }) => {
    const backfill = await createBackfill(await settings('archive'), { clock, logger });
    return { kind: backfill.kind, close: () => backfill.close() };
  },
};
