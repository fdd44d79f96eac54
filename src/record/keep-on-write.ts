import type { KeepOnWrite } from '../ports.ts';
import { DAY_MS } from '../recording/time.ts';

/** Tag whose value is the number of days after which a lifecycle rule of the bucket removes an object. */
export const REMOVAL_TAG = 'archive-remove-after-days';

/** What the rules of retention want of every write, by the kind of content: `audio`, `video`, `other`. */
export interface RetentionAtWrite {
  readonly by: 'compliance' | 'governance' | 'tags';
  readonly days: Readonly<Record<string, number>>;
}

/** ms; S3 refuses a lock that is over when it arrives, and clocks differ. */
export const MIN_LOCK_MS = 3_600_000;

/** @param at time of the recording, which days count from. */
export function keepOnWrite(
  { by, days }: RetentionAtWrite,
  contentType: string | undefined,
  at: number,
  now: number,
): KeepOnWrite | undefined {
  const kind = /^(?:audio|video)(?=\/)/.exec(contentType ?? '')?.[0] ?? 'other';
  const number = days[kind];
  if (number === undefined) return undefined;
  if (by === 'tags') return { tag: `${REMOVAL_TAG}=${number}` };
  const until = at + number * DAY_MS;
  return until < now + MIN_LOCK_MS ? undefined : { lock: by, until };
}
