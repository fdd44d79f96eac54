/** What a job's own options have to be. */
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { createLayout, type LayoutChoice } from '../record/layout.ts';

/** @throws `JOB_CHANGED` for options that this version does not understand. */
export function readOptions<T>(schema: z.ZodType<T>, options: unknown): T {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new ArchiveError('JOB_CHANGED', 'the options of the job are not what this version knows', {
    hint: 'plan the job again with this version',
  });
}

/** Options of the jobs that move recordings under other keys. */
export const rekeyOptions = z.object({
  store: z.string(),
  layout: z.string(),
  wrap: z.string().optional(),
  unverified: z.boolean(),
});

interface PlannedArchive {
  readonly store: string;
  readonly layout: string;
}

/** A plan holds keys: in another archive, or another layout, they name nothing. @throws `JOB_CHANGED`. */
export function requireSameArchive(
  planned: PlannedArchive,
  here: { readonly store: Pick<ObjectStore, 'location'>; readonly layout: LayoutChoice },
): void {
  const { store } = here;
  const layout = createLayout(here.layout).source;
  if (planned.store !== store.location) {
    throw new ArchiveError(
      'JOB_CHANGED',
      `the job was planned for ${planned.store}, and this runner has ${store.location}`,
      { hint: 'run it where ARCHIVE_STORE is the archive that it was planned for' },
    );
  }
  if (planned.layout !== layout) {
    throw new ArchiveError(
      'JOB_CHANGED',
      `the job was planned for the layout ${planned.layout}, and this runner has ${layout}`,
      { hint: 'set ARCHIVE_LAYOUT as it was when the job was planned, or plan it again' },
    );
  }
}
