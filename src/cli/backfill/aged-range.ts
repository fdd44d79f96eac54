import { agedBefore } from '../../genesys/inventory/bulk-counter.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { count } from '../_format.ts';
import type { ChosenSource } from './choose-source.ts';
import type { PlanTools } from './plan-items.ts';

export const AGED_HINT =
  'let the platform export them in bulk and take that with --from-export, or try --inventory; docs/backfill.md, "More than five years ago"';

/**
 * Why a range of days has no conversations that lies more than five years ago: the platform's analytics do not reach there. A bulk job that is never
 * started counts the recordings, where the client may create one.
 *
 * @returns `undefined` for another source, and for days that the analytics do list.
 */
export async function explainAged(
  chosen: ChosenSource,
  { backfill, budget, now }: PlanTools,
): Promise<string | undefined> {
  if (chosen.kind !== 'days' || chosen.to + DAY_MS > agedBefore(now())) return undefined;
  const days = `${dayOf(chosen.from)} to ${dayOf(chosen.to)}`;
  const counted = await backfill.inventory.count({ from: chosen.from, to: chosen.to + DAY_MS }, budget);
  const why = `the platform's analytics list no conversation of more than five years ago`;
  switch (counted.state) {
    case 'known':
      if (counted.recordings === 0) return `${why}, and a bulk job counts no recordings of ${days}`;
      return `${why}; a bulk job counts ${count(counted.recordings, 'recording')} of ${count(counted.conversations, 'conversation')} from ${days}`;
    case 'forbidden':
      return `${why}; whether there are recordings of ${days} cannot be asked without recording:job:add`;
    case 'unknown':
      return `${why}; the platform did not count the recordings of ${days}`;
  }
}
