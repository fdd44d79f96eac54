/** Of the deploy settings: the function that works on jobs. */
import * as z from 'zod';

export const jobsSettings = z.strictObject({
  /** Invocations at a time, reserved; `null` reserves none. */
  concurrency: z.int().min(1).max(10).nullable().default(1),
  /** Backfill uses an OAuth client of its own, in a secret of its own. */
  ownClient: z.boolean().default(false),
});

export type JobsSettings = z.output<typeof jobsSettings>;
