import { requireRange } from '../../backfill/sources/days.ts';
import { ArchiveError } from '../../errors.ts';
import { parseDay } from '../../recording/time.ts';
import type { BackfillCommandOptions } from '../options/backfill.ts';

/** Where a plan comes from, as the command line says it. */
export type ChosenSource =
  | { readonly kind: 'days'; readonly from: number; readonly to: number }
  | { readonly kind: 'ids'; readonly file: string }
  | { readonly kind: 'inventory' }
  | { readonly kind: 'export'; readonly location: string }
  | { readonly kind: 'failed'; readonly job: string };

/** @throws `USAGE` for none or several, and for days that are none. */
export function chooseSource(options: BackfillCommandOptions, now: number): ChosenSource {
  const { from, to, ids, inventory, fromExport, failed, skipInvalid, workers, wait } = options;
  const named = [
    from !== undefined || to !== undefined ? '--from and --to' : undefined,
    ids === undefined ? undefined : '--ids',
    inventory === true ? '--inventory' : undefined,
    fromExport === undefined ? undefined : '--from-export',
    failed === undefined ? undefined : '--failed',
  ].filter((name) => name !== undefined);
  if (named.length !== 1) {
    const message = named.length === 0 ? 'say what to archive' : `${named.join(', ')} exclude each other`;
    throw new ArchiveError('USAGE', message, {
      hint: 'one of: --from DAY --to DAY, --ids FILE, --inventory, --from-export URL, --failed JOB',
    });
  }
  if (skipInvalid === true && ids === undefined) {
    throw new ArchiveError('USAGE', '--skip-invalid goes with --ids');
  }
  if (workers !== undefined && wait !== true) throw new ArchiveError('USAGE', '--workers goes with --wait');
  if (ids !== undefined) return { kind: 'ids', file: ids };
  if (inventory === true) return { kind: 'inventory' };
  if (fromExport !== undefined) return { kind: 'export', location: locationOf(fromExport) };
  if (failed !== undefined) return { kind: 'failed', job: failed };
  const range = { from: requireDay('--from', from), to: requireDay('--to', to) };
  requireRange(range.from, range.to, now);
  return { kind: 'days', ...range };
}

function requireDay(flag: string, text: string | undefined): number {
  const day = text === undefined ? undefined : parseDay(text);
  if (day !== undefined) return day;
  throw new ArchiveError('USAGE', text === undefined ? `${flag} is missing` : `${flag} is not a day`, {
    hint: 'both ends are days of UTC, such as --from 2026-01-01 --to 2026-01-31',
  });
}

/** A directory may be named as such. */
function locationOf(text: string): string {
  return /^[a-z0-9]+:/i.test(text) ? text : `file:${text}`;
}
