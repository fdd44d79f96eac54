import type { ArchiveResult } from '../archive/archive-request.ts';
import { nameResult } from '../archive/name-result.ts';
import { isWorthRetrying } from '../circuit.ts';
import { abortReason, type Budget } from '../clock.ts';
import type { Archiver } from '../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ArchiveRequest } from '../ports.ts';
import type { Outcome } from './retry-plan.ts';

/**
 * Archives all that one event names. What is worth another attempt decides: the rest is still there when that has been done, and
 * what is archived by then is found and not downloaded again.
 *
 * @param onResult told of each file as its state is known.
 * @throws the budget's reason when it was interrupted; nothing else.
 */
export async function deliver(
  archiver: Pick<Archiver, 'archive'>,
  requests: readonly ArchiveRequest[],
  budget: Budget,
  onResult: (result: ArchiveResult) => void,
): Promise<Outcome> {
  const failures: ArchiveError[] = [];
  let waiting: Extract<Outcome, { state: 'not-ready' }> | undefined;
  for (const request of requests) {
    try {
      for (const result of await archiver.archive(request, budget)) {
        onResult(result);
        const { state } = result;
        if (state === 'failed') failures.push(result.error);
        else if (state === 'gone' && !result.settled) failures.push(cannotBeHad(result));
        else if (state === 'not-ready' && result.retryAfterMs >= (waiting?.retryAfterMs ?? 0)) {
          waiting = { state, status: result.status, retryAfterMs: result.retryAfterMs };
        }
      }
    } catch (error) {
      failures.push(toArchiveError(error));
    }
    if (budget.signal.aborted && failures.length > 0) throw abortReason(budget.signal);
  }
  const error = failures.find(isWorthRetrying) ?? failures[0];
  if (error !== undefined && (isWorthRetrying(error) || waiting === undefined)) {
    return { state: 'failed', error };
  }
  return waiting ?? { state: 'done' };
}

function cannotBeHad(gone: Extract<ArchiveResult, { state: 'gone' }>): ArchiveError {
  return new ArchiveError('MEDIA_NOT_FOUND', `${nameResult(gone)} is not available: ${gone.reason}`);
}
