import { ArchiveError } from '../../errors.ts';
import { dayOf, parseDay } from '../../recording/time.ts';

/** Reads the day of an option. @returns epoch ms of its beginning. @throws `USAGE`. */
export function requireDay(flag: string, text: string): number {
  const at = parseDay(text);
  if (at !== undefined) return at;
  throw new ArchiveError('USAGE', `${flag} is not a day`, { hint: 'write 2026-05-20' });
}

/**
 * Refuses a day of the future: nothing was recorded on it yet, and to say so would look like a statement about it.
 *
 * @param day epoch ms of its beginning.
 * @throws `USAGE`.
 */
export function requireBegun(day: number, now: number): void {
  if (day <= now) return;
  throw new ArchiveError('USAGE', `${dayOf(day)} has not begun`, { hint: 'days are those of UTC' });
}
