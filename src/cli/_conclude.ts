import { abortReason } from '../clock.ts';
import { ArchiveError, type ErrorCode } from '../errors.ts';
import { count } from './_format.ts';
import type { Ui } from './_ui.ts';
import { exitCodeOf } from './exit-codes.ts';

export interface ItemFailure {
  readonly error: ArchiveError;
  /** What it was about, where that is known. */
  readonly request?: unknown;
}

/**
 * The exit code of a command that did several things, each of which has been reported already: 0 when none failed. Otherwise throws
 * the last words: the interruption, a lone item's own error, where nothing succeeded the error whose exit code all failures
 * share, or `SOME_FAILED` with the codes counted.
 *
 * @param signal aborted when the work was ended before it was done.
 * @param overriding a code that wins over "some failed", such as integrity findings of `verify`, or what ended the list early.
 */
export function concludeItems(
  total: number,
  failures: readonly ItemFailure[],
  signal: AbortSignal,
  overriding?: (code: ErrorCode) => boolean,
): number {
  if (signal.aborted) throw abortReason(signal);
  const [first] = failures;
  if (first === undefined) return 0;
  if (total === 1) throw first.error;
  const counts = new Map<ErrorCode, number>();
  for (const { error } of failures) counts.set(error.code, (counts.get(error.code) ?? 0) + 1);
  const grouped = [...counts].map(([code, times]) => `${times} × ${code}`).join(', ');
  const worst = failures.find(({ error }) => overriding?.(error.code) === true)?.error;
  const shared =
    failures.length >= total &&
    failures.every(({ error }) => exitCodeOf(error.code) === exitCodeOf(first.error.code));
  const speaker = worst ?? (shared ? first.error : undefined);
  // what helps against the only kind of failure there is helps here
  const helps = counts.size === 1 ? speaker?.hint : undefined;
  throw new ArchiveError(
    speaker?.code ?? 'SOME_FAILED',
    `${failures.length} of ${count(total, 'item')} failed: ${grouped}`,
    {
      retryable: failures.some(({ error }) => error.retryable),
      hint: helps ?? 'each is listed above with its own code',
    },
  );
}

/** Errors that say the data themselves are not what they should be. */
export function isIntegrityFailure(code: ErrorCode): boolean {
  return exitCodeOf(code) === 5;
}

/** What could not be checked of a recording: a warning where the caller has waived it, and said in passing where it need not be. */
export function tellNotes(ui: Ui, notes: readonly string[], waived: boolean): void {
  for (const note of notes) {
    if (waived) ui.warn(note);
    else ui.say(`note: ${note}`);
  }
}
