import { ArchiveError } from '../../errors.ts';
import { dayOf } from '../../recording/time.ts';

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
