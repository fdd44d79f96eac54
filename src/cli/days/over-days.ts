/** `--day`, `--from` and `--to` of what is fetched of days that are over. */
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { DAY_MS, dayOf, parseDay } from '../../recording/time.ts';

export interface OverDays {
  readonly day?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Epoch ms of the first and the last day. @throws `USAGE`. */
export function readOverDays(
  { day, from, to }: OverDays,
  now: number,
): { readonly from?: number; readonly to?: number } {
  if (day !== undefined && (from !== undefined || to !== undefined)) {
    throw new ArchiveError('USAGE', 'choose either --day, or --from and --to');
  }
  const first = readDay('--from', day ?? from);
  const last = readDay('--to', day ?? to);
  if (first !== undefined && last !== undefined && first > last) {
    throw new ArchiveError('USAGE', `the range ends on ${to}, before it begins on ${from}`, {
      hint: 'exchange --from and --to',
    });
  }
  for (const one of [first, last]) {
    if (one === undefined || one + DAY_MS <= now) continue;
    throw new ArchiveError('USAGE', `${dayOf(one)} is not over yet`, { hint: 'days are those of UTC' });
  }
  return present({ from: first, to: last });
}

/** Reports whether a day, `YYYY-MM-DD`, is within what {@link readOverDays} read. */
export function isWithin({ from, to }: ReturnType<typeof readOverDays>, day: string): boolean {
  const at = parseDay(day) ?? 0;
  return at >= (from ?? 0) && at <= (to ?? Number.POSITIVE_INFINITY);
}

function readDay(flag: string, text: string | undefined): number | undefined {
  const at = text === undefined ? undefined : parseDay(text);
  if (text === undefined || at !== undefined) return at;
  throw new ArchiveError('USAGE', `${flag} is not a day`, { hint: 'write it as 2026-05-20' });
}
