/** Of the deploy settings: the function that seals the log; and the event of its schedule. */
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { drillSettings } from './drill.ts';
import { present } from '../../present.ts';

export const sealSettings = z.strictObject({
  /** Name of the log, for ever: `ARCHIVE_PROOF_ORIGIN`. */
  origin: z.string().regex(/^[^\s+]{1,255}$/, 'is a name without spaces and plus signs'),
  /** Bucket, best of another account, that gets a copy of each checkpoint: `s3://BUCKET[/PREFIX]`. */
  secondStore: z
    .string()
    .regex(
      /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\s]{1,200})?$/,
      'is s3://BUCKET or s3://BUCKET/PREFIX',
    )
    .optional(),
  /** Object Lock of what the log writes once: `ARCHIVE_PROOF_LOCK`. */
  lock: z
    .strictObject({ mode: z.enum(['governance', 'compliance']), days: z.int().min(1).max(36_500) })
    .optional(),
  /** Restores a sample every so often; `false`: no function of the stack does. */
  drill: z.union([z.literal(false), drillSettings]).optional(),
});

export type SealSettings = z.output<typeof sealSettings>;

const day = z.iso.date();

const sealEvent = z.strictObject({
  /** Begins the log. */
  init: z.strictObject({ first: day, recoveryVkey: z.string().min(1).optional() }).optional(),
  /** Looks at all days, not only at those that are open. */
  everyDay: z.boolean().default(false),
  /** Started by the schedule, each hour: seals twice a day, and goes on with a count that was cut off. */
  hourly: z.boolean().default(false),
});

/** @throws `CONFIG_INVALID` (not retryable) for an event that says something else. */
export function readSealEvent(event: unknown): {
  readonly init: { readonly first: string; readonly recoveryVkey?: string } | undefined;
  readonly everyDay: boolean;
  readonly hourly: boolean;
} {
  const result = z.safeParse(sealEvent, event ?? {});
  if (!result.success) {
    const names = result.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
    throw new ArchiveError('CONFIG_INVALID', `the event of the sealer is not valid: ${names}`, {
      hint: 'it is {}, {"everyDay": true}, or once {"init": {"first": "YYYY-MM-DD"}}',
    });
  }
  const { init, everyDay, hourly } = result.data;
  const recovery = present({ recoveryVkey: init?.recoveryVkey });
  return { everyDay, hourly, init: init === undefined ? undefined : { first: init.first, ...recovery } };
}
