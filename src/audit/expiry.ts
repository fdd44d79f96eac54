/** An object that is gone because a rule of retention let it go. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { DATE_LAYOUT } from '../record/layout.ts';
import { dayOf } from '../recording/time.ts';
import type { ExaminePorts } from './examine/ports.ts';

/**
 * When its rule let an object go (epoch ms); `undefined` for one that is kept by its rules, or of which no rule is known.
 *
 * @throws `HOLD_DAMAGED`, `STORE_*`.
 */
export async function expiryOf(
  { expired, layout = DATE_LAYOUT }: Pick<ExaminePorts, 'expired' | 'layout'>,
  key: string,
  budget: Budget,
): Promise<number | undefined> {
  const day = layout.parse(key)?.date;
  return day === undefined || expired === undefined ? undefined : (await expired.of(day, budget)).get(key);
}

export function recordingExpired(at: number): ArchiveError {
  return new ArchiveError(
    'RECORDING_EXPIRED',
    `the recording was removed by its rule of retention, which let it go on ${dayOf(at)}`,
  );
}
