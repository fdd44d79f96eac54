/** What the scheduled restore drills do: of the deploy settings, and the event of their schedule. */
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';

export const drillSettings = z.strictObject({
  /** Recordings of one drill. */
  sample: z.int().min(1).max(1_000).default(20),
  /** Days from one drill to the next. */
  everyDays: z.int().min(1).max(92).default(7),
});

export type DrillSettings = z.output<typeof drillSettings>;

/** @throws `CONFIG_INVALID` (not retryable) for an event that says something else. */
export function readDrillEvent(event: unknown): DrillSettings {
  const result = z.safeParse(drillSettings, event ?? {});
  if (result.success) return result.data;
  const names = result.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw new ArchiveError('CONFIG_INVALID', `the event of the drills is not valid: ${names}`, {
    hint: 'it is {"sample": 1 to 1000, "everyDays": 1 to 92}, each may be left out',
  });
}
