/** What the scheduled verification does: of the deploy settings, and the event of its schedule. */
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';

const MAX_DAYS = 400;

export const verificationSettings = z.strictObject({
  /** In so many days every recording is looked at at least once; one run a day. */
  days: z.int().min(1).max(MAX_DAYS).default(100),
  /** As `verify --depth`; `full` lets the function decrypt. */
  depth: z.enum(['head', 'ciphertext', 'full']).default('head'),
  /** As `verify --allow`. */
  allow: z.array(z.enum(['adopted', 'unproven', 'moved'])).default([]),
});

export type VerificationSettings = z.output<typeof verificationSettings>;

/** @throws `CONFIG_INVALID` (not retryable) for an event that says something else. */
export function readVerificationEvent(event: unknown): VerificationSettings {
  const result = z.safeParse(verificationSettings, event ?? {});
  if (result.success) return result.data;
  const names = result.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw new ArchiveError('CONFIG_INVALID', `the event of the verification is not valid: ${names}`, {
    hint: 'it is {"days": 1 to 400, "depth": "head", "ciphertext" or "full", "allow": […]}, each may be left out',
  });
}
